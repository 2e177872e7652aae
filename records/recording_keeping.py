"""Which recordings are over by the clinic's rule, what the law has to be asked about them, and how one is destroyed.

A recording's files are sealed under a key of its own, half of which lies apart from the database. Destroying it leaves
its rows, so that the record and the audit still say that there was one, who agreed to it, and when it went.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from engine.recordings import RecordingState
from engine.retention import Kept
from records.acts import Act
from records.blob_sweep import remove_erased
from records.codes import as_code
from records.course import append_event
from records.database import Database
from records.erasure import what_the_law_asks
from records.errors import StillOpen
from records.recording_marks import HOLD, KEPT_BY_LAW, holds_at, live_marks, mark
from records.recording_rows import LYING, end_recordings
from records.tables.recordings import RecordingMarkRow, RecordingPartRow, RecordingRow
from records.tables.vault import DataKey
from records.tables.visits import Visit
from records.work import Actor

KEEPER = Actor.system("recording_keeper")


class RecordingKeeping:
    """`engine.retention.KeepingBook` on the records."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def now(self) -> datetime:
        """The time that visits and the law go by."""
        return self._database.visit_time()

    def due(self, clinic: str, before: datetime) -> tuple[str, ...]:
        """Recordings that ended before, have files, and that neither a hold nor a late answer of the law keeps."""
        kept = select(RecordingMarkRow.recording).where(
            RecordingMarkRow.kind.in_((HOLD, KEPT_BY_LAW)), *holds_at(self.now())
        )
        lying = select(RecordingPartRow.recording).where(RecordingPartRow.state.in_(LYING))
        query = select(RecordingRow.id).where(
            RecordingRow.clinic == clinic,
            RecordingRow.state == str(RecordingState.OFF),
            RecordingRow.ended_at < before,
            RecordingRow.id.in_(lying),
            RecordingRow.id.not_in(kept),
        )
        with self._database.reading() as session:
            return tuple(session.scalars(query.order_by(RecordingRow.ended_at, RecordingRow.id)).all())

    def about(self, clinic: str, recording: str) -> Kept:
        """What the law has to be asked about before it is destroyed; audited."""
        with self._database.work(clinic, KEEPER) as work:
            row = work.row(RecordingRow, recording)
            work.note(Act.RECORDING_CONSIDERED, recording, row.visit)
            return what_the_law_asks(work, row.person)

    def ask_again(self, clinic: str, recording: str, at: datetime) -> None:
        """The law keeps it for now; it is not asked again before that."""
        with self._database.work(clinic, KEEPER) as work:
            mark(work, recording, KEPT_BY_LAW, at)

    def destroy(self, clinic: str, recording: str, grounds: Mapping[str, str]) -> int:
        """Destroys it: its key, its files. Returns how many files went; done again it removes what a crash left.

        Raises:
            StillOpen: it is held, or still goes on.
        """
        with self._database.work(clinic, KEEPER) as work:
            row = work.row(RecordingRow, recording)
            work.lock(Visit, row.visit)
            if row.state != str(RecordingState.OFF) or (recording, HOLD) in live_marks(work, (recording,)):
                raise StillOpen(f"recordings {recording}")
            told = {name: as_code(value) for name, value in grounds.items() if value}
            work.note(Act.RECORDING_DESTROYED, recording, row.visit, **told)
            end_recordings(work, recording)
            work.ring.shred_person(work.session, clinic, recording)
            visit = work.row(Visit, row.visit)
            append_event(work, visit, "recording_destroyed", detail={"recording": recording})
        return remove_erased(self._database, self._folder)

    def is_shut(self, clinic: str, recording: str) -> bool:
        """Whether its own key is destroyed."""
        query = select(DataKey.shredded_at).where(DataKey.clinic == clinic, DataKey.person == recording)
        with self._database.reading() as session:
            found = session.scalars(query).all()
        return bool(found) and all(at is not None for at in found)
