"""A duty's term ends where and when the law says: to the second for hours, with the patient's last day for days."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.diagnostics import Problems
from engine.due import due_between, duties_due, is_owed, read_term
from engine.gates import GateQuestion, gate
from engine.ports import DutyDue
from engine.reading import read_text
from engine.rulebook import Rulebook, join
from tests.engine.test_gates import EVALUATOR, EXAMPLES, NOW, RULEBOOK
from tests.rules.helpers_cases import nested, started

CHICAGO = ("America/Chicago",)
FLORIDA = ("America/New_York", "America/Chicago")
SHARING = {"kind": "sharing", "form": "electronic", "at": "2026-11-30T09:00:00-06:00", "jurisdiction": "us/tx"}


def between(due: str, event: str, zones: tuple[str, ...] = CHICAGO) -> tuple[str, str]:
    term = read_term(due)
    assert term is not None
    found = due_between(term, datetime.fromisoformat(event), zones)
    assert found is not None
    local = tuple(one.astimezone(datetime.fromisoformat(event).tzinfo) for one in found)
    return local[0].isoformat(), local[1].isoformat()


@pytest.mark.parametrize(
    ("due", "event", "call_at", "over_at"),
    [
        # Hours are hours, whatever the clocks on the wall do: 2026-03-08 has 23 of them.
        ("within 72 hours of encounter", "2026-03-06T10:00:00-06:00", "2026-03-08T16:00:00", "2026-03-09T10:00:00"),
        ("within 40 minutes of encounter", "2026-03-06T10:00:00-06:00", "2026-03-06T10:30:00", "2026-03-06T10:40:00"),
        # Ten days of hours are called for one day before, no more.
        ("within 240 hours of encounter", "2026-03-10T10:00:00-06:00", "2026-03-19T10:00:00", "2026-03-20T10:00:00"),
        # Days end at the patient's midnight; -06:00 is an hour behind it once summer time began.
        ("within 7 days of encounter", "2026-03-05T15:00:00-06:00", "2026-03-11T23:00:00", "2026-03-12T23:00:00"),
        # The last day is the short one, and the long one.
        ("within 1 day of encounter", "2026-03-07T23:30:00-06:00", "2026-03-08T00:00:00", "2026-03-08T23:00:00"),
        ("within 1 day of encounter", "2026-10-31T08:00:00-06:00", "2026-10-31T23:00:00", "2026-11-02T00:00:00"),
        ("within 2 weeks of encounter", "2026-01-05T08:00:00-06:00", "2026-01-19T00:00:00", "2026-01-20T00:00:00"),
        ("within 1 month of encounter", "2026-01-31T08:00:00-06:00", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
    ],
)
def test_a_term_ends_where_its_unit_says(due: str, event: str, call_at: str, over_at: str) -> None:
    assert between(due, event) == (f"{call_at}-06:00", f"{over_at}-06:00")


def test_where_the_zone_is_not_known_the_day_that_ends_first_counts() -> None:
    called, over = between("within 2 days of encounter", "2026-06-01T12:00:00-04:00", FLORIDA)
    assert (called, over) == ("2026-06-03T00:00:00-04:00", "2026-06-04T00:00:00-04:00")
    # Half past midnight in the east is still the day before in the west: its day ends first.
    assert between("within 2 days of encounter", "2026-06-02T00:30:00-04:00", FLORIDA)[1] == "2026-06-04T01:00:00-04:00"


@pytest.mark.parametrize("due", ["before_join", "before_sign"])
def test_a_point_before_a_gate_is_no_term(due: str) -> None:
    assert read_term(due) is None


@pytest.mark.parametrize("count", ["90000 years", "999999 days", "99999999999999 hours"])
def test_a_term_beyond_the_calendar_is_never_over(count: str) -> None:
    term = read_term(f"within {count} of encounter")
    assert term is not None
    assert due_between(term, datetime.fromisoformat(NOW), CHICAGO) is None


def strict(due: str) -> Rulebook:
    policy = (
        f"- {{id: clinic/policy/chart, title: The chart is read, then: {{require: clinic_requirement, due: {due}}}}}"
    )
    return join(RULEBOOK.law, read_text(policy, "clinics/a.yaml", Problems()))


def left(rulebook: Rulebook, name: str, **instants: Any) -> list[tuple[str, str, timedelta]]:
    facts = nested(started("ordinary_prescription", EXAMPLES))
    question = GateQuestion(facts=facts, now=NOW, **instants)
    found = duties_due(rulebook, gate(rulebook, name, question, EVALUATOR), question)
    return [(one.topic, one.duty, one.over_at - datetime.fromisoformat(NOW)) for one in found]


@pytest.mark.parametrize(
    ("event", "at"), [("booking", "book"), ("encounter", "join"), ("prescription", "prescribe"), ("signing", "sign")]
)
def test_a_duty_is_left_by_the_gate_before_its_event_and_by_no_other(event: str, at: str) -> None:
    rulebook = strict(f"within 2 hours of {event}")
    gates = ("book", "join", "prescribe", "sign")
    expected = [("policy", "clinic_requirement", timedelta(hours=2))]
    assert {name: left(rulebook, name) for name in gates} == {name: expected if name == at else [] for name in gates}


def test_a_term_of_the_encounter_counts_from_its_beginning() -> None:
    began = (datetime.fromisoformat(NOW) - timedelta(minutes=20)).isoformat()
    found = left(strict("within 2 hours of encounter"), "join", encounter=began)
    assert found == [("policy", "clinic_requirement", timedelta(hours=1, minutes=40))]


def left_in_tx(**changes: Any) -> tuple[DutyDue, ...]:
    facts = started("visit_in_tx", EXAMPLES)
    facts = {**facts, "consents": (*facts["consents"], SHARING), "patient.has_primary_care": True, **changes}
    question = GateQuestion(facts=nested(facts), now="2026-12-01T15:00:00-06:00")
    verdict = gate(RULEBOOK, "join", question, EVALUATOR)
    assert verdict.open
    return duties_due(RULEBOOK, verdict, question)


def test_the_record_for_the_primary_care_clinician_is_due_in_72_hours_until_it_is_sent() -> None:
    (duty,) = left_in_tx()
    over_at = datetime.fromisoformat("2026-12-04T15:00:00-06:00")
    assert (duty.topic, duty.duty, duty.over_at) == ("privacy", "primary_care_record", over_at)
    assert duty.over_at - duty.call_at == timedelta(hours=18)
    assert left_in_tx(**{"encounter.primary_care_informed": True}) == ()


def test_a_summary_that_arkansas_wants_given_is_due_the_day_after_until_it_is_there() -> None:
    told = ["provider_identity", "provider_credentials", "fees", "records_access", "emergency_plan", "follow_up_plan"]
    signed = {"form": "electronic", "at": "2026-12-01T14:50:00-06:00", "jurisdiction": "us/ar"}
    license = {"state": "AR", "profession": "MD", "kind": "full", "status": "active", "issued": "2015-01-01"}
    facts = {
        **started("ordinary_visit", EXAMPLES),
        "patient.location.state": "AR",
        "patient.location.time_zone": "America/Chicago",
        "provider.licenses": [{**license, "expires": "2027-06-30"}],
        "consents": [{"kind": "treatment", **signed}, {"kind": "telehealth", "disclosures": told, **signed}],
    }

    def owed(**changes: Any) -> list[tuple[str, datetime]]:
        question = GateQuestion(facts=nested(facts | changes), now="2026-12-01T15:00:00-06:00")
        verdict = gate(RULEBOOK, "join", question, EVALUATOR)
        assert verdict.open
        return [(one.duty, one.over_at) for one in duties_due(RULEBOOK, verdict, question)]

    assert owed() == [("visit_summary", datetime.fromisoformat("2026-12-03T00:00:00-06:00"))]
    assert owed(**{"encounter.summary_given": True}) == []


def test_a_spoken_consent_in_nebraska_opens_the_room_and_its_signature_is_due_after_ten_days() -> None:
    told = ["right_to_withdraw", "privacy_security", "records_access", "secondary_use_of_images"]
    spoken = {"kind": "telehealth", "form": "verbal", "at": "2026-12-01T14:50:00-06:00", "jurisdiction": "us/ne"}
    license = {"state": "NE", "profession": "MD", "kind": "full", "status": "active", "issued": "2015-01-01"}
    facts = {
        **started("ordinary_visit", EXAMPLES),
        "patient.location.state": "NE",
        "patient.location.time_zone": "America/Chicago",
        "provider.licenses": [{**license, "expires": "2027-06-30"}],
        "consents": [{**spoken, "disclosures": told}],
    }
    question = GateQuestion(facts=nested(facts), now="2026-12-01T15:00:00-06:00")
    verdict = gate(RULEBOOK, "join", question, EVALUATOR)
    assert verdict.open
    (duty,) = duties_due(RULEBOOK, verdict, question)
    over_at = datetime.fromisoformat("2026-12-12T00:00:00-06:00")
    assert (duty.topic, duty.duty, duty.over_at) == ("consent", "signed_statement", over_at)
    signed = [*facts["consents"], {**spoken, "form": "electronic"}]
    again = GateQuestion(facts=nested({**facts, "consents": signed}), now="2026-12-01T15:00:00-06:00")
    assert duties_due(RULEBOOK, gate(RULEBOOK, "join", again, EVALUATOR), again) == ()


def test_a_shut_gate_leaves_nothing_for_later() -> None:
    rulebook = strict("within 2 hours of booking")
    question = GateQuestion(facts=nested(started("ordinary_visit", EXAMPLES)), now="2027-02-01T00:30:00-05:00")
    verdict = gate(rulebook, "book", question, EVALUATOR)
    assert not verdict.open
    assert [duty["duty"] for duty in verdict.due_later()] == ["clinic_requirement"]
    assert duties_due(rulebook, verdict, question) == ()


DUE = "within 72 hours of encounter"


def decided(outcome: str, *duties: tuple[str, str, bool]) -> dict[str, Any]:
    entries = [{"duty": duty, "due": due, "met": met} for duty, due, met in duties]
    return {"privacy": {"outcome": outcome, "duties": entries}}


@pytest.mark.parametrize(
    ("decisions", "owed"),
    [
        (decided("permitted_with_duties", ("record", DUE, False)), True),
        (decided("permitted", ("record", DUE, True)), False),
        (decided("permitted"), False),
        (decided("permitted", ("record", "within 7 days of encounter", False), ("record", DUE, True)), False),
        (decided("incomplete"), True),
        (decided("review"), True),
        (decided("forbidden"), True),
        (decided("forbidden", ("record", DUE, True)), False),
        (decided("permitted_with_duties", ("record", "within 7 days of encounter", False)), True),
        (decided("permitted", ("record", "within 7 days of encounter", True)), False),
        (decided("permitted_with_duties", ("another", DUE, False)), False),
        ({}, True),
        ({"consent": {"outcome": "permitted", "duties": []}}, True),
    ],
)
def test_a_duty_is_owed_until_its_topic_lists_it_as_met_or_passes_without_it(
    decisions: dict[str, Any], owed: bool
) -> None:
    assert is_owed(decisions, "privacy", "record", DUE) is owed
