"""Referrals and tests that a clinician asks for: written in versions, taken back, or issued with the signed note.

They are kept with the visit's papers, sealed under the patient's key, and never change: another version is another
row. Nothing is transmitted: once issued, the patient takes the paper where it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from records.access import Role
from records.acts import Act
from records.codes import new_id
from records.course import append_event
from records.errors import AlreadyDone, Conflict, NotFound
from records.stages import CARE
from records.tables.clinical import DocumentRow, NoteRow
from records.tables.visits import Visit, VisitEventRow
from records.work import Repository, Work

REFERRAL, TEST = "referral", "test_request"
KINDS = (REFERRAL, TEST)
WRITTEN, WITHDRAWN, ISSUED = "written", "withdrawn", "issued"
ISSUED_EVENT = "request_issued"
LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestDraft:
    """A referral or test as written. ``request`` names the one that this is the next version of, empty for a new one;
    ``version`` is the one that the page showed. ``fields`` are texts and codes by name."""

    visit: str
    kind: str
    fields: Mapping[str, str]
    key: str
    request: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestView:
    """Its newest version; ``state`` written | withdrawn | issued."""

    id: str
    visit: str
    kind: str
    fields: Mapping[str, str]
    version: int
    state: str
    author: str
    at: datetime
    issued_at: datetime | None = None


class ServiceRequests(Repository):
    """The referrals and tests of the clinic's visits."""

    def save(self, draft: RequestDraft) -> str:
        """Keeps a version; returns the request's id. The same key again is the same version.

        Raises:
            AlreadyDone: care is not being given, the note is signed, or it was issued or taken back.
            Conflict: another version was kept since the page was shown.
        """
        visit = self._work.visit(draft.visit, Act.REQUEST_WRITTEN)
        for one, key in self._rows(draft.visit):
            if key == draft.key:
                return one.id
        self._must_be_open(visit)
        version = 0
        if draft.request:
            current = self._one(draft.visit, draft.request)
            if current.state != WRITTEN or current.kind != draft.kind:
                raise AlreadyDone("request")
            if current.version != draft.version:
                raise Conflict("request", current.version)
            version = current.version
        return self._keep(visit, draft, version + 1, WRITTEN)

    def withdraw(self, visit: str, request: str) -> None:
        """Takes it back: the last version stays in the record and nobody gets it. Twice changes nothing."""
        row = self._work.visit(visit, Act.REQUEST_WITHDRAWN)
        self._must_be_open(row)
        one = self._one(visit, request)
        if one.state == ISSUED:
            raise AlreadyDone("request")
        if one.state == WRITTEN:
            draft = RequestDraft(visit=visit, kind=one.kind, fields=one.fields, key=new_id("key"), request=request)
            self._keep(row, draft, one.version + 1, WITHDRAWN)

    def for_visit(self, visit: str) -> tuple[RequestView, ...]:
        """The newest version of each, the oldest first; patients and who acts for them see what was issued."""
        self._work.visit(visit, Act.REQUESTS_VIEWED)
        found = newest(self._work, visit)
        if self._work.actor.role == Role.PROVIDER:
            return found
        return tuple(one for one in found if one.state == ISSUED)

    def _must_be_open(self, visit: Visit) -> None:
        signed = select(NoteRow.id).where(NoteRow.visit == visit.id, NoteRow.signed_at.is_not(None))
        if visit.stage not in CARE or self._session.scalar(signed) is not None:
            raise AlreadyDone("request")

    def _one(self, visit: str, request: str) -> RequestView:
        for one in newest(self._work, visit):
            if one.id == request:
                return one
        raise NotFound(f"requests {request[:40]}")

    def _rows(self, visit: str) -> list[tuple[RequestView, str]]:
        return _opened(self._work, visit)

    def _keep(self, visit: Visit, draft: RequestDraft, version: int, state: str) -> str:
        row_id = new_id("doc")
        request = draft.request or row_id
        said = {
            "request": request,
            "version": version,
            "state": state,
            "fields": {name: text[:LONGEST] for name, text in draft.fields.items()},
            "author": self._work.actor.person,
            "key": draft.key,
        }
        self._session.add(
            DocumentRow(
                id=row_id,
                clinic=self._work.clinic,
                visit=visit.id,
                patient=visit.patient,
                kind=draft.kind,
                content=self._work.seal(("documents", "content", row_id), said, visit.patient),
                at=self._work.at,
            )
        )
        self._session.flush()
        return request


def newest(work: Work, visit: str) -> tuple[RequestView, ...]:
    """The newest version of each request of a visit, the oldest first."""
    found: dict[str, RequestView] = {}
    for one, _ in _opened(work, visit):
        found[one.id] = one
    return tuple(found.values())


def issue(work: Work, visit: Visit, kind: str) -> int:
    """Issues what stands written of a kind, as signed with the note: how many. Once for each, whoever asks again."""
    count = 0
    for one in newest(work, visit.id):
        if one.kind == kind and one.state == WRITTEN:
            append_event(work, visit, ISSUED_EVENT, detail={"subject": one.id, "version": one.version})
            work.note(Act.REQUEST_ISSUED, one.id, visit.id, version=one.version)
            count += 1
        count += one.kind == kind and one.state == ISSUED
    return count


def _opened(work: Work, visit: str) -> list[tuple[RequestView, str]]:
    """Every version with its key, the oldest first."""
    query = select(DocumentRow).where(DocumentRow.visit == visit, DocumentRow.kind.in_(KINDS))
    events = select(VisitEventRow).where(VisitEventRow.visit == visit, VisitEventRow.event == ISSUED_EVENT)
    issued = {str(event.detail["subject"]): event.at for event in work.session.scalars(events)}
    rows: Sequence[DocumentRow] = work.session.scalars(query).all()
    found = []
    for row in rows:
        said: Mapping[str, Any] = work.open(("documents", "content", row.id), row.content)
        at = issued.get(said["request"])
        view = RequestView(
            id=said["request"],
            visit=row.visit,
            kind=row.kind,
            fields=said["fields"],
            version=said["version"],
            state=ISSUED if at is not None and said["state"] == WRITTEN else said["state"],
            author=said["author"],
            at=row.at,
            issued_at=at,
        )
        found.append((view, str(said["key"])))
    return sorted(found, key=lambda one: (one[0].id, one[0].version))
