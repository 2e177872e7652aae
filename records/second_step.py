"""What comes after the right password, and what proves anew who is there: codes, first factors, passkeys, passwords.

Everything here is done by the system for somebody who is not, or not freshly, signed in; failures are counted for the
account from one origin or known browser, audited, and never block the account itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from records.access import Role
from records.acts import Act
from records.attempts import Lane, count_failure, forget, seconds_left
from records.ceremonies import Begun, CeremonyView, Kind, begin, look, take
from records.devices import Browser, lane_of
from records.errors import AlreadyDone
from records.errors_identity import FactorRefused, SecondFactorNeeded
from records.factors import Factors, factors_of, use_code
from records.passkeys import find_passkey, note_use
from records.sessions import Sessions
from records.sign_in import (
    SignedIn,
    account_of,
    await_second,
    needed_after,
    open_session,
    password_opens,
    usable,
)
from records.tables.people import Account, SessionRow
from records.work import Actor, Work

if TYPE_CHECKING:
    from records.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a second step happens: the clinic, the portal, the browser, and where it came from."""

    clinic: str
    portal: str
    browser: Browser
    origin: str = field(default="", repr=False)

    @property
    def system(self) -> Actor:
        """The actor that works for somebody who is not signed in yet."""
        return Actor(person="sign-in", role=Role.SYSTEM, origin=self.origin)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assertion:
    """A passkey's answer as verified: the credential it is of, and its counter before and after."""

    credential: bytes
    before: int
    after: int


def awaited(database: Database, step: Step, kind: Kind) -> str:
    """The account whose second step waits in this browser, empty when none does."""
    with database.work(step.clinic, step.system) as work:
        found = look(work, kind, step.browser.secret, step.portal)
    return found.account if found is not None else ""


def finish_with_code(database: Database, step: Step, code: str) -> SignedIn:
    """Opens the session for a TOTP or recovery code. Raises `FactorRefused` (wrong, blocked, expired), audited."""
    with database.work(step.clinic, step.system) as work:
        waiting = look(work, Kind.SECOND_FACTOR, step.browser.secret, step.portal)
        account = waiting.account if waiting is not None else ""
        refused = _code_problem(work, step, account, code) if account else FactorRefused("expired")
        if refused is None and take(work, Kind.SECOND_FACTOR, step.browser.secret, step.portal) is not None:
            return open_session(work, account, step.portal, ("password_code", step.browser))
    raise refused or FactorRefused("expired")


def first_totp(database: Database, step: Step) -> str:
    """The secret that somebody without a factor is to put into their app; the same one for this browser, and only it.

    Another browser never sees it: whoever else has the password would know it from then on. Raises `FactorRefused`.
    """
    with database.work(step.clinic, step.system) as work:
        waiting, factors = _enrolling(work, step), Factors(work)
        with suppress(FactorRefused):
            secret = factors.pending_totp(waiting.account)
            if waiting.challenge == _mark(secret):
                return secret
        try:
            secret = factors.begin_totp(waiting.account)
        except AlreadyDone:
            raise FactorRefused("expired") from None
        begun = Begun(account=waiting.account, portal=waiting.portal, challenge=_mark(secret))
        begin(work, Kind.ENROL, step.browser.secret, begun)
        return secret


def finish_enrolment(
    database: Database, step: Step, code: str, told: Callable[[Work, str], None]
) -> tuple[SignedIn, tuple[str, ...]]:
    """Makes the first factor count and opens the session; also returns the recovery codes. Raises `FactorRefused`.

    ``told`` tells the account's owner, in the same transaction.
    """
    with database.work(step.clinic, step.system) as work:
        waiting, factors = _enrolling(work, step), Factors(work)
        account = waiting.account
        lane = _lane(work, step.browser, account)
        wait = seconds_left(work, lane)
        done = not wait and _its_own(factors, waiting) and factors.confirm_totp(account, code)
        if done and take(work, Kind.ENROL, step.browser.secret, step.portal) is not None:
            codes = factors.new_recovery_codes(account)
            told(work, account)
            return open_session(work, account, step.portal, ("password_code", step.browser)), codes
        left = wait or count_failure(work, lane)
    raise FactorRefused("blocked" if wait else "wrong", left)


def finish_with_passkey(database: Database, step: Step, shown: Assertion) -> SignedIn:
    """Opens the session for a verified assertion. Raises `FactorRefused` (unknown, counter), audited."""
    with database.work(step.clinic, step.system) as work:
        passkey = find_passkey(work, shown.credential)
        account = work.session.get(Account, passkey.account) if passkey is not None else None
        if passkey is not None and account is not None and usable(account, step.portal):
            problem = _counter_problem(work, passkey.id, shown)
            if problem is None:
                work.note(Act.PASSKEY_USED, passkey.id)
                return open_session(work, passkey.account, step.portal, ("passkey", step.browser))
        else:
            problem = FactorRefused("unknown")
        work.note(Act.PASSKEY_REFUSED, passkey.id if passkey else "unknown", code=problem.code)
    raise problem


