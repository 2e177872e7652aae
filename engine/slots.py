"""Which times of a clinician are still free?

Opening hours are wall-clock times of a zone; slots are instants. Each day's opening is turned into instants first and
cut up there, so that a slot always lasts its real length, on the days too when clocks change.
"""

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

Day = TypeVar("Day", int, date)
_GRID = timedelta(minutes=5)
_LEAD = timedelta(minutes=2)
# A day at the calendar's very ends has no instant in every zone; nobody works or rests there.
_FIRST_DAY, _LAST_DAY = date.min + timedelta(days=2), date.max - timedelta(days=2)
USUAL_AHEAD = 28
"""How many days ahead a clinician can be booked who says nothing else."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From an instant up to, not including, another; both aware, in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Opening:
    """Open from a wall-clock time until another on the same day; `until` None is midnight at the day's end.

    `every` is in how many weeks it comes once, counted from the week (Monday to Sunday) of the day `first`, before
    which it does not come; after `last` it does not come any more. In the words of RFC 5545: `FREQ=WEEKLY;INTERVAL`,
    `DTSTART` and `UNTIL`, with weeks that begin on a Monday. `weeks` are the ones of a month in which it comes, 1 for
    its weekday's first and -1 for the last (`FREQ=MONTHLY;BYDAY=1TU`); without any it comes in all. `visit_types`
    (`specialty/type`) and `modalities` are those it is for; without any it is for all.
    """

    since: time
    until: time | None
    every: int = 1
    first: date | None = None
    last: date | None = None
    weeks: frozenset[int] = frozenset()
    visit_types: frozenset[str] = frozenset()
    modalities: frozenset[str] = frozenset()

    def is_for(self, kind: "Kind") -> bool:
        """Whether visits of a kind may be booked into it."""
        typed = not self.visit_types or kind.visit_type in self.visit_types
        return typed and (not self.modalities or kind.modality in self.modalities)

    def comes_on(self, day: date) -> bool:
        """Whether it is open on a day of its weekday."""
        if (self.first is not None and day < self.first) or (self.last is not None and day > self.last):
            return False
        if self.weeks and self.weeks.isdisjoint(_weeks_of_month(day)):
            return False
        if self.every == 1 or self.first is None:
            return True
        return (_monday(day) - _monday(self.first)).days // 7 % self.every == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What somebody wants to book: a visit type (`specialty/type`) and how one meets."""

    visit_type: str
    modality: str


