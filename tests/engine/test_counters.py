"""A clinician's work in a state is counted from the clinic's own encounters, and never below what the clinic states."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.counters import Encounter, is_counted, with_own_work
from engine.diagnostics import Problems
from engine.happened import check_happened

MORNING = datetime(2026, 3, 5, 15, tzinfo=UTC)
NEW_YEAR = datetime(2027, 1, 1, 6, 30, tzinfo=UTC)


def seen(patient: str = "ana", at: datetime = MORNING, **changes: Any) -> Encounter:
    told = {"at": at, "patient": patient, "state": "AZ", "time_zone": "America/Phoenix", **changes}
    return Encounter(**told)


def activity(stated: Any, *encounters: Encounter, name: str = "activity") -> Any:
    return with_own_work({name: stated}, encounters)[name]


@pytest.mark.parametrize("name", ["activity", "provider.activity", "days_worked", "provider.days_worked"])
def test_only_who_has_a_stated_count_is_counted(name: str) -> None:
    assert is_counted({name: []})
    assert not is_counted({"local_office": False, "activity_of_others": []})
    assert with_own_work({"local_office": False}, [seen()]) == {"local_office": False}


def test_days_patients_and_encounters_are_told_apart() -> None:
    found = activity([], seen(), seen(), seen("ben"), seen("ana", NEW_YEAR), seen(state="FL"))
    assert found == [
        {"state": "AZ", "year": 2026, "days": 2, "patients": 2, "encounters": 4},
        {"state": "FL", "year": 2026, "days": 1, "patients": 1, "encounters": 1},
    ]


def test_work_elsewhere_is_added_field_by_field() -> None:
    stated = [
        {"state": "AZ", "year": 2026, "days": 2, "patients": 1, "encounters": 1},
        {"state": "AZ", "year": 2026, "days": 3, "patients": 0, "encounters": 0},
        {"state": "FL", "year": 2026, "days": 7},
    ]
    assert activity(stated, seen(), seen("ben")) == [
        stated[2],
        {"state": "AZ", "year": 2026, "days": 6, "patients": 3, "encounters": 3},
    ]


def test_what_the_clinic_leaves_unsaid_of_a_year_stays_untold() -> None:
    stated = [{"state": "AZ", "year": 2026, "patients": 4}]
    assert activity(stated, seen()) == [{"state": "AZ", "year": 2026, "patients": 5}]


def test_without_a_time_zone_an_encounter_counts_for_each_day_that_it_may_have_been() -> None:
    (ended, begun) = activity([], seen(at=NEW_YEAR, time_zone=None))
    assert (ended["year"], begun["year"]) == (2026, 2027)
    days = activity([], seen(at=NEW_YEAR, time_zone=None), name="days_worked")
    assert [one["date"] for one in days] == ["2026-12-31", "2027-01-01"]


def test_an_encounter_of_an_unknown_state_is_a_record_without_a_state() -> None:
    assert activity([], seen(state=None)) == [{"year": 2026, "days": 1, "patients": 1, "encounters": 1}]
    assert activity([], seen(state=None), name="days_worked") == [{"date": "2026-03-05"}]


def test_a_day_is_told_once_whoever_counted_it() -> None:
    stated = [{"state": "AZ", "date": "2026-03-05"}, {"state": "AZ", "date": "2026-01-02"}]
    found = activity(stated, seen(), seen("ben"), seen(at=NEW_YEAR), name="provider.days_worked")
    assert found == [*stated, {"state": "AZ", "date": "2026-12-31"}]


def test_a_statement_that_is_no_list_of_records_is_left_for_the_question_to_refuse() -> None:
    assert activity("none", seen()) == "none"
    assert activity([3], seen()) == [3]


def test_work_from_before_a_small_patient_was_born_is_nothing_wrong() -> None:
    problems = Problems()
    facts: Any = {"patient.birth_date": "2026-02-01", "provider.days_worked": ({"state": "AZ", "date": "2026-01-05"},)}
    check_happened([("provider.days_worked", "date")], facts, "2026-03-05", problems)
    assert not problems.found
    assert len(facts["provider.days_worked"]) == 1
