"""A replay puts looks aside, counts what was done again, and says what a verdict has new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from portals.law.plain import PlainLaw
from portals.ops.folding import LOOK, folded, one_by_one, sort_of
from portals.ops.verdict_changes import Teller, changes, state_of
from records.replays import Moment, Verdict

START = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


def moment(second: int, name: str, sort: str = "act", actor: str = "per_a", role: str = "patient") -> Moment:
    at = START + timedelta(seconds=second)
    return Moment(at=at, sort=sort, name=name, actor=actor, role=role, until=at)


TOLD = (
    moment(0, "visits:visit:viewed"),
    moment(1, "forms:answer:modified"),
    moment(2, "forms:answers:viewed"),
    moment(3, "forms:answer:modified"),
    moment(4, "visit_ready", "event", "system", "system"),
    moment(5, "visits:visit:viewed", actor="per_b", role="provider"),
)


def test_the_looks_between_two_events_are_one_line_and_what_was_done_again_is_counted() -> None:
    found = folded(TOLD)
    assert [(sort_of(one.moment), one.moment.count, len(one.inside)) for one in found] == [
        (LOOK, 1, 2),
        ("act", 2, 0),
        ("event", 1, 0),
        (LOOK, 1, 1),
    ]
    assert found[1].moment.until == START + timedelta(seconds=3)


def test_one_by_one_every_moment_stands_by_itself_and_none_is_lost() -> None:
    assert [one.moment for one in one_by_one(TOLD)] == list(TOLD)
    shown = sum(len(one.inside) or one.moment.count for one in folded(TOLD))
    assert shown == len(TOLD)


def test_what_two_books_tell_of_one_thing_is_told_once_and_the_same_step_in_a_row_is_counted() -> None:
    signed = [moment(second, "consent_signed", "event") for second in (1, 2, 3)]
    money = [
        moment(4, "payment_captured", "event"),
        moment(4, "captured", "payment"),
        moment(9, "payment_voided", "event"),
    ]
    found = folded([*signed, *money])
    assert [(one.moment.name, one.moment.count) for one in found] == [
        ("consent_signed", 3),
        ("captured", 1),
        ("payment_voided", 1),
    ]
    assert len(one_by_one([*signed, *money])) == 6


class Words:
    """The law's own words for three ids."""

    def rule_title(self, rule: str) -> str | None:
        return "No license there" if rule.endswith("us/ny") else None

    def duty_sentence(self, duty: str) -> str | None:
        return "The patient consents to telehealth." if duty == "telehealth_consent" else None

    def fact_sentence(self, path: str) -> str | None:
        return "Where the patient is" if path == "patient.location.state" else None


def verdict(outcome: str, law_time: str = "2026-03-05", **parts: Any) -> Verdict:
    decision: Mapping[str, Any] = {"outcome": outcome, **parts}
    return Verdict(
        record="gate",
        gate="join",
        open=outcome == "permitted",
        asked_at=START,
        outcomes={"licensing": outcome},
        decisions={"licensing": decision},
        agreed=True,
        law="sha256:1",
        law_time=law_time,
    )


def tell(*, names_state: bool = True, language: str = "en") -> Teller:
    return Teller(language=language, zone="America/New_York", words=cast(PlainLaw, Words()), names_state=names_state)


SHUT = verdict(
    "forbidden",
    forbids=[{"rule": "licensing/none@us/ny"}],
    duties=[{"duty": "telehealth_consent", "met": False}],
    missing=["patient.location.state"],
)
OPEN = verdict(
    "permitted",
    "2026-03-06",
    permits=[{"rule": "licensing/full@us/fl", "title": "A full license"}],
    duties=[{"duty": "telehealth_consent", "met": True}],
)


def test_what_a_verdict_has_new_is_said_in_words() -> None:
    assert changes(SHUT, OPEN, tell()) == (
        "The patient was in New York before and is in Florida now.",
        "License: forbidden before, allowed now.",
        "No longer stopped by: No license there.",
        "Now allowed by: A full license.",
        "Met now: The patient consents to telehealth.",
        "Known now: Where the patient is.",
        "Asked about March 6, 2026, before that about March 5, 2026.",
    )
    assert changes(OPEN, OPEN, tell()) == ()


def test_the_state_is_named_for_nobody_else_and_a_withheld_duty_is_neither_met_nor_unmet() -> None:
    kept = verdict("permitted", duties=[{"duty": "telehealth_consent"}])
    told = changes(SHUT, kept, tell(names_state=False))
    assert not any("New York" in one or "Met" in one or "met" in one for one in told)
    assert state_of(OPEN, "en") == "Florida" and state_of(verdict("permitted"), "en") == ""


@pytest.mark.parametrize(("before", "after"), [(SHUT, OPEN), (OPEN, SHUT)])
def test_both_languages_say_every_change(before: Verdict, after: Verdict) -> None:
    english, spanish = changes(before, after, tell()), changes(before, after, tell(language="es"))
    assert len(english) == len(spanish) and not set(english) & set(spanish)
