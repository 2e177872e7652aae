"""What becomes of a file's row, each step in a transaction of its caller: expected, added, settled, opened, removed.

A row is the truth about a file. One that no row names is nobody's, and `records.blob_sweep` removes it; so a program
that dies between writing a file and its row, or between ending a row and removing its file, leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from records.acts import Act
from records.blobs import (
    CLEAN,
    DOCUMENT,
    ERASED,
    KEPT,
    MOST_FILES,
    PHOTO,
    QUARANTINED,
    REFUSED,
    REMOVED,
    BlobView,
    view_of,
)
from records.codes import b64, new_id, unb64
from records.conversation_rows import CLOSED, Reached, pending_files, reach, sent_files
from records.course import append_event
from records.errors import AlreadyDone, NotFound
from records.key_ring import Purpose
from records.late_refusals import AGAIN, tell_of
from records.shots import drop, is_handed_in, is_named
from records.tables.blobs import BlobRow
from records.tables.people import Person
from records.tables.visits import Visit, VisitEventRow
from records.work import Work

# Until the call is over something can be added; what the clinician may have looked at is not taken away again.
REMOVING = ("held", "booked", "preparing", "ready", "waiting", "away", "called_back", "blocked")
ADDING = (*REMOVING, "in_call", "submitted", "in_review", "more_asked")
MOST_SAID = 5  # files of one message
ADDED, SHOT = "file_added", "shot"
_KINDS = {"application/pdf": DOCUMENT}


class TooMany(AlreadyDone):
    """The visit has as many files as it may have."""

    code = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Whose file is about to come, and the key of the digest it will be named by."""

    visit: str
    person: str
    naming: bytes = field(repr=False)
    conversation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A sealed file in its place: its name, key and length of content, and what it is."""

    file: str
    media_type: str
    size: int
    digest: str = ""
    width: int = 0
    height: int = 0
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that may be read now: its row, where it lies and its key."""

    view: BlobView
    file: str
    key: bytes = field(repr=False)


def expect_said(work: Work, conversation: str) -> Expected:
    """The same for a file that goes with the actor's next message. Raises `AlreadyDone`, `TooMany`."""
    reached = reach(work, conversation, Act.CONVERSATION_FILE_ADDED)
    _refuse_unsendable(work, reached)
    row = reached.row
    naming = _naming(work, row.patient)
    return Expected(visit=row.visit, person=row.patient, naming=naming, conversation=conversation)


def expect(work: Work, visit: str) -> Expected:
    """Says whether the actor may add a file to the visit now; nothing is written or shown.

    Raises:
        AccessRefused, NotFound, NotYetBegun: as for everything that is added to a visit.
        AlreadyDone: the visit is over.
        TooMany: it has its files.
    """
    row = work.visit(visit, Act.FILE_ADDED, audited=False)
    _refuse_late(work, row)
    return Expected(visit=visit, person=row.patient, naming=_naming(work, row.patient))


def add(work: Work, visit: str, stored: Stored, *, for_shot: bool = False) -> tuple[str, bool]:
    """Keeps a file that lies in its place, in quarantine. Returns its id, and whether the new file is needed.

    It is not when the same patient has sent the same before: to this visit, then that one counts; to another, then
    this row names the file that is there already, if it was found clean. ``for_shot`` says that it is sent as a photo
    that a form asks for; whatever was sent for itself, too, is not let go with the shot (`let_go`).
    """
    row = work.visit(visit, Act.FILE_ADDED, audited=False)
    work.lock(Person, row.patient)
    same = _same(work, row.patient, stored.digest)
    here = next((one for one in same if one.visit == visit and one.conversation is None), None)
    if here is not None:
        if not for_shot and _is_only_a_shot(work, here):
            append_event(work, row, ADDED, detail={"file": here.id})
        return here.id, False
    _refuse_late(work, row)
    there = next((one for one in same if one.state == CLEAN), None)
    kept = _stored(work, there) if there is not None else stored
    blob = new_id("blb")
    fresh = BlobRow(
        id=blob,
        clinic=work.clinic,
        person=row.patient,
        visit=visit,
        kind=_KINDS.get(kept.media_type, PHOTO),
        state=QUARANTINED if there is None else CLEAN,
        digest=stored.digest,
        reason="",
        at=work.at,
        actor=work.actor.person,
        settled_at=None if there is None else work.now,
        **_kept(work, blob, row.patient, kept),
    )
    work.session.add(fresh)
    work.note(Act.FILE_ADDED, blob, visit, kind=fresh.kind)
    append_event(work, row, ADDED, detail={"file": blob, **({"code": SHOT} if for_shot else {})})
    return blob, there is None


