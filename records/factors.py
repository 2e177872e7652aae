"""Second factors of an account: a TOTP secret (RFC 6238) and ten recovery codes; each code works once.

The secret is sealed under its owner's key (staff: the clinic's) and bound to its account. A code of a 30-second step
is accepted from one step before to one step after, and never a second time. Recovery codes are kept as an HMAC and
shown once.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pyotp
from sqlalchemy import CursorResult, delete, func, select, update

from records.access import Role
from records.acts import Act
from records.codes import new_id
from records.errors import AlreadyDone
from records.errors_identity import FactorRefused
from records.tables.identity import Passkey, RecoveryCode, SecondFactor
from records.tables.people import Account
from records.work import Repository, Work

STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 10
PENDING = timedelta(minutes=15)  # a secret that was shown and not confirmed by then counts for nothing
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for one another


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsView:
    """What an account has beside its password."""

    totp_since: datetime | None
    recovery_left: int
    passkeys: int

    @property
    def any(self) -> bool:
        return self.totp_since is not None or self.passkeys > 0


class Factors(Repository):
    """An account's second factors; only its owner's, or the system's while they sign in."""

    def view(self, account: str) -> FactorsView:
        """What the account has."""
        own_account(self._work, account, Act.FACTORS_VIEWED)
        return factors_of(self._work, account)

    def begin_totp(self, account: str) -> str:
        """A new secret (base32), which counts once a code of it was shown. Raises `AlreadyDone` while one counts."""
        owner = self._work.keyed(own_account(self._work, account, Act.FACTOR_BEGUN).person)
        row = self._session.get(SecondFactor, account)
        if row is not None and row.confirmed_at is not None:
            raise AlreadyDone(account)
        secret = pyotp.random_base32()
        sealed = self._work.seal(("second_factors", "secret", account), secret, owner)
        if row is None:
            row = SecondFactor(account=account, clinic=self._work.clinic, last_step=0, created_at=self._work.now)
            self._session.add(row)
        row.secret, row.last_step, row.created_at = sealed, 0, self._work.now
        self._session.flush()
        return secret

    def pending_totp(self, account: str) -> str:
        """The secret that waits for its first code. Raises `FactorRefused` without one, or when it waited too long."""
        own_account(self._work, account, Act.FACTOR_BEGUN)
        row = _pending(self._work, account)
        if row is None:
            raise FactorRefused("unknown")
        return str(self._work.open(("second_factors", "secret", account), row.secret))

    def confirm_totp(self, account: str, code: str) -> bool:
        """Makes the secret count, by its first code; False, and nothing changed, for a wrong one."""
        own_account(self._work, account, Act.FACTOR_CONFIRMED)
        row = _pending(self._work, account)
        if row is None or not _use_totp(self._work, row, code):
            return False
        row.confirmed_at = self._work.now
        self._session.flush()
        return True

    def remove_totp(self, account: str) -> None:
        """Takes the secret away; the recovery codes go with the last factor."""
        own_account(self._work, account, Act.FACTOR_REMOVED)
        self._session.execute(delete(SecondFactor).where(SecondFactor.account == account))
        drop_orphaned_codes(self._work, account)

    def new_recovery_codes(self, account: str) -> tuple[str, ...]:
        """Ten new codes, told this once; older ones stop working."""
        own_account(self._work, account, Act.RECOVERY_MADE)
        self._session.execute(delete(RecoveryCode).where(RecoveryCode.account == account))
        codes = tuple(_new_code() for _ in range(RECOVERY_CODES))
        for code in codes:
            self._session.add(
                RecoveryCode(
                    id=new_id("rec"),
                    clinic=self._work.clinic,
                    account=account,
                    code_hash=_code_hash(self._work, account, code),
                    created_at=self._work.now,
                )
            )
        self._session.flush()
        return codes


def own_account(work: Work, account: str, act: Act, *, audited: bool = True) -> Account:
    """The account's row when it is the actor's own, or the system asks; audited.

    Raises:
        NotFound: this clinic has no such account.
        AccessRefused: it is somebody else's.
    """
    row = work.row(Account, account)
    if work.actor.role != Role.SYSTEM and work.actor.person != row.person:
        work.refuse(act, account)
    if audited:
        work.note(act, account)
    return row


def factors_of(work: Work, account: str) -> FactorsView:
    """What the account has; the caller has asked whether the actor may know."""
    totp = work.session.get(SecondFactor, account)
    left = select(func.count()).where(RecoveryCode.account == account, RecoveryCode.used_at.is_(None))
    keys = select(func.count()).where(Passkey.account == account, Passkey.clinic == work.clinic)
    return FactorsView(
        totp_since=totp.confirmed_at if totp is not None and totp.clinic == work.clinic else None,
        recovery_left=work.session.scalar(left) or 0,
        passkeys=work.session.scalar(keys) or 0,
    )


def use_code(work: Work, account: str, typed: str) -> str:
    """Uses a TOTP code or a recovery code up; returns which (``totp``, ``recovery``), empty when it is neither."""
    row = work.session.get(SecondFactor, account)
    if row is not None and row.confirmed_at is not None and _use_totp(work, row, typed):
        return "totp"
    return "recovery" if _use_recovery(work, account, typed) else ""


def drop_pending(work: Work, account: str) -> None:
    """Forgets a secret that was shown and never confirmed."""
    waiting = (SecondFactor.account == account, SecondFactor.confirmed_at.is_(None))
    work.session.execute(delete(SecondFactor).where(*waiting))


def _pending(work: Work, account: str) -> SecondFactor | None:
    row = work.session.get(SecondFactor, account)
    waits = row is not None and row.confirmed_at is None and row.created_at > work.now - PENDING
    return row if waits else None


def drop_orphaned_codes(work: Work, account: str) -> None:
    """Recovery codes stand in for a factor; without any there is nothing to recover."""
    if not factors_of(work, account).any:
        work.session.execute(delete(RecoveryCode).where(RecoveryCode.account == account))
    work.session.flush()


def _use_totp(work: Work, row: SecondFactor, typed: str) -> bool:
    """Whether the code is of a step near now that was not used before; of two tries at once one succeeds."""
    code = re.sub(r"\s", "", typed)
    if not re.fullmatch(r"[0-9]{6}", code):
        return False
    generator = pyotp.TOTP(work.open(("second_factors", "secret", row.account), row.secret))
    now = int(work.now.timestamp()) // STEP_SECONDS
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(generator.generate_otp(step), code):
            return _advance(work, row, step)
    return False


def _advance(work: Work, row: SecondFactor, step: int) -> bool:
    query = (
        update(SecondFactor)
        .where(SecondFactor.account == row.account, SecondFactor.last_step < step)
        .values(last_step=step)
        .execution_options(synchronize_session="fetch")
    )
    return bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)


def _use_recovery(work: Work, account: str, typed: str) -> bool:
    query = (
        update(RecoveryCode)
        .where(
            RecoveryCode.clinic == work.clinic,
            RecoveryCode.account == account,
            RecoveryCode.code_hash == _code_hash(work, account, typed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=work.now)
        .execution_options(synchronize_session=False)
    )
    used = bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)
    if used:
        work.record(Act.RECOVERY_USED, account)
    return used


def _new_code() -> str:
    """Ten letters and digits in two groups: 49 random bits, guessed only through the throttle."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _code_hash(work: Work, account: str, typed: str) -> str:
    return work.blind("recovery", f"{account}|{re.sub(r'[^a-z0-9]', '', typed.casefold())}")
