"""How an access gets into the audit: entries chained by hashes, one chain for each clinic, each head signed.

An entry's hash is SHA-256 over the canonical JSON of its columns, the hash before it among them, so an edited, deleted
or moved entry breaks the chain; the head (sequence and hash of the newest entry, Ed25519) is rewritten with every
append, so a chain that was cut short no longer reaches its signed head. The signing key is wrapped by the master key
and lies apart from the database: who holds the database alone can read neither it nor the sealed origins, and can make
no new head.

Appending happens inside the transaction of the access itself. It is serialised for a clinic by the database: SQLite's
one writer (``BEGIN IMMEDIATE``), on PostgreSQL the lock on the clinic's head row (``SELECT ... FOR UPDATE``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from records.acts import Act
from records.codes import b64, canonical, iso
from records.key_ring import KeyRing, Purpose
from records.origins import kept_origin
from records.sealing import Place, Secret, seal_bytes
from records.tables.vault import AuditEntry, AuditHead

GENESIS = "0" * 64
SIGNED = "signed audit heads"  # where a session keeps, by clinic, the heads it has signed and not yet committed
# The columns that an entry's hash covers, in their order in its canonical JSON.
HASHED = (
    "clinic",
    "sequence",
    "at",
    "actor",
    "role",
    "session",
    "origin",
    "act",
    "subject",
    "visit",
    "detail",
    "previous",
)
_ENTRIES = cast(Table, AuditEntry.__table__)
_TEXT = encode_basestring  # a text as JSON, UTF-8 kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The actor of an entry: person id, role, session id and where they called from (cut and sealed in the entry)."""

    person: str
    role: str
    session: str
    origin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One access to be appended: the act, the id it was done to, the visit it belongs to, and codes about it."""

    act: Act
    subject: str
    visit: str = ""
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """The newest entry of a chain at some instant: its number and hash, signed with the clinic's key of that id."""

    clinic: str
    sequence: int
    hash: str
    key: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Appends entries to one clinic's chain within the caller's transaction."""

    ring: KeyRing
    clinic: str
    now: datetime

    def append(self, session: Session, who: Who, entries: Iterable[Entry]) -> None:
        """Appends in order and signs the new head. Does nothing, and writes nothing, without entries."""
        self.append_all(session, [(who, list(entries))])

    def append_all(self, session: Session, accesses: Sequence[tuple[Who, Sequence[Entry]]]) -> None:
        """The same for the accesses of several actors, under one signature."""
        waiting = [(who, entry) for who, entries in accesses for entry in entries]
        if not waiting:
            return
        head = session.get(AuditHead, self.clinic, with_for_update=True)
        sequence, previous = (head.sequence, head.hash) if head else (0, GENESIS)
        rows = []
        fields = self.ring.current(session, self.clinic, Purpose.FIELDS)
        marks = self.ring.current(session, self.clinic, Purpose.BLIND)
        origins = {who.origin: kept_origin(who.origin, marks.value) for who, _ in waiting}
        for who, entry in waiting:
            sequence += 1
            row = self._row(fields, replace(who, origin=origins[who.origin]), entry, sequence)
            row["previous"] = previous
            row["hash"] = previous = entry_hash([row[name] for name in HASHED])
            rows.append(row)
        session.execute(insert(_ENTRIES), rows)
        self._sign(session, head, sequence, previous)

    def _row(self, fields: Secret, who: Who, entry: Entry, sequence: int) -> dict[str, Any]:
        place = Place(self.clinic, "audit_entries", "origin", str(sequence))
        return {
            "clinic": self.clinic,
            "sequence": sequence,
            "at": iso(self.now),
            "actor": who.person,
            "role": who.role,
            "session": who.session,
            "origin": b64(seal_bytes(fields, place, who.origin.encode())) if who.origin else "",
            "act": str(entry.act),
            "subject": entry.subject,
            "visit": entry.visit,
            "detail": canonical(dict(entry.detail)),
        }

    def _sign(self, session: Session, head: AuditHead | None, sequence: int, newest: str) -> None:
        secret = self.ring.current(session, self.clinic, Purpose.AUDIT)
        signature = Ed25519PrivateKey.from_private_bytes(secret.value).sign(head_bytes(self.clinic, sequence, newest))
        if head is None:
            head = AuditHead(clinic=self.clinic)
            session.add(head)
        head.sequence, head.hash, head.key, head.signature = sequence, newest, secret.id, signature
        session.flush()
        session.info.setdefault(SIGNED, {})[self.clinic] = SignedHead(
            clinic=self.clinic, sequence=sequence, hash=newest, key=secret.id, signature=signature
        )


def entry_hash(values: Sequence[object]) -> str:
    """SHA-256, in hex, of the canonical JSON of an entry's values in the order of `HASHED`.

    Raises:
        TypeError: a value is neither a text nor, where it should be, a whole number: no entry has such a one.
    """
    return hashlib.sha256(canonical_entry(values).encode()).hexdigest()


def canonical_entry(values: Sequence[Any]) -> str:
    """The canonical JSON of an entry: a list of texts, the sequence a number; no blanks, UTF-8 kept.

    Written out text by text: that takes a third of the time of the general encoder, whose bytes it equals.
    """
    clinic, sequence, at, actor, role, session, origin, act, subject, visit, detail, previous = values
    if type(sequence) is not int:
        raise TypeError("the sequence of an entry is a whole number")
    return (
        f"[{_TEXT(clinic)},{sequence},{_TEXT(at)},{_TEXT(actor)},{_TEXT(role)},{_TEXT(session)},{_TEXT(origin)},"
        f"{_TEXT(act)},{_TEXT(subject)},{_TEXT(visit)},{_TEXT(detail)},{_TEXT(previous)}]"
    )


def head_bytes(clinic: str, sequence: int, newest: str) -> bytes:
    """What a head's signature covers."""
    return f"clinicwright-audit-head|{clinic}|{sequence}|{newest}".encode()