def add_said(work: Work, conversation: str, stored: Stored) -> tuple[str, bool]:
    """Keeps a file for the actor's next message, in quarantine; returns as `add` does."""
    reached = reach(work, conversation, Act.CONVERSATION_FILE_ADDED)
    row, person = reached.row, reached.row.patient
    work.lock(Person, person)
    same = _same(work, person, stored.digest)
    pending = {one.id for one in pending_files(work, conversation)}
    here = next((one for one in same if one.id in pending), None)
    if here is not None:
        return here.id, False
    _refuse_unsendable(work, reached)
    there = next((one for one in same if one.state == CLEAN), None)
    kept = _stored(work, there) if there is not None else stored
    blob = new_id("blb")
    fresh = BlobRow(
        id=blob,
        clinic=work.clinic,
        person=person,
        visit=row.visit,
        conversation=conversation,
        kind=_KINDS.get(kept.media_type, PHOTO),
        state=QUARANTINED if there is None else CLEAN,
        digest=stored.digest,
        reason="",
        at=work.at,
        actor=work.actor.person,
        settled_at=None if there is None else work.now,
        **_kept(work, blob, person, kept),
    )
    work.session.add(fresh)
    work.note(Act.CONVERSATION_FILE_ADDED, blob, row.visit, kind=fresh.kind)
    return blob, there is None


def look_said(work: Work, blob: str, conversation: str) -> Opened:
    """Opens a clean file of a conversation; before it is sent only for who added it. Raises `NotFound`."""
    row = work.row(BlobRow, blob)
    reach(work, conversation, Act.CONVERSATION_FILE_VIEWED)
    theirs = row.actor == work.actor.person or blob in sent_files(work, conversation)
    if row.conversation != conversation or row.state != CLEAN or not theirs:
        raise NotFound(f"blobs {blob[:40]}")
    work.note(Act.CONVERSATION_FILE_VIEWED, blob, row.visit)
    return _opened(work, row)


def remove_said(work: Work, blob: str, conversation: str) -> str:
    """Takes back a file that has not been sent. Raises `AlreadyDone` once it was, or for somebody else's."""
    reach(work, conversation, Act.CONVERSATION_FILE_REMOVED)
    row = work.row(BlobRow, blob)
    if row.conversation != conversation or blob not in {one.id for one in pending_files(work, conversation)}:
        raise AlreadyDone("file")
    work.note(Act.CONVERSATION_FILE_REMOVED, blob, row.visit)
    return _end(work, row, REMOVED)


def look(work: Work, blob: str, visit: str | None = None) -> Opened:
    """Opens a clean file for the actor; audited as viewed.

    Raises `NotFound` also while it is in quarantine, and when it is of another visit than the one that was named.
    """
    row = work.row(BlobRow, blob)
    work.visit(row.visit, Act.FILE_VIEWED, audited=False)
    if row.state != CLEAN or row.conversation is not None or visit not in (None, row.visit):
        raise NotFound(f"blobs {blob[:40]}")
    work.note(Act.FILE_VIEWED, blob, row.visit)
    return _opened(work, row)


def inspect(work: Work, blob: str) -> Opened | None:
    """Opens a file that is to be checked, for the check alone; None when it is not in quarantine any more."""
    work.allow(Act.FILE_SETTLED, blob)
    row = work.row(BlobRow, blob)
    return _opened(work, row) if row.state == QUARANTINED else None


