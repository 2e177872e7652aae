"""An account's passkeys (WebAuthn level 3): what is kept of a credential, and what changes with its use.

The ceremonies themselves are verified by the portal; here are the public key, the counter, and the name its owner gave.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update

from records.acts import Act
from records.codes import b64, new_id, unb64
from records.errors import AlreadyDone, Erased, NotFound
from records.errors_identity import FactorRefused
from records.factors import drop_orphaned_codes, own_account
from records.tables.identity import Passkey
from records.work import Repository, Work

MOST = 20
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasskeyDraft:
    """A credential as verified at its registration."""

    credential: bytes
    public_key: bytes
    sign_count: int
    name: str
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasskeyView:
    """A passkey as its owner sees it, and what a check of it needs."""

    id: str
    account: str
    credential: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    used_at: datetime | None


class Passkeys(Repository):
    """The passkeys of accounts."""

    def add(self, account: str, draft: PasskeyDraft) -> str:
        """Keeps a new passkey. Raises `AlreadyDone` when it is known, or the account has enough of them."""
        owner = self._work.keyed(own_account(self._work, account, Act.PASSKEY_ADDED).person)
        if find_passkey(self._work, draft.credential) is not None or len(_rows(self._work, account)) >= MOST:
            raise AlreadyDone(account)
        row_id = new_id("pky")
        content = {
            "credential": b64(draft.credential),
            "key": b64(draft.public_key),
            "name": draft.name[:LONGEST_NAME],
            "transports": list(draft.transports),
        }
        row = Passkey(
            id=row_id,
            clinic=self._work.clinic,
            account=account,
            credential_hash=_hash(draft.credential),
            content=self._work.seal(("passkeys", "content", row_id), content, owner),
            sign_count=draft.sign_count,
            created_at=self._work.now,
        )
        self._session.add(row)
        self._session.flush()
        return row_id

    def of_account(self, account: str) -> tuple[PasskeyView, ...]:
        """The account's passkeys, the oldest first."""
        own_account(self._work, account, Act.FACTORS_VIEWED)
        return tuple(_view(self._work, row) for row in _rows(self._work, account))

    def label(self, passkey: str, name: str) -> None:
        row, owner = self._own(passkey, Act.PASSKEY_RENAMED)
        field = ("passkeys", "content", row.id)
        content = {**self._work.open(field, row.content), "name": name[:LONGEST_NAME]}
        row.content = self._work.seal(field, content, self._work.keyed(owner))
        self._session.flush()

    def remove(self, passkey: str) -> None:
        row, _ = self._own(passkey, Act.PASSKEY_REMOVED)
        account = row.account
        self._session.delete(row)
        self._session.flush()
        drop_orphaned_codes(self._work, account)

    def _own(self, passkey: str, act: Act) -> tuple[Passkey, str]:
        """The passkey and the person whose it is."""
        row = self._work.row(Passkey, passkey)
        return row, own_account(self._work, row.account, act).person


def find_passkey(work: Work, credential: bytes) -> PasskeyView | None:
    """The passkey of a credential id in this clinic; the caller speaks for the system."""
    query = select(Passkey).where(Passkey.clinic == work.clinic, Passkey.credential_hash == _hash(credential))
    row = work.session.scalars(query).first()
    with suppress(Erased):  # who is erased has none
        return _view(work, row) if row is not None else None
    return None


def note_use(work: Work, passkey: str, before: int, after: int) -> None:
    """Keeps the new counter. Raises `FactorRefused` when it went back or somebody else used it meanwhile (a copy)."""
    row = work.session.get(Passkey, passkey)
    if row is None or row.clinic != work.clinic:
        raise NotFound(f"passkeys {passkey[:40]}")
    counts = before or after  # authenticators that do not count say 0 for ever (WebAuthn 6.1.1)
    query = (
        update(Passkey)
        .where(Passkey.id == passkey, Passkey.sign_count == before)
        .values(sign_count=after, used_at=work.now)
        .execution_options(synchronize_session="fetch")
    )
    if (counts and after <= before) or not cast(CursorResult[Any], work.session.execute(query)).rowcount:
        raise FactorRefused("counter")


def user_handle(work: Work, account: str) -> bytes:
    """The opaque id that a passkey carries for its account: nothing can be read from it, and it finds no row alone."""
    return bytes.fromhex(work.blind("passkey", account))[:32]


def _rows(work: Work, account: str) -> list[Passkey]:
    query = select(Passkey).where(Passkey.clinic == work.clinic, Passkey.account == account)
    return list(work.session.scalars(query.order_by(Passkey.created_at, Passkey.id)).all())


def _hash(credential: bytes) -> str:
    return hashlib.sha256(credential).hexdigest()


def _view(work: Work, row: Passkey) -> PasskeyView:
    content = work.open(("passkeys", "content", row.id), row.content)
    return PasskeyView(
        id=row.id,
        account=row.account,
        credential=unb64(content["credential"]),
        public_key=unb64(content["key"]),
        sign_count=row.sign_count,
        name=content["name"],
        created_at=row.created_at,
        used_at=row.used_at,
    )
