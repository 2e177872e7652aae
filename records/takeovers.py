"""How somebody who came of age gets a log-in for the record that a guardian had kept for them.

The clinic identifies them and says how: names and birth date are typed from their document and compared with the
record, which shows nothing. Somebody else, another administrator or the officer for law and privacy, releases it:
only then is there a link, and a mail with it goes to their address. It asks for the birth date once more.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from records.access import Role
from records.accounts import email_index
from records.acting import is_adult
from records.acts import Act
from records.codes import as_code, is_code, new_id
from records.errors import AlreadyDone, EmailTaken, Erased, NotFound
from records.invitations import has_login, state_of
from records.mails import MailDraft, queue_mail
from records.matters import Matter, put, settle
from records.proofs import token_hash
from records.sign_in import account_of
from records.tables.identity import Invitation
from records.tables.people import Patient, Person
from records.tables.relationships import RelationshipRow
from records.takeover_mails import Tell, tell_keepers
from records.work import Repository, Work

LIFE = timedelta(days=7)
WAYS = ("document_in_person", "document_by_video")
WAITING = "waiting"
Compose = Callable[[str, str, str], MailDraft]
"""Makes the mail out of the token, the address and the person's language."""


class OwnInvitation(ValueError):
    """Who asked for it does not release it."""


class NotIdentified(ValueError):
    """No one record of an adult without a log-in agrees with what was typed; what is amiss only the audit says."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TakeoverDraft:
    """Who was identified, and how (`WAYS`). ``known_by`` is the number of the person, or a guardian's address."""

    known_by: str
    given: str
    family: str
    birth_date: date
    way: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TakeoverView:
    """An invitation by number; ``state`` is waiting (for a second person), open, accepted, revoked or over."""

    id: str
    patient: str
    way: str
    state: str
    asked_by: str
    created_at: datetime
    expires_at: datetime


