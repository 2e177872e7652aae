"""Whether the patient can take back the move of a visit in one press: for a short while, and while the time is free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.undoing import TimeMoved, undoable
from records.scope import Scope
from records.visits import VisitEvent, VisitView

MOVED = "visit_moved"


def moves_of(events: Iterable[VisitEvent]) -> tuple[TimeMoved, ...]:
    """The visit's moves in order; none where the reader may not know the details of events."""
    return tuple(
        TimeMoved(
            at=event.at,
            before=datetime.fromisoformat(str(event.detail["from"])),
            after=datetime.fromisoformat(str(event.detail["to"])),
            left=str(event.detail.get("left", "")),
            joined=str(event.detail.get("joined", "")),
        )
        for event in events
        if event.event == MOVED and {"from", "to"} <= set(event.detail)
    )


def undo_of(scope: Scope, visit: VisitView, now: datetime) -> TimeMoved | None:
    """The visit's last move, where one press takes it back: to its time and clinician from before."""
    last = undoable(moves_of(scope.visits.events(visit.visit)), now)
    if last is None:
        return None
    before, end = last.before, last.before + (visit.ends_at - visit.starts_at)
    for one in scope.slots.taken(last.left or visit.provider, before, end):
        own = not last.left and visit.starts_at <= one.starts_at and one.ends_at <= visit.ends_at
        if not own and one.starts_at < end and before < one.ends_at:
            return None
    return last
