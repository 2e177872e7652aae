"""What happens at the door that an invitation's mail leads to: looking at it, and accepting it once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update

from records.access import Role
from records.accounts import Accounts
from records.acts import Act
from records.ceremonies import Begun, Kind, begin
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.invitations import InvitationView, has_login, state_of, view_of
from records.people import People, StaffDraft
from records.proofs import token_hash
from records.second_step import Step
from records.sessions import STAFF_PORTAL
from records.sign_in import SignedIn, account_of, hash_password, open_session
from records.tables.identity import Invitation
from records.tables.people import Account, Person
from records.work import Work

if TYPE_CHECKING:
    from records.database import Database


def peek_invitation(database: Database, step: Step, token: str) -> InvitationView:
    """What the invitation says; looking changes nothing. Raises `TokenRefused`."""
    with database.work(step.clinic, step.system) as work:
        row = _open_one(work, token)
        if row is not None:
            return view_of(work, row)
    raise TokenRefused("over")


def accept_invitation(database: Database, step: Step, token: str, password: str) -> SignedIn:
    """Makes the log-in and signs in, where the role needs no second factor.

    Raises:
        TokenRefused: audited; the invitation is over, or its address or person has a log-in by now.
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
    query = select(Invitation).where(
        Invitation.clinic == work.clinic, Invitation.token_hash == token_hash(token), Invitation.role != Role.PATIENT
    )
    row = work.session.scalars(query).first()
    return row if row is not None and state_of(work, row) == "open" else None


def _accept(work: Work, row: Invitation) -> bool:
    """Uses the invitation up; of two uses at once one succeeds, and none when address or person has a log-in by now."""
    if row.person is not None:
        work.lock(Person, row.person)
        if has_login(work, row.person):
            return False
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
