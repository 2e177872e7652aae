"""Every consent and notice that a state's law asks for can be given on the product's own consent page."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.consent_text import ConsentAbout, assemble_consent, disclosures_of
from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.dossier import ConsentFact
from engine.evaluators import ClosuresOnly
from engine.facts import consent_facts
from engine.rulebook import load_rulebook
from tests.engine.helpers_content import content
from tests.rules.helpers_cases import ROOT, examples, nested, started

pytestmark = pytest.mark.slow
PROFESSIONS = ("MD", "DO", "NP", "PA", "RN", "LPN", "PSY", "LCSW", "LPC", "LMFT", "PT", "OT", "SLP", "RD", "DDS")
PAYERS = ("self_pay", "commercial", "medicare", "medicaid")
MODALITIES = ("audio_video", "audio_only", "store_and_forward")
BY_SIGNING = {"informed_consent", "telehealth_consent", "telehealth_notice", "audio_consent", "signed_statement"}
OPEN = (Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES)
AT = datetime(2026, 11, 30, 15, tzinfo=UTC)
EVALUATOR = ClosuresOnly()
RULEBOOK = load_rulebook(ROOT)
START = started("ordinary_visit", examples())


def zones() -> dict[str, str]:
    """A time zone of every state whose law is carried, by the state's code."""
    places = [place for place in RULEBOOK.jurisdictions() if "/" in place and RULEBOOK.carries("consent", place)]
    states = sorted(place.rpartition("/")[2].upper() for place in places)
    return {state: RULEBOOK.law.zones.of(state)[0] for state in states}


ZONES = zones()


def asking(facts: dict[str, Any]) -> Decision:
    return decide(RULEBOOK, Question(topic="consent", on="2026-12-01", facts=nested(facts)), EVALUATOR)


def duties(decision: Decision) -> dict[str, dict[str, Any]]:
    return {duty["duty"]: dict(duty) for duty in decision.duties}


def signed(asked: dict[str, dict[str, Any]], state: str, modality: str) -> list[dict[str, Any]]:
    """The consents of somebody who signed all that the page shows for these duties."""
    about = ConsentAbout(
        language="en", jurisdiction=f"us/{state.lower()}", clinic=content().clinic("marigold"), modality=modality
    )
    book = content().clauses
    text = assemble_consent({"consent": {"duties": list(asked.values())}}, book, about)
    return [
        consent_facts(
            ConsentFact(
                kind=kind,
                form=text.form,
                at=AT,
                jurisdiction=about.jurisdiction,
                clauses=text.refs_of(kind),
                disclosures=disclosures_of(text.refs_of(kind), book),
                this_visit=True,
            )
        )
        for kind in text.kinds
    ]


def test_all_states_and_the_district_carry_consent() -> None:
    assert len(ZONES) == 51


@pytest.mark.parametrize("state", sorted(ZONES))
def test_what_the_page_lets_a_patient_sign_meets_every_duty_of_the_state(state: str) -> None:
    unmet = {}
    for profession in PROFESSIONS:
        for payer in PAYERS:
            for modality in MODALITIES:
                facts = {
                    **START,
                    "patient.location.state": state,
                    "patient.location.time_zone": ZONES[state],
                    "provider.profession": profession,
                    "encounter.payer": payer,
                    "encounter.modality": modality,
                    "encounter.licensed_program": "mental_health",
                    "consents": [],
                }
                asked = duties(asking(facts))
                assert asked["informed_consent"]["met"] is False
                decision = asking({**facts, "consents": signed(asked, state, modality)})
                after = duties(decision)
                left = {name for name in BY_SIGNING & after.keys() if not after[name]["met"]}
                if left or decision.outcome not in OPEN:
                    unmet[profession, payer, modality] = (decision.outcome, left)
    assert unmet == {}
