"""A patient's medicines and allergies as clinicians corrected them: added, stopped or verified, when and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from records.acts import Act
from records.codes import as_code, new_id
from records.course import append_event
from records.errors import Conflict
from records.tables.lists import ListEntryRow
from records.work import Repository

MEDICATION, ALLERGY = "medication", "allergy"
KINDS = (MEDICATION, ALLERGY)
ADDED, STOPPED, VERIFIED = "added", "stopped", "verified"
ACTS = (ADDED, STOPPED, VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDraft:
    """A word about to be said: ``kind`` and ``act`` are codes, ``name`` a drug, a class or an allergy.

    ``key`` makes the same form sent twice one word. ``verified`` is about the whole list and names nothing.
    """

    visit: str
    kind: str
    act: str
    key: str
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A word as kept; ``visit`` is the one at which it was said."""

    id: str
    visit: str
    kind: str
    act: str
    at: datetime
    by: str
    name: str = field(repr=False)


class Lists(Repository):
    """What clinicians said of the lists of a visit's patient, at any visit of this clinic."""

    def say(self, draft: ListDraft) -> str:
        """Keeps the word and returns its id. Raises `Conflict` for what is no word about a list."""
        visit = self._work.visit(draft.visit, Act.LIST_CHANGED, audited=False)
        if draft.kind not in KINDS or draft.act not in ACTS or bool(draft.name) == (draft.act == VERIFIED):
            raise Conflict("list", 0)
        query = select(ListEntryRow.id).where(
            ListEntryRow.visit == draft.visit, ListEntryRow.client_key == as_code(draft.key)
        )
        known = self._session.scalar(query)
        if known is not None:
            return known
        row_id = new_id("lst")
        row = ListEntryRow(
            id=row_id,
            clinic=self._work.clinic,
            patient=visit.patient,
            visit=visit.id,
            client_key=as_code(draft.key),
            kind=draft.kind,
            act=draft.act,
            content=self._work.seal(("list_entries", "content", row_id), {"name": draft.name}, visit.patient),
            at=self._work.at,
            actor=self._work.actor.person,
        )
        self._session.add(row)
        self._work.note(Act.LIST_CHANGED, row_id, visit.id, kind=row.kind, said=row.act)
        append_event(self._work, visit, "list_changed", detail={"entry": row_id})
        self._session.flush()
        return row_id

    def for_visit(self, visit: str) -> tuple[ListEntry, ...]:
        """Every word about the visit's patient, the oldest first."""
        row = self._work.visit(visit, Act.LISTS_VIEWED)
        query = select(ListEntryRow).where(
            ListEntryRow.clinic == self._work.clinic, ListEntryRow.patient == row.patient
        )
        return tuple(
            ListEntry(
                id=one.id,
                visit=one.visit,
                kind=one.kind,
                act=one.act,
                at=one.at,
                by=one.actor,
                name=self._work.open(("list_entries", "content", one.id), one.content)["name"],
            )
            for one in self._session.scalars(query.order_by(ListEntryRow.at, ListEntryRow.id))
        )
