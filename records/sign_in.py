"""Signing up and in with a password: Argon2id outside any transaction, the same time and answer for any wrong pair.

Failures are counted for one e-mail address from one origin, or from one browser that the account knows, so that nobody
can lock somebody else out (`records.attempts`). Call these in a thread: a hash takes about 0.1 s.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from records.access import Role
from records.accounts import Accounts, email_index
from records.acts import Act
from records.attempts import FREE_FAILURES, Lane, count_failure, forget, seconds_left
from records.ceremonies import Begun, Kind, begin
from records.devices import Browser, lane_of, remember
from records.errors import EmailTaken, SignInRefused
from records.errors_identity import SecondFactorNeeded
from records.factors import factors_of
from records.people import PatientDraft, People
from records.sessions import PATIENT_PORTAL, Opening, Sessions, SessionView, role_for
from records.tables.people import Account, SessionRow
from records.work import Actor, Work

if TYPE_CHECKING:
    from records.database import Database

__all__ = ["FREE_FAILURES", "Credentials", "SignUp", "SignedIn", "hash_password", "sign_in", "sign_up"]

# Every demo person's, printed where everybody reads it: outside a demo it opens nothing, whoever's it is.
PUBLIC_PASSWORD = "try-clinicwright"
_HASHER = PasswordHasher()
_HASHING = threading.BoundedSemaphore(2)  # each hash takes 64 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A try to sign in: ``portal`` is patient or staff, ``origin`` where it came from."""

    clinic: str
    email: str
    password: str
    portal: str
    origin: str = ""
    browser: Browser = field(default_factory=Browser)

    def __repr__(self) -> str:
        return f"Credentials({self.clinic}, {self.portal})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A new patient with a password."""

    clinic: str
    patient: PatientDraft
    password: str
    origin: str = ""
    browser: Browser = field(default_factory=Browser)

    def __repr__(self) -> str:
        return f"SignUp({self.clinic})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The token for the cookie, told this once, and the session it opens."""

    token: str
    session: SessionView

    def __repr__(self) -> str:
        return f"SignedIn({self.session.id})"


@dataclass(frozen=True, slots=True)
class _Found:
    """What a transaction found out about a try before the slow hash."""

    account: str | None
    hash: str
    lane: Lane
    wait: int


def hash_password(password: str) -> str:
    """An Argon2id hash (RFC 9106, the library's defaults). Slow on purpose."""
    with _HASHING:
        return _HASHER.hash(password)


def password_matches(stored: str, password: str) -> bool:
    """Whether the password is the one of the hash; as slow."""
    with _HASHING:
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def password_opens(stored: str, password: str, browser: Browser) -> bool:
    """The same, and that it may open anything: the demo's public one does in a demo only."""
    return password_matches(stored, password) and (browser.rules.demo or password != PUBLIC_PASSWORD)


def sign_in(database: Database, tried: Credentials) -> SignedIn:
    """Opens a session for the right password.

    Raises:
        SignInRefused: audited; ``wrong``, or ``blocked`` with the seconds to wait.
        SecondFactorNeeded: the password was right; the browser now has the ceremony that goes on.
    """
    actor = Actor.visitor(tried.origin)
    _decoy()  # made once, outside a transaction
    with database.work(tried.clinic, actor) as work:
        found = _find(work, tried)
    if found.wait:
        _refuse(database, tried, found, "blocked")
    if not password_opens(found.hash, tried.password, tried.browser) or found.account is None:
        _refuse(database, tried, found, "wrong")
    with database.work(tried.clinic, actor) as work:
        forget(work, found.lane)
        needs = needed_after(work, str(found.account), tried.portal, tried.browser)
        if not needs:
            return open_session(work, str(found.account), tried.portal, ("password", tried.browser))
        await_second(work, str(found.account), needs, (tried.portal, tried.browser))
    raise SecondFactorNeeded(needs)


