"""Looks at a state's monitoring program: who asked when about which visit's patient, and what came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from engine.dossier import MonitoringLook
from engine.monitoring import ASKED, LOOKED, DispensedDrug, row_from_json
from records.acts import Act
from records.codes import as_code, new_id
from records.course import append_event
from records.tables.monitoring import MonitoringRow
from records.tables.visits import Visit
from records.work import Repository, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringView:
    """One question and what came of it; ``rows`` are newest first, ``digest`` is theirs."""

    report: str
    state: str
    asked_by: str
    asked_at: datetime
    outcome: str
    answered_at: datetime | None
    sender: str
    simulated: bool
    digest: str
    rows: tuple[DispensedDrug, ...] = field(default=(), repr=False)


class Monitoring(Repository):
    """A visit's questions to the monitoring program."""

    def ask(self, visit: str, state: str, key: str) -> str:
        """Keeps that the program of a state is about to be asked; the same key is the same question. Returns its id."""
        row = self._work.visit(visit, Act.MONITORING_ASKED, audited=False)
        query = select(MonitoringRow.id).where(MonitoringRow.visit == visit, MonitoringRow.client_key == key)
        known = self._session.scalar(query)
        if known is not None:
            return known
        asked = MonitoringRow(
            id=new_id("mon"),
            clinic=self._work.clinic,
            visit=visit,
            patient=row.patient,
            client_key=as_code(key),
            state=as_code(state),
            asked_by=self._work.actor.person,
            asked_at=self._work.at,
            outcome=ASKED,
            sender="",
            simulated=False,
            digest="",
        )
        self._session.add(asked)
        self._work.note(Act.MONITORING_ASKED, asked.id, visit, state=asked.state)
        append_event(self._work, row, "monitoring_asked", detail={"report": asked.id})
        self._session.flush()
        return asked.id

    def for_visit(self, visit: str) -> tuple[MonitoringView, ...]:
        """Every question of the visit, the newest first."""
        self._work.visit(visit, Act.MONITORING_VIEWED)
        query = select(MonitoringRow).where(MonitoringRow.clinic == self._work.clinic, MonitoringRow.visit == visit)
        newest = query.order_by(MonitoringRow.asked_at.desc(), MonitoringRow.id.desc())
        return tuple(_view(self._work, row) for row in self._session.scalars(newest))


def look_for(work: Work, visit: Visit) -> MonitoringLook | None:
    """The visit clinician's newest look through the network for this visit, of the program that answered."""
    return _look(work, visit, MonitoringRow.visit == visit.id)


def look_before(work: Work, visit: Visit) -> MonitoringLook | None:
    """The clinician's newest look through the network for another visit of the patient."""
    return _look(work, visit, MonitoringRow.visit != visit.id)


def _look(work: Work, visit: Visit, which: object) -> MonitoringLook | None:
    query = (
        select(MonitoringRow)
        .where(
            MonitoringRow.clinic == work.clinic,
            MonitoringRow.patient == visit.patient,
            MonitoringRow.asked_by == visit.provider,
            MonitoringRow.outcome.in_(sorted(LOOKED)),
            which,  # type: ignore[arg-type]
        )
        .order_by(MonitoringRow.answered_at.desc(), MonitoringRow.id)
        .limit(1)
    )
    row = work.session.scalars(query).first()
    return MonitoringLook(at=row.answered_at, state=row.state) if row and row.answered_at else None


def _view(work: Work, row: MonitoringRow) -> MonitoringView:
    told = work.open(("monitoring_reports", "content", row.id), row.content) if row.content else []
    return MonitoringView(
        report=row.id,
        state=row.state,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        outcome=row.outcome,
        answered_at=row.answered_at,
        sender=row.sender,
        simulated=row.simulated,
        digest=row.digest,
        rows=tuple(row_from_json(one) for one in told),
    )
