"""What a wait is said to be comes out of what happened lately, or is said not to be known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.waiting import Interval, WaitFacts, wait_of

NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)
LATELY = {"care/short": [600, 660, 720, 900], "care/long": [2400, 2700, 3000], "care/rare": [600, 600]}


def test_who_is_next_waits_as_long_as_others_who_were_next_lately() -> None:
    assert wait_of(WaitFacts(called_after=[60, 120, 240, 290]), NOW) == Interval(least=0, most=5)
    assert wait_of(WaitFacts(called_after=[700, 800, 900, 1200]), NOW) == Interval(least=10, most=20)


def test_each_visit_ahead_takes_from_the_lower_to_the_upper_quarter_of_its_kind() -> None:
    one = wait_of(WaitFacts(ahead=("care/short",), lasted=LATELY), NOW)
    both = wait_of(WaitFacts(ahead=("care/short", "care/long"), lasted=LATELY), NOW)
    assert one == Interval(least=10, most=20)
    assert both == Interval(least=50, most=75)
    many = [600, *[1200] * 14, 5400]
    assert wait_of(WaitFacts(ahead=("care/x",), lasted={"care/x": many}), NOW) == Interval(least=20, most=25)


@pytest.mark.parametrize("facts", [
    WaitFacts(),
    WaitFacts(called_after=[60, 60]),
    WaitFacts(ahead=("care/rare",), lasted=LATELY),
    WaitFacts(ahead=("care/short", "care/never"), lasted=LATELY),
    WaitFacts(ahead=("care/short",), in_call="care/never", in_call_since=NOW, lasted=LATELY),
])  # fmt: skip
def test_what_too_little_is_known_of_is_not_guessed(facts: WaitFacts) -> None:
    assert wait_of(facts, NOW) is None


@pytest.mark.parametrize(("minutes", "told"), [
    (0, Interval(least=40, most=55)), (20, Interval(least=20, most=35)), (90, Interval(least=0, most=15)),
])  # fmt: skip
def test_the_call_that_runs_counts_with_what_is_left_of_it(minutes: int, told: Interval) -> None:
    since = NOW - timedelta(minutes=minutes)
    facts = WaitFacts(in_call="care/long", in_call_since=since, lasted=LATELY)
    assert wait_of(facts, NOW) == told


def test_an_interval_never_has_one_end_only() -> None:
    for seconds in range(0, 7200, 97):
        found = wait_of(WaitFacts(called_after=[seconds] * 5), NOW)
        assert found is not None and found.least < found.most and found.least % 5 == found.most % 5 == 0
