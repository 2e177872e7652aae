"""Who waits before whom, and how long visits like theirs took lately: numbers and kinds, nobody's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from engine.waiting import WaitFacts
from records.stages import CALLED_BACK, IN_CALL, IN_LINE
from records.tables.visits import Visit, VisitEventRow
from records.urgency import ROUTINE, rank, urgencies
from records.work import Work

LATELY = timedelta(days=60)
MOST = 150  # visits looked at
NEWEST = 20  # of each kind that count
LET_IN = timedelta(hours=3)  # who waited longer had left the room, or the clinic was shut
ENDED, MISSED = "documenting", "call_back_missed"
LONGEST = timedelta(hours=4)


def facts_of(work: Work, row: Visit) -> WaitFacts:
    """What is known of the line that a waiting visit stands in."""
    ahead = _ahead(work, row)
    call = work.session.execute(
        select(Visit.specialty, Visit.visit_type, Visit.encounter_at)
        .where(Visit.clinic == work.clinic, Visit.provider == row.provider, Visit.stage == IN_CALL)
        .order_by(Visit.encounter_at.desc())
        .limit(1)
    ).first()
    lasted, called_after = _lately(work)
    return WaitFacts(
        ahead=tuple(ahead),
        in_call=f"{call[0]}/{call[1]}" if call is not None else "",
        in_call_since=call[2] if call is not None else None,
        lasted=lasted,
        called_after=called_after,
    )


def newest_stage(work: Work, row: Visit) -> Mapping[str, Any]:
    """The codes of the event that brought the visit to its stage; none where it never moved."""
    query = select(VisitEventRow.detail).where(VisitEventRow.visit == row.id, VisitEventRow.stage.is_not(None))
    return work.session.scalars(query.order_by(VisitEventRow.sequence.desc()).limit(1)).first() or {}


def called_until(work: Work, row: Visit) -> datetime | None:
    """Until when somebody who was called back is waited for."""
    due = newest_stage(work, row).get("due") if row.stage == CALLED_BACK else None
    return datetime.fromisoformat(str(due)) if due else None


def by_turn(work: Work, rows: Iterable[Visit]) -> list[Visit]:
    """Visits that wait for one clinician, as they are seen: by urgency, and of one urgency by arrival."""
    line = list(rows)
    levels = urgencies(work, [row.id for row in line])
    return sorted(line, key=lambda row: (rank(levels.get(row.id, ROUTINE)), row.arrived_at or row.starts_at, row.id))


def _ahead(work: Work, row: Visit) -> Sequence[str]:
    """The kinds of the visits before this one in the clinician's own order; who is called back keeps their place."""
    query = select(Visit).where(Visit.clinic == work.clinic, Visit.provider == row.provider, Visit.stage.in_(IN_LINE))
    line = by_turn(work, work.session.scalars(query))
    before = line[: next(at for at, one in enumerate(line) if one.id == row.id)]
    return [f"{one.specialty}/{one.visit_type}" for one in before]


def _lately(work: Work) -> tuple[dict[str, list[int]], list[int]]:
    """How long the clinic's calls took by kind, and how long people waited who were let in, the newest first."""
    query = (
        select(
            Visit.specialty,
            Visit.visit_type,
            Visit.starts_at,
            Visit.arrived_at,
            Visit.encounter_at,
            func.min(VisitEventRow.at),
        )
        .join(VisitEventRow, (VisitEventRow.visit == Visit.id) & (VisitEventRow.stage == ENDED))
        .where(Visit.clinic == work.clinic, Visit.encounter_at > work.at - LATELY, Visit.arrived_at.is_not(None))
        .group_by(Visit.id)
        .order_by(Visit.encounter_at.desc())
        .limit(MOST)
    )
    lasted: dict[str, list[int]] = {}
    called_after: list[int] = []
    for specialty, kind, starts_at, arrived_at, begun, ended in work.session.execute(query):
        if arrived_at is None or begun is None:
            continue
        if timedelta(0) < ended - begun < LONGEST:
            _keep(lasted.setdefault(f"{specialty}/{kind}", []), ended - begun)
        waited = begun - max(starts_at, arrived_at)
        if waited < LET_IN:
            _keep(called_after, max(waited, timedelta(0)))
    return lasted, called_after


def _keep(into: list[int], length: timedelta) -> None:
    if len(into) < NEWEST:
        into.append(int(length.total_seconds()))