@dataclass(frozen=True, slots=True)
class WeekHours:
    """When a clinic or a clinician is open: openings by weekday (Monday is 0), closed days, and extra openings."""

    by_weekday: Mapping[int, tuple[Opening, ...]]
    closed: frozenset[date] = frozenset()
    extra: Mapping[date, tuple[Opening, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Opening, ...]:
        usual = () if day in self.closed else self.by_weekday.get(day.weekday(), ())
        return (*(opening for opening in usual if opening.comes_on(day)), *self.extra.get(day, ()))

    def only(self, kind: Kind) -> "WeekHours":
        """The hours into which visits of a kind may be booked."""
        return replace(self, by_weekday=_only(self.by_weekday, kind), extra=_only(self.extra, kind))

    def limited(self) -> bool:
        """Whether any opening is for some visits alone."""
        return any(
            one.visit_types or one.modalities
            for openings in (*self.by_weekday.values(), *self.extra.values())
            for one in openings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a clinician wants around visits: minutes free `before` and `after` each, `notice` minutes before the
    first that can be booked, so many `days_ahead` at most, and `daily` visits a day at most (0: as many as fit)."""

    before: int = 0
    after: int = 0
    notice: int = 0
    days_ahead: int = USUAL_AHEAD
    daily: int = 0


USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """When a clinician works: hours of a zone, and the time off that is taken out of them."""

    hours: WeekHours
    time_zone: str
    off: tuple[Span, ...] = ()
    limits: Limits = USUAL_LIMITS

    def covers(self, span: Span, kind: Kind | None = None) -> bool:
        """Whether a stretch of time lies within the hours for visits of a kind, none of it in time off."""
        hours = self.hours.only(kind) if kind else self.hours
        query = SlotQuery(hours=hours, time_zone=self.time_zone, duration=span.end - span.start, now=span.start)
        days = Span(span.start - timedelta(days=1), span.end + timedelta(days=1))
        openings = _merged(_openings(query, days.start, days.end))
        inside = any(opening.start <= span.start and span.end <= opening.end for opening in openings)
        return inside and not any(off.overlaps(span) for off in self.off)

    def open_on(self, day: date) -> tuple[Opening, ...]:
        """The openings of a day, time off taken out, in order; times are the wall clock's."""
        zone, found = ZoneInfo(self.time_zone), []
        for opening in self.hours.on(day):
            parts = [Span(_instant(day, opening.since, zone), _end(day, opening.until, zone))]
            for off in self.off:
                parts = [rest for part in parts for rest in _without(part, off)]
            for part in parts:
                since, until = part.start.astimezone(zone), part.end.astimezone(zone)
                ends = until.time() if until.date() == day else None
                found.append(replace(opening, since=since.time(), until=ends))
        return tuple(sorted(found, key=lambda one: one.since))

    def day_of(self, instant: datetime) -> date:
        """The day on the clinician's own calendar."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def bounds(self, day: date) -> Span:
        """A day of the clinician's calendar, from midnight to midnight."""
        zone = ZoneInfo(self.time_zone)
        return Span(_instant(day, time(), zone), _instant(day + timedelta(days=1), time(), zone))


def spans_off(first: date, last: date, opening: Opening | None, time_zone: str) -> tuple[Span, ...]:
    """Time off from a day to a day, all day without an opening, else that part of each day.

    Days at the ends of the calendar, where no zone has instants for certain, are left out.
    """
    zone = ZoneInfo(time_zone)
    first, last = max(first, _FIRST_DAY), min(last, _LAST_DAY)
    opening = opening or Opening(time(), None)
    days = (first + timedelta(days=count) for count in range((last - first).days + 1))
    return tuple(Span(_instant(day, opening.since, zone), _end(day, opening.until, zone)) for day in days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotQuery:
    """What is looked for: slots of `duration` within `hours` of a zone, from `now` until `horizon` later.

    `before` and `buffer` are what stays free before and after a slot; both may lie outside the hours. What is taken has
    its own with it. On the days `full` nothing more is offered.
    """

    hours: WeekHours
    time_zone: str
    duration: timedelta
    now: datetime
    horizon: timedelta = timedelta(days=7)
    lead: timedelta = field(default=_LEAD)
    buffer: timedelta = timedelta(0)
    before: timedelta = timedelta(0)
    full: frozenset[date] = frozenset()


def open_slots(query: SlotQuery, taken: Sequence[Span] = ()) -> tuple[Span, ...]:
    """The free slots in order, none overlapping another or anything taken.

    Slots begin on the five minutes. A slot never starts before `now` plus the lead nor ends after the opening does.
    """
    earliest = query.now.astimezone(UTC) + query.lead
    latest = query.now.astimezone(UTC) + query.horizon
    busy = sorted(taken)
    return tuple(
        slot
        for opening in _merged(_openings(query, earliest, latest))
        for slot in _cut(opening, query, earliest, busy)
        if slot.start <= latest
    )


def _openings(query: SlotQuery, earliest: datetime, latest: datetime) -> Iterator[Span]:
    zone = ZoneInfo(query.time_zone)
    day, last = earliest.astimezone(zone).date(), latest.astimezone(zone).date()
    while day <= last:
        for opening in query.hours.on(day) if day not in query.full else ():
            span = Span(_instant(day, opening.since, zone), _end(day, opening.until, zone))
            if span.start < span.end:
                yield span
        day += timedelta(days=1)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time: the first of two when clocks go back, moved on when they skip it."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def _end(day: date, until: time | None, zone: ZoneInfo) -> datetime:
    return _instant(day + timedelta(days=1), time(), zone) if until is None else _instant(day, until, zone)


def _merged(openings: Iterator[Span]) -> Iterator[Span]:
    """Openings that touch or overlap as one, so that no slot is lost at midnight and none is offered twice."""
    current: Span | None = None
    for span in sorted(openings):
        if current is not None and span.start <= current.end:
            current = Span(current.start, max(current.end, span.end))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _without(part: Span, off: Span) -> tuple[Span, ...]:
    """What is left of a stretch of time once another is taken out."""
    if not part.overlaps(off):
        return (part,) if part.start < part.end else ()
    rests = (Span(part.start, off.start), Span(off.end, part.end))
    return tuple(rest for rest in rests if rest.start < rest.end)


def _cut(opening: Span, query: SlotQuery, earliest: datetime, busy: Sequence[Span]) -> Iterator[Span]:
    start = _on_grid(max(opening.start, earliest))
    while start + query.duration <= opening.end:
        slot = Span(start, start + query.duration)
        kept = Span(slot.start - query.before, slot.end + query.buffer)
        blocking = [span.end for span in busy if kept.overlaps(span)]
        if not blocking:
            yield slot
        start = _on_grid((max(blocking) if blocking else kept.end) + query.before)


def _only(openings: Mapping[Day, tuple[Opening, ...]], kind: Kind) -> Mapping[Day, tuple[Opening, ...]]:
    return {day: tuple(one for one in found if one.is_for(kind)) for day, found in openings.items()}


def _weeks_of_month(day: date) -> frozenset[int]:
    """Which of its month's such weekdays a day is, counted from both ends."""
    left = calendar.monthrange(day.year, day.month)[1] - day.day
    return frozenset({(day.day - 1) // 7 + 1, -(left // 7 + 1)})


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _on_grid(instant: datetime) -> datetime:
    """The instant itself when it lies on the grid, else the next one that does; zones differ by whole grid steps."""
    past = timedelta(minutes=instant.minute, seconds=instant.second, microseconds=instant.microsecond) % _GRID
    return instant + (_GRID - past) if past else instant
