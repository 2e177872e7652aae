"""What becomes of a recording's rows, each step in a transaction of its caller: asked, answered, moved, kept, opened.

A row is the truth about a file, as for every other file (`records.blob_rows`): the file comes first, then its row; a
row ends before its file goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update

from engine.clinic_recordings import USUAL_RULES, RecordingRules
from engine.plans import digest_of
from engine.recordings import NOTICE, PartSpec, RecordingState
from engine.rooms import RoomRole
from records.access import Role
from records.acting import guardian_takes_part
from records.acts import Act
from records.codes import as_code, b64, new_id, unb64
from records.course import append_event, tell
from records.errors import AlreadyDone, NotFound
from records.key_ring import Purpose
from records.recording_marks import RELEASE, live_marks
from records.sealing import Place, key_id_of, open_bytes, seal_bytes
from records.tables.clinical import ConsentRow
from records.tables.recordings import RecordingAnswerRow, RecordingPartRow, RecordingRow
from records.tables.visits import ParticipantRow, Visit
from records.work import Work

# Of a part: written or to be finished; finished; nothing in it; not what was recorded; its patient was erased.
WRITING, KEPT, EMPTY, DAMAGED, ERASED = "writing", "kept", "empty", "damaged", "erased"
LYING = (WRITING, KEPT, DAMAGED)
CONSENT = "recording"
# Who plays a recording without its being released to them, where they may see recordings at all.
FREELY = frozenset({Role.PROVIDER, Role.COMPLIANCE, Role.SYSTEM})
_OFF = str(RecordingState.OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPart:
    """A part's file that may be read now."""

    id: str
    file: str
    media_type: str
    size: int
    state: str
    whole: bool
    key: bytes = field(repr=False)
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedFile:
    """A part's file that can be sought, in its place."""

    file: str
    media_type: str
    size: int
    duration_ms: int
    whole: bool
    key: bytes = field(repr=False)
    digest: str


def begin_asking(work: Work, visit: str, room: str, gate: str) -> str:
    """A clinician wants the call recorded and the law has nothing against asking everybody; returns its id."""
    row = work.visit(visit, Act.RECORDING_ASKED, audited=False)
    recording = new_id("rec")
    work.session.add(
        RecordingRow(
            id=recording,
            clinic=work.clinic,
            visit=visit,
            person=row.patient,
            room=room[:80],
            asked_by=work.actor.person,
            gate=as_code(gate) if gate else "",
            state=str(RecordingState.ASKING),
            reason="",
            asked_at=work.at,
        )
    )
    work.note(Act.RECORDING_ASKED, recording, visit)
    append_event(work, row, "recording_asked", detail={"recording": recording})
    return recording


def answer(work: Work, recording: str, participant: str, role: RoomRole, said: tuple[bool, str]) -> None:
    """Keeps whether a participant agrees (and in which language they were asked); the patient's is their consent, too.

    Raises:
        AlreadyDone: the recording has ended, and somebody agrees to it.
    """
    agrees, language = said
    row = work.row(RecordingRow, recording)
    visit = work.visit(row.visit, Act.RECORDING_ANSWERED, audited=False)
    if row.state == _OFF and agrees:
        raise AlreadyDone("recording")
    text = NOTICE.get(language, NOTICE["en"])
    work.session.add(
        RecordingAnswerRow(
            id=new_id("ras"),
            clinic=work.clinic,
            recording=recording,
            visit=row.visit,
            participant=as_code(participant),
            role=str(role),
            agrees=agrees,
            language=as_code(language or "en"),
            text_digest=digest_of(text),
            at=work.at,
        )
    )
    work.note(Act.RECORDING_ANSWERED, recording, row.visit, agrees=agrees, role=str(role))
    if _is_the_patients(work, visit, participant, role):
        _consent(work, visit, text, language or "en") if agrees else _revoke(work, visit)


def _is_the_patients(work: Work, visit: Visit, participant: str, role: RoomRole) -> bool:
    """Whether who answered decides for the patient: they themselves, or a minor's guardian."""
    part = work.session.get(ParticipantRow, participant)
    if part is None or part.visit != visit.id:
        return False
    return role is RoomRole.PATIENT or guardian_takes_part(work, visit.patient, (part.person,))


