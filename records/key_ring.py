"""Which data key seals what: each clinic's own keys by purpose, under the master key, and each person's under them.

Clinic keys are made together at a clinic's first use. A person's key is wrapped by the clinic's ``fields`` key and,
inside that, by a share kept apart from the database (`records.key_shares`): emptying the share makes everything sealed
for that person unreadable, in old copies of the database, too. A key has generations: the newest seals, all of them
open what they sealed. Unwrapped keys are remembered for five minutes at most, so a process that did not rotate seals
with the newest one, and one that did not shred forgets a shredded one, by then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.ports import KeyProvider
from records.codes import new_id
from records.errors import Erased, Unreadable
from records.key_shares import Shares
from records.sealing import Place, Secret, open_bytes, seal_bytes
from records.tables.vault import DataKey

REMEMBERED_SECONDS = 300.0
_KEY_BYTES = 32
DOOMED = "shares to destroy"  # where a session keeps them until it has committed
_WITH_SHARE = 2  # `2 | length | where the share lies | sealed`; a sealed value by itself begins with 1


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never used for another."""

    FIELDS = "fields"
    BLIND = "blind"
    AUDIT = "audit"
    PAYLOADS = "payloads"
    RECORDINGS = "recordings"
    LINKS = "links"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True, repr=False)
class _Inner:
    """What lies inside the clinic's wrapping of a person's key: sealed by the share that lies at ``where``, if any."""

    where: str
    sealed: bytes


