"""A duty that the law makes due right before a gate keeps that gate shut, whichever topic it belongs to."""

from typing import Any

import pytest

from engine.diagnostics import BrokenInput, Problems
from engine.due import duties_due
from engine.gates import GateQuestion, GateVerdict, asked_topics, gate
from engine.reading import read_text
from engine.rulebook import Rulebook, join
from tests.engine.helpers_law import law, rule
from tests.engine.test_gates import EVALUATOR, EXAMPLES, NOW, RULEBOOK
from tests.rules.helpers_cases import nested, started

BEGAN = "2026-12-01T14:30:00-05:00"
SOCIAL_WORKER: dict[str, Any] = {
    "provider.profession": "LCSW",
    "provider.licenses": [{**started("visit_in_ca", EXAMPLES)["provider.licenses"][0], "profession": "LCSW"}],
    "encounter.licensed_program": "none",
}
SHARED = {"kind": "sharing", "form": "electronic", "at": "2026-11-30T09:00:00-05:00", "jurisdiction": "us/nj"}


def signed(start: str, rulebook: Rulebook = RULEBOOK, **changes: Any) -> GateVerdict:
    facts = {**started(start, EXAMPLES), **{path.replace("__", "."): value for path, value in changes.items()}}
    facts = {path: value for path, value in facts.items() if value is not None}
    return gate(rulebook, "sign", GateQuestion(facts=nested(facts), now=NOW, encounter=BEGAN), EVALUATOR)


def codes(verdict: GateVerdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def test_the_assessment_that_a_board_asks_for_keeps_signing_shut_until_it_was_made() -> None:
    verdict = signed("visit_in_ca", **SOCIAL_WORKER)
    assert codes(verdict) == ["suitability"]
    assert "16 CCR 1815.5(d)" in verdict.reasons[0].law
    assert signed("visit_in_ca", **SOCIAL_WORKER, encounter__suitability_assessed=True).open


def test_the_identity_that_the_same_board_asks_for_is_asked_as_well() -> None:
    told: dict[str, Any] = {**SOCIAL_WORKER, "patient.identity_verified": False, "encounter.suitability_assessed": True}
    assert codes(signed("visit_in_ca", **told)) == ["identity_check"]


def test_a_physician_there_is_asked_for_nothing_more() -> None:
    assert signed("visit_in_ca").open


def test_a_record_that_the_patient_wants_sent_keeps_signing_shut_until_it_was_sent() -> None:
    consents = (*started("visit_in_nj", EXAMPLES)["consents"], SHARED)
    assert codes(signed("visit_in_nj", consents=consents)) == ["primary_care_record"]
    assert signed("visit_in_nj", consents=consents, encounter__primary_care_informed=True).open
    assert signed("visit_in_nj").open


@pytest.mark.parametrize(("revoked_at", "met"), [(NOW, True), (BEGAN, False)])
def test_a_consent_withdrawn_by_the_time_of_signing_holds_nothing_back(revoked_at: str, met: bool) -> None:
    """What was due before the call was judged then: care that was given with consent may be paid for."""
    consents = [{**one, "revoked_at": revoked_at} for one in started("visit_in_ca", EXAMPLES)["consents"]]
    verdict = signed("visit_in_ca", consents=consents)
    assert all(duty["met"] for duty in verdict.decisions["consent"].duties) is met
    assert verdict.open


@pytest.mark.parametrize("start", ["ordinary_visit", "visit_in_ny", "visit_in_tx"])
def test_where_no_such_duty_is_in_the_law_the_gate_asks_what_it_always_asked(start: str) -> None:
    assert tuple(signed(start).decisions) == ("licensing", "supervision", "policy")


def test_a_clinics_own_duty_in_any_topic_counts_the_same() -> None:
    text = "- {id: clinic/consent/talk, title: They talk again, then: {require: suitability, due: before_sign}}"
    own = join(RULEBOOK.law, read_text(text, "clinics/a.yaml", Problems()))
    assert codes(signed("ordinary_visit", own)) == ["suitability"]
    assert set(signed("ordinary_visit", own).decisions) == {"licensing", "supervision", "policy", "consent"}


def test_while_nobody_has_said_where_the_patient_is_every_law_is_asked() -> None:
    verdict = signed("visit_in_ca", patient__location__state=None)
    assert {"consent", "privacy"} <= set(verdict.decisions)
    assert not verdict.open


TWO = """
- id: clinic/privacy/tell
  title: They tell
  then: {require: primary_care_record, due: before_sign, met_by: {encounter.primary_care_informed: true}}
- {id: clinic/privacy/report, title: They report, then: {require: privacy_notice, due: within 2 hours of signing}}
"""


def test_a_topic_asked_for_its_duty_alone_hands_no_term_on_a_second_time() -> None:
    own = join(RULEBOOK.law, read_text(TWO, "clinics/a.yaml", Problems()))
    facts = {**started("ordinary_visit", EXAMPLES), "encounter.primary_care_informed": True}
    question = GateQuestion(facts=nested(facts), now=NOW, encounter=BEGAN)
    joined, verdict = (gate(own, name, question, EVALUATOR) for name in ("join", "sign"))
    assert [one.due for one in duties_due(own, joined, question)] == ["within 2 hours of signing"]
    assert verdict.open
    assert [duty["due"] for duty in verdict.due_later()] == ["within 2 hours of signing"]
    assert duties_due(own, verdict, question) == ()


def test_the_further_topics_of_signing_are_asked_about_the_encounter_and_those_of_booking_about_the_slot() -> None:
    facts = {"patient": {"location": {"state": "CA"}}}
    asked = asked_topics(RULEBOOK, RULEBOOK.topics.gates["sign"], facts)
    assert (asked["consent"], asked["licensing"]) == ("encounter", "now")
    assert RULEBOOK.topics.gates["book"].also == "slot"


@pytest.mark.parametrize("due", ["before_singing", "within 3 days of encouter", "within 3 days of sign"])
def test_a_point_or_an_event_that_nothing_knows_is_told(due: str, tmp_path: Any) -> None:
    with pytest.raises(BrokenInput) as told:
        law(tmp_path, rule("open/one", f"{{require: look, due: {due}}}"))
    assert [problem.code for problem in told.value.diagnostics] == ["SHAPE005"]