def _consent(work: Work, visit: Visit, text: str, language: str) -> None:
    if visit.attested_place is None:
        raise NotFound(f"place of {visit.id}")
    place = work.open(("visits", "attested_place", visit.id), visit.attested_place)
    row_id = new_id("con")
    row = ConsentRow(
        id=row_id,
        clinic=work.clinic,
        visit=visit.id,
        patient=visit.patient,
        kind=CONSENT,
        form="electronic",
        jurisdiction=as_code("/".join(filter(None, (str(place["country"]), str(place["state"] or "").lower())))),
        clauses=[],
        language=as_code(language),
        text_digest=digest_of(text),
        at=work.at,
        signed_by=work.actor.person,
        relationship=None,
        content=work.seal(("consents", "content", row_id), {"text": text, "signature": ""}, visit.patient),
    )
    work.session.add(row)
    work.note(Act.CONSENT_SIGNED, row_id, visit.id)
    append_event(work, visit, "consent_signed", detail={"kind": CONSENT, "consent": row_id})
    tell(work, visit.id, "consent_signed", CONSENT)


def _revoke(work: Work, visit: Visit) -> None:
    query = select(ConsentRow).where(
        ConsentRow.visit == visit.id, ConsentRow.kind == CONSENT, ConsentRow.revoked_at.is_(None)
    )
    for row in work.session.scalars(query).all():
        row.revoked_at = work.at
        work.note(Act.CONSENT_REVOKED, row.id, visit.id)
        append_event(work, visit, "consent_revoked", detail={"kind": CONSENT, "consent": row.id})
        tell(work, visit.id, "consent_revoked", CONSENT)


def move(work: Work, recording: str, state: RecordingState, code: str) -> None:
    """The recording goes on, pauses or ends; what has ended stays so."""
    row = work.row(RecordingRow, recording)
    visit = work.visit(row.visit, Act.RECORDING_MOVED, audited=False)
    if row.state in (_OFF, str(state)):
        return
    row.state = str(state)
    if state is RecordingState.ON and row.begun_at is None:
        row.begun_at = work.at
    if state is RecordingState.OFF:
        row.reason, row.ended_at = as_code(code) if code else "", work.at
    work.note(Act.RECORDING_MOVED, recording, row.visit, state=str(state), code=row.reason)
    append_event(work, visit, f"recording_{state}", detail={"recording": recording, "code": row.reason})


def add_part(work: Work, spec: PartSpec, file: str, key: bytes) -> str:
    """Keeps a tape that has begun. Raises `AlreadyDone` for a recording that has ended."""
    row = work.row(RecordingRow, spec.recording)
    work.visit(row.visit, Act.RECORDING_PART_ADDED, audited=False)
    if row.state == _OFF or row.visit != spec.visit:
        raise AlreadyDone("recording")
    part = new_id("rcp")
    if not work.ring.has_person(work.session, work.clinic, row.id):
        work.ring.make_person(work.session, work.clinic, row.id)
    work.session.add(
        RecordingPartRow(
            id=part,
            clinic=work.clinic,
            recording=row.id,
            visit=row.visit,
            person=row.person,
            participant=as_code(spec.participant),
            role=as_code(spec.role),
            label=as_code(spec.label),
            state=WRITING,
            whole=False,
            media_type="",
            size=0,
            offset_ms=spec.offset_ms,
            duration_ms=0,
            file=file,
            key=_seal(work, (part, row.id, row.person), key, {"size": 0}),
            at=work.at,
        )
    )
    work.note(Act.RECORDING_PART_ADDED, part, row.visit)
    return part


def end_part(work: Work, part: str, duration_ms: int) -> None:
    """The tape's end was marked; it waits to be finished."""
    row = _part(work, part)
    row.whole, row.duration_ms = True, duration_ms


def tape_of(work: Work, part: str) -> OpenedPart | None:
    """A tape that waits to be finished; None when it does not any more."""
    row = _part(work, part)
    return _opened(work, row) if row.state == WRITING else None


def finish_part(work: Work, part: str, finished: FinishedFile) -> str:
    """The tape has become a file that can be sought; returns the tape's name, which is not needed any more."""
    row = _part(work, part)
    if row.state != WRITING:
        return finished.file
    old = row.file
    row.state, row.settled_at, row.file = KEPT, work.now, finished.file
    row.media_type, row.size, row.duration_ms = finished.media_type, finished.size, finished.duration_ms
    row.whole = finished.whole
    told: dict[str, int | str] = {"size": finished.size, "sha256": finished.digest}
    row.key = _seal(work, (part, row.recording, row.person), finished.key, told)
    work.note(Act.RECORDING_PART_SETTLED, part, row.visit, state=KEPT, whole=finished.whole)
    return old


