"""A clinic's rules for its recordings are data of its file: how long they are kept, and what patients get of theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.clinic_recordings import RECORDINGS, USUAL_RULES, RecordingRules, read_recording_rules
from engine.diagnostics import Problems
from engine.reading import read_text

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def rules(text: str) -> tuple[RecordingRules, list[str]]:
    problems = Problems()
    node = read_text(text, "clinics/x.yaml", problems)
    assert node is not None
    RECORDINGS.check(node, problems)
    return read_recording_rules(node), [one.code for one in problems]


def test_without_rules_one_is_kept_as_the_record_and_patients_ask() -> None:
    assert read_recording_rules(None) == USUAL_RULES
    assert USUAL_RULES.over_before(NOW) is None
    assert USUAL_RULES.plays_until(NOW) is None and not USUAL_RULES.copies


def test_a_file_names_days_and_what_patients_get() -> None:
    found, problems = rules("keep_days: 400\npatients: always\npatient_days: 7\ncopies: true\n")
    assert problems == []
    assert found == RecordingRules(keep_days=400, always=True, patient_days=7, copies=True)
    assert found.over_before(NOW) == NOW - timedelta(days=400)
    assert found.plays_until(NOW) == NOW + timedelta(days=7) and found.plays_until(None) is None


@pytest.mark.parametrize("wrong", ["keep_days: 0", "patients: sometimes", "patient_days: 9999", "keep: 3"])
def test_a_wrong_rule_is_named(wrong: str) -> None:
    assert rules(wrong + "\n")[1]
