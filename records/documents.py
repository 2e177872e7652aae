"""Documents: the papers a visit leaves, kept as structured content that pages and prints render."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from records.acting import content_of, held_for
from records.acts import Act
from records.codes import new_id
from records.errors import NotFound
from records.notes import newest_version, note_fields
from records.orders import DISCARDED, DRAFTED
from records.service_requests import WITHDRAWN, newest
from records.tables.clinical import DocumentRow, NoteRow, OrderRow
from records.tables.people import Person, Provider
from records.tables.relationships import RelationshipRow
from records.tables.visits import PackRow, Visit
from records.work import Repository, Work

AFTER_VISIT_SUMMARY = "after_visit_summary"
AMONG_CLINICIANS = frozenset({"handoff"})
"""Kinds that are said from clinician to clinician: no paper of the patient's."""
WITH_PAGES = AMONG_CLINICIANS | {"referral", "test_request"}
"""Kinds that are read elsewhere: some of their rows are versions that nobody was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document without its content."""

    id: str
    visit: str
    kind: str
    at: datetime


class Documents(Repository):
    """A patient's documents."""

    def for_visit(self, visit: str) -> tuple[DocumentView, ...]:
        self._work.visit(visit, Act.DOCUMENT_VIEWED)
        query = select(DocumentRow).where(DocumentRow.visit == visit, DocumentRow.kind.not_in(WITH_PAGES))
        return _views(self._session.scalars(query))

    def for_patient(self, patient: str) -> tuple[DocumentView, ...]:
        self._work.patient(patient, Act.DOCUMENT_VIEWED)
        self._work.note(Act.DOCUMENT_VIEWED, patient)
        query = select(DocumentRow).where(
            DocumentRow.clinic == self._work.clinic,
            DocumentRow.patient == patient,
            DocumentRow.kind.not_in(WITH_PAGES),
        )
        held = held_for(self._work, patient)
        if held is not None and held.for_minor:
            booked = select(Visit.id).where(Visit.patient == patient, Visit.relationship.is_not(None))
            query = query.where(DocumentRow.visit.in_(booked))
        return _views(self._session.scalars(query.order_by(DocumentRow.at.desc())))

    def content(self, document: str) -> Mapping[str, Any]:
        """What the document says, as structured content."""
        return self._opened(document, Act.DOCUMENT_VIEWED)

    def copy_of(self, document: str) -> Mapping[str, Any]:
        """The same for a copy that leaves the clinic's pages, such as a PDF; the audit tells the two apart."""
        return self._opened(document, Act.DOCUMENT_EXPORTED)

    def _opened(self, document: str, act: Act) -> Mapping[str, Any]:
        row = self._work.row(DocumentRow, document)
        self._work.visit(row.visit, act)
        if row.kind in WITH_PAGES:
            raise NotFound(f"documents {document[:40]}")
        opened: Mapping[str, Any] = self._work.open(("documents", "content", document), row.content)
        return opened


def summary_of(work: Work, visit: str) -> datetime | None:
    """When the visit's summary was written, which the patient's pages show from then on; none before."""
    query = select(DocumentRow.at).where(
        DocumentRow.clinic == work.clinic, DocumentRow.visit == visit, DocumentRow.kind == AFTER_VISIT_SUMMARY
    )
    return work.session.scalars(query.order_by(DocumentRow.at).limit(1)).first()


def write_summary(work: Work, visit: Visit) -> str:
    """Composes and keeps the after-visit summary; returns its document id."""
    row_id = new_id("doc")
    sealed = work.seal(("documents", "content", row_id), _summary(work, visit), visit.patient)
    work.session.add(
        DocumentRow(
            id=row_id,
            clinic=work.clinic,
            visit=visit.id,
            patient=visit.patient,
            kind=AFTER_VISIT_SUMMARY,
            content=sealed,
            at=work.at,
        )
    )
    work.session.flush()
    work.note(Act.DOCUMENT_WRITTEN, row_id, visit.id)
    return row_id


def _summary(work: Work, visit: Visit) -> dict[str, Any]:
    """Keys: ``specialty``, ``visit_type``, ``starts_at``, ``encounter_at``, ``provider`` (display_name, profession),
    ``acted`` (who acted for the patient: ``patient``, ``name``, ``kind``, ``relation``) or None, ``note`` (template,
    signed_at, fields) or None, ``prescriptions`` (the draft's fields and ``state``), ``requests`` (referrals and tests:
    ``request``, ``kind``, ``version``, ``fields``), ``follow_up`` (settings of the plan's follow-up steps),
    ``price_cents``, ``currency``, ``payment_state``."""
    provider = work.row(Provider, visit.provider)
    return {
        "specialty": visit.specialty,
        "visit_type": visit.visit_type,
        "starts_at": visit.starts_at.isoformat(),
        "encounter_at": visit.encounter_at.isoformat() if visit.encounter_at else None,
        "provider": {"display_name": provider.display_name, "profession": provider.profession},
        "acted": _acted(work, visit),
        "note": _note(work, visit),
        "prescriptions": _prescriptions(work, visit),
        "requests": _requests(work, visit),
        "follow_up": _follow_up(work, visit),
        "price_cents": visit.price_cents,
        "currency": visit.currency,
        "payment_state": visit.payment_state,
    }


def _acted(work: Work, visit: Visit) -> dict[str, str] | None:
    if visit.relationship is None:
        return None
    under = work.row(RelationshipRow, visit.relationship)
    contact = work.open(("persons", "contact", visit.patient), work.row(Person, visit.patient).contact)
    told = content_of(work, under)
    patient = f"{contact['given']} {contact['family']}".strip()
    return {"patient": patient, "name": told["name"], "kind": under.kind, "relation": told["relation"]}


def _note(work: Work, visit: Visit) -> dict[str, Any] | None:
    note = work.session.scalars(select(NoteRow).where(NoteRow.visit == visit.id)).first()
    if note is None or note.signed_at is None:
        return None
    fields = note_fields(work, newest_version(work, note))
    return {"template": note.template, "signed_at": note.signed_at.isoformat(), "fields": dict(fields)}


def _prescriptions(work: Work, visit: Visit) -> list[dict[str, Any]]:
    query = select(OrderRow).where(OrderRow.visit == visit.id, OrderRow.state.not_in((DRAFTED, DISCARDED)))
    return [
        {"order": row.id, "state": row.state, **work.open(("orders", "content", row.id), row.content)}
        for row in work.session.scalars(query.order_by(OrderRow.written_at, OrderRow.id))
    ]


def _requests(work: Work, visit: Visit) -> list[dict[str, Any]]:
    found = (one for one in newest(work, visit.id) if one.state != WITHDRAWN)
    return [{"request": one.id, "kind": one.kind, "version": one.version, "fields": dict(one.fields)} for one in found]


def _follow_up(work: Work, visit: Visit) -> list[dict[str, Any]]:
    pack = work.session.get(PackRow, (work.clinic, visit.plan_digest))
    if pack is None:
        return []
    steps = json.loads(pack.canonical)["steps"]
    return [{"step": step["id"], **step["settings"]} for step in steps if step["kind"] == "follow_up"]


def _views(rows: Iterable[DocumentRow]) -> tuple[DocumentView, ...]:
    return tuple(DocumentView(id=row.id, visit=row.visit, kind=row.kind, at=row.at) for row in rows)
