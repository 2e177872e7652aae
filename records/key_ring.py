"""Which data key seals what: each clinic's own keys by purpose, under the master key, and each person's under them.

Clinic keys are made together at a clinic's first use. A person's key is wrapped by the clinic's ``fields`` key;
emptying that one row makes everything sealed for that person unreadable. Unwrapped keys are remembered for five
minutes at most, so a process that did not shred forgets a shredded key by then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ports import KeyProvider
from records.codes import new_id
from records.errors import Unreadable
from records.sealing import Place, Secret, open_bytes, seal_bytes
from records.tables.vault import DataKey

_REMEMBERED_SECONDS = 300.0
_KEY_BYTES = 32


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never used for another."""

    FIELDS = "fields"
    BLIND = "blind"
    AUDIT = "audit"
    PAYLOADS = "payloads"
    RECORDINGS = "recordings"
    LINKS = "links"
    SESSIONS = "sessions"


class KeyRing:
    """Finds, makes, remembers and forgets data keys; safe for threads. Methods take the session they work in."""

    def __init__(self, provider: KeyProvider, random: Callable[[int], bytes], now: Callable[[], datetime]) -> None:
        self._provider = provider
        self._random = random
        self._now = now
        self._lock = threading.Lock()
        self._by_id: dict[tuple[str, str, str], tuple[float, Secret]] = {}
        self._current: dict[tuple[str, str, str], tuple[float, str]] = {}

    def has_clinic(self, session: Session, clinic: str) -> bool:
        rows = session.scalars(select(DataKey.purpose).where(DataKey.clinic == clinic, DataKey.person == ""))
        return set(rows) >= set(Purpose)

    def make_clinic(self, session: Session, clinic: str) -> None:
        """Makes what the clinic lacks of its own keys; the caller commits."""
        query = select(DataKey.purpose).where(DataKey.clinic == clinic, DataKey.person == "")
        for purpose in set(Purpose) - {Purpose(name) for name in session.scalars(query)}:
            key_id, value = new_id("key"), self._random(_KEY_BYTES)
            wrapped = self._provider.wrap(value, _context(clinic, purpose, key_id))
            session.add(
                DataKey(id=key_id, clinic=clinic, person="", purpose=str(purpose), parent="", **self._new(wrapped))
            )
        session.flush()

    def make_person(self, session: Session, clinic: str, person: str) -> None:
        """Makes the key under which everything about the person is sealed; the caller commits."""
        parent = self.current(session, clinic, Purpose.FIELDS)
        key_id, value = new_id("key"), self._random(_KEY_BYTES)
        wrapped = seal_bytes(parent, _place(clinic, key_id), value)
        purpose = str(Purpose.FIELDS)
        session.add(
            DataKey(id=key_id, clinic=clinic, person=person, purpose=purpose, parent=parent.id, **self._new(wrapped))
        )
        session.flush()

    def shred_person(self, session: Session, clinic: str, person: str) -> int:
        """Empties the person's keys; returns how many. What they sealed is gone for good; the caller commits."""
        rows = session.scalars(select(DataKey).where(DataKey.clinic == clinic, DataKey.person == person)).all()
        for row in rows:
            row.wrapped, row.shredded_at = b"", self._now()
        with self._lock:
            for row in rows:
                self._by_id.pop((clinic, row.id, row.purpose), None)
            self._current.pop((clinic, person, Purpose.FIELDS), None)
        return len(rows)

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
        secret = self._unwrap(session, row)
        with self._lock:
            self._current[name] = (time.monotonic() + _REMEMBERED_SECONDS, row.id)
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
        return self._unwrap(session, row)

    def forget(self) -> None:
        """Drops every remembered key, as after a transaction that made some was rolled back."""
        with self._lock:
            self._by_id.clear()
            self._current.clear()

    def _unwrap(self, session: Session, row: DataKey) -> Secret:
        if not row.wrapped:
            raise Unreadable(f"key {row.id} was shredded")
        if row.parent:
            parent = self.by_id(session, row.clinic, row.parent, Purpose.FIELDS)
            value = open_bytes(parent, _place(row.clinic, row.id), row.wrapped)
        else:
            value = self._provider.unwrap(row.wrapped, _context(row.clinic, row.purpose, row.id))
        secret = Secret(row.id, value)
        with self._lock:
            self._by_id[(row.clinic, row.id, row.purpose)] = (time.monotonic() + _REMEMBERED_SECONDS, secret)
        return secret

    def _new(self, wrapped: bytes) -> dict[str, Any]:
        return {"generation": 1, "wrapped": wrapped, "created_at": self._now()}


def _context(clinic: str, purpose: str, key_id: str) -> str:
    return f"{clinic}|{purpose}|{key_id}"


def _place(clinic: str, key_id: str) -> Place:
    return Place(clinic, "data_keys", "wrapped", key_id)
