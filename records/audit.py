"""Is a clinic's audit chain whole: no entry edited, missing, moved or cut off, and the newest one signed by us?

`records.journal` says how the chain is made, `records.anchors` how it is missed when it is gone. Checking it needs the
database file and, for the head's signature and the anchor, the key folder; no program has to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.anchors import AnchorRefused
from records.database import INSTALLATION
from records.errors import Unreadable
from records.journal import GENESIS, HASHED, SignedHead, entry_hash, head_bytes
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
    """What a check found. ``head`` is the hash of the newest entry, ``signature`` valid | wrong | unchecked.

    ``anchored`` is the number of the entry that is anchored beside the keys, 0 without an anchor.
    """

    clinic: str
    entries: int
    head: str
    signature: str
    anchored: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def clinics(database: Database) -> tuple[str, ...]:
    """Every clinic that has keys, a head, entries or an anchor, and so must have a chain; so has the installation."""
    found = set(database.anchors.clinics())
    with database.reading() as session:
        for column in (DataKey.clinic, AuditHead.clinic, AuditEntry.clinic):
            found.update(session.scalars(select(column).distinct()))
    return tuple(sorted(found))


def chain_name(clinic: str) -> str:
    """What people call a chain: a clinic's by its slug, the installation's own by a word."""
    return _NAMES.get(clinic, clinic)


def verify(database: Database, clinic: str) -> AuditReport:
    """Walks a clinic's whole chain and checks every hash, the order, and the signed head; needs no running program."""
    anchor, damage = _anchor(database, clinic)  # before the snapshot: an anchor read later may be ahead of it
    with database.reading() as session:
        return _verify(session, database.ring, _Walk(clinic, anchor, damage))


def verify_without_keys(database: Database, clinic: str) -> AuditReport:
    """The same without the key folder: only the chain; its head's signature is unchecked, and no anchor is asked."""
    with database.reading() as session:
        return _verify(session, None, _Walk(clinic, None))


def _anchor(database: Database, clinic: str) -> tuple[SignedHead | None, tuple[str, ...]]:
    try:
        return database.anchors.read(clinic), ()
    except AnchorRefused as refused:
        return None, (str(refused),)


def _verify(session: Session, ring: KeyRing | None, walk: _Walk) -> AuditReport:
    clinic, anchor = walk.clinic, walk.anchor
    columns = [getattr(AuditEntry, name) for name in (*HASHED, "hash")]
    query = select(*columns).where(AuditEntry.clinic == clinic).order_by(AuditEntry.sequence)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        walk.step(row)
    signature = _check_head(session, ring, clinic, walk)
    if ring is not None and anchor is not None:
        _check_anchor(session, ring, anchor, walk)
    return AuditReport(
        clinic=clinic,
        entries=walk.entries,
        head=walk.previous,
        signature=signature,
        anchored=anchor.sequence if anchor else 0,
        problems=tuple(walk.problems),
    )


class _Walk:
    """The chain's state while its entries go by in order; at most `_MOST_PROBLEMS` are told one by one."""

    def __init__(self, clinic: str, anchor: SignedHead | None, problems: Sequence[str] = ()) -> None:
        self.clinic = clinic
        self.anchor = anchor
        self.entries = 0
        self.sequence = 0
        self.previous = GENESIS
        self.at_anchor = ""  # the hash of the entry with the anchor's number
        self.problems = list(problems)

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
        if self.anchor is not None and self.sequence == self.anchor.sequence:
            self.at_anchor = self.previous

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


def _check_anchor(session: Session, ring: KeyRing, anchor: SignedHead, walk: _Walk) -> None:
    if walk.sequence < anchor.sequence:
        first = f"{walk.sequence + 1} to {anchor.sequence}"
        walk.problems.append(f"entries {first} are missing: the anchor beside the keys has them")
    elif walk.at_anchor != anchor.hash:
        walk.problems.append(f"entry {anchor.sequence} is not the one that was anchored beside the keys")
    if not _signed(session, ring, walk.clinic, anchor):
        walk.problems.append("the anchor's signature is not ours")


def _signed(session: Session, ring: KeyRing, clinic: str, head: AuditHead | SignedHead) -> bool:
    try:
        secret = ring.current(session, clinic, Purpose.AUDIT)
        if head.key != secret.id:
            secret = ring.by_id(session, clinic, head.key, Purpose.AUDIT)
        public = Ed25519PrivateKey.from_private_bytes(secret.value).public_key()
        public.verify(head.signature, head_bytes(clinic, head.sequence, head.hash))
    except (InvalidSignature, Unreadable):
        return False
    return True