def sign_up(database: Database, wanted: SignUp) -> SignedIn:
    """Makes a patient with an account and signs them in. Raises `EmailTaken`, and then nothing was made."""
    password = hash_password(wanted.password)
    with database.work(wanted.clinic, Actor.visitor(wanted.origin)) as work:
        if account_of(work, wanted.patient.email) is not None:
            raise EmailTaken("account")
        person = People(work).create_patient(wanted.patient)
        account = Accounts(work).create(person, wanted.patient.email, password, [Role.PATIENT])
        return open_session(work, account, PATIENT_PORTAL, ("password", wanted.browser))


def open_session(work: Work, account: str, portal: str, by: tuple[str, Browser]) -> SignedIn:
    """A session for somebody who has proved who they are; ``by`` is how, and in which browser, which is known now."""
    method, browser = by
    role = role_for(work.row(Account, account).roles, portal)
    opening = Opening(browser=browser.name, method=method, idle_seconds=browser.rules.idle_seconds(role or ""))
    token, session = Sessions(work).open(account, portal, opening)
    remember(work, account, browser.device)
    return SignedIn(token=token, session=session)


def account_of(work: Work, email: str) -> Account | None:
    """The account of an address in this clinic."""
    query = select(Account).where(Account.clinic == work.clinic, Account.email_index == email_index(work, email))
    return work.session.scalars(query).first()


def usable(account: Account | None, portal: str) -> bool:
    """Whether somebody may sign in with the account at that portal."""
    return account is not None and not account.disabled and role_for(account.roles, portal) is not None


def needed_after(work: Work, account: str, portal: str, browser: Browser) -> str:
    """What is still missing after one factor: ``code``, ``enrol``, ``provider`` or nothing.

    Somebody whose second factor the clinic's OpenID provider has seen has none here; whoever came by their password or
    mailbox could enrol one of their own. So they come through the provider, and may add a factor once they are in.
    """
    if factors_of(work, account).any:
        return "code"
    role = role_for(work.row(Account, account).roles, portal)
    if role is not None and not browser.rules.needs_second_factor(role):
        return ""
    return "provider" if browser.rules.provider is not None and _vouched_for(work, account) else "enrol"


def _vouched_for(work: Work, account: str) -> bool:
    """Whether the provider's word has ever opened a session of the account."""
    query = select(SessionRow.id).where(SessionRow.account == account, SessionRow.method == "provider").limit(1)
    return work.session.scalar(query) is not None


def await_second(work: Work, account: str, needs: str, at: tuple[str, Browser]) -> None:
    """Begins what goes on in this browser: a factor awaited, or the first one set up; ``at`` is portal and browser."""
    portal, browser = at
    if needs == "provider":
        work.record(Act.SIGN_IN_REFUSED, account, portal=portal, code="provider_only")
        return
    kind = Kind.ENROL if needs == "enrol" else Kind.SECOND_FACTOR
    begin(work, kind, browser.secret, Begun(account=account, portal=portal))


def _find(work: Work, tried: Credentials) -> _Found:
    account, name = account_of(work, tried.email), email_index(work, tried.email)
    lane = lane_of(work, name, account.id if account is not None else "", tried.browser)
    wait = seconds_left(work, lane)
    if account is None or not usable(account, tried.portal):
        return _Found(None, _decoy(), lane, wait)
    return _Found(account.id, account.password, lane, wait)


def _refuse(database: Database, tried: Credentials, found: _Found, code: str) -> None:
    system = Actor(person="sign-in", role=Role.SYSTEM, origin=tried.origin)
    with database.work(tried.clinic, system) as work:
        wait = found.wait if code == "blocked" else count_failure(work, found.lane)
        work.note(Act.SIGN_IN_REFUSED, found.account or "unknown", portal=tried.portal, code=code)
    raise SignInRefused(code, wait)


@cache
def _decoy() -> str:
    """A hash nobody's password has, so that an unknown address takes as long as a wrong password."""
    return hash_password(hashlib.sha256(b"nobody").hexdigest())
