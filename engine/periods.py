"""Was a rule or value in force on a day, surely or perhaps?

Days are texts such as `2026-03-05`. A date that the sources do not give is `unknown`: in force for sure from the day it
was checked, perhaps before. A partial `from` (`2019`, `2019-07`) is perhaps within that period and sure after it; a
partial `until` mirrors it. `until` is the last day in force.
"""

import calendar
from dataclasses import dataclass
from enum import StrEnum

from engine.shapes import Day

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
UNKNOWN = "unknown"
DATED = Day(
    r"unknown|\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
    "a date such as 2023-07-01 (or 2023-07, 2023, unknown)",
)


class Certainty(StrEnum):
    """How sure it is that something was in force."""

    NO = "no"
    PERHAPS = "perhaps"
    SURE = "sure"


@dataclass(frozen=True, slots=True)
class Period:
    """Perhaps in force from `first` to `last`, surely from `sure_from` to `sure_until`."""

    first: str = FIRST_DAY
    sure_from: str = FIRST_DAY
    sure_until: str = LAST_DAY
    last: str = LAST_DAY

    def on(self, day: str) -> Certainty:
        """Whether it was in force on a day."""
        if not self.first <= day <= self.last:
            return Certainty.NO
        return Certainty.SURE if self.sure_from <= day <= self.sure_until else Certainty.PERHAPS

    def meet(self, other: "Period") -> "Period | None":
        """The days that two periods share, or None."""
        met = Period(
            max(self.first, other.first),
            max(self.sure_from, other.sure_from),
            min(self.sure_until, other.sure_until),
            min(self.last, other.last),
        )
        return met if met.first <= met.last else None


def read_period(begins: str, ends: str, checked: str) -> Period:
    """A period from the texts of `from` and `until` and the day the source was checked."""
    if begins == UNKNOWN:
        first, sure_from = FIRST_DAY, checked
    else:
        first, sure_from = _opening(begins)
    if ends in ("", UNKNOWN):
        return Period(first, sure_from)
    sure_until, last = _closing(ends)
    return Period(first, sure_from, sure_until, last)


def _opening(text: str) -> tuple[str, str]:
    """First day perhaps in force, first day surely in force."""
    year = int(text[:4])
    if len(text) == 4:
        return f"{text}-01-01", f"{year + 1:04}-01-01"
    if len(text) == 7:
        month = int(text[5:7])
        following = f"{year + 1:04}-01-01" if month == 12 else f"{year:04}-{month + 1:02}-01"
        return f"{text}-01", following
    return text, text


def _closing(text: str) -> tuple[str, str]:
    """Last day surely in force, last day perhaps in force."""
    year = int(text[:4])
    if len(text) == 4:
        return f"{year - 1:04}-12-31", f"{text}-12-31"
    if len(text) == 7:
        month = int(text[5:7])
        days = calendar.monthrange(year, month)[1]
        before = year - 1 if month == 1 else year
        month_before = 12 if month == 1 else month - 1
        last_before = f"{before:04}-{month_before:02}-{calendar.monthrange(before, month_before)[1]:02}"
        return last_before, f"{text}-{days:02}"
    return text, text
