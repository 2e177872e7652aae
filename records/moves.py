"""Visits that get another time: what a clinic's terms ask of them, and the move itself in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.ports import VisitStanding
from engine.undoing import TimeMoved, counted
from records import slots
from records.acts import Act
from records.course import append_event, queue_one
from records.errors import Erased
from records.handoffs import change_parts
from records.places import place_from_json
from records.stages import BOOKED
from records.tables.people import Provider
from records.tables.visits import Visit, VisitEventRow
from records.work import Work

MOVED = "visit_moved"
LEFT_NOTICE = "visit_left"
NO_ZONE = "UTC"
# Before the call, and not while the patient sits in the waiting room: there, leaving it comes first.
MOVABLE = frozenset({BOOKED, "preparing", "ready"})


def moves_of(work: Work, visit: str) -> tuple[TimeMoved, ...]:
    """Each time that the visit got another time, in order."""
    query = select(VisitEventRow).where(VisitEventRow.visit == visit, VisitEventRow.event == MOVED)
    return tuple(
        TimeMoved(
            at=row.at,
            before=datetime.fromisoformat(str(row.detail["from"])),
            after=datetime.fromisoformat(str(row.detail["to"])),
            left=str(row.detail.get("left", "")),
            joined=str(row.detail.get("joined", "")),
        )
        for row in work.session.scalars(query.order_by(VisitEventRow.sequence))
    )


def standing_of(work: Work, visit: Visit) -> VisitStanding:
    """What the clinic's terms ask about the visit."""
    moves = moves_of(work, visit.id)
    return VisitStanding(
        starts_at=visit.starts_at,
        price_cents=visit.price_cents,
        moved=counted(moves),
        time_zone=_zone(work, visit),
        moves=moves,
    )


def move_visit(work: Work, visit: Visit, starts_at: datetime, provider: str = "") -> Mapping[str, Any]:
    """Moves the visit to another time, of another clinician's where one is named; both or neither.

    What was attested for the old time no longer counts. The clinician who loses the visit gets a notice.
    """
    joined = provider if provider != visit.provider else ""
    if visit.stage not in MOVABLE or (joined and not work.row(Provider, joined).active):
        return {"moved": False}
    before, left = visit.starts_at, visit.provider
    if not slots.move(work, visit, starts_at, joined):
        return {"moved": False}
    visit.attested_place = visit.counted_place = None
    visit.version += 1
    detail = {"from": before.isoformat(), "to": starts_at.isoformat()}
    if joined:
        detail |= {"left": left, "joined": joined}
        change_parts(work, visit, left, joined)
        queue_one(work, visit, (LEFT_NOTICE, "provider"), left)
    append_event(work, visit, MOVED, detail=detail)
    work.note(Act.VISIT_MOVED, visit.id, visit.id, **detail)
    return {"moved": True}


def _zone(work: Work, visit: Visit) -> str:
    """The zone of the place that the patient named last."""
    column = "attested_place" if visit.attested_place is not None else "booked_place"
    try:
        place = place_from_json(work.open(("visits", column, visit.id), getattr(visit, column)))
    except Erased:
        return NO_ZONE
    return place.time_zone or NO_ZONE
