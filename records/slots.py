"""Taken time: a visit holds its provider's minutes in cells of five, each of which only one visit can have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Delete, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from engine.hours_blocks import read_limits
from engine.visits_asynchronous import WITHOUT_A_CALL
from records.acts import Act
from records.tables.credentials import HoursRow
from records.tables.visits import PackRow, SlotCell, Visit
from records.work import Repository, Work

CELL = timedelta(minutes=5)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSlot:
    """A stretch of a provider's time that is taken; by whom is not said."""

    starts_at: datetime
    ends_at: datetime


class Slots(Repository):
    """The providers' taken time."""

    def taken(self, provider: str, start: datetime, end: datetime) -> tuple[TakenSlot, ...]:
        """What is held or booked of the provider's time between two instants, in order, one stretch for each visit."""
        self._work.allow(Act.SLOTS_VIEWED, provider)
        query = select(SlotCell.visit, SlotCell.cell).where(
            SlotCell.clinic == self._work.clinic,
            SlotCell.provider == provider,
            SlotCell.cell >= _cell(start),
            SlotCell.cell < _cell(end + CELL),
        )
        cells: dict[str, list[int]] = {}
        for visit, cell in self._session.execute(query):
            cells.setdefault(visit, []).append(cell)
        spans = [(_instant(min(own)), _instant(max(own) + 1)) for own in cells.values()]
        return tuple(TakenSlot(starts_at=first, ends_at=last) for first, last in sorted(spans))

    def held_until(self, provider: str, visit: str) -> datetime | None:
        """Until when the provider's time is kept for a visit that is not paid; None where it is not, or for good."""
        self._work.allow(Act.SLOTS_VIEWED, provider)
        query = select(func.max(SlotCell.held_until)).where(
            SlotCell.clinic == self._work.clinic, SlotCell.provider == provider, SlotCell.visit == visit
        )
        return self._session.scalar(query)


def hold(work: Work, visit: Visit, until: datetime) -> bool:
    """Takes the visit's time until released; False, and nothing taken, when another visit has a part of it."""
    if visit.modality in WITHOUT_A_CALL:  # nobody meets, so nobody's time is taken
        return True
    wanted = list(_cells(work, visit))
    query = select(SlotCell.visit).where(
        SlotCell.clinic == work.clinic, SlotCell.provider == visit.provider, SlotCell.cell.in_(wanted)
    )
    holders = set(work.session.scalars(query))
    if visit.id in holders:  # all that it wanted, whatever its clinician wants to keep free since
        return True
    if holders or not _insert(work, visit, wanted, until):
        work.record(Act.SLOT_REFUSED, visit.provider, visit.id)
        return False
    work.note(Act.SLOT_HELD, visit.provider, visit.id)
    return True


def move(work: Work, visit: Visit, starts_at: datetime, provider: str = "") -> bool:
    """Gives the visit's time back and takes the same length from another instant on; both or neither.

    With ``provider`` the visit becomes that clinician's, and the time is taken of theirs.

    False, and nothing changed, when another visit has a part of it.
    """
    lasts = visit.ends_at - visit.starts_at
    before, was = (visit.starts_at, visit.ends_at), visit.provider
    try:
        with work.session.begin_nested():
            work.session.execute(_own(work, visit))
            visit.starts_at, visit.ends_at = starts_at, starts_at + lasts
            visit.provider = provider or was
            _add(work, visit, _cells(work, visit), None)
            work.session.flush()
    except IntegrityError:
        (visit.starts_at, visit.ends_at), visit.provider = before, was
        work.session.flush()
        work.record(Act.SLOT_REFUSED, provider or was, visit.id)
        return False
    work.note(Act.SLOT_RELEASED, was, visit.id)
    work.note(Act.SLOT_HELD, visit.provider, visit.id)
    return True


def give(work: Work, visit: Visit, provider: str) -> None:
    """Gives the visit to another clinician with the same time of theirs.

    Raises:
        IntegrityError: another visit has a part of it; the caller's savepoint takes it back.
    """
    work.session.execute(_own(work, visit))
    visit.provider = provider
    _add(work, visit, _cells(work, visit), None)
    work.session.flush()
    work.note(Act.SLOT_HELD, provider, visit.id)


def make_lasting(work: Work, visit: Visit) -> None:
    """The hold has become a booking."""
    work.session.execute(update(SlotCell).where(SlotCell.visit == visit.id).values(held_until=None))


def release(work: Work, visit: Visit) -> None:
    work.note(Act.SLOT_RELEASED, visit.provider, visit.id)
    work.session.execute(_own(work, visit))


def _own(work: Work, visit: Visit) -> Delete:
    return delete(SlotCell).where(SlotCell.visit == visit.id, SlotCell.clinic == work.clinic)


def _add(work: Work, visit: Visit, cells: Iterable[int], until: datetime | None) -> None:
    for cell in cells:
        row = SlotCell(clinic=work.clinic, provider=visit.provider, cell=cell, visit=visit.id, held_until=until)
        work.session.add(row)


def _insert(work: Work, visit: Visit, cells: Iterable[int], until: datetime) -> bool:
    try:
        with work.session.begin_nested():
            _add(work, visit, cells, until)
    except IntegrityError:  # two takers at once, where the database lets two write at once
        return False
    return True


def _cells(work: Work, visit: Visit) -> range:
    """The cells of the visit and of what its plan, and its clinician, keep free around it."""
    pack, own = work.session.get(PackRow, (work.clinic, visit.plan_digest)), work.session.get(HoursRow, visit.provider)
    limits = read_limits(own.limits if own else None)
    kept = int(json.loads(pack.canonical).get("buffer_seconds", 0)) if pack is not None else 0
    first = _cell(visit.starts_at - timedelta(minutes=limits.before))
    ends_at = visit.ends_at + timedelta(seconds=max(kept, limits.after * 60))
    return range(first, max(first + 1, -((_EPOCH - ends_at) // CELL)))


def _cell(at: datetime) -> int:
    return (at - _EPOCH) // CELL


def _instant(cell: int) -> datetime:
    return _EPOCH + cell * CELL
