"""Is a clinic's audit chain whole: no entry edited, missing, moved or cut off, and the newest one signed by us?

`records.journal` says how the chain is made. Checking it needs the database file and, for the head's signature, the
key folder; no program has to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.database import INSTALLATION
from records.errors import Unreadable
from records.journal import GENESIS, HASHED, entry_hash, head_bytes
from records.key_ring import KeyRing, Purpose
from records.tables.vault import AuditEntry, AuditHead, DataKey

if TYPE_CHECKING:
    from records.database import Database

# What people call the chains of the installation's own keys; older data folders have one more, under no name.
_NAMES = {INSTALLATION: "installation", "": "installation-sessions"}
_BATCH = 5_000
_MOST_PROBLEMS = 20
_SEQUENCE, _PREVIOUS = HASHED.index("sequence"), HASHED.index("previous")


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


def clinics(database: Database) -> tuple[str, ...]:
    """Every clinic that has keys, and so must have a chain; the installation itself is one of them."""
    with database.reading() as session:
        return tuple(session.scalars(select(DataKey.clinic).where(DataKey.person == "").distinct().order_by("clinic")))


def chain_name(clinic: str) -> str:
    """What people call a chain: a clinic's by its slug, the installation's own by a word."""
    return _NAMES.get(clinic, clinic)


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
    columns = [getattr(AuditEntry, name) for name in (*HASHED, "hash")]
    query = select(*columns).where(AuditEntry.clinic == clinic).order_by(AuditEntry.sequence)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        walk.step(row)
    signature = _check_head(session, ring, clinic, walk)
    return AuditReport(
        clinic=clinic, entries=walk.entries, head=walk.previous, signature=signature, problems=tuple(walk.problems)
    )


class _Walk:
    """The chain's state while its entries go by in order; at most `_MOST_PROBLEMS` are told one by one."""

    def __init__(self) -> None:
        self.entries = 0
        self.sequence = 0
        self.previous = GENESIS
        self.problems: list[str] = []

    def step(self, row: Sequence[object]) -> None:
        """Takes the next row: the columns of `HASHED`, then the hash."""
        *values, kept = row
        self.entries += 1
        sequence = values[_SEQUENCE]
        if sequence != self.sequence + 1:
            self._tell(f"entry {self.sequence + 1} is missing; {sequence} follows {self.sequence}")
        elif values[_PREVIOUS] != self.previous:
            self._tell(f"entry {sequence} does not follow the entry before it")
        if entry_hash(values) != kept:
            self._tell(f"entry {sequence} was changed after it was written")
        self.sequence, self.previous = cast(int, sequence), cast(str, kept)

    def _tell(self, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
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
