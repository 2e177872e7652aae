"""What came of trying a guest's devices before a call: kept beside the patient's, by the guest's id and no name."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select

from engine.tech_checks import TechCheck
from records.acts import Act
from records.course import append_event
from records.errors import AlreadyDone
from records.guest_door import GuestPass
from records.stages import FINAL
from records.tables.visits import Visit, VisitEventRow
from records.tech_checks import GUEST_CHECKED, MOST, KeptCheck, kept_of
from records.work import Actor

if TYPE_CHECKING:
    from records.database import Database


def keep_guests_check(database: Database, clinic: str, guest: GuestPass, check: TechCheck) -> None:
    """Keeps it as an event of the visit.

    Raises:
        AlreadyDone: the visit has ended, or its guests have tried more often than is kept.
    """
    with database.work(clinic, Actor(person="guest", role="visitor")) as work:
        row = work.row(Visit, guest.visit)
        known = work.session.scalar(select(func.count()).where(*_of(guest.visit))) or 0
        if row.stage in FINAL or known >= MOST:
            raise AlreadyDone("check")
        work.record(Act.CHECK_KEPT, guest.guest, guest.visit)
        append_event(work, row, GUEST_CHECKED, detail={"guest": guest.guest, **asdict(check)})


def guests_check(database: Database, clinic: str, guest: GuestPass) -> KeptCheck | None:
    """This guest's newest check, None when there was none."""
    with database.work(clinic, Actor(person="guest", role="visitor")) as work:
        query = select(VisitEventRow).where(*_of(guest.visit)).order_by(VisitEventRow.sequence.desc())
        mine = (row for row in work.session.scalars(query) if row.detail.get("guest") == guest.guest)
        row = next(mine, None)
        return kept_of(row) if row is not None else None


def _of(visit: str) -> tuple[ColumnElement[Any], ...]:
    return VisitEventRow.visit == visit, VisitEventRow.event == GUEST_CHECKED