def open_without_proof(database: Database, step: Step, email: str, method: str) -> SignedIn:
    """Opens the session of an address that somebody else has vouched for: a demo, or an identity provider.

    Raises `FactorRefused` (unknown) when nobody has a log-in with it here, audited. Only call it behind that check.
    """
    with database.work(step.clinic, step.system) as work:
        account = account_of(work, email)
        if account is not None and usable(account, step.portal):
            return open_session(work, account.id, step.portal, (method, step.browser))
        work.note(Act.SIGN_IN_REFUSED, "unknown", portal=step.portal, code=method)
    raise FactorRefused("unknown")


def finish_with_provider(database: Database, step: Step, email: str, several_factors: bool) -> SignedIn:
    """Opens the session of an address that the clinic's OpenID provider has vouched for.

    Raises:
        FactorRefused: nobody has a log-in with it at this portal (``unknown``), audited.
        SecondFactorNeeded: the role, or the account, wants a second factor and the provider saw one only; ``provider``
            when it had always seen several.
    """
    with database.work(step.clinic, step.system) as work:
        account = account_of(work, email)
        if account is None or not usable(account, step.portal):
            work.note(Act.SIGN_IN_REFUSED, "unknown", portal=step.portal, code="provider")
            needs = ""
        elif several_factors or not (needs := needed_after(work, account.id, step.portal, step.browser)):
            return open_session(work, account.id, step.portal, ("provider", step.browser))
        else:
            await_second(work, account.id, needs, (step.portal, step.browser))
    if needs:
        raise SecondFactorNeeded(needs)
    raise FactorRefused("unknown")


def prove_with_code(database: Database, step: Step, session: str, code: str) -> None:
    """Makes the session's proof fresh by a TOTP or recovery code. Raises `FactorRefused`, audited."""
    with database.work(step.clinic, step.system) as work:
        account = work.row(SessionRow, session).account
        problem = _code_problem(work, step, account, code)
        if problem is None:
            Sessions(work).prove(session)
    if problem is not None:
        raise problem


def prove_with_password(database: Database, step: Step, session: str, password: str) -> None:
    """The same by the password, for an account that has no second factor. Raises `FactorRefused`, audited."""
    with database.work(step.clinic, step.system) as work:
        account = work.row(Account, work.row(SessionRow, session).account)
        lane = _lane(work, step.browser, account.id)
        wait, enough = seconds_left(work, lane), not factors_of(work, account.id).any
    right = not wait and enough and password_opens(account.password, password, step.browser)
    with database.work(step.clinic, step.system) as work:
        if right:
            forget(work, lane)
            Sessions(work).prove(session)
            return
        problem = _refused(work, lane, account.id, wait)
    raise problem


def prove_with_passkey(database: Database, step: Step, session: str, shown: Assertion) -> None:
    """The same by a verified assertion of one of the account's own passkeys. Raises `FactorRefused`, audited."""
    with database.work(step.clinic, step.system) as work:
        passkey, account = find_passkey(work, shown.credential), work.row(SessionRow, session).account
        if passkey is None or passkey.account != account:
            problem: FactorRefused | None = FactorRefused("unknown")
        else:
            problem = _counter_problem(work, passkey.id, shown)
        if problem is None:
            Sessions(work).prove(session)
        else:
            work.note(Act.PASSKEY_REFUSED, passkey.id if passkey else "unknown", code=problem.code)
    if problem is not None:
        raise problem


def _mark(secret: str) -> str:
    """What a browser's set-up keeps of the secret that it was shown."""
    return hashlib.sha256(b"totp|" + secret.encode()).hexdigest()


def _its_own(factors: Factors, waiting: CeremonyView) -> bool:
    """Whether the secret that waits is the one that this browser was shown."""
    try:
        return waiting.challenge == _mark(factors.pending_totp(waiting.account))
    except FactorRefused:
        return False


def _enrolling(work: Work, step: Step) -> CeremonyView:
    found = look(work, Kind.ENROL, step.browser.secret, step.portal)
    if found is None:
        raise FactorRefused("expired")
    return found


def _code_problem(work: Work, step: Step, account: str, code: str) -> FactorRefused | None:
    """None when the code was right, and is used up now."""
    lane = _lane(work, step.browser, account)
    wait = seconds_left(work, lane)
    if not wait and use_code(work, account, code):
        forget(work, lane)
        return None
    return _refused(work, lane, account, wait)


def _refused(work: Work, lane: Lane, account: str, wait: int) -> FactorRefused:
    left = wait or count_failure(work, lane)
    work.note(Act.FACTOR_REFUSED, account, code="blocked" if wait else "wrong")
    return FactorRefused("blocked" if wait else "wrong", left)


def _counter_problem(work: Work, passkey: str, shown: Assertion) -> FactorRefused | None:
    try:
        note_use(work, passkey, shown.before, shown.after)
    except FactorRefused as refused:
        return refused
    return None


def _lane(work: Work, browser: Browser, account: str) -> Lane:
    return lane_of(work, work.blind("second", account), account, browser)
