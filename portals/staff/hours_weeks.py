"""The next four weeks of a clinician as a calendar: what is open each day, what closes it, and how much is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.slots import Span, Working
from portals.staff.hours_words import Words
from records.hours import BookedTime

WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """One day: its openings in words, why it is shut if it is, and its visits."""

    day: date
    label: str
    past: bool
    lines: tuple[str, ...]
    note: str
    booked: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What the calendar is made of."""

    working: Working
    words: Words
    holidays: Mapping[date, str]
    booked: Sequence[BookedTime]
    now: datetime

    def weeks(self) -> tuple[tuple[CalendarDay, ...], ...]:
        """Four weeks from this week's Monday on, on the clinician's own calendar."""
        today = self.working.day_of(self.now)
        monday = today - timedelta(days=today.weekday())
        days = [self._day(monday + timedelta(days=count), today) for count in range(7 * WEEKS)]
        return tuple(tuple(days[first : first + 7]) for first in range(0, len(days), 7))

    def _day(self, day: date, today: date) -> CalendarDay:
        openings = self.working.open_on(day)
        usual = self.working.hours.on(day)
        note = self.holidays.get(day, "")
        if not openings and usual:
            note = self.words.t("hours_rules.calendar.off")
        visits = [one for one in self.booked if self.working.day_of(one.starts_at) == day]
        return CalendarDay(
            day=day,
            label=self.words.short(day),
            past=day < today,
            lines=self.words.day_lines(openings),
            note=note,
            booked=len(visits),
            outside=len(outside(self.working, visits)),
        )


def outside(working: Working, booked: Iterable[BookedTime]) -> tuple[BookedTime, ...]:
    """The booked visits that lie outside the hours for such visits, or on a day that has more than are wanted."""
    visits = tuple(booked)
    days = Counter(working.day_of(one.starts_at) for one in visits)
    most = working.limits.daily
    return tuple(
        one
        for one in visits
        if not working.covers(Span(one.starts_at, one.ends_at), one.kind)
        or (most and days[working.day_of(one.starts_at)] > most)
    )