def give_up_part(work: Work, part: str, state: str) -> str:
    """There is nothing in the tape, or something else than what was recorded; returns what is not needed any more."""
    row = _part(work, part)
    if row.state != WRITING:
        return ""
    row.state, row.settled_at = state, work.now
    work.note(Act.RECORDING_PART_SETTLED, part, row.visit, state=state)
    if state != EMPTY:
        return ""
    old, row.file, row.key = row.file, "", b""
    return old


def play(work: Work, part: str, visit: str, rules: RecordingRules = USUAL_RULES) -> OpenedPart:
    """A finished part for who may see it; audited as viewed. Raises `NotFound` before it is finished.

    A patient, or who acts for one, may while it is released to them, or while the clinic's ``rules`` let them.
    """
    row = work.row(RecordingPartRow, part)
    work.visit(row.visit, Act.RECORDING_PLAYED, audited=False)
    if row.visit != visit or row.state != KEPT:
        raise NotFound(f"recording_parts {part[:40]}")
    if not plays(work, work.row(RecordingRow, row.recording), rules):
        work.refuse(Act.RECORDING_PLAYED, part, row.visit)
    work.note(Act.RECORDING_PLAYED, part, row.visit)
    return _opened(work, row)


def digest_of_part(work: Work, part: str, visit: str) -> str:
    """The SHA-256 of a part's content; empty while it is not finished. Raises `NotFound`, also for another visit's."""
    row = work.row(RecordingPartRow, part)
    if row.visit != visit:
        raise NotFound(f"recording_parts {part[:40]}")
    return _opened(work, row).digest if row.state == KEPT else ""


def plays(work: Work, row: RecordingRow, rules: RecordingRules) -> bool:
    """Whether the actor may play the recording now, as far as releases go."""
    return work.actor.role in FREELY or (plays_until(work, row, rules) or work.at) > work.at


def plays_until(work: Work, row: RecordingRow, rules: RecordingRules) -> datetime | None:
    """Until when its patient may play the recording; None when they may not."""
    released = live_marks(work, (row.id,)).get((row.id, RELEASE))
    told = (released.until if released is not None else None, rules.plays_until(row.ended_at))
    return max((until for until in told if until is not None and until > work.at), default=None)


def end_recordings(work: Work, whose: str) -> None:
    """Ends every part of a person who is being erased, or of one recording by its id.

    `records.blob_sweep.remove_erased` removes what lies there.
    """
    ended = {"state": ERASED, "key": b"", "settled_at": work.now}
    one = (RecordingPartRow.person == whose) | (RecordingPartRow.recording == whose)
    theirs = (RecordingPartRow.clinic == work.clinic, one)
    work.session.execute(update(RecordingPartRow).where(*theirs).values(**ended))


def _part(work: Work, part: str) -> RecordingPartRow:
    work.allow(Act.RECORDING_PART_SETTLED, part)
    row = work.row(RecordingPartRow, part)
    work.lock(Visit, row.visit)
    return work.row(RecordingPartRow, part)


def _seal(work: Work, whose: tuple[str, str, str], key: bytes, told: Mapping[str, int | str]) -> bytes:
    """The file's key under the clinic's key for recordings, the recording's own and its patient's, one within another.

    ``whose`` is the part, its recording and its patient. Destroying either of the last two shuts the file for good.
    """
    part, recording, person = whose
    ring, place = work.ring, _place(work, part)
    inner = seal_bytes(ring.current(work.session, work.clinic, Purpose.RECORDINGS), place, key)
    own = seal_bytes(ring.current(work.session, work.clinic, Purpose.FIELDS, recording), place, inner)
    return work.seal(("recording_parts", "key", part), {**told, "own": True, "key": b64(own)}, person)


def _opened(work: Work, row: RecordingPartRow) -> OpenedPart:
    content = work.open(("recording_parts", "key", row.id), row.key)
    inner, place = unb64(content["key"]), _place(work, row.id)
    if content.get("own"):  # recordings of the first versions have no key of their own
        own = work.ring.by_id(work.session, work.clinic, key_id_of(inner), Purpose.FIELDS)
        inner = open_bytes(own, place, inner)
    secret = work.ring.by_id(work.session, work.clinic, key_id_of(inner), Purpose.RECORDINGS)
    if int(content["size"]) != row.size:  # the plain column is for lists; what is sealed counts
        raise NotFound(f"recording_parts {row.id}")
    return OpenedPart(
        id=row.id,
        file=row.file,
        media_type=row.media_type,
        size=row.size,
        state=row.state,
        whole=row.whole,
        key=open_bytes(secret, place, inner),
        digest=str(content.get("sha256", "")),
    )


def _place(work: Work, part: str) -> Place:
    return Place(work.clinic, "recording_parts", "file", part)
