"""A month is a month of the calendar, a day a day of it, an hour one of the clock; none is turned into another."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conditions import Condition, parse
from engine.conditions_closures import truth
from engine.diagnostics import Problems
from engine.reading import read_text
from engine.values import BadValue, Duration, FactType, Kind, read_duration, shift, shift_instant

TYPES = {
    "encounter.date": FactType(Kind.DATE),
    "encounter.instant": FactType(Kind.INSTANT),
    "given.on": FactType(Kind.DATE),
    "given.at": FactType(Kind.INSTANT),
}


class Scope:
    """A day and an instant beside those of the encounter."""

    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> list[str]:
        return list(TYPES)


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("7 days", Duration(days=7), "7 days"),
        ("1 day", Duration(days=1), "1 day"),
        ("2 weeks", Duration(days=14), "14 days"),
        ("24 months", Duration(months=24), "24 months"),
        ("2 years", Duration(months=24), "24 months"),
        ("48 hours", Duration(seconds=172_800), "48 hours"),
        ("90 minutes", Duration(seconds=5_400), "1 hour 30 minutes"),
        ("P7D", Duration(days=7), "7 days"),
        ("P2W", Duration(days=14), "14 days"),
        ("P24M", Duration(months=24), "24 months"),
        ("P1Y6M10D", Duration(months=18, days=10), "18 months 10 days"),
        ("PT48H", Duration(seconds=172_800), "48 hours"),
        ("PT1H30M", Duration(seconds=5_400), "1 hour 30 minutes"),
        ("P0D", Duration(), "0 days"),
    ],
)
def test_a_duration_is_read_in_words_and_as_iso_8601(text: str, expected: Duration, words: str) -> None:
    assert read_duration(text) == expected
    assert str(expected) == words


@pytest.mark.parametrize(
    "text",
    ["", "7", "days", "7days", "-7 days", "7.5 days", "P", "PT", "P1H", "1M", "P1DT2H", "P1,5D", "7 days ", "7 d"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read_duration(text)


@pytest.mark.parametrize(
    ("day", "by", "sign", "expected"),
    [
        ("2026-03-31", "1 month", -1, "2026-02-28"),
        ("2024-03-31", "1 month", -1, "2024-02-29"),
        ("2026-03-31", "30 days", -1, "2026-03-01"),
        ("2024-02-29", "1 year", 1, "2025-02-28"),
        ("2024-02-29", "365 days", 1, "2025-02-28"),
        ("2024-02-29", "366 days", 1, "2025-03-01"),
        ("2026-01-31", "P1M1D", 1, "2026-03-01"),
        ("0001-01-01", "1 day", -1, "0001-01-01"),
        ("9999-12-31", "1 month", 1, "9999-12-31"),
    ],
)
def test_a_month_goes_to_the_same_day_or_the_last(day: str, by: str, sign: int, expected: str) -> None:
    assert shift(day, read_duration(by), sign) == expected


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 9999))
def test_days_move_a_date_as_the_calendar_does(day: date, count: int) -> None:
    assert shift(day.isoformat(), Duration(days=count), 1) == (day + timedelta(days=count)).isoformat()
    assert shift(shift(day.isoformat(), Duration(days=count), 1), Duration(days=count), -1) == day.isoformat()


@pytest.mark.parametrize(
    ("instant", "by", "sign", "expected"),
    [
        ("2026-03-09T14:00:00Z", "48 hours", -1, "2026-03-07T14:00:00Z"),
        ("2026-11-01T05:30:00Z", "90 minutes", 1, "2026-11-01T07:00:00Z"),
        ("0001-01-01T00:00:00Z", "1 hour", -1, "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "1 hour", 1, "9999-12-31T23:59:59Z"),
    ],
)
def test_hours_move_an_instant(instant: str, by: str, sign: int, expected: str) -> None:
    assert shift_instant(instant, read_duration(by), sign) == expected


def read(text: str) -> tuple[Condition, list[str]]:
    problems = Problems()
    node = read_text(text, "rule.yaml", problems)
    assert node is not None
    return parse(node, Scope(), problems), [found.code for found in problems]


def test_two_days_and_forty_eight_hours_differ_where_the_clocks_change() -> None:
    """A consent at 10:00 on the Friday before summer time; asked on the Sunday at 10:30, 47 and a half hours later."""
    facts = {
        "encounter.date": "2026-03-08",
        "encounter.instant": "2026-03-08T14:30:00Z",
        "given.on": "2026-03-06",
        "given.at": "2026-03-06T15:00:00Z",
    }
    for text in ("given.at: {within: 48 hours}", "given.on: {within: 2 days}"):
        condition, codes = read(text)
        assert (truth(condition, facts), codes) == (True, [])
    later = {**facts, "encounter.instant": "2026-03-08T15:00:01Z"}
    assert truth(read("given.at: {within: 48 hours}")[0], later) is False


@pytest.mark.parametrize(
    "text",
    [
        "given.at: {within: 2 days}",
        "given.on: {within: 48 hours}",
        "given.at: {after: {fact: encounter.instant, minus: 1 month}}",
        "given.on: {after: {fact: encounter.date, minus: PT1H}}",
    ],
)
def test_calendar_and_clock_are_kept_apart(text: str) -> None:
    assert read(text)[1] == ["COND004"]