def accept(work: Work, blob: str, checked: Stored | None) -> str:
    """The check found nothing wrong; ``checked`` is what is kept in the place of what was sent, if it was written anew.

    Returns the name of the file that is not needed any more, empty when there is none.
    """
    row = _in_quarantine(work, blob)
    if row is None:
        return checked.file if checked else ""
    old = row.file if checked else ""
    if checked is not None:
        for name, value in _kept(work, blob, row.person, checked).items():
            setattr(row, name, value)
    row.state, row.settled_at = CLEAN, work.now
    work.note(Act.FILE_SETTLED, blob, row.visit, outcome=CLEAN)
    _tell(work, row, "file_checked")
    return old


def refuse(work: Work, blob: str, code: str, *, shown: bool) -> str:
    """The check refused it: the file goes, its row stays. ``shown`` keeps it in the visit's list until it is removed.

    Returns the name of the file that is not needed any more.
    """
    work.allow(Act.FILE_SETTLED, blob)
    row = _in_quarantine(work, blob)
    if row is None:
        return ""
    row.reason = code
    work.record(Act.FILE_REFUSED, blob, row.visit, code=code)
    if shown and row.conversation is None and _is_relied_on(work, row):
        tell_of(work, work.row(Visit, row.visit), blob, code)
    return _end(work, row, REFUSED if shown else REMOVED)


def remove(work: Work, blob: str) -> str:
    """The patient takes a file back before the visit. Returns the name of what is not needed any more.

    Raises:
        AlreadyDone: the call has begun, it was removed before, or it belongs to answers that were handed in.
    """
    row = work.row(BlobRow, blob)
    visit = work.visit(row.visit, Act.FILE_REMOVED, audited=False)
    if visit.stage not in REMOVING or row.state not in (*KEPT, REFUSED) or row.conversation is not None:
        raise AlreadyDone("file")
    if row.state in KEPT and is_handed_in(work, row.visit, blob):
        raise AlreadyDone("file")
    work.note(Act.FILE_REMOVED, blob, row.visit)
    return _end(work, row, REMOVED)


def let_go(work: Work, blob: str) -> str:
    """A shot is not, or no longer, answered with this file: it goes, unless it was sent for itself or is named still.

    Returns the name of what is not needed any more. Raises `AlreadyDone` as `remove` does.
    """
    row = work.row(BlobRow, blob)
    work.visit(row.visit, Act.FILE_REMOVED, audited=False)
    row = work.row(BlobRow, blob)  # what was read before the visit was held may be older
    if not _is_only_a_shot(work, row) or is_named(work, row.visit, blob):
        return ""
    return remove(work, blob)


def waiting(work: Work) -> tuple[str, ...]:
    """The clinic's files in quarantine, the oldest first."""
    work.allow(Act.FILE_SETTLED)
    query = select(BlobRow.id).where(BlobRow.clinic == work.clinic, BlobRow.state == QUARANTINED)
    return tuple(work.session.scalars(query.order_by(BlobRow.at, BlobRow.id)))


def end_files(work: Work, person: str) -> None:
    """Ends every file of a person who is being erased; `records.blob_sweep.remove_erased` removes what lies there."""
    ended = {"state": ERASED, "key": b"", "digest": "", "settled_at": work.now}
    work.session.execute(update(BlobRow).where(BlobRow.clinic == work.clinic, BlobRow.person == person).values(**ended))


def _refuse_unsendable(work: Work, reached: Reached) -> None:
    if reached.row.state == CLOSED:
        raise AlreadyDone("conversation")
    if len([one for one in pending_files(work, reached.row.id) if one.state in KEPT]) >= MOST_SAID:
        raise TooMany("files")


