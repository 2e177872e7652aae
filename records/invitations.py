"""Invitations of staff: a clinic's administrator names an address and a role, a mail carries the link, used once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update

from records.access import Role
from records.accounts import Accounts, email_index
from records.acts import Act
from records.ceremonies import Begun, Kind, begin
from records.codes import new_id
from records.errors import AlreadyDone, EmailTaken, NotFound
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.mails import MailDraft, queue_mail
from records.people import People, StaffDraft
from records.proofs import token_hash
from records.second_step import Step
from records.sessions import STAFF_PORTAL
from records.sign_in import SignedIn, account_of, hash_password, open_session
from records.tables.identity import Invitation
from records.tables.people import Account, Patient, Person
from records.work import Repository, Work

if TYPE_CHECKING:
    from records.database import Database

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
    """Somebody of the clinic who has no log-in yet."""

    person: str
    name: str
    email: str


class Invitations(Repository):
    """The clinic's invitations."""

    def invite(self, draft: InvitationDraft, compose: Compose) -> str:
        """Keeps an invitation and queues its mail; an older one to the same address ends.

        Raises:
            EmailTaken: the address has a log-in.
            NotFound: ``person`` is not somebody of this clinic who works for it.
            ValueError: nobody can be invited into the role, or a clinician who is not in records.
        """
        work, known = self._work, self._person(draft.person)
        work.note(Act.INVITED, draft.person or "new", role=draft.role)
        if draft.role not in ROLES or (draft.role == Role.PROVIDER and known is None):
            raise ValueError("nobody can be invited into this role like this")
        if account_of(work, draft.email) is not None:
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
        query = select(Invitation).where(Invitation.clinic == self._work.clinic)
        rows = self._session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id)).all()
        return tuple(_view(self._work, row) for row in rows)

    def without_login(self) -> tuple[Unlisted, ...]:
        """Who works for the clinic by its file and cannot sign in yet."""
        self._work.note(Act.INVITATIONS_VIEWED, self._work.clinic)
        accounts = select(Account.person).where(Account.clinic == self._work.clinic)
        patients = select(Patient.person).where(Patient.clinic == self._work.clinic)
        query = select(Person).where(
            Person.clinic == self._work.clinic, Person.id.not_in(accounts), Person.id.not_in(patients)
        )
        people = [(row.id, self._contact(row)) for row in self._session.scalars(query.order_by(Person.id)).all()]
        return tuple(
            Unlisted(person=person, name=f"{contact['given']} {contact['family']}", email=contact["email"])
            for person, contact in people
        )

    def revoke(self, invitation: str) -> None:
        """Takes an invitation back. Raises `AlreadyDone` when it was accepted."""
        row = self._work.row(Invitation, invitation)
        self._work.note(Act.INVITATION_REVOKED, invitation)
        if row.accepted_at is not None:
            raise AlreadyDone(invitation)
        row.revoked_at = row.revoked_at or self._work.now
        self._session.flush()

    def _person(self, person: str) -> dict[str, str] | None:
        """The names of somebody who works for the clinic."""
        if not person:
            return None
        row = self._work.row(Person, person)
        if self._session.get(Patient, person) is not None:
            raise NotFound(f"persons {person[:40]}")
        contact = self._contact(row)
        return {name: contact[name] for name in ("given", "family")}

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


def peek_invitation(database: Database, step: Step, token: str) -> InvitationView:
    """What the invitation says; looking changes nothing. Raises `TokenRefused`."""
    with database.work(step.clinic, step.system) as work:
        row = _open_one(work, token)
        if row is not None:
            return _view(work, row)
    raise TokenRefused("over")


def accept_invitation(database: Database, step: Step, token: str, password: str) -> SignedIn:
    """Makes the log-in and signs in, where the role needs no second factor.

    Raises:
        TokenRefused: audited; the invitation is over, or the address has a log-in by now.
        SecondFactorNeeded: the log-in is made; its first factor comes next in this browser.
    """
    hashed = hash_password(password)
    with database.work(step.clinic, step.system) as work:
        row = _open_one(work, token)
        if row is None or not _accept(work, row):
            work.note(Act.INVITATION_REFUSED, row.id if row is not None else "unknown")
            account = ""
        else:
            account = _make_login(work, row, hashed)
            if not step.browser.rules.needs_second_factor(row.role):
                return open_session(work, account, STAFF_PORTAL, ("invitation", step.browser))
            begin(work, Kind.ENROL, step.browser.secret, Begun(account=account, portal=STAFF_PORTAL))
    if not account:
        raise TokenRefused("over")
    raise SecondFactorNeeded("enrol")


def _open_one(work: Work, token: str) -> Invitation | None:
    query = select(Invitation).where(Invitation.clinic == work.clinic, Invitation.token_hash == token_hash(token))
    row = work.session.scalars(query).first()
    return row if row is not None and _state(work, row) == "open" else None


def _accept(work: Work, row: Invitation) -> bool:
    """Uses the invitation up; of two uses at once one succeeds, and none when the address has a log-in by now."""
    email = work.open(("invitations", "contact", row.id), row.contact)["email"]
    if account_of(work, email) is not None:
        return False
    query = (
        update(Invitation)
        .where(Invitation.id == row.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(accepted_at=work.now)
        .execution_options(synchronize_session=False)
    )
    return bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)


def _make_login(work: Work, row: Invitation, hashed: str) -> str:
    contact = work.open(("invitations", "contact", row.id), row.contact)
    draft = StaffDraft(given=contact["given"], family=contact["family"], email=contact["email"])
    person = row.person or People(work).create_staff(draft)
    account = Accounts(work).create(person, contact["email"], hashed, [Role(row.role)])
    work.row(Account, account).address_proved_at = work.now
    work.note(Act.INVITATION_ACCEPTED, row.id, role=row.role)
    return account


def _state(work: Work, row: Invitation) -> str:
    if row.accepted_at is not None:
        return "accepted"
    if row.revoked_at is not None:
        return "revoked"
    return "open" if row.expires_at > work.now else "over"


def _view(work: Work, row: Invitation) -> InvitationView:
    contact = work.open(("invitations", "contact", row.id), row.contact)
    return InvitationView(
        id=row.id,
        email=contact["email"],
        name=f"{contact['given']} {contact['family']}".strip(),
        role=row.role,
        state=_state(work, row),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
