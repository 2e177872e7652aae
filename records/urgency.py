"""How urgent is each visit, as its triage sorted it? The newest word counts; a visit without one is routine."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from records.tables.visits import VisitEventRow
from records.work import Work

TRIAGED = "triaged"
LEVELS = ("emergent", "urgent", "soon", "routine")
EMERGENT, ROUTINE = LEVELS[0], LEVELS[-1]


def urgencies(work: Work, visits: Collection[str]) -> dict[str, str]:
    """The level of each visit that was sorted."""
    if not visits:
        return {}
    query = select(VisitEventRow.visit, VisitEventRow.detail).where(
        VisitEventRow.visit.in_(tuple(visits)), VisitEventRow.event == TRIAGED
    )
    rows = work.session.execute(query.order_by(VisitEventRow.visit, VisitEventRow.sequence))
    return {visit: str(detail.get("code", ROUTINE)) for visit, detail in rows}


def rank(level: str) -> int:
    """0 for what is seen first."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1