class KeyRing:
    """Finds, makes, remembers and forgets data keys; safe for threads. Methods take the session they work in."""

    def __init__(
        self, provider: KeyProvider, shares: Shares, random: Callable[[int], bytes], now: Callable[[], datetime]
    ) -> None:
        self.provider = provider
        self.shares = shares
        self._random = random
        self._now = now
        self._lock = threading.Lock()
        self._by_id: dict[tuple[str, str, str], tuple[float, Secret]] = {}
        self._current: dict[tuple[str, str, str], tuple[float, str]] = {}
        self._made: dict[tuple[str, str], tuple[float, list[tuple[datetime, str]]]] = {}

    def has_clinic(self, session: Session, clinic: str) -> bool:
        rows = session.scalars(select(DataKey.purpose).where(DataKey.clinic == clinic, DataKey.person == ""))
        return set(rows) >= set(Purpose)

    def make_clinic(self, session: Session, clinic: str) -> None:
        """Makes what the clinic lacks of its own keys; the caller commits."""
        query = select(DataKey.purpose).where(DataKey.clinic == clinic, DataKey.person == "")
        for purpose in set(Purpose) - {Purpose(name) for name in session.scalars(query)}:
            self.add_clinic_key(session, clinic, purpose)

    def add_clinic_key(self, session: Session, clinic: str, purpose: Purpose) -> str:
        """Makes the next generation of the clinic's key of a purpose; returns its id. The caller commits."""
        row = self._row(session, clinic, "", purpose)
        row.wrapped = self.provider.wrap(self._random(_KEY_BYTES), context(row))
        session.add(row)
        session.flush()
        return row.id

    def make_person(self, session: Session, clinic: str, person: str) -> str:
        """Makes the next generation of the key under which everything about the person is sealed; the caller commits.

        Its share is kept before that: should the transaction fail, a share is left over that opens nothing.
        """
        row = self._row(session, clinic, person, Purpose.FIELDS)
        self._wrap_in_parent(session, row, self._shared(row, self._random(_KEY_BYTES)))
        session.add(row)
        session.flush()
        return row.id

    def rewrap(self, session: Session, row: DataKey) -> None:
        """Wraps a key anew by the newest master key or the clinic's newest key; a person's gets a share if it has none.

        What the key seals stays as it is. The caller holds the row's lock and commits.
        """
        if not row.parent:
            row.wrapped = self.provider.wrap(self.provider.unwrap(row.wrapped, context(row)), context(row))
            return
        inner = self._opened(session, row)
        self._wrap_in_parent(session, row, inner if inner.where else self._shared(row, inner.sealed))

    def shred_person(self, session: Session, clinic: str, person: str) -> int:
        """Empties the person's keys; their shares are destroyed once that is committed. Returns how many keys.

        Done again it destroys whatever shares are left, should a program have died in between. The caller has locked
        the person, so that nobody gives them another key meanwhile.
        """
        query = select(DataKey).where(DataKey.clinic == clinic, DataKey.person == person)
        rows = session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
        doomed = session.info.setdefault(DOOMED, [])
        for row in rows:
            where, _ = _split(row.wrapped)
            doomed.append((where, row.id))
            row.wrapped = _head(where) if where else b""
            row.shredded_at = row.shredded_at or self._now()
        session.flush()
        with self._lock:
            for row in rows:
                self._by_id.pop((clinic, row.id, row.purpose), None)
            self._current.pop((clinic, person, Purpose.FIELDS), None)
        return len(rows)

    def destroy(self, doomed: Sequence[tuple[str, str]]) -> None:
        """Destroys shares for good; the database has committed that their keys are gone.

        That a key is gone is kept beside the shares in any case: a backup from before may bring its row back.
        """
        for where, key_id in doomed:
            if where:
                self.shares.erase(where, key_id)
            else:
                self.shares.bury(key_id)
        if doomed:
            self.forget()  # a reader may have remembered one between the flush and the commit

    def destroyed(self, session: Session, clinic: str = "") -> tuple[tuple[str, str], ...]:
        """Clinic and person of keys that were destroyed and that the database, an older copy, takes for whole."""
        gone = self.shares.erased()
        query = select(DataKey.clinic, DataKey.person, DataKey.id).where(
            DataKey.person != "", DataKey.shredded_at.is_(None)
        )
        if clinic:
            query = query.where(DataKey.clinic == clinic)
        found = session.execute(query) if gone else ()
        return tuple(sorted({(whose, person) for whose, person, key_id in found if key_id in gone}))

    def has_person(self, session: Session, clinic: str, person: str) -> bool:
        """Whether the person has keys of their own, as every patient has."""
        query = select(DataKey.id).where(DataKey.clinic == clinic, DataKey.person == person).limit(1)
        return bool(person) and session.scalar(query) is not None

    def current(self, session: Session, clinic: str, purpose: Purpose, person: str = "") -> Secret:
        """The key that seals new values of the purpose. Raises `Unreadable` when it was shredded or never made."""
        name = (clinic, person, str(purpose))
        with self._lock:
            known = self._current.get(name)
        if known is not None and known[0] > time.monotonic():
            return self.by_id(session, clinic, known[1], purpose)
        query = select(DataKey).where(
            DataKey.clinic == clinic, DataKey.person == person, DataKey.purpose == str(purpose)
        )
        row = session.scalars(query.order_by(DataKey.generation.desc()).limit(1)).first()
        if row is None:
            raise Unreadable(f"no {purpose} key of {clinic}")
        secret = self._unwrapped(session, row)
        with self._lock:
            self._current[name] = (time.monotonic() + REMEMBERED_SECONDS, row.id)
        return secret

    def by_id(self, session: Session, clinic: str, key_id: str, purpose: Purpose) -> Secret:
        """The clinic's key of that id and purpose, current or old. Raises `Unreadable` when shredded or not known."""
        with self._lock:
            known = self._by_id.get((clinic, key_id, str(purpose)))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        query = select(DataKey).where(DataKey.id == key_id, DataKey.clinic == clinic, DataKey.purpose == str(purpose))
        row = session.scalars(query).first()
        if row is None:
            raise Unreadable(f"no {purpose} key {key_id[:40]} of {clinic}")
        return self._unwrapped(session, row)

    def at(self, session: Session, clinic: str, purpose: Purpose, instant: datetime) -> Secret:
        """The clinic's key that every program used at an instant: what was derived then is derived again the same.

        A new key counts here from five minutes after it was made, when no program remembers that there was none.
        """
        name, settled = (clinic, str(purpose)), instant - timedelta(seconds=REMEMBERED_SECONDS)
        with self._lock:
            known = self._made.get(name)
        if known is None or known[0] <= time.monotonic():
            query = select(DataKey.created_at, DataKey.id).where(
                DataKey.clinic == clinic, DataKey.person == "", DataKey.purpose == str(purpose)
            )
            rows = [(at, key_id) for at, key_id in session.execute(query.order_by(DataKey.generation))]
            known = (time.monotonic() + REMEMBERED_SECONDS, rows)
            with self._lock:
                self._made[name] = known
        if not known[1]:
            raise Unreadable(f"no {purpose} key of {clinic}")
        key_id = next((key_id for at, key_id in reversed(known[1]) if at <= settled), known[1][0][1])
        return self.by_id(session, clinic, key_id, purpose)

    def all(self, session: Session, clinic: str, purpose: Purpose) -> tuple[Secret, ...]:
        """Every generation of the clinic's key of a purpose, the newest first."""
        query = select(DataKey.id).where(
            DataKey.clinic == clinic, DataKey.person == "", DataKey.purpose == str(purpose)
        )
        ids = session.scalars(query.order_by(DataKey.generation.desc())).all()
        return tuple(self.by_id(session, clinic, key_id, purpose) for key_id in ids)

    def forget(self) -> None:
        """Drops every remembered key, as after a transaction that made some was rolled back."""
        with self._lock:
            self._by_id.clear()
            self._current.clear()
            self._made.clear()

    def close(self) -> None:
        self.forget()
        self.shares.close()

    def _unwrapped(self, session: Session, row: DataKey) -> Secret:
        if row.shredded_at is not None or not row.wrapped:
            raise Erased(f"key {row.id} was erased")
        if row.parent:
            inner = self._opened(session, row)
            value = self._person_key(row, inner) if inner.where else inner.sealed
        else:
            value = self.provider.unwrap(row.wrapped, context(row))
        secret = Secret(row.id, value)
        with self._lock:
            self._by_id[(row.clinic, row.id, row.purpose)] = (time.monotonic() + REMEMBERED_SECONDS, secret)
        return secret

    def _shared(self, row: DataKey, value: bytes) -> _Inner:
        where, share = self.shares.add(row.id)
        return _Inner(where, seal_bytes(Secret("share", share), _place(row, "share"), value))

    def _person_key(self, row: DataKey, inner: _Inner) -> bytes:
        return open_bytes(Secret("share", self.shares.read(inner.where, row.id)), _place(row, "share"), inner.sealed)

    def _opened(self, session: Session, row: DataKey) -> _Inner:
        where, sealed = _split(row.wrapped)
        parent = self.by_id(session, row.clinic, row.parent, Purpose.FIELDS)
        return _Inner(where, open_bytes(parent, _place(row, "wrapped"), sealed))

    def _wrap_in_parent(self, session: Session, row: DataKey, inner: _Inner) -> None:
        parent = self.current(session, row.clinic, Purpose.FIELDS)
        row.parent = parent.id
        row.wrapped = _head(inner.where) + seal_bytes(parent, _place(row, "wrapped"), inner.sealed)

    def _row(self, session: Session, clinic: str, person: str, purpose: Purpose) -> DataKey:
        """A key of the next generation, with nothing wrapped yet."""
        query = select(func.max(DataKey.generation)).where(
            DataKey.clinic == clinic, DataKey.person == person, DataKey.purpose == str(purpose)
        )
        return DataKey(
            id=new_id("key"),
            clinic=clinic,
            person=person,
            purpose=str(purpose),
            generation=(session.scalar(query) or 0) + 1,
            parent="",
            wrapped=b"",
            created_at=self._now(),
        )


def context(row: DataKey) -> str:
    """What a key wrapped by the master key is bound to."""
    return f"{row.clinic}|{row.purpose}|{row.id}"


def has_share(wrapped: bytes) -> bool:
    """Whether a person's key needs a share from apart from the database; keys of the first versions do not."""
    return bool(_split(wrapped)[0])


def _head(where: str) -> bytes:
    return bytes((_WITH_SHARE, len(where))) + where.encode("ascii")


def _split(wrapped: bytes) -> tuple[str, bytes]:
    """Where the share lies (empty: there is none), and what the clinic's key has sealed."""
    if wrapped[:1] != bytes((_WITH_SHARE,)):
        return "", wrapped
    end = 2 + wrapped[1]
    return wrapped[2:end].decode("ascii"), wrapped[end:]


def _place(row: DataKey, column: str) -> Place:
    return Place(row.clinic, "data_keys", column, row.id)
