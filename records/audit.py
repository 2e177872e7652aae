"""Who did what to which record: an append-only chain of hashes for each clinic, its head signed, checkable offline.

An entry's hash is SHA-256 over the hash before it and the entry's canonical JSON, so an edited, deleted or moved entry
breaks the chain; the head (sequence and hash of the newest entry, Ed25519) is rewritten with every append, so a chain
that was cut short no longer reaches its signed head. The signing key is wrapped by the master key and lies apart from
the database: who holds the database alone can read neither it nor the sealed origins, and can make no new head.

Appending happens inside the transaction of the access itself. It is serialised for a clinic by the database: SQLite's
one writer (``BEGIN IMMEDIATE``), on PostgreSQL the lock on the clinic's head row (``SELECT ... FOR UPDATE``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from records.acts import Act
from records.codes import b64, canonical, iso, sha256
from records.errors import Unreadable
from records.key_ring import KeyRing, Purpose
from records.sealing import Place, seal_bytes
from records.tables.vault import AuditEntry, AuditHead, DataKey

if TYPE_CHECKING:
    from records.database import Database

GENESIS = "0" * 64
_BATCH = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The actor of an entry: person id, role, session id and where they called from (sealed in the entry)."""

    person: str
    role: str
    session: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One access to be appended: the act, the id it was done to, the visit it belongs to, and codes about it."""

    act: Act
    subject: str
    visit: str = ""
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a check found. ``head`` is the hash of the newest entry, ``signature`` valid | wrong | unchecked."""

    clinic: str
    entries: int
    head: str
    signature: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Appends entries to one clinic's chain within the caller's transaction."""

    ring: KeyRing
    clinic: str
    now: datetime

    def append(self, session: Session, who: Who, entries: Iterable[Entry]) -> None:
        """Appends in order and signs the new head. Does nothing, and writes nothing, without entries."""
        waiting = list(entries)
        if not waiting:
            return
        head = session.get(AuditHead, self.clinic, with_for_update=True)
        sequence, previous = (head.sequence, head.hash) if head else (0, GENESIS)
        rows = []
        for entry in waiting:
            sequence += 1
            row = self._row(session, who, entry, sequence)
            row["previous"] = previous
            row["hash"] = previous = entry_hash(row)
            rows.append(row)
        session.execute(insert(AuditEntry), rows)
        self._sign(session, head, sequence, previous)

    def _row(self, session: Session, who: Who, entry: Entry, sequence: int) -> dict[str, Any]:
        fields = self.ring.current(session, self.clinic, Purpose.FIELDS)
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


_HASHED = (
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


def entry_hash(row: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of an entry's canonical JSON; the hash before it is one of its members."""
    return sha256(canonical({name: row[name] for name in _HASHED}))


def head_bytes(clinic: str, sequence: int, newest: str) -> bytes:
    """What a head's signature covers."""
    return f"clinicwright-audit-head|{clinic}|{sequence}|{newest}".encode()


def clinics(database: Database) -> tuple[str, ...]:
    """Every clinic that has keys, and so must have a chain."""
    with database.reading() as session:
        return tuple(session.scalars(select(DataKey.clinic).where(DataKey.person == "").distinct().order_by("clinic")))


def verify(database: Database, clinic: str) -> AuditReport:
    """Walks a clinic's whole chain and checks every hash, the order, and the signed head; needs no running program."""
    with database.reading() as session:
        return _verify(session, database.ring, clinic)


def verify_without_keys(database: Database, clinic: str) -> AuditReport:
    """The same without the key folder: the chain is checked, its head's signature is reported as unchecked."""
    with database.reading() as session:
        return _verify(session, None, clinic)


def _verify(session: Session, ring: KeyRing | None, clinic: str) -> AuditReport:
    walk = _Walk()
    for row in _rows(session, clinic):
        walk.step(row)
    signature = _check_head(session, ring, clinic, walk)
    return AuditReport(
        clinic=clinic, entries=walk.entries, head=walk.previous, signature=signature, problems=tuple(walk.problems)
    )


def _rows(session: Session, clinic: str) -> Iterator[Mapping[str, Any]]:
    query = select(*AuditEntry.__table__.columns).where(AuditEntry.clinic == clinic).order_by(AuditEntry.sequence)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield row._asdict()


class _Walk:
    """The chain's state while its entries go by in order; at most 20 problems are told one by one."""

    def __init__(self) -> None:
        self.entries = 0
        self.sequence = 0
        self.previous = GENESIS
        self.problems: list[str] = []

    def step(self, row: Mapping[str, Any]) -> None:
        self.entries += 1
        if row["sequence"] != self.sequence + 1:
            self._tell(f"entry {self.sequence + 1} is missing; {row['sequence']} follows {self.sequence}")
        elif row["previous"] != self.previous:
            self._tell(f"entry {row['sequence']} does not follow the entry before it")
        if entry_hash(row) != row["hash"]:
            self._tell(f"entry {row['sequence']} was changed after it was written")
        self.sequence, self.previous = row["sequence"], row["hash"]

    def _tell(self, problem: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(problem)


def _check_head(session: Session, ring: KeyRing | None, clinic: str, walk: _Walk) -> str:
    head = session.get(AuditHead, clinic)
    if head is None:
        walk.problems.append("the chain has no head")
        return "wrong"
    if head.sequence > walk.sequence:
        walk.problems.append(f"entries {walk.sequence + 1} to {head.sequence} are missing at the end")
    elif (head.sequence, head.hash) != (walk.sequence, walk.previous):
        walk.problems.append("the head is not the newest entry")
    if ring is None:
        return "unchecked"
    if not _signed(session, ring, clinic, head):
        walk.problems.append("the head's signature is not ours")
        return "wrong"
    return "valid"


def _signed(session: Session, ring: KeyRing, clinic: str, head: AuditHead) -> bool:
    try:
        secret = ring.current(session, clinic, Purpose.AUDIT)
        if head.key != secret.id:
            secret = ring.by_id(session, clinic, head.key, Purpose.AUDIT)
        public = Ed25519PrivateKey.from_private_bytes(secret.value).public_key()
        public.verify(head.signature, head_bytes(clinic, head.sequence, head.hash))
    except (InvalidSignature, Unreadable):
        return False
    return True
