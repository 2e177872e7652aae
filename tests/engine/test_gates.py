"""Gates ask the topics that the data names, and stay shut with a reason and a statute."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.decisions import PASSING, Decision, Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.gates import GateQuestion, GateVerdict, gate
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.rulebook import join, load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
EVALUATOR = ReteEvaluator()
NOW = "2026-12-01T15:00:00-05:00"


def ask(name: str, start: str = "ordinary_visit", now: str = NOW, **changes: Any) -> GateVerdict:
    facts = {**started(start, EXAMPLES), **{path.replace("__", "."): value for path, value in changes.items()}}
    return gate(RULEBOOK, name, GateQuestion(facts=nested(facts), now=now), EVALUATOR)


@pytest.mark.parametrize("name", ["book", "join", "prescribe", "sign"])
def test_every_gate_opens_for_an_ordinary_visit(name: str) -> None:
    verdict = ask(name, "ordinary_prescription")
    assert verdict.open, verdict.reasons
    assert {decision.outcome for decision in verdict.decisions.values()} <= {
        Outcome.PERMITTED,
        Outcome.PERMITTED_WITH_DUTIES,
    }


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in PASSING])
def test_a_decision_that_does_not_pass_shuts_the_gate_even_without_a_reason(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    monkeypatch.setattr(
        "engine.gates.decide_together", lambda _, topics, *__: {t: Decision(topic=t, outcome=outcome) for t in topics}
    )
    assert not ask("book").open


def test_a_licence_that_expired_yesterday_in_the_patients_zone_shuts_the_slot_with_the_reason() -> None:
    verdict = ask("book", now="2027-02-01T00:30:00-05:00")
    assert not verdict.open
    reason = verdict.reasons[0]
    assert (reason.topic, reason.code) == ("licensing", "no_authority")
    assert "expires" in str(reason.detail)
    assert reason.law == "Fla. Stat. 456.47"


def test_the_same_instant_an_hour_behind_still_opens_it() -> None:
    assert ask("book", now="2027-02-01T00:30:00-05:00", patient__location__time_zone="America/Chicago").open


def test_a_consent_for_another_state_shuts_the_room_and_names_the_statute() -> None:
    consents = [{"kind": "treatment", "form": "electronic", "at": "2026-11-30T09:00:00-05:00", "jurisdiction": "us/ga"}]
    verdict = ask("join", consents=consents)
    assert [(reason.code, reason.law) for reason in verdict.reasons] == [("informed_consent", "Fla. Stat. 766.103")]


def test_schedule_ii_for_pain_keeps_the_prescription_from_being_sent() -> None:
    verdict = ask("prescribe", "opioid")
    assert [(reason.code, reason.law) for reason in verdict.reasons] == [("forbidden", "Fla. Stat. 456.47(2)(c)")]
    assert not verdict.needs_review


def test_a_duty_that_is_due_later_does_not_shut_the_gate_and_is_handed_on() -> None:
    facts = started("ordinary_prescription", EXAMPLES)
    policy = (
        "- {id: clinic/policy/chart, title: The chart is read, then: {require: clinic_requirement, due: before_sign}}"
    )
    problems = Problems()
    node = read_text(policy, "clinics/a.yaml", problems)
    strict = join(RULEBOOK.law, node)
    question = GateQuestion(facts=nested(facts), now=NOW)
    booked, signed = (gate(strict, name, question, EVALUATOR) for name in ("book", "sign"))
    assert booked.open
    assert [duty["duty"] for duty in booked.due_later()] == ["clinic_requirement"]
    assert not signed.open
    assert signed.due_later() == ()


def test_recording_is_asked_only_when_the_visit_is_recorded() -> None:
    assert "recording" not in ask("join").decisions
    recorded = ask("join", encounter__recording=True)
    assert [reason.code for reason in recorded.reasons] == ["recording_consent"]


def test_a_patient_in_a_state_not_carried_is_for_review() -> None:
    verdict = ask("book", patient__location__state="PR", patient__location__time_zone="America/Puerto_Rico")
    assert not verdict.open
    assert verdict.needs_review
    assert {reason.code for reason in verdict.reasons} == {"law_not_carried"}


@pytest.mark.parametrize("facts", [{"patient": {"location": {"state": "ZZ"}}}, {"nonsense": 1}])
def test_broken_facts_are_an_error_and_never_an_opening(facts: Mapping[str, Any]) -> None:
    with pytest.raises(BrokenInput):
        gate(RULEBOOK, "book", GateQuestion(facts=facts, now=NOW), EVALUATOR)


def test_an_unknown_gate_is_an_error() -> None:
    with pytest.raises(BrokenInput, match="ASK005"):
        ask("open_sesame")
