"""Reading the audit from within a clinic: what was done to a visit, for those whose role may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from records.acts import Act
from records.tables.vault import AuditEntry
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One entry as shown: who (ids and role), what, when; where from stays sealed."""

    sequence: int
    at: datetime
    actor: str
    role: str
    act: str
    subject: str
    visit: str
    detail: str


class AuditTrail(Repository):
    """The clinic's entries, newest first; looking at them is an entry itself."""

    def entries(self, visit: str = "", limit: int = 200) -> tuple[AuditView, ...]:
        self._work.note(Act.AUDIT_VIEWED, visit or self._work.clinic, visit)
        query = select(AuditEntry).where(AuditEntry.clinic == self._work.clinic)
        if visit:
            query = query.where(AuditEntry.visit == visit)
        rows = self._session.scalars(query.order_by(AuditEntry.sequence.desc()).limit(limit))
        return tuple(_view(row) for row in rows)


def _view(row: AuditEntry) -> AuditView:
    return AuditView(
        sequence=row.sequence,
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        role=row.role,
        act=row.act,
        subject=row.subject,
        visit=row.visit,
        detail=row.detail,
    )
