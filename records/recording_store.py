"""Keeps what is recorded and opens it: the one door to the tapes and files of recordings, beside their rows.

Nothing of a recording is ever in the clear but in the memory of who writes or reads it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from engine.clinic_recordings import USUAL_RULES, RecordingRules
from engine.recordings import EmptyTape, FinishedPart, PartSpec, RecordingState
from engine.rooms import RoomClaims
from records.access import Role
from records.blob_folder import BlobFolder
from records.blob_stream import StreamReader
from records.codes import sha256
from records.database import Database
from records.errors import NotFound, Unreadable
from records.recording_files import FoundTape, HeldHead, OpenTape
from records.recording_lost import LostRecordings, end_before
from records.recording_rows import (
    DAMAGED,
    EMPTY,
    WRITING,
    FinishedFile,
    OpenedPart,
    add_part,
    answer,
    begin_asking,
    end_part,
    finish_part,
    give_up_part,
    move,
    play,
    tape_of,
)
from records.tables.recordings import RecordingPartRow
from records.tables.visits import ParticipantRow
from records.work import Actor, Work

RECORDER = Actor.system("recorder")
_LOG = logging.getLogger(__name__)


class Finaliser(Protocol):
    """Makes of a tape's content a file that can be sought (`media.record_final.finalise`), or raises `EmptyTape`."""

    def __call__(self, pieces: Iterator[bytes], place: HeldHead) -> FinishedPart: ...


