"""Consents: what a patient signed, word for word, for which law, and when they took it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.plans import digest_of
from records.acting import content_of, held_for
from records.acts import Act
from records.codes import as_code, new_id
from records.course import append_event, tell
from records.tables.clinical import ConsentRow
from records.tables.relationships import RelationshipRow
from records.tables.visits import Visit
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConsentDraft:
    """A consent about to be signed: ``text`` as it was shown, ``signature`` the name typed under it."""

    visit: str
    kind: str
    form: str
    jurisdiction: str
    clauses: tuple[str, ...]
    text: str
    language: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """A consent as kept; ``revoked_at`` is None while it holds."""

    id: str
    visit: str
    kind: str
    form: str
    jurisdiction: str
    clauses: tuple[str, ...]
    text_digest: str
    language: str
    at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signer:
    """Who signed for a patient: their name, the kind of their relationship, and how they are related (a code)."""

    name: str
    kind: str
    relation: str


class Consents(Repository):
    """A patient's consents."""

    def sign(self, draft: ConsentDraft) -> str:
        """Keeps the consent with its text and announces it. Signed again unchanged, it is the same consent."""
        visit = self._work.visit(draft.visit, Act.CONSENT_SIGNED)
        digest = digest_of(draft.text)
        known = self._same(draft, digest)
        if known is not None:
            return known
        row_id, held = new_id("con"), held_for(self._work, visit.patient)
        content = {"text": draft.text, "signature": draft.signature}
        row = ConsentRow(
            id=row_id,
            clinic=self._work.clinic,
            visit=visit.id,
            patient=visit.patient,
            kind=as_code(draft.kind),
            form=as_code(draft.form),
            jurisdiction=as_code(draft.jurisdiction),
            clauses=list(draft.clauses),
            language=as_code(draft.language),
            text_digest=digest,
            at=self._work.at,
            signed_by=self._work.actor.person,
            relationship=held.relationship if held else None,
            content=self._work.seal(("consents", "content", row_id), content, visit.patient),
        )
        self._session.add(row)
        append_event(self._work, visit, "consent_signed", detail={"kind": draft.kind, "consent": row_id})
        tell(self._work, visit.id, "consent_signed", draft.kind)
        return row_id

    def for_visit(self, visit: str) -> tuple[ConsentView, ...]:
        self._work.visit(visit, Act.CONSENTS_VIEWED)
        return _views(
            self._session.scalars(select(ConsentRow).where(ConsentRow.visit == visit).order_by(ConsentRow.at))
        )

    def for_patient(self, patient: str) -> tuple[ConsentView, ...]:
        """Every consent the patient gave this clinic, oldest first."""
        self._work.patient(patient, Act.CONSENTS_VIEWED)
        self._work.note(Act.CONSENTS_VIEWED, patient)
        query = select(ConsentRow).where(ConsentRow.clinic == self._work.clinic, ConsentRow.patient == patient)
        held = held_for(self._work, patient)
        if held is not None and held.for_minor:
            booked = select(Visit.id).where(Visit.patient == patient, Visit.relationship.is_not(None))
            query = query.where(ConsentRow.visit.in_(booked))
        return _views(self._session.scalars(query.order_by(ConsentRow.at)))

    def text(self, consent: str) -> str:
        """The text as it was signed."""
        row = self._work.row(ConsentRow, consent)
        self._work.visit(row.visit, Act.CONSENTS_VIEWED)
        return str(self._work.open(("consents", "content", consent), row.content)["text"])

    def signature(self, consent: str) -> str:
        """The name as it was typed under the text."""
        row = self._work.row(ConsentRow, consent)
        self._work.visit(row.visit, Act.CONSENTS_VIEWED)
        return str(self._work.open(("consents", "content", consent), row.content)["signature"])

    def signed_for(self, consent: str) -> Signer | None:
        """Who signed in the patient's place, as the relationship told it then; None when the patient signed."""
        row = self._work.row(ConsentRow, consent)
        self._work.visit(row.visit, Act.CONSENTS_VIEWED)
        if row.relationship is None:
            return None
        under = self._work.row(RelationshipRow, row.relationship)
        told = content_of(self._work, under)
        return Signer(name=told["name"], kind=under.kind, relation=told["relation"])

    def revoke(self, consent: str) -> None:
        """Takes the consent back from this instant and announces it; a second time changes nothing."""
        row = self._work.row(ConsentRow, consent)
        visit: Visit = self._work.visit(row.visit, Act.CONSENT_REVOKED)
        if row.revoked_at is not None:
            return
        row.revoked_at = self._work.at
        append_event(self._work, visit, "consent_revoked", detail={"kind": row.kind, "consent": consent})
        tell(self._work, visit.id, "consent_revoked", row.kind)

    def _same(self, draft: ConsentDraft, digest: str) -> str | None:
        query = select(ConsentRow.id).where(
            ConsentRow.visit == draft.visit,
            ConsentRow.kind == draft.kind,
            ConsentRow.text_digest == digest,
            ConsentRow.revoked_at.is_(None),
        )
        return self._session.scalar(query)


def _views(rows: Iterable[ConsentRow]) -> tuple[ConsentView, ...]:
    return tuple(
        ConsentView(
            id=row.id,
            visit=row.visit,
            kind=row.kind,
            form=row.form,
            jurisdiction=row.jurisdiction,
            clauses=tuple(row.clauses),
            text_digest=row.text_digest,
            language=row.language,
            at=row.at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )
