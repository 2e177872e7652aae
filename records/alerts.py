"""Alerts: the clinicians' open tasks, and how each was settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from records.access import Role
from records.acts import Act
from records.errors import AlreadyDone
from records.matters import settle_task
from records.tables.visits import AlertRow, Visit
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """A task: its kind (``red_flag``, ``sign_overdue``, ``review``, ...), what it is about, and whether it is open."""

    id: str
    visit: str
    kind: str
    subject: str
    state: str
    at: datetime


class Alerts(Repository):
    """The clinic's tasks; a provider reaches those of their own visits."""

    def open(self, visit: str | None = None) -> tuple[AlertView, ...]:
        """Open tasks, oldest first; all that the actor reaches, or one visit's."""
        if visit is not None:
            self._work.visit(visit, Act.ALERTS_VIEWED, audited=False)
        self._work.note(Act.ALERTS_VIEWED, visit or self._work.clinic, visit or "")
        query = select(AlertRow).where(AlertRow.clinic == self._work.clinic, AlertRow.state == "open")
        if visit is not None:
            query = query.where(AlertRow.visit == visit)
        if self._work.actor.role == Role.PROVIDER:
            own = select(Visit.id).where(Visit.clinic == self._work.clinic, Visit.provider == self._work.actor.person)
            query = query.where(AlertRow.visit.in_(own))
        return tuple(_view(row) for row in self._session.scalars(query.order_by(AlertRow.at, AlertRow.id)))

    def close(self, alert: str, note: str) -> None:
        """Settles a task with what was done about it. Raises `AlreadyDone`."""
        row = self._work.row(AlertRow, alert)
        visit = self._work.visit(row.visit, Act.ALERT_CLOSED)
        if row.state != "open":
            raise AlreadyDone("alert")
        row.state, row.closed_at, row.closed_by = "closed", self._work.at, self._work.actor.person
        row.note = self._work.seal(("alerts", "note", alert), note, visit.patient)
        self._session.flush()
        settle_task(self._work, alert)


def _view(row: AlertRow) -> AlertView:
    return AlertView(id=row.id, visit=row.visit, kind=row.kind, subject=row.subject, state=row.state, at=row.at)
