"""An ordinary visit passes in every state whose law is carried, and nobody else's licence or consent opens it."""

from itertools import product
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
EVALUATOR = ReteEvaluator()
STATES = ("ca", "nj", "ny", "tx")
TOPICS = ("licensing", "supervision", "consent", "recording", "privacy", "prescribing")
PROFESSIONS = ("MD", "DO", "NP", "PA", "PSY", "LCSW", "LPC", "LMFT", "PT", "OT", "SLP", "RN")
FACTS = {state: started(f"prescription_in_{state}", EXAMPLES) for state in STATES}


def ask(topic: str, facts: dict[str, Any], on: str = "2026-12-01") -> Decision:
    return decide(RULEBOOK, Question(topic=topic, on=on, facts=nested(facts)), EVALUATOR)


@pytest.mark.parametrize(("state", "topic"), list(product(STATES, TOPICS)))
def test_a_licensed_physician_with_consents_may_see_the_patient_and_prescribe(state: str, topic: str) -> None:
    decision = ask(topic, FACTS[state])
    assert decision.outcome is Outcome.PERMITTED, decision.as_json()
    assert not decision.faulted


@pytest.mark.parametrize(("here", "there"), [(a, b) for a in STATES for b in STATES if a != b])
def test_licence_and_consents_of_one_state_open_nothing_in_another(here: str, there: str) -> None:
    place = {path: FACTS[there][path] for path in ("patient.location.state", "patient.location.time_zone")}
    moved = {**FACTS[here], **place, "encounter.licensed_program": "none"}
    assert ask("licensing", moved).outcome is Outcome.FORBIDDEN
    consent = ask("consent", moved)
    assert consent.outcome is Outcome.PERMITTED_WITH_DUTIES
    assert not any(duty["met"] for duty in consent.duties if duty["duty"].endswith("_consent"))


@pytest.mark.parametrize(("state", "profession"), list(product(STATES, PROFESSIONS)))
def test_a_full_licence_of_the_profession_is_a_path_in_every_state(state: str, profession: str) -> None:
    license = {**FACTS[state]["provider.licenses"][0], "profession": profession}
    facts = {**FACTS[state], "provider.profession": profession, "provider.licenses": [license]}
    assert [entry["path"] for entry in ask("licensing", facts).permits] == ["full_license"]
    facts["provider.licenses"] = [{**license, "status": "suspended"}]
    assert ask("licensing", facts).outcome is Outcome.FORBIDDEN


@pytest.mark.parametrize(("state", "payer"), list(product(STATES, ("commercial", "medicare", "medicaid", "self_pay"))))
def test_no_payer_takes_a_duty_away(state: str, payer: str) -> None:
    plain = ask("consent", {**FACTS[state], "encounter.payer": "self_pay", "encounter.licensed_program": "none"})
    paid = ask("consent", {**FACTS[state], "encounter.payer": payer, "encounter.licensed_program": "none"})
    assert {duty["duty"] for duty in plain.duties} <= {duty["duty"] for duty in paid.duties}
    for duty in plain.duties:
        other = next(entry for entry in paid.duties if entry["duty"] == duty["duty"])
        assert set(duty["detail"].get("disclosures", ())) <= set(other["detail"].get("disclosures", ()))


def test_the_layers_of_a_therapists_consent_add_up_to_one_duty() -> None:
    facts = {**FACTS["ca"], "provider.profession": "LMFT", "encounter.payer": "medicaid", "consents": []}
    duty = next(entry for entry in ask("consent", facts).duties if entry["duty"] == "telehealth_consent")
    assert duty["met"] is False
    assert duty["detail"]["form"] == "verbal"
    assert set(duty["detail"]["disclosures"]) == {
        "risks_and_limitations",
        "provider_license_number",
        "emergency_plan",
        "alternatives_in_person",
        "right_to_withdraw",
        "transportation_benefit",
        "language_assistance",
    }
    assert len(duty["rules"]) == 3