class RecordingStore:
    """The recordings of an installation; safe for threads."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self.folder = BlobFolder(folder)
        self._lost = LostRecordings(database, RECORDER)

    # --- while a call is recorded ---

    def person_of(self, claims: RoomClaims) -> str:
        """Who a participant is; a guest without an account is known by the participant's id. Raises `NotFound`."""
        with self._work(claims.clinic, RECORDER) as work:
            row = work.session.get(ParticipantRow, claims.participant_id)
            if row is not None and row.visit != claims.visit_id:
                raise NotFound(f"participants {claims.participant_id[:40]}")
            return row.person if row is not None else claims.participant_id

    def ask(self, claims: RoomClaims, gate: str) -> str:
        """Puts on record that everybody is asked; returns the recording's id."""
        with self._work(claims.clinic, self._actor(claims)) as work:
            return begin_asking(work, claims.visit_id, claims.room_id, gate)

    def said(self, recording: str, claims: RoomClaims, agrees: bool, language: str) -> None:
        """Keeps an answer. Raises `AlreadyDone` for a yes to what has ended."""
        with self._work(claims.clinic, self._actor(claims)) as work:
            answer(work, recording, claims.participant_id, claims.role, (agrees, language))

    def moved(self, recording: str, claims: RoomClaims, state: RecordingState, code: str) -> None:
        with self._work(claims.clinic, self._actor(claims)) as work:
            move(work, recording, state, code)

    def broken_off(self, claims: RoomClaims) -> bool:
        """Ends what was recorded in the visit's earlier rooms; whether a recording broke off with the last of them."""
        with self._work(claims.clinic, self._actor(claims)) as work:
            return end_before(work, claims.visit_id, claims.room_id)

    def tape(self, spec: PartSpec) -> KeptTape:
        """A tape for a part; its row names it before anything is recorded on it."""
        name = f"{sha256(secrets.token_hex(16))[-64:]}.{secrets.token_hex(4)}"
        tape = OpenTape(self.folder.make_room(name))
        try:
            with self._work(spec.clinic, RECORDER) as work:
                part = add_part(work, spec, name, tape.key)
        except BaseException:
            tape.finish()
            self.folder.remove(name)
            raise
        return KeptTape(tape, lambda duration: self._end(spec.clinic, part, duration))

    def _end(self, clinic: str, part: str, duration_ms: int) -> None:
        with self._work(clinic, RECORDER) as work:
            end_part(work, part, duration_ms)

    # --- afterwards ---

    def finish_waiting(self, finalise: Finaliser) -> int:
        """Makes files that can be sought of the tapes that nobody writes any more; returns how many there were."""
        with self._database.reading() as session:
            query = select(RecordingPartRow.clinic, RecordingPartRow.id).where(RecordingPartRow.state == WRITING)
            waiting = session.execute(query.order_by(RecordingPartRow.at, RecordingPartRow.id)).all()
        return sum(self._finish(clinic, part, finalise) for clinic, part in waiting)

    def end_lost(self) -> None:
        """Ends recordings whose program died without saying so; what they left is final."""
        self._lost.end()

    def _finish(self, clinic: str, part: str, finalise: Finaliser) -> bool:
        with self._work(clinic, RECORDER) as work:
            opened = tape_of(work, part)
        if opened is None or not self.folder.has(opened.file):
            return False
        try:
            finished = self._rewritten(opened, finalise)
        except BlockingIOError:
            return False
        except EmptyTape:
            unneeded = self._give_up(clinic, part, EMPTY)
        except Unreadable as fault:
            _LOG.error("a part of a recording is not what was recorded part=%s: %s", part, fault)
            unneeded = self._give_up(clinic, part, DAMAGED)
        else:
            with self._work(clinic, RECORDER) as work:
                unneeded = finish_part(work, part, finished)
        if unneeded:
            self.folder.let_go(unneeded)
        return True

    def _rewritten(self, opened: OpenedPart, finalise: Finaliser) -> FinishedFile:
        with FoundTape(self.folder.path_of(opened.file), opened.key) as tape:
            draft, faults = self.folder.draft_of(HeldHead), list[Unreadable]()
            pieces = _noted(tape.chunks(), faults)
            try:
                try:
                    done = finalise(pieces, draft.stream)
                finally:
                    for _ in pieces:
                        pass  # to the end: only there it shows whether the tape is whole
                    if faults:
                        raise faults[0]
                if opened.whole and not tape.is_whole:
                    raise Unreadable("a tape that had ended was cut")
                draft.finish()
                name = self.folder.place(draft, opened.file.partition(".")[0])
                with self.folder.open(name, draft.key, draft.size) as reader:
                    content = hashlib.sha256()
                    for piece in reader.read():
                        content.update(piece)
                return FinishedFile(
                    file=name,
                    media_type=done.media_type,
                    size=draft.size,
                    duration_ms=done.duration_ms,
                    whole=tape.is_whole,
                    key=draft.key,
                    digest=content.hexdigest(),
                )
            finally:
                draft.discard()

    def _give_up(self, clinic: str, part: str, state: str) -> str:
        with self._work(clinic, RECORDER) as work:
            return give_up_part(work, part, state)

    @contextlib.contextmanager
    def open(
        self, clinic: str, actor: Actor, part: str, visit: str, rules: RecordingRules = USUAL_RULES
    ) -> Iterator[tuple[OpenedPart, StreamReader]]:
        """A finished part for who may see it, audited as viewed; the clinic's ``rules`` are about its patient.

        Raises:
            AccessRefused, NotFound: also while it is not finished, or when it is not of that visit.
            Unreadable: it is not what was recorded.
        """
        with self._database.work(clinic, actor) as work:
            opened = play(work, part, visit, rules)
        with self.folder.open(opened.file, opened.key, opened.size) as reader:
            yield opened, reader

    def _actor(self, claims: RoomClaims) -> Actor:
        return Actor(person=self.person_of(claims), role=Role.SYSTEM)

    def _work(self, clinic: str, actor: Actor) -> contextlib.AbstractContextManager[Work]:
        return self._database.work(clinic, actor)


def _noted(pieces: Iterator[bytes], faults: list[Unreadable]) -> Iterator[bytes]:
    """The same pieces; a library in between may take a fault for the end, so it is kept."""
    try:
        yield from pieces
    except Unreadable as fault:
        faults.append(fault)
        raise


class KeptTape:
    """`engine.recordings.Tape`: a tape whose end is put on record, too."""

    def __init__(self, tape: OpenTape, ended: Callable[[int], None]) -> None:
        self._tape = tape
        self._ended = ended
        self._is_over = False

    def write(self, data: bytes) -> None:
        self._tape.write(data)

    def sync(self) -> None:
        self._tape.sync()

    def finish(self, duration_ms: int) -> None:
        if not self._is_over:
            self._is_over = True
            self._tape.finish()
            self._ended(duration_ms)
