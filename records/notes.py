"""Notes: autosaved in versions that never change, signed once, added to afterwards but never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from records.acts import Act
from records.codes import as_code, new_id, sha256
from records.course import append_event, tell
from records.errors import AlreadyDone, Conflict, NotFound
from records.tables.clinical import AddendumRow, NoteRow, NoteVersionRow
from records.work import Repository, Work

DRAFT = "draft"
SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NoteDraft:
    """A note to be saved: the template's fields, the version the page showed (0: none yet), the client's own key."""

    visit: str
    template: str
    fields: Mapping[str, Any]
    version: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NoteSaved:
    """The note's id, the version now kept, and when it was written."""

    note: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Addendum:
    """What was added to a signed note."""

    id: str
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NoteView:
    """A note at one of its versions."""

    note: str
    visit: str
    template: str
    fields: Mapping[str, Any]
    version: int
    state: str
    saved_at: datetime
    author: str
    signed_at: datetime | None
    signed_by: str | None
    addenda: tuple[Addendum, ...] = ()


class Notes(Repository):
    """A visit's note."""

    def save(self, draft: NoteDraft) -> NoteSaved:
        """Writes a new version; the first one is announced.

        Raises:
            Conflict: another version was saved since the page was shown.
            AlreadyDone: the note is signed.
        """
        visit = self._work.visit(draft.visit, Act.NOTE_SAVED, audited=False)
        note = self._row_of(draft.visit)
        if note is not None:
            known = self._by_key(note.id, draft.key)
            if known is not None:
                return NoteSaved(note=note.id, version=known.version, at=known.at)
        current = note.version if note is not None else 0
        if note is not None and note.state == SIGNED:
            raise AlreadyDone("note")
        if current != draft.version:
            raise Conflict("note", current)
        if note is None:
            note = self._start(draft)
            append_event(self._work, visit, "note_started", detail={"note": note.id})
            tell(self._work, visit.id, "note_saved", note.id)
        return self._write(note, draft, visit.patient)

    def current(self, visit: str) -> NoteView | None:
        """The visit's note at its newest version, None when none was begun."""
        self._work.visit(visit, Act.NOTE_VIEWED)
        note = self._row_of(visit)
        return None if note is None else self._view(note, newest_version(self._work, note), self._addenda(note.id))

    def versions(self, note: str) -> tuple[NoteView, ...]:
        """Every version, oldest first."""
        row = self._work.row(NoteRow, note)
        self._work.visit(row.visit, Act.NOTE_VIEWED)
        query = select(NoteVersionRow).where(NoteVersionRow.note == note).order_by(NoteVersionRow.version)
        return tuple(self._view(row, version, ()) for version in self._session.scalars(query))

    def addendum(self, note: str, text: str, key: str = "") -> str:
        """Adds to a signed note; returns the addendum's id.

        ``key`` is the client's own id of this addition: the same key and text again is the same addendum, another text
        under it (a page gone back to) is one more. Raises `NotFound` while the note is a draft.
        """
        row = self._work.row(NoteRow, note)
        visit = self._work.visit(row.visit, Act.ADDENDUM_ADDED)
        if row.state != SIGNED:
            raise NotFound(f"signed notes {note[:40]}")
        row_id, known = self._addendum_id(note, text, key)
        if known:
            return row_id
        sealed = self._work.seal(("addenda", "content", row_id), text, visit.patient)
        self._session.add(
            AddendumRow(
                id=row_id,
                clinic=self._work.clinic,
                note=note,
                content=sealed,
                at=self._work.at,
                author=self._work.actor.person,
            )
        )
        append_event(self._work, visit, "addendum_added", detail={"note": note})
        return row_id

    def _addendum_id(self, note: str, text: str, key: str) -> tuple[str, bool]:
        """The id of the addition, and whether it was made before; ids of a key are tried in their order."""
        if not key:
            return new_id("add"), False
        number = 0
        while True:
            row_id = f"add_{sha256(f'{note}|{key}|{number}')[:24]}"
            row = self._session.get(AddendumRow, row_id)
            if row is None or self._opened(row) == text:
                return row_id, row is not None
            number += 1

    def _start(self, draft: NoteDraft) -> NoteRow:
        row = NoteRow(
            id=new_id("not"),
            clinic=self._work.clinic,
            visit=draft.visit,
            template=as_code(draft.template),
            state=DRAFT,
            version=0,
        )
        self._session.add(row)
        self._session.flush()
        return row

    def _write(self, note: NoteRow, draft: NoteDraft, patient: str) -> NoteSaved:
        row_id, version = new_id("ver"), draft.version + 1
        row = NoteVersionRow(
            id=row_id,
            clinic=self._work.clinic,
            note=note.id,
            version=version,
            client_key=as_code(draft.key),
            fields=self._work.seal(("note_versions", "fields", row_id), dict(draft.fields), patient),
            at=self._work.at,
            author=self._work.actor.person,
        )
        self._session.add(row)
        note.version = version
        self._work.note(Act.NOTE_SAVED, note.id, draft.visit, version=version)
        self._session.flush()
        return NoteSaved(note=note.id, version=version, at=row.at)

    def _row_of(self, visit: str) -> NoteRow | None:
        return self._session.scalars(select(NoteRow).where(NoteRow.visit == visit)).first()

    def _by_key(self, note: str, key: str) -> NoteVersionRow | None:
        query = select(NoteVersionRow).where(NoteVersionRow.note == note, NoteVersionRow.client_key == key)
        return self._session.scalars(query).first()

    def _addenda(self, note: str) -> tuple[Addendum, ...]:
        query = select(AddendumRow).where(AddendumRow.note == note).order_by(AddendumRow.at, AddendumRow.id)
        return tuple(
            Addendum(id=row.id, at=row.at, author=row.author, text=self._opened(row))
            for row in self._session.scalars(query)
        )

    def _opened(self, row: AddendumRow) -> str:
        return str(self._work.open(("addenda", "content", row.id), row.content))

    def _view(self, note: NoteRow, version: NoteVersionRow, addenda: tuple[Addendum, ...]) -> NoteView:
        return NoteView(
            note=note.id,
            visit=note.visit,
            template=note.template,
            fields=note_fields(self._work, version),
            version=version.version,
            state=note.state,
            saved_at=version.at,
            author=version.author,
            signed_at=note.signed_at,
            signed_by=note.signed_by,
            addenda=addenda,
        )


def newest_version(work: Work, note: NoteRow) -> NoteVersionRow:
    query = select(NoteVersionRow).where(NoteVersionRow.note == note.id, NoteVersionRow.version == note.version)
    return work.session.scalars(query).one()


def note_fields(work: Work, version: NoteVersionRow) -> Mapping[str, Any]:
    opened: Mapping[str, Any] = work.open(("note_versions", "fields", version.id), version.fields)
    return opened
