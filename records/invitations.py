"""Invitations of staff: a clinic's administrator names an address and a role, a mail carries the link, used once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select, update

from records.access import Role
from records.accounts import email_index
from records.acts import Act
from records.codes import new_id
from records.errors import AlreadyDone, EmailTaken, NotFound
from records.mails import MailDraft, queue_mail
from records.matters import settle
from records.proofs import token_hash
from records.sign_in import account_of
from records.tables.identity import Invitation
from records.tables.people import Account, Patient, Person, Provider
from records.work import Repository, Work

if TYPE_CHECKING:
    pass

LIFE = timedelta(days=7)
# Clinicians are people of the clinic's file first: an invitation gives one of them a log-in.
ROLES = (Role.PROVIDER, Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.COMPLIANCE, Role.SUPPORT)
Compose = Callable[[str, str], MailDraft]
"""Makes the mail out of the token and the address."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InvitationDraft:
    """Whom to invite: somebody who is in records already (``person``), or a new one by name."""

    email: str
    role: str
    given: str = ""
    family: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InvitationView:
    """An invitation as the clinic's administrator sees it; ``state`` is open, accepted, revoked or over."""

    id: str
    email: str
    name: str
    role: str
    state: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Unlisted:
    """Somebody of the clinic who has no log-in yet; ``key`` is their id in the clinic's file, empty for others."""

    person: str
    key: str
    name: str
    email: str
    clinician: bool


class Invitations(Repository):
    """The clinic's invitations."""

    def invite(self, draft: InvitationDraft, compose: Compose) -> str:
        """Keeps an invitation and queues its mail; an older one to the same address ends.

        Raises:
            EmailTaken: the address, or the person, has a log-in.
            NotFound: ``person`` is not somebody of this clinic who works for it.
            ValueError: nobody can be invited into the role, or a clinician who is not in records.
        """
        work, known = self._work, self._person(draft.person)
        work.note(Act.INVITED, draft.person or "new", role=draft.role)
        clinician = bool(draft.person) and self._session.get(Provider, draft.person) is not None
        if draft.role not in ROLES or (draft.role == Role.PROVIDER) != clinician:
            raise ValueError("nobody can be invited into this role like this")
        if account_of(work, draft.email) is not None or has_login(work, draft.person):
            raise EmailTaken("account")
        index, token, invitation = email_index(work, draft.email), secrets.token_urlsafe(32), new_id("inv")
        self._end_older(index)
        contact = known or {"email": draft.email, "given": draft.given, "family": draft.family}
        self._session.add(
            Invitation(
                id=invitation,
                clinic=work.clinic,
                token_hash=token_hash(token),
                email_index=index,
                contact=work.seal(("invitations", "contact", invitation), {**contact, "email": draft.email}),
                role=draft.role,
                person=draft.person or None,
                invited_by=work.actor.person,
                created_at=work.now,
                expires_at=work.now + LIFE,
            )
        )
        queue_mail(work, compose(token, draft.email))
        return invitation

    def listed(self) -> tuple[InvitationView, ...]:
        """All of them, the newest first."""
        self._work.note(Act.INVITATIONS_VIEWED, self._work.clinic)
        query = select(Invitation).where(Invitation.clinic == self._work.clinic, Invitation.role != Role.PATIENT)
        rows = self._session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id)).all()
        return tuple(view_of(self._work, row) for row in rows)

    def without_login(self) -> tuple[Unlisted, ...]:
        """Who works for the clinic by its file and cannot sign in yet."""
        self._work.note(Act.INVITATIONS_VIEWED, self._work.clinic)
        accounts = select(Account.person).where(Account.clinic == self._work.clinic)
        patients = select(Patient.person).where(Patient.clinic == self._work.clinic)
        query = select(Person).where(
            Person.clinic == self._work.clinic, Person.id.not_in(accounts), Person.id.not_in(patients)
        )
        return tuple(self._unlisted(row) for row in self._session.scalars(query.order_by(Person.id)).all())

    def revoke(self, invitation: str) -> None:
        """Takes an invitation back. Raises `AlreadyDone` when it was accepted."""
        row = self._work.row(Invitation, invitation)
        self._work.note(Act.INVITATION_REVOKED, invitation)  # also one to take a record over: both are mails in error
        if row.accepted_at is not None:
            raise AlreadyDone(invitation)
        row.revoked_at = row.revoked_at or self._work.now
        self._session.flush()
        settle(self._work, "takeover", invitation)

    def _person(self, person: str) -> dict[str, str] | None:
        """The names of somebody who works for the clinic."""
        if not person:
            return None
        row = self._work.row(Person, person)
        if self._session.get(Patient, person) is not None:
            raise NotFound(f"persons {person[:40]}")
        contact = self._contact(row)
        return {name: contact[name] for name in ("given", "family")}

    def _unlisted(self, row: Person) -> Unlisted:
        contact = self._contact(row)
        return Unlisted(
            person=row.id,
            key=row.seed_key or "",
            name=f"{contact['given']} {contact['family']}",
            email=contact["email"],
            clinician=self._session.get(Provider, row.id) is not None,
        )

    def _contact(self, row: Person) -> dict[str, Any]:
        return cast(dict[str, Any], self._work.open(("persons", "contact", row.id), row.contact))

    def _end_older(self, index: str) -> None:
        self._session.execute(
            update(Invitation)
            .where(
                Invitation.clinic == self._work.clinic,
                Invitation.email_index == index,
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
            )
            .values(revoked_at=self._work.now)
            .execution_options(synchronize_session=False)
        )


def has_login(work: Work, person: str) -> bool:
    """Whether somebody can sign in already: a second log-in would be beside the first one's factors."""
    query = select(Account.id).where(Account.clinic == work.clinic, Account.person == person).limit(1)
    return bool(person) and work.session.scalar(query) is not None


def state_of(work: Work, row: Invitation) -> str:
    if row.accepted_at is not None:
        return "accepted"
    if row.revoked_at is not None:
        return "revoked"
    return "open" if row.expires_at > work.now else "over"


def view_of(work: Work, row: Invitation) -> InvitationView:
    contact = work.open(("invitations", "contact", row.id), row.contact)
    return InvitationView(
        id=row.id,
        email=contact["email"],
        name=f"{contact['given']} {contact['family']}".strip(),
        role=row.role,
        state=state_of(work, row),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
