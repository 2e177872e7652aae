"""Taken time: a visit holds its provider's minutes in cells of five, each of which only one visit can have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from records.acts import Act
from records.tables.visits import SlotCell, Visit
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


def hold(work: Work, visit: Visit, until: datetime) -> bool:
    """Takes the visit's time until released; False, and nothing taken, when another visit has a part of it."""
    wanted = list(_cells(visit))
    query = select(SlotCell.visit).where(
        SlotCell.clinic == work.clinic, SlotCell.provider == visit.provider, SlotCell.cell.in_(wanted)
    )
    holders = set(work.session.scalars(query))
    if holders == {visit.id}:
        return True
    if holders or not _insert(work, visit, wanted, until):
        work.record(Act.SLOT_REFUSED, visit.provider, visit.id)
        return False
    work.note(Act.SLOT_HELD, visit.provider, visit.id)
    return True


def make_lasting(work: Work, visit: Visit) -> None:
    """The hold has become a booking."""
    work.session.execute(update(SlotCell).where(SlotCell.visit == visit.id).values(held_until=None))


def release(work: Work, visit: Visit) -> None:
    work.note(Act.SLOT_RELEASED, visit.provider, visit.id)
    work.session.execute(delete(SlotCell).where(SlotCell.visit == visit.id, SlotCell.clinic == work.clinic))


def _insert(work: Work, visit: Visit, cells: Iterable[int], until: datetime) -> bool:
    try:
        with work.session.begin_nested():
            for cell in cells:
                work.session.add(
                    SlotCell(clinic=work.clinic, provider=visit.provider, cell=cell, visit=visit.id, held_until=until)
                )
    except IntegrityError:  # two takers at once, where the database lets two write at once
        return False
    return True


def _cells(visit: Visit) -> range:
    return range(_cell(visit.starts_at), max(_cell(visit.starts_at) + 1, -((_EPOCH - visit.ends_at) // CELL)))


def _cell(at: datetime) -> int:
    return (at - _EPOCH) // CELL


def _instant(cell: int) -> datetime:
    return _EPOCH + cell * CELL
