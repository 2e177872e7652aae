"""What came of trying a patient's devices before a call: kept as an event of the visit, for as long as the visit is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.tech_checks import TechCheck, kept_check
from records.acts import Act
from records.course import append_event, tell
from records.errors import AlreadyDone
from records.stages import FINAL
from records.tables.visits import GuestRow, VisitEventRow
from records.work import Repository

CHECKED, GUEST_CHECKED = "tech_checked", "guest_checked"
MOST = 50  # tries of one visit; more than anybody needs, and little enough to keep


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheck:
    """A check and when it was made, in the visit's time."""

    at: datetime
    check: TechCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestsCheck:
    """The newest check of somebody who comes by a link: their part, and no name."""

    role: str
    kept: KeptCheck


class TechChecks(Repository):
    """The checks of the clinic's visits; the newest one counts."""

    def keep(self, visit: str, check: TechCheck) -> None:
        """Keeps it and, the first time, announces it.

        Raises:
            AlreadyDone: the visit has ended, or was checked more often than is kept.
        """
        row = self._work.visit(visit, Act.CHECK_KEPT)
        query = select(func.count()).where(VisitEventRow.visit == visit, VisitEventRow.event == CHECKED)
        known = self._session.scalar(query) or 0
        if row.stage in FINAL or known >= MOST:
            raise AlreadyDone("check")
        append_event(self._work, row, CHECKED, detail=asdict(check))
        if not known:
            tell(self._work, visit, CHECKED)

    def tried(self, visit: str) -> bool:
        """Whether a device was tried at all; how that went is not told, and it is not audited."""
        self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        query = select(VisitEventRow.id).where(VisitEventRow.visit == visit, VisitEventRow.event == CHECKED)
        return self._session.scalar(query.limit(1)) is not None

    def latest(self, visit: str) -> KeptCheck | None:
        """The newest check, None when there was none."""
        self._work.visit(visit, Act.CHECK_VIEWED)
        query = select(VisitEventRow).where(VisitEventRow.visit == visit, VisitEventRow.event == CHECKED)
        row = self._session.scalars(query.order_by(VisitEventRow.sequence.desc()).limit(1)).first()
        return kept_of(row) if row is not None else None

    def of_guests(self, visit: str) -> tuple[GuestsCheck, ...]:
        """The newest check of each guest of the visit who made one."""
        self._work.visit(visit, Act.CHECK_VIEWED)
        query = (
            select(VisitEventRow, GuestRow)
            .join(GuestRow, GuestRow.id == VisitEventRow.detail["guest"].as_string())
            .where(VisitEventRow.visit == visit, VisitEventRow.event == GUEST_CHECKED, GuestRow.visit == visit)
        )
        rows = self._session.execute(query.order_by(VisitEventRow.sequence)).all()
        newest = {guest.id: GuestsCheck(role=guest.role, kept=kept_of(row)) for row, guest in rows}
        return tuple(newest.values())


def kept_of(row: VisitEventRow) -> KeptCheck:
    """The check in an event, a patient's or a guest's."""
    return KeptCheck(at=row.at, check=kept_check({name: one for name, one in row.detail.items() if name != "guest"}))
