"""Relationships: a guardian adds a child, who may act for a patient is invited, and what was granted is taken back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from records.access import TABLE
from records.accounts import email_index
from records.acting import (
    GUARDIAN,
    GUARDIANS_ONLY,
    content_of,
    held_for,
    is_active,
    is_adult,
    of_age,
    rows_of,
    scopes_of,
    state_of,
)
from records.acts import Act
from records.codes import as_code, new_id
from records.ending import SHARE, close, may_share
from records.errors import AlreadyDone, Erased, NotFound
from records.errors_identity import TokenRefused
from records.mails import MailDraft, queue_mail, too_many
from records.people import PatientDraft, make_patient
from records.proofs import token_hash
from records.tables.people import Account, Patient, Person
from records.tables.relationships import RelationshipRow
from records.work import Repository, Work

LIFE = timedelta(days=7)
# How many invitations may wait for an answer at once, for one patient.
MOST_OPEN = 5
# How somebody may be related to a patient; pages have words for each.
RELATIONS = ("parent", "legal_guardian", "grandparent", "spouse", "child", "sibling", "other_family", "friend", "carer")
OF_GUARDIANS = ("parent", "legal_guardian")
Compose = Callable[[str, str], MailDraft]
"""Makes the mail out of the token and the address."""


class NotAMinor(ValueError):
    """Only a minor is added by a guardian: an adult makes an account, and lets others act for them."""


class TooManyInvitations(ValueError):
    """No more for now; ``code`` is open (so many wait for an answer) or address (it had its mails of this hour)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RelationshipDraft:
    """Whom to let act for the patient, how they are related (`RELATIONS`), as what, and within which scopes."""

    patient: str
    email: str
    name: str
    relation: str
    kind: str
    scopes: tuple[str, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RelationshipView:
    """A relationship as who granted it sees it; ``state`` is open, active, ended or over (not accepted in time)."""

    id: str
    patient: str
    name: str
    email: str
    relation: str
    kind: str
    scopes: tuple[str, ...]
    state: str
    granted_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ward:
    """Somebody whom the actor acts for today. Birth date and residence are there for who books, None for others."""

    relationship: str
    patient: str
    given: str
    name: str
    kind: str
    scopes: frozenset[str]
    minor: bool
    birth_date: date | None
    residence_state: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ActedFor:
    """Who acts at a visit for whom: both names, the kind and how they are related; ``holds`` says it still does."""

    relationship: str
    patient: str
    name: str
    kind: str
    relation: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InvitedTo:
    """What an invitation to act for somebody says: for whom, as what, within which scopes."""

    id: str
    patient: str
    kind: str
    scopes: tuple[str, ...]


class Relationships(Repository):
    """Who acts for whom at the clinic."""

    def add_child(self, draft: PatientDraft, relation: str) -> str:
        """A minor without a log-in, whose guardian the actor says they are; returns the relationship's id.

        Raises:
            NotAMinor: the person is of age.
            ValueError: a guardian is a parent or a legal guardian.
        """
        work = self._work
        if relation not in OF_GUARDIANS:
            raise ValueError("no guardian is related like this")
        if of_age(draft.birth_date, draft.postal_code, work.at):
            raise NotAMinor
        child = new_id("per")
        work.note(Act.DEPENDENT_ADDED, child)
        if work.actor.role not in TABLE.acting or is_adult(work, work.actor.person) is not True:
            work.refuse(Act.DEPENDENT_ADDED, child)
        make_patient(work, child, draft)
        return keep_child(self._work, child, work.actor.person, relation)

    def grant(self, draft: RelationshipDraft, compose: Compose) -> str:
        """Keeps an invitation to act for the patient and queues its mail; it counts once it is accepted.

        Raises:
            ValueError: the kind may not hold these scopes, or not for this patient.
            TooManyInvitations: `MOST_OPEN` wait for an answer, or the address had its mails of this hour.
        """
        work = self._work
        work.patient(draft.patient, Act.RELATIONSHIP_GRANTED)
        minor = not is_adult(work, draft.patient)
        _check(draft, minor)
        self._refuse_too_many(draft)
        row_id, token = new_id("rel"), secrets.token_urlsafe(32)
        row = _row(work, row_id, draft, minor)
        row.until = _earlier(draft.until, _share_until(work, draft.patient))
        row.token_hash, row.expires_at = token_hash(token), work.now + LIFE
        row.address_index = email_index(work, draft.email)
        self._session.add(row)
        self._session.flush()
        work.note(Act.RELATIONSHIP_GRANTED, draft.patient, kind=draft.kind, relationship=row_id)
        queue_mail(work, compose(token, draft.email), draft.patient)
        return row_id

    def peek(self, token: str) -> InvitedTo:
        """What the invitation is, for whom it was sent to; looking changes nothing. Raises `TokenRefused`."""
        row = self._invited(token)
        return InvitedTo(
            id=row.id, patient=self._name(row.patient), kind=row.kind, scopes=tuple(sorted(scopes_of(row)))
        )

    def accept(self, token: str) -> str:
        """Makes the actor the one who acts; an invitation is used once. Raises `TokenRefused`."""
        row = self._invited(token)
        if is_adult(self._work, self._work.actor.person) is not True or row.patient == self._work.actor.person:
            raise TokenRefused("over")
        content = content_of(self._work, row) | {"name": self._name(self._work.actor.person)}
        row.content = self._work.seal(("relationships", "content", row.id), content, row.patient)
        row.person, row.accepted_at, row.token_hash = self._work.actor.person, self._work.now, None
        self._session.flush()
        self._work.forget_standings()
        self._work.note(Act.RELATIONSHIP_ACCEPTED, row.patient, kind=row.kind, relationship=row.id)
        return row.id

    def end(self, relationship: str) -> None:
        """Ends it at once, or takes the invitation back: by the patient, by a guardian, or by who holds it.

        What its holder had granted ends with it. A guardian ends no other guardian's. Raises `AlreadyDone` when it
        has ended.
        """
        work, row = self._work, self._work.row(RelationshipRow, relationship)
        own = row.person is not None and row.person == work.actor.person
        if not own:
            work.patient(row.patient, Act.RELATIONSHIP_ENDED)
            if row.kind == GUARDIAN and work.actor.role in TABLE.acting and row.accepted_at is not None:
                work.refuse(Act.RELATIONSHIP_ENDED, row.patient)
        work.note(Act.RELATIONSHIP_ENDED, row.patient, kind=row.kind, relationship=row.id)
        if row.revoked_at is not None:
            raise AlreadyDone(relationship)
        close(work, row)
        work.forget_standings()

    def about(self, patient: str) -> tuple[RelationshipView, ...]:
        """Everybody who acts or was invited to act for the patient, the newest first."""
        self._work.patient(patient, Act.HELPERS_VIEWED)
        self._work.note(Act.HELPERS_VIEWED, patient)
        return tuple(_view(self._work, row) for row in reversed(list(rows_of(self._work, patient))))

    def mine(self) -> tuple[Ward, ...]:
        """Everybody whom the actor acts for today, by name."""
        work = self._work
        work.note(Act.ACTING_VIEWED, work.actor.person)
        query = select(RelationshipRow.patient).where(
            RelationshipRow.clinic == work.clinic,
            RelationshipRow.person == work.actor.person,
            RelationshipRow.revoked_at.is_(None),
        )
        patients = sorted(set(self._session.scalars(query)))
        return tuple(sorted(self._wards(patients), key=lambda one: (one.name, one.patient)))

    def ward(self, relationship: str) -> Ward:
        """One of them. Raises `NotFound` for anybody else's, and once it has ended."""
        found = next((one for one in self.mine() if one.relationship == relationship), None)
        if found is None:
            raise NotFound(f"relationships {relationship[:40]}")
        return found

    def at_visit(self, visit: str) -> ActedFor | None:
        """Who acts for the visit's patient there; None when the patient booked it alone."""
        row = self._work.visit(visit, Act.ACTING_VIEWED)
        if row.relationship is None:
            return None
        under = self._work.row(RelationshipRow, row.relationship)
        told = content_of(self._work, under)
        return ActedFor(
            relationship=under.id,
            patient=self._name(row.patient),
            name=told["name"],
            kind=under.kind,
            relation=told["relation"],
            holds=is_active(self._work, under),
        )

    def _refuse_too_many(self, draft: RelationshipDraft) -> None:
        query = select(func.count()).where(
            RelationshipRow.clinic == self._work.clinic,
            RelationshipRow.patient == draft.patient,
            RelationshipRow.accepted_at.is_(None),
            RelationshipRow.revoked_at.is_(None),
            RelationshipRow.expires_at > self._work.now,
        )
        if (self._session.scalar(query) or 0) >= MOST_OPEN:
            raise TooManyInvitations("open")
        if too_many(self._work, draft.email):
            raise TooManyInvitations("address")

    def _wards(self, patients: Iterable[str]) -> Iterable[Ward]:
        for patient in patients:
            held = held_for(self._work, patient)
            if held is None:
                continue
            try:
                contact = self._contact(patient)
            except Erased:
                continue
            books = "schedule" in held.scopes
            profile = self._work.open(("patients", "profile", patient), self._work.row(Patient, patient).profile)
            yield Ward(
                relationship=held.relationship,
                patient=patient,
                given=contact["given"],
                name=f"{contact['given']} {contact['family']}".strip(),
                kind=held.kind,
                scopes=held.scopes,
                minor=held.for_minor,
                birth_date=date.fromisoformat(profile["birth_date"]) if books else None,
                residence_state=(profile["residence_state"] or None) if books else None,
            )

    def _invited(self, token: str) -> RelationshipRow:
        """The open invitation, when it was sent to the actor's own address by somebody who may still share.

        Raises `TokenRefused`, audited.
        """
        work = self._work
        work.allow(Act.RELATIONSHIP_ACCEPTED)
        query = select(RelationshipRow).where(
            RelationshipRow.clinic == work.clinic, RelationshipRow.token_hash == token_hash(token)
        )
        row = self._session.scalars(query).first()
        mine = select(Account.email_index).where(Account.clinic == work.clinic, Account.person == work.actor.person)
        over = row is None or row.revoked_at is not None or row.expires_at is None or row.expires_at <= work.now
        ours = row is not None and row.address_index in set(self._session.scalars(mine))
        if row is None or over or not ours or not may_share(work, row.patient, row.granted_by):
            work.record(Act.RELATIONSHIP_REFUSED, row.id if row is not None else "unknown")
            raise TokenRefused("over")
        return row

    def _name(self, person: str) -> str:
        contact = self._contact(person)
        return f"{contact['given']} {contact['family']}".strip()

    def _contact(self, person: str) -> dict[str, Any]:
        found: dict[str, Any] = self._work.open(("persons", "contact", person), self._work.row(Person, person).contact)
        return found


def keep_child(work: Work, child: str, guardian: str, relation: str) -> str:
    """The relationship of a child that was just made with its guardian; returns its id."""
    contact = work.open(("persons", "contact", guardian), work.row(Person, guardian).contact)
    draft = RelationshipDraft(
        patient=child,
        email="",
        name=f"{contact['given']} {contact['family']}".strip(),
        relation=relation,
        kind=GUARDIAN,
        scopes=tuple(sorted(TABLE.kinds[GUARDIAN])),
    )
    row = _row(work, new_id("rel"), draft, minor=True)
    row.person, row.accepted_at = guardian, work.now
    work.session.add(row)
    work.session.flush()
    work.forget_standings()
    return row.id


def seed_child(work: Work, draft: PatientDraft, seed_key: str, guardian: str) -> str:
    """A demonstration child with its parent as guardian; returns the child's id."""
    child = new_id("per")
    work.note(Act.DEPENDENT_ADDED, child)
    make_patient(work, child, draft, seed_key)
    keep_child(work, child, guardian, "parent")
    return child


def seed_helper(work: Work, draft: RelationshipDraft, person: str) -> None:
    """Somebody of a demonstration who accepted to act for a patient."""
    _check(draft, minor=not is_adult(work, draft.patient))
    row = _row(work, new_id("rel"), draft, minor=not is_adult(work, draft.patient))
    row.person, row.accepted_at = person, work.now
    work.session.add(row)
    work.session.flush()
    work.note(Act.RELATIONSHIP_GRANTED, draft.patient, kind=draft.kind, relationship=row.id)


def _share_until(work: Work, patient: str) -> datetime | None:
    """Until when the actor may share; None without an end. Nothing they grant lasts longer."""
    if work.actor.person == patient:
        return None
    rows = [row for row in rows_of(work, patient) if row.person == work.actor.person and SHARE in scopes_of(row)]
    ends = [row.until for row in rows if is_active(work, row)]
    return None if not ends or None in ends else max(end for end in ends if end is not None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one is not None and other is not None else one or other


def _check(draft: RelationshipDraft, minor: bool) -> None:
    allowed = TABLE.kinds.get(draft.kind, frozenset())
    if draft.kind != GUARDIAN and minor:
        allowed -= GUARDIANS_ONLY
    guardian_of_adult = draft.kind == GUARDIAN and not minor
    if guardian_of_adult or not draft.scopes or not set(draft.scopes) <= allowed or draft.relation not in RELATIONS:
        raise ValueError("nobody can act for the patient like this")


def _row(work: Work, row_id: str, draft: RelationshipDraft, minor: bool) -> RelationshipRow:
    content = {"name": draft.name, "email": draft.email, "relation": as_code(draft.relation)}
    return RelationshipRow(
        id=row_id,
        clinic=work.clinic,
        patient=draft.patient,
        kind=as_code(draft.kind),
        scopes=sorted(draft.scopes),
        for_minor=minor,
        content=work.seal(("relationships", "content", row_id), content, draft.patient),
        granted_by=work.actor.person[:40],
        granted_at=work.now,
        valid_from=work.at,
        until=draft.until,
    )


def _view(work: Work, row: RelationshipRow) -> RelationshipView:
    told = content_of(work, row)
    return RelationshipView(
        id=row.id,
        patient=row.patient,
        name=told["name"],
        email=told["email"],
        relation=told["relation"],
        kind=row.kind,
        scopes=tuple(sorted(scopes_of(row))),
        state=state_of(work, row),
        granted_at=row.granted_at,
        until=row.until,
    )