def _refuse_late(work: Work, visit: Visit) -> None:
    if visit.stage not in ADDING:
        raise AlreadyDone("visit")
    count = (
        select(func.count())
        .select_from(BlobRow)
        .where(BlobRow.visit == visit.id, BlobRow.conversation.is_(None), BlobRow.state.in_(KEPT))
    )
    if (work.session.scalar(count) or 0) >= MOST_FILES:
        raise TooMany("files")


def _is_relied_on(work: Work, row: BlobRow) -> bool:
    """Whether handed-in answers name it, or it was sent in the place of one that they name."""
    query = select(VisitEventRow.detail).where(VisitEventRow.visit == row.visit, VisitEventRow.event == AGAIN)
    stands_for = any(detail["by"] == row.id for detail in work.session.scalars(query))
    return stands_for or is_handed_in(work, row.visit, row.id)


def _is_only_a_shot(work: Work, row: BlobRow) -> bool:
    """Whether it was only ever sent as a photo that a form asks for, and never for itself."""
    query = select(VisitEventRow.detail).where(VisitEventRow.visit == row.visit, VisitEventRow.event == ADDED)
    told = [detail for detail in work.session.scalars(query) if detail.get("file") == row.id]
    return bool(told) and all(detail.get("code") == SHOT for detail in told)


def _naming(work: Work, person: str) -> bytes:
    """Names are made under the person's own key, so that they tell nothing to anybody once that is destroyed."""
    secret = work.ring.current(work.session, work.clinic, Purpose.FIELDS, person)
    return hmac.new(secret.value, b"blob-names", hashlib.sha256).digest()


def _same(work: Work, person: str, digest: str) -> list[BlobRow]:
    query = select(BlobRow).where(
        BlobRow.clinic == work.clinic,
        BlobRow.person == person,
        BlobRow.digest == digest,
        BlobRow.state.in_(KEPT),
    )
    return list(work.session.scalars(query.order_by(BlobRow.at, BlobRow.id)))


def _kept(work: Work, blob: str, person: str, stored: Stored) -> dict[str, object]:
    """The columns that say where a file lies and how it opens."""
    content = {"key": b64(stored.key), "size": stored.size}
    return {
        "file": stored.file,
        "media_type": stored.media_type,
        "size": stored.size,
        "width": stored.width,
        "height": stored.height,
        "key": work.seal(("blobs", "key", blob), content, person),
    }


def _stored(work: Work, row: BlobRow) -> Stored:
    return Stored(
        file=row.file,
        media_type=row.media_type,
        size=row.size,
        width=row.width,
        height=row.height,
        key=_opened(work, row).key,
    )


def _opened(work: Work, row: BlobRow) -> Opened:
    content = work.open(("blobs", "key", row.id), row.key)
    row_size = int(content["size"])
    view = view_of(row)
    if view.size != row_size:  # the plain column is for lists; what is sealed counts
        raise NotFound(f"blobs {row.id}")
    return Opened(view=view, file=row.file, key=unb64(content["key"]))


def _in_quarantine(work: Work, blob: str) -> BlobRow | None:
    row = work.row(BlobRow, blob)
    work.lock(Visit, row.visit)  # every change of a file holds its visit, so the row needs no lock of its own
    row = work.row(BlobRow, blob)
    return row if row.state == QUARANTINED else None


def _tell(work: Work, row: BlobRow, event: str) -> None:
    """An event of the visit, so that pages that are open show what became of the file."""
    if row.conversation is not None:  # no page of the visit shows it
        return
    append_event(work, work.row(Visit, row.visit), event, detail={"file": row.id})


def _end(work: Work, row: BlobRow, state: str) -> str:
    """Ends a row, and no answer names it any more.

    Its file's name is returned unless another row of the same patient names it, too.
    """
    name = row.file
    row.state, row.file, row.key, row.settled_at = state, "", b"", work.now
    if row.conversation is None:
        drop(work, work.row(Visit, row.visit), row.id)
    _tell(work, row, f"file_{state}")
    others = select(BlobRow.id).where(BlobRow.file == name).limit(1)
    return "" if not name or work.session.scalar(others) is not None else name
