"""What ends with a relationship: whatever its holder had granted to others for the same patient, and is not theirs."""

from __future__ import annotations

from sqlalchemy import select

from records.acting import GUARDIAN, is_active, rows_of, scopes_of
from records.acts import Act
from records.tables.relationships import RelationshipRow
from records.work import Work

SHARE = "share"


def may_share(work: Work, patient: str, person: str) -> bool:
    """Whether the person may let others act for the patient today: they are the patient, or hold `share` for them."""
    if person == patient:
        return True
    rows = (row for row in rows_of(work, patient) if row.person == person and SHARE in scopes_of(row))
    return any(is_active(work, row) for row in rows)


def close(work: Work, row: RelationshipRow) -> None:
    """Ends a relationship or takes an invitation back, and with it what hangs on it; each is told in the audit.

    A guardian who accepted is one by law and not by who invited them: theirs stays.
    """
    _close(work, row)
    waiting = [row]
    while waiting:
        ended = waiting.pop()
        if ended.person is None or may_share(work, ended.patient, ended.person):
            continue
        for one in _granted_by(work, ended.patient, ended.person):
            work.record(Act.RELATIONSHIP_ENDED, one.patient, kind=one.kind, relationship=one.id, granted_under=ended.id)
            _close(work, one)
            waiting.append(one)


def _granted_by(work: Work, patient: str, person: str) -> list[RelationshipRow]:
    query = select(RelationshipRow).where(
        RelationshipRow.clinic == work.clinic,
        RelationshipRow.patient == patient,
        RelationshipRow.granted_by == person,
        RelationshipRow.revoked_at.is_(None),
    )
    found = work.session.scalars(query.order_by(RelationshipRow.id))
    return [one for one in found if one.kind != GUARDIAN or one.accepted_at is None]


def _close(work: Work, row: RelationshipRow) -> None:
    row.revoked_at, row.revoked_by, row.token_hash = work.now, work.actor.person[:40], None
    work.session.flush()
