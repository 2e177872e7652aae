"""Which recordings does nobody lead any more, because the program that recorded died? They end, and keep what is there.

A room is leased (`records.room_desk`); a recording whose room is not, or whose node is gone, has no end but this one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.recordings import INTERRUPTED, RecordingState
from engine.room_places import number_of
from records.database import Database
from records.recording_rows import move
from records.room_desk import SILENT
from records.tables.media import MediaNodeRow, RoomLeaseRow
from records.tables.recordings import RecordingRow
from records.work import Actor, Work

# A room that closes ends its recording by itself within this time; what is left after it is nobody's.
PATIENCE = timedelta(seconds=10)
# A recording whose room was never leased is ended after this.
UNLEASED_FOR = timedelta(hours=12)
_OFF = str(RecordingState.OFF)


class LostRecordings:
    """Looks after recordings that nobody leads; one is ended once it was found so twice, `PATIENCE` apart."""

    def __init__(self, database: Database, actor: Actor) -> None:
        self._database = database
        self._actor = actor
        self._since: dict[str, datetime] = {}

    def end(self) -> int:
        """Ends those that were found without a leader for long enough; returns how many there were."""
        now = self._database.now()
        with self._database.reading() as session:
            found = _leaderless(session, now, self._database.visit_time() - UNLEASED_FOR)
        self._since = {recording: self._since.get(recording, now) for _, recording in found}
        due = [(clinic, one) for clinic, one in found if now - self._since[one] >= PATIENCE]
        for clinic, recording in due:
            with self._database.work(clinic, self._actor) as work:
                move(work, recording, RecordingState.OFF, INTERRUPTED)
        return len(due)


def end_before(work: Work, visit: str, room: str) -> bool:
    """Ends what was recorded in an earlier room of the visit; whether the newest one was broken off there."""
    query = select(RecordingRow).where(RecordingRow.clinic == work.clinic, RecordingRow.visit == visit)
    rows = work.session.scalars(query.order_by(RecordingRow.asked_at, RecordingRow.id)).all()
    for row in rows:
        if row.state != _OFF and number_of(row.room) < number_of(room):
            move(work, row.id, RecordingState.OFF, INTERRUPTED)
    return bool(rows) and rows[-1].reason == INTERRUPTED


def _leaderless(session: Session, now: datetime, before: datetime) -> list[tuple[str, str]]:
    query = (
        select(RecordingRow, RoomLeaseRow, MediaNodeRow.seen_at)
        .outerjoin(RoomLeaseRow, RoomLeaseRow.visit == RecordingRow.visit)
        .outerjoin(MediaNodeRow, MediaNodeRow.id == RoomLeaseRow.node)
        .where(RecordingRow.state != _OFF)
    )
    return [
        (row.clinic, row.id)
        for row, lease, seen in session.execute(query.order_by(RecordingRow.asked_at, RecordingRow.id))
        if (_is_lost(row, lease, seen, now) if lease is not None else row.asked_at < before)
    ]


def _is_lost(row: RecordingRow, lease: RoomLeaseRow, seen: datetime | None, now: datetime) -> bool:
    return lease.over or lease.room != row.room or seen is None or seen <= now - SILENT
