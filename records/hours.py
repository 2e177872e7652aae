"""When clinicians work: their week in a zone of their own, time off and extra hours; the clinic file is the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import distinct, func, select

from engine.hours_blocks import MOST_BLOCKS, openings_of, read_block, read_limits, write_block, write_limits
from engine.slots import USUAL_LIMITS, Kind, Limits, Opening, Span, WeekHours, Working, spans_off
from records.acts import Act
from records.codes import new_id
from records.errors import Conflict
from records.own_rows import of_provider
from records.stages import DRAFT, FINAL
from records.tables.credentials import HoursException, HoursRow
from records.tables.people import Provider
from records.tables.visits import SlotCell, Visit
from records.work import Repository, Work

OFF, EXTRA, CHANGED = "off", "extra", "changed"
KINDS = (OFF, CHANGED, EXTRA)
MOST_DAYS = 366
_BACK, _AHEAD = timedelta(days=1), timedelta(days=3 * 366)
_KEPT = HoursException.removed_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursDraft:
    """A week as written, in the blocks of ``engine.hours_blocks``, and what is wanted around visits."""

    time_zone: str
    week: tuple[Mapping[str, Any], ...]
    limits: Limits = USUAL_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionDraft:
    """Time ``off``, ``extra`` hours or ``changed`` ones (in place of the usual), from a day to a day.

    All day when both times are empty.
    """

    kind: str
    first_day: date
    last_day: date
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionView(ExceptionDraft):
    """The same as kept."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursView:
    """A clinician's hours. Version 0 is the seed; an empty ``time_zone`` is the clinic's."""

    person: str
    time_zone: str
    week: tuple[Mapping[str, Any], ...]
    version: int
    exceptions: tuple[ExceptionView, ...]
    limits: Limits = USUAL_LIMITS
    undoable: bool = False

    @property
    def usual(self) -> bool:
        """Whether they work when the clinic is open."""
        return self.version == 0 and not self.week

    def working(self, clinic_hours: WeekHours, clinic_zone: str) -> Working:
        """What slots are cut out of; without a week of their own the clinic's hours stand."""
        zone = self.time_zone or clinic_zone
        week = clinic_hours if self.usual else WeekHours(by_weekday=openings_of(map(read_block, self.week)))
        extra: dict[date, tuple[Opening, ...]] = {}
        replaced = {day for one in self.exceptions if one.kind == CHANGED for day in _days(one)}
        for one in self.exceptions:
            for day in _days(one) if one.kind in (EXTRA, CHANGED) else ():
                extra[day] = (*extra.get(day, ()), _opening(one.since, one.until))
        off = tuple(
            span
            for one in self.exceptions
            if one.kind == OFF
            for span in spans_off(one.first_day, one.last_day, _part(one), zone)
        )
        hours = WeekHours(by_weekday=week.by_weekday, closed=clinic_hours.closed | week.closed | replaced, extra=extra)
        return Working(hours=hours, time_zone=zone, off=off, limits=self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTime:
    """A visit that is to come, by its number; of whom is not said."""

    visit: str
    starts_at: datetime
    ends_at: datetime
    kind: Kind
    stage: str


class Hours(Repository):
    """The clinicians' hours of work."""

    def offered(self) -> Mapping[str, HoursView]:
        """Everybody's hours, as whoever looks for a time needs them: part of the public directory."""
        self._work.allow(Act.SLOTS_VIEWED)
        query = select(Provider).where(Provider.clinic == self._work.clinic, Provider.active.is_(True))
        return self._views(self._session.scalars(query).all())

    def of_person(self, person: str) -> HoursView:
        row = of_provider(self._work, person, Act.HOURS_VIEWED)
        self._work.note(Act.HOURS_VIEWED, person)
        return self._views([row])[person]

    def upcoming(self, person: str) -> tuple[BookedTime, ...]:
        """The visits that are to come, so that a change of hours can say which it leaves outside."""
        of_provider(self._work, person, Act.HOURS_VIEWED)
        self._work.note(Act.HOURS_VIEWED, person)
        query = select(Visit).where(
            Visit.clinic == self._work.clinic,
            Visit.provider == person,
            Visit.stage.not_in({*FINAL, DRAFT}),
            Visit.starts_at >= self._work.at,
        )
        rows = self._session.scalars(query.order_by(Visit.starts_at))
        return tuple(
            BookedTime(visit=row.id, starts_at=row.starts_at, ends_at=row.ends_at, kind=kind_of(row), stage=row.stage)
            for row in rows
        )

    def change(self, person: str, draft: HoursDraft, version: int) -> int:
        """Replaces a week; booked visits stay. Returns the new version.

        Raises:
            Conflict: it changed since ``version``.
            ValueError: no such zone, or an opening that ends before it begins.
        """
        of_provider(self._work, person, Act.HOURS_CHANGED)
        self._work.alone("hours", person)
        week, row = _checked(draft), self._session.get(HoursRow, person)
        if (row.version if row else 0) != version:
            raise Conflict("hours", row.version if row else 0)
        self._work.note(Act.HOURS_CHANGED, person, version=version + 1)
        if row is None:
            row = HoursRow(person=person, clinic=self._work.clinic, version=0)
            self._session.add(row)
            row.before = {}
        else:
            row.before = {"time_zone": row.time_zone, "week": row.week, "limits": row.limits}
        row.time_zone, row.week, row.version = draft.time_zone, week, version + 1
        row.limits = write_limits(read_limits(asdict(draft.limits)))
        row.changed_by, row.changed_at = self._work.actor.person, self._work.now
        self._session.flush()
        return row.version

    def undo(self, person: str, version: int) -> None:
        """Puts back what the newest change replaced; a second undo puts the change back. Of a first change the seed.

        Raises:
            Conflict: it changed since ``version``, or there is nothing to undo.
        """
        of_provider(self._work, person, Act.HOURS_CHANGED)
        self._work.alone("hours", person)
        row = self._session.get(HoursRow, person)
        if row is None or row.version != version or row.before is None:
            raise Conflict("hours", row.version if row else 0)
        self._work.note(Act.HOURS_CHANGED, person, version=version + 1)
        if not row.before:
            self._session.delete(row)
            return
        now = {"time_zone": row.time_zone, "week": row.week, "limits": row.limits}
        row.time_zone, row.week, row.limits = row.before["time_zone"], row.before["week"], row.before["limits"]
        row.before, row.version = now, version + 1
        row.changed_by, row.changed_at = self._work.actor.person, self._work.now

    def add_exception(self, person: str, draft: ExceptionDraft) -> str:
        """Keeps time off or extra hours; returns its id. Raises `ValueError` for days or times that cannot be."""
        of_provider(self._work, person, Act.EXCEPTION_MADE)
        self._work.alone("hours", person)
        _check_exception(draft, self._work.at.date())
        exception = new_id("hex")
        self._work.note(Act.EXCEPTION_MADE, person, kind=draft.kind)
        self._session.add(
            HoursException(
                id=exception,
                clinic=self._work.clinic,
                person=person,
                kind=draft.kind,
                first_day=draft.first_day,
                last_day=draft.last_day,
                since=draft.since,
                until=draft.until,
                written_by=self._work.actor.person,
                written_at=self._work.now,
            )
        )
        self._session.flush()
        return exception

    def remove_exception(self, exception: str, *, together: bool = False) -> None:
        """Ends it, or all that were kept ``together`` with it; the rows stay. A second time changes nothing."""
        row = self._work.row(HoursException, exception)
        of_provider(self._work, row.person, Act.EXCEPTION_REMOVED)
        self._work.alone("hours", row.person)
        self._work.note(Act.EXCEPTION_REMOVED, exception)
        same = (HoursException.person == row.person, HoursException.written_at == row.written_at)
        for one in self._session.scalars(select(HoursException).where(*same)) if together else (row,):
            one.removed_at = one.removed_at or self._work.now

    def restore_exception(self, exception: str) -> None:
        """Takes the ending of time off, extra or changed hours back. A second time changes nothing."""
        row = self._work.row(HoursException, exception)
        of_provider(self._work, row.person, Act.EXCEPTION_MADE)
        self._work.alone("hours", row.person)
        self._work.note(Act.EXCEPTION_MADE, row.person, kind=row.kind)
        row.removed_at = None

    def _working(self, row: Provider, clinic: tuple[WeekHours, str]) -> Working:
        """When a clinician works; ``clinic`` are the clinic's own hours, and its zone."""
        return self._views([row])[row.person].working(*clinic)

    def _views(self, rows: Sequence[Provider]) -> Mapping[str, HoursView]:
        people = [row.person for row in rows]
        own = self._session.scalars(select(HoursRow).where(HoursRow.person.in_(people)))
        kept = {one.person: one for one in own}
        query = select(HoursException).where(HoursException.person.in_(people), _KEPT)
        exceptions = self._session.scalars(query.order_by(HoursException.first_day, HoursException.id)).all()
        return {row.person: _view(row, kept.get(row.person), exceptions) for row in rows}


def kind_of(visit: Visit) -> Kind:
    """What was booked, as hours of work tell visits apart."""
    return Kind(visit_type=f"{visit.specialty}/{visit.visit_type}", modality=visit.modality)


ClinicHours = Callable[[str], tuple[WeekHours, str] | None]
"""A clinic's opening hours and zone by its slug, as its file has them; None where nobody knows them."""


def unknown_hours(clinic: str) -> None:
    """Nobody knows the hours of any clinic: then only another visit keeps a time from being taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A visit that wants a stretch of its clinician's time."""

    visit: str
    provider: str
    kind: Kind
    span: Span


def works_then(work: Work, wanted: Wanted, clinic: tuple[WeekHours, str] | None) -> bool:
    """Whether a clinician is there and has room in their hours of now for such a visit.

    Hours, and how many visits a day has, stay as they are until the end of the transaction.
    """
    row = work.row(Provider, wanted.provider)
    if not row.active:
        return False
    if clinic is None:
        return True
    work.alone("hours", wanted.provider)
    working = Hours(work)._working(row, clinic)
    return working.covers(wanted.span, wanted.kind) and not _day_is_full(work, wanted, working)


def _day_is_full(work: Work, wanted: Wanted, working: Working) -> bool:
    """Whether other visits already are as many as the clinician wants on that day of their calendar."""
    if not working.limits.daily:
        return False
    day = working.bounds(working.day_of(wanted.span.start))
    query = (
        select(func.count(distinct(Visit.id)))
        .join(SlotCell, SlotCell.visit == Visit.id)
        .where(
            Visit.clinic == work.clinic,
            Visit.provider == wanted.provider,
            Visit.id != wanted.visit,
            Visit.starts_at >= day.start,
            Visit.starts_at < day.end,
        )
    )
    return (work.session.scalar(query) or 0) >= working.limits.daily


def _view(row: Provider, own: HoursRow | None, exceptions: Iterable[HoursException]) -> HoursView:
    return HoursView(
        person=row.person,
        time_zone=own.time_zone if own else "",
        week=tuple(own.week if own else row.availability),
        version=own.version if own else 0,
        limits=read_limits(own.limits) if own else USUAL_LIMITS,
        undoable=own is not None and own.before is not None,
        exceptions=tuple(
            ExceptionView(
                id=one.id,
                kind=one.kind,
                first_day=one.first_day,
                last_day=one.last_day,
                since=one.since,
                until=one.until,
            )
            for one in exceptions
            if one.person == row.person
        ),
    )


def _opening(since: str, until: str) -> Opening:
    """Raises `ValueError` for what is no time, or ends before it begins."""
    opening = Opening(time.fromisoformat(since or "00:00"), time.fromisoformat(until) if until else None)
    if opening.until is not None and opening.until <= opening.since:
        raise ValueError("ends before it begins")
    return opening


def _part(one: ExceptionDraft) -> Opening | None:
    return _opening(one.since, one.until) if one.since or one.until else None


def _days(one: ExceptionDraft) -> Iterable[date]:
    return (one.first_day + timedelta(days=count) for count in range((one.last_day - one.first_day).days + 1))


def _checked(draft: HoursDraft) -> list[dict[str, Any]]:
    ZoneInfo(draft.time_zone)
    if len(draft.week) > MOST_BLOCKS:
        raise ValueError("too many openings")
    return [write_block(read_block(one)) for one in draft.week]


def exception_days(today: date) -> tuple[date, date]:
    """The first and the last day on which new time off or extra hours may lie: from yesterday, three years ahead."""
    return today - _BACK, today + _AHEAD


def _check_exception(draft: ExceptionDraft, today: date) -> None:
    _part(draft)
    # The day here is the one of UTC, a day off the clinic's at most; the page asks with the clinic's own.
    earliest, latest = exception_days(today)[0] - _BACK, exception_days(today)[1] + _BACK
    length = (draft.last_day - draft.first_day).days
    if draft.kind not in KINDS or not 0 <= length < MOST_DAYS:
        raise ValueError("no exception")
    if draft.first_day < earliest or draft.last_day > latest:
        raise ValueError("no day near")
