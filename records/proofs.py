"""What a mail's link proves: that an address is read by its owner, and that they may choose a new password.

A link carries a token of 256 random bits, whose hash is kept. Looking at it changes nothing; its one use does. Asking
for a reset does the same work and gets the same answer whether anybody has an account with the address or not.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, delete, select, update

from records.acts import Act
from records.attempts import forget_name
from records.codes import new_id
from records.errors_identity import TokenRefused
from records.factors import drop_pending
from records.mails import MailDraft, queue_mail, too_many
from records.second_step import Step
from records.sessions import Sessions
from records.sign_in import account_of, hash_password, usable
from records.tables.identity import Ceremony, IdentityToken
from records.tables.people import Account, Person
from records.work import Work

if TYPE_CHECKING:
    from records.database import Database

Compose = Callable[[str, str, str], MailDraft]
"""Makes a mail out of a token (empty: there is no account), the address and the person's language (empty: unknown)."""


class Kind(StrEnum):
    """What a token is for."""

    RESET = "reset"
    ADDRESS = "address"


LIFE = {Kind.RESET: timedelta(minutes=30), Kind.ADDRESS: timedelta(days=3)}


def ask_reset(database: Database, step: Step, email: str, compose: Compose) -> None:
    """Queues a mail with a link when the address has an account, and one that says so when it has none."""
    with database.work(step.clinic, step.system) as work:
        found = account_of(work, email)
        account = found if found is not None and usable(found, step.portal) else None
        token = _new_token(work, Kind.RESET, account.id if account is not None else None)
        address, language = contact_of(work, account) if account is not None else (email, "")
        work.note(Act.RESET_ASKED, account.id if account is not None else "unknown", portal=step.portal)
        if not too_many(work, address):
            mail = compose(token if account is not None else "", address, language)
            queue_mail(work, mail, found.person if found is not None else "")


def reset_is_open(database: Database, step: Step, token: str) -> bool:
    """Whether the link of a reset may still be used; looking changes nothing."""
    with database.work(step.clinic, step.system) as work:
        row = _token(work, Kind.RESET, token)
        return row is not None and usable(work.session.get(Account, row.account), step.portal)


def finish_reset(database: Database, step: Step, token: str, password: str, compose: Compose) -> None:
    """Sets the password, ends every session, forgets failures, and tells the owner by mail. Raises `TokenRefused`."""
    hashed = hash_password(password)
    with database.work(step.clinic, step.system) as work:
        row = _token(work, Kind.RESET, token)
        account = work.session.get(Account, row.account) if row is not None else None
        if row is not None and account is not None and usable(account, step.portal) and _use(work, row):
            account.address_proved_at = account.address_proved_at or work.now
            set_password(work, account, hashed)
            queue_mail(work, compose("", *contact_of(work, account)), account.person)
            return
        work.note(Act.RESET_REFUSED, row.id if row is not None else "unknown")
    raise TokenRefused("over")


def change_password(database: Database, step: Step, account: str, password: str, compose: Compose) -> None:
    """The same for somebody who is signed in and has just proved it; they sign in again."""
    hashed = hash_password(password)
    with database.work(step.clinic, step.system) as work:
        row = work.row(Account, account)
        set_password(work, row, hashed)
        queue_mail(work, compose("", *contact_of(work, row)), row.person)


def ask_address_proof(database: Database, step: Step, account: str, compose: Compose) -> bool:
    """Queues the mail that proves an account's address; False when it had its mails of this hour, or is proved."""
    with database.work(step.clinic, step.system) as work:
        row = work.row(Account, account)
        address, language = contact_of(work, row)
        if row.address_proved_at is not None or too_many(work, address):
            return False
        work.note(Act.ADDRESS_PROOF_ASKED, account)
        queue_mail(work, compose(_new_token(work, Kind.ADDRESS, account), address, language), row.person)
        return True


def finish_address_proof(database: Database, step: Step, token: str) -> None:
    """Notes that the address is its owner's. Raises `TokenRefused`."""
    with database.work(step.clinic, step.system) as work:
        row = _token(work, Kind.ADDRESS, token)
        account = work.session.get(Account, row.account) if row is not None else None
        if row is not None and account is not None and _use(work, row):
            account.address_proved_at = account.address_proved_at or work.now
            work.note(Act.ADDRESS_PROVED, account.id)
            return
        work.note(Act.RESET_REFUSED, row.id if row is not None else "unknown")
    raise TokenRefused("over")


def set_password(work: Work, account: Account, hashed: str) -> None:
    """A new password: every session ends, and with it whatever was under way, shown or sent for the old one."""
    account.password = hashed
    work.note(Act.PASSWORD_CHANGED, account.id)
    Sessions(work).close_all(account.id)
    drop_pending(work, account.id)
    work.session.execute(delete(Ceremony).where(Ceremony.clinic == work.clinic, Ceremony.account == account.id))
    work.session.execute(
        update(IdentityToken)
        .where(
            IdentityToken.account == account.id,
            IdentityToken.kind == str(Kind.RESET),
            IdentityToken.used_at.is_(None),
        )
        .values(used_at=work.now)
        .execution_options(synchronize_session=False)
    )
    forget_name(work, account.email_index)
    forget_name(work, work.blind("second", account.id))


def contact_of(work: Work, account: Account) -> tuple[str, str]:
    """The address and language of an account's person: mails go to the address kept, never to one typed."""
    person = work.row(Person, account.person)
    contact = work.open(("persons", "contact", person.id), person.contact)
    return contact["email"], contact["language"]


def token_hash(token: str) -> str:
    """What is kept of a mail's token."""
    return hashlib.sha256(b"mail|" + token.encode()).hexdigest()


def _new_token(work: Work, kind: Kind, account: str | None) -> str:
    token = secrets.token_urlsafe(32)
    work.session.add(
        IdentityToken(
            id=new_id("tok"),
            clinic=work.clinic,
            kind=str(kind),
            token_hash=token_hash(token),
            account=account,
            created_at=work.now,
            expires_at=work.now + LIFE[kind],
        )
    )
    work.session.flush()
    return token


def _token(work: Work, kind: Kind, token: str) -> IdentityToken | None:
    """The clinic's token of that kind, when it may still be used and belongs to somebody."""
    query = select(IdentityToken).where(
        IdentityToken.token_hash == token_hash(token),
        IdentityToken.clinic == work.clinic,
        IdentityToken.kind == str(kind),
    )
    row = work.session.scalars(query).first()
    over = row is None or row.account is None or row.used_at is not None or row.expires_at <= work.now
    return None if over else row


def _use(work: Work, row: IdentityToken) -> bool:
    """Uses the token up; of two uses at once one succeeds."""
    query = (
        update(IdentityToken)
        .where(IdentityToken.id == row.id, IdentityToken.used_at.is_(None))
        .values(used_at=work.now)
        .execution_options(synchronize_session=False)
    )
    return bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)
