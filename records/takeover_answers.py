"""What happens at the door of a mail that lets somebody take their own record over: a birth date, a password, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update

from records.access import Role
from records.accounts import Accounts
from records.acting import is_adult
from records.acts import Act
from records.ceremonies import Begun, Kind, begin
from records.errors import Erased
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.invitations import has_login, state_of
from records.proofs import token_hash
from records.second_step import Step
from records.sessions import PATIENT_PORTAL
from records.sign_in import SignedIn, account_of, hash_password, open_session
from records.tables.identity import Invitation
from records.tables.people import Account, Patient, Person
from records.takeover_mails import Tell, tell_keepers
from records.takeovers import is_released
from records.work import Work

if TYPE_CHECKING:
    from records.database import Database

MOST_WRONG = 5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TakeoverAnswer:
    """What was typed at the door."""

    token: str
    birth_date: date
    password: str


def takeover_is_open(database: Database, step: Step, token: str) -> bool:
    """Whether the link may still be used; looking changes nothing."""
    with database.work(step.clinic, step.system) as work:
        return _open_one(work, token) is not None


def accept_takeover(database: Database, step: Step, answer: TakeoverAnswer, tell: Tell) -> SignedIn | None:
    """Makes the log-in of whoever was identified and signs them in; None, and counted, for a wrong birth date.

    Whoever kept the record is told by mail.

    Raises:
        TokenRefused: audited; it is over, was tried too often, or person or address has a log-in by now.
        SecondFactorNeeded: the log-in is made; its first factor comes next in this browser.
    """
    hashed = hash_password(answer.password)
    with database.work(step.clinic, step.system) as work:
        row = _open_one(work, answer.token)
        if row is not None and not _is_theirs(work, row, answer.birth_date):
            return None
        if row is None or not _use(work, row):
            work.note(Act.TAKEOVER_DOOR_REFUSED, row.id if row is not None else "unknown")
            account = ""
        else:
            tell_keepers(work, str(row.person), tell)
            account = _make_login(work, row, hashed)
            if not step.browser.rules.needs_second_factor(Role.PATIENT):
                return open_session(work, account, PATIENT_PORTAL, ("takeover", step.browser))
            begin(work, Kind.ENROL, step.browser.secret, Begun(account=account, portal=PATIENT_PORTAL))
    if not account:
        raise TokenRefused("over")
    raise SecondFactorNeeded("enrol")


def _open_one(work: Work, token: str) -> Invitation | None:
    query = select(Invitation).where(
        Invitation.clinic == work.clinic, Invitation.token_hash == token_hash(token), Invitation.role == Role.PATIENT
    )
    row = work.session.scalars(query).first()
    usable = row is not None and row.person and state_of(work, row) == "open" and is_released(work, row)
    return row if usable else None


def _is_theirs(work: Work, row: Invitation, born: date) -> bool:
    """Whether the birth date is the record's; the fifth wrong one ends the invitation."""
    person = str(row.person)
    work.lock(Person, person)
    try:
        profile = work.open(("patients", "profile", person), work.row(Patient, person).profile)
        contact = work.open(("invitations", "contact", row.id), row.contact)
    except Erased:
        return False
    if profile["birth_date"] == born.isoformat():
        return True
    contact["wrong"] += 1
    row.contact = work.seal(("invitations", "contact", row.id), contact, person)
    if contact["wrong"] >= MOST_WRONG:
        row.revoked_at = work.now
    work.note(Act.TAKEOVER_DOOR_REFUSED, row.id, code="birth_date")
    work.session.flush()
    return False


def _use(work: Work, row: Invitation) -> bool:
    """Uses it up; of two uses at once one succeeds, and none when person or address has a log-in by now."""
    person = str(row.person)
    work.lock(Person, person)
    email = work.open(("invitations", "contact", row.id), row.contact)["email"]
    if has_login(work, person) or not is_adult(work, person) or account_of(work, email) is not None:
        return False
    query = (
        update(Invitation)
        .where(Invitation.id == row.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(accepted_at=work.now)
        .execution_options(synchronize_session=False)
    )
    return bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)


def _make_login(work: Work, row: Invitation, hashed: str) -> str:
    """The log-in, and the address in the record: mails go to them from now on."""
    person = work.row(Person, str(row.person))
    email = work.open(("invitations", "contact", row.id), row.contact)["email"]
    contact = work.open(("persons", "contact", person.id), person.contact) | {"email": email}
    person.contact = work.seal(("persons", "contact", person.id), contact, person.id)
    person.version, person.updated_at = person.version + 1, work.now
    account = Accounts(work).create(person.id, email, hashed, [Role.PATIENT])
    work.row(Account, account).address_proved_at = work.now
    work.note(Act.TAKEOVER_ACCEPTED, person.id, invitation=row.id)
    return account