class Takeovers(Repository):
    """Invitations to take one's own record over."""

    def invite(self, draft: TakeoverDraft, tell: Tell) -> str:
        """Keeps who was identified how, and tells who kept the record; an older invitation of theirs ends.

        Nothing opens it until somebody else released it.

        Raises:
            NotIdentified: audited; nobody of age without a log-in, or more than one, agrees with what was typed.
            EmailTaken: audited; the address has a log-in, whoever it is about.
        """
        work = self._work
        work.whole_clinic(Act.TAKEOVER_INVITED)
        if account_of(work, draft.email) is not None:
            work.record(Act.TAKEOVER_REFUSED, work.clinic, code="address_taken")
            raise EmailTaken("account")
        person = self._identified(draft)
        work.note(Act.TAKEOVER_INVITED, person, way=as_code(draft.way))
        _end_older(work, person)
        invitation = new_id("inv")
        contact = {"email": draft.email, "way": draft.way, "wrong": 0}
        self._session.add(
            Invitation(
                id=invitation,
                clinic=work.clinic,
                token_hash=token_hash(secrets.token_urlsafe(32)),  # nobody's: the link is made as it is released
                email_index=email_index(work, draft.email),
                contact=work.seal(("invitations", "contact", invitation), contact, person),
                role=Role.PATIENT,
                person=person,
                invited_by=work.actor.person,
                created_at=work.now,
                expires_at=work.now + LIFE,
            )
        )
        self._session.flush()
        put(work, Matter(key=invitation, kind="takeover", subject=invitation))
        tell_keepers(work, person, tell)
        return invitation

    def release(self, invitation: str, compose: Compose) -> None:
        """Makes the link and queues its mail: the second person's word, without which nothing opens.

        Raises:
            OwnInvitation: audited; they asked for it themselves.
            AlreadyDone: it was released, used or taken back, or is over.
        """
        work = self._work
        work.whole_clinic(Act.TAKEOVER_RELEASED)
        row = work.row(Invitation, invitation)
        work.lock(Invitation, invitation)
        if row.role != Role.PATIENT or not row.person:
            raise NotFound(f"invitations {invitation[:40]}")
        if row.invited_by == work.actor.person:
            work.record(Act.TAKEOVER_REFUSED, row.person, code="own")
            raise OwnInvitation
        if _state(work, row) != WAITING:
            raise AlreadyDone(invitation)
        work.note(Act.TAKEOVER_RELEASED, row.person, invitation=row.id)
        token, place = secrets.token_urlsafe(32), ("invitations", "contact", row.id)
        contact = work.open(place, row.contact) | {"released_by": work.actor.person}
        row.contact = work.seal(place, contact, row.person)
        row.token_hash, row.expires_at = token_hash(token), work.now + LIFE
        self._session.flush()
        settle(work, "takeover", invitation)
        queue_mail(work, compose(token, contact["email"], _language(work, row.person)), row.person)

    def listed(self) -> tuple[TakeoverView, ...]:
        """All of them by number, the newest first."""
        self._work.whole_clinic(Act.TAKEOVERS_VIEWED)
        self._work.note(Act.TAKEOVERS_VIEWED, self._work.clinic)
        query = select(Invitation).where(Invitation.clinic == self._work.clinic, Invitation.role == Role.PATIENT)
        rows = self._session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id)).all()
        return tuple(_view(self._work, row) for row in rows)

    def _identified(self, draft: TakeoverDraft) -> str:
        """The one person whom all of it agrees with."""
        work = self._work
        if draft.way not in WAYS:
            raise ValueError("nobody is identified like this")
        found = [person for person in self._candidates(draft.known_by.strip()) if _agrees(work, person, draft)]
        if len(found) != 1:
            work.record(Act.TAKEOVER_REFUSED, work.clinic, code="not_identified")
            raise NotIdentified
        code = "" if is_adult(work, found[0]) else "minor"
        code = "has_login" if has_login(work, found[0]) else code
        if code:
            work.record(Act.TAKEOVER_REFUSED, found[0], code=code)
            raise NotIdentified
        return found[0]

    def _candidates(self, known_by: str) -> tuple[str, ...]:
        """The person of that number, or whoever somebody with that address was or is the guardian of."""
        work = self._work
        if "@" not in known_by:
            patient = self._session.get(Patient, known_by) if is_code(known_by, 40) else None
            return (known_by,) if patient is not None and patient.clinic == work.clinic else ()
        account = account_of(work, known_by)
        if account is None:
            return ()
        query = select(RelationshipRow.patient).where(
            RelationshipRow.clinic == work.clinic,
            RelationshipRow.person == account.person,
            RelationshipRow.for_minor.is_(True),
        )
        return tuple(sorted(set(self._session.scalars(query))))


def _agrees(work: Work, person: str, draft: TakeoverDraft) -> bool:
    try:
        contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
        profile = work.open(("patients", "profile", person), work.row(Patient, person).profile)
    except Erased:
        return False
    names = [(contact["given"], draft.given), (contact["family"], draft.family)]
    born: str = profile["birth_date"]
    return born == draft.birth_date.isoformat() and all(_plain(one) == _plain(other) for one, other in names)


def _plain(name: str) -> str:
    """A name without case, accents and outer blanks: documents and people write them differently."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


def _language(work: Work, person: str) -> str:
    contact: dict[str, Any] = work.open(("persons", "contact", person), work.row(Person, person).contact)
    return str(contact.get("language") or "")


def _end_older(work: Work, person: str) -> None:
    waiting = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    query = update(Invitation).where(Invitation.clinic == work.clinic, Invitation.person == person, *waiting)
    work.session.execute(query.values(revoked_at=work.now).execution_options(synchronize_session=False))


def is_released(work: Work, row: Invitation) -> bool:
    """Whether a second person released it; not, where nobody can read it any more."""
    try:
        return bool(work.open(("invitations", "contact", row.id), row.contact).get("released_by"))
    except Erased:
        return False


def _state(work: Work, row: Invitation) -> str:
    state = state_of(work, row)
    return WAITING if state == "open" and not is_released(work, row) else state


def _view(work: Work, row: Invitation) -> TakeoverView:
    try:
        way = str(work.open(("invitations", "contact", row.id), row.contact)["way"])
    except Erased:
        way = ""
    return TakeoverView(
        id=row.id,
        patient=row.person or "",
        way=way,
        state=_state(work, row),
        asked_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
