"""Signing up and in with a password: Argon2id outside any transaction, the same time and answer for any wrong pair.

Failures are counted for one e-mail address from one origin, so that nobody can lock somebody else out. After five of
them each further one waits longer, up to five minutes. Call these in a thread: a hash takes about 0.1 s.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from records.access import Role
from records.accounts import Accounts, email_index
from records.acts import Act
from records.database import Database
from records.errors import EmailTaken, SignInRefused
from records.people import PatientDraft, People
from records.sessions import PATIENT_PORTAL, Sessions, SessionView, role_for
from records.tables.people import Account, SignInAttempt
from records.work import Actor, Work

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)
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

    def __repr__(self) -> str:
        return f"Credentials({self.clinic}, {self.portal})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A new patient with a password."""

    clinic: str
    patient: PatientDraft
    password: str
    origin: str = ""

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
    wait: int


def hash_password(password: str) -> str:
    """An Argon2id hash (RFC 9106, the library's defaults). Slow on purpose."""
    with _HASHING:
        return _HASHER.hash(password)


def sign_in(database: Database, tried: Credentials) -> SignedIn:
    """Opens a session. Raises `SignInRefused`, audited: ``wrong``, or ``blocked`` with the seconds to wait."""
    actor = Actor.visitor(tried.origin)
    _decoy()  # made once, outside a transaction
    with database.work(tried.clinic, actor) as work:
        found = _find(work, tried)
    if found.wait:
        _refuse(database, tried, found, "blocked")
    if not _matches(found.hash, tried.password) or found.account is None:
        _refuse(database, tried, found, "wrong")
    with database.work(tried.clinic, actor) as work:
        _forget_failures(work, tried)
        token, session = Sessions(work).open(str(found.account), tried.portal)
    return SignedIn(token=token, session=session)


def sign_up(database: Database, wanted: SignUp) -> SignedIn:
    """Makes a patient with an account and signs them in. Raises `EmailTaken`, and then nothing was made."""
    password = hash_password(wanted.password)
    with database.work(wanted.clinic, Actor.visitor(wanted.origin)) as work:
        if _account(work, wanted.patient.email) is not None:
            raise EmailTaken("account")
        person = People(work).create_patient(wanted.patient)
        account = Accounts(work).create(person, wanted.patient.email, password, [Role.PATIENT])
        token, session = Sessions(work).open(account, PATIENT_PORTAL)
    return SignedIn(token=token, session=session)


def _find(work: Work, tried: Credentials) -> _Found:
    account = _account(work, tried.email)
    attempt = _attempt(work, tried)
    wait = _seconds_left(attempt, work.now) if attempt else 0
    usable = account is not None and not account.disabled and role_for(account.roles, tried.portal) is not None
    if account is None or not usable:
        return _Found(None, _decoy(), wait)
    return _Found(account.id, account.password, wait)


def _refuse(database: Database, tried: Credentials, found: _Found, code: str) -> None:
    system = Actor(person="sign-in", role=Role.SYSTEM, origin=tried.origin)
    with database.work(tried.clinic, system) as work:
        wait = found.wait if code == "blocked" else _count_failure(work, tried)
        work.note(Act.SIGN_IN_REFUSED, found.account or "unknown", portal=tried.portal, code=code)
    raise SignInRefused(code, wait)


def _count_failure(work: Work, tried: Credentials) -> int:
    """Counts one more failure; returns how many seconds the next try has to wait."""
    attempt = _attempt(work, tried)
    if attempt is None:
        index, origin = email_index(work, tried.email), work.blind("origin", tried.origin)
        attempt = SignInAttempt(
            clinic=work.clinic, email_index=index, origin_index=origin, failures=0, last_at=work.now
        )
        work.session.add(attempt)
    if work.now - attempt.last_at > FORGOTTEN_AFTER:
        attempt.failures = 0
    attempt.failures, attempt.last_at = attempt.failures + 1, work.now
    if attempt.failures >= FREE_FAILURES:
        doublings = min(attempt.failures - FREE_FAILURES, 6)
        attempt.blocked_until = work.now + min(timedelta(seconds=5 * 2**doublings), LONGEST_WAIT)
    work.session.flush()
    return _seconds_left(attempt, work.now)


def _forget_failures(work: Work, tried: Credentials) -> None:
    attempt = _attempt(work, tried)
    if attempt is not None:
        work.session.delete(attempt)


def _account(work: Work, email: str) -> Account | None:
    query = select(Account).where(Account.clinic == work.clinic, Account.email_index == email_index(work, email))
    return work.session.scalars(query).first()


def _attempt(work: Work, tried: Credentials) -> SignInAttempt | None:
    key = (work.clinic, email_index(work, tried.email), work.blind("origin", tried.origin))
    return work.session.get(SignInAttempt, key)


def _seconds_left(attempt: SignInAttempt, now: datetime) -> int:
    if attempt.blocked_until is None or attempt.blocked_until <= now:
        return 0
    return int((attempt.blocked_until - now).total_seconds()) + 1


def _matches(stored: str, password: str) -> bool:
    with _HASHING:
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _decoy() -> str:
    """A hash nobody's password has, so that an unknown address takes as long as a wrong password."""
    return hash_password(hashlib.sha256(b"nobody").hexdigest())
