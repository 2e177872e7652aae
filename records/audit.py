"""Is a clinic's audit chain whole: no entry edited, missing, moved or cut off, and the newest one signed by us?

`records.journal` says how the chain is made, `records.anchors` how it is missed when it is gone. Checking it needs the
database file and, for the head's signature and the anchor, the key folder; no program has to run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.anchors import AnchorRefused
from records.audit_walk import Part, Stretch, walk, walk_beside
from records.database import INSTALLATION
from records.errors import Unreadable
from records.journal import SignedHead, head_bytes
from records.key_ring import KeyRing, Purpose
from records.tables.vault import AuditEntry, AuditHead, DataKey

if TYPE_CHECKING:
    from records.database import Database

# What people call the chains of the installation's own keys; older data folders have one more, under no name.
_NAMES = {INSTALLATION: "installation", "": "installation-sessions"}
LONG = 100_000  # entries from which on a second process saves more time than it takes to start


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a check found. ``head`` is the hash of the newest entry, ``signature`` valid | wrong | unchecked.

    ``notes`` is what is missing because a backup was restored on purpose: told, and no problem of the chain.
    ``anchored`` is the number of the entry that is anchored beside the keys, 0 without an anchor.
    """

    clinic: str
    entries: int
    head: str
    signature: str
    anchored: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

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
        report = _verify(session, database.ring, _Walk(clinic, anchor, damage, database.url))
        return replace(report, notes=_given_up(session, database, clinic))


def verify_without_keys(database: Database, clinic: str) -> AuditReport:
    """The same without the key folder: only the chain; its head's signature is unchecked, and no anchor is asked."""
    with database.reading() as session:
        return _verify(session, None, _Walk(clinic, None))


def _given_up(session: Session, database: Database, clinic: str) -> tuple[str, ...]:
    """What anchors say that were laid aside: how far the chain had come before a backup took its place."""
    notes = []
    for anchor in database.anchors.given_up(clinic):
        ours = _signed(session, database.ring, clinic, anchor)
        proof = "" if ours else "; the signature of that is not ours"
        notes.append(f"the chain had come to entry {anchor.sequence} before a backup was restored{proof}")
    return tuple(notes)


def _anchor(database: Database, clinic: str) -> tuple[SignedHead | None, tuple[str, ...]]:
    try:
        return database.anchors.read(clinic), ()
    except AnchorRefused as refused:
        return None, (str(refused),)


def _verify(session: Session, ring: KeyRing | None, walk: _Walk) -> AuditReport:
    clinic, anchor = walk.clinic, walk.anchor
    walk.take(session)
    signature = _check_head(session, ring, clinic, walk)
    if ring is not None and anchor is not None:
        _check_anchor(session, ring, anchor, walk)
    return AuditReport(
        clinic=clinic,
        entries=walk.chain.entries,
        head=walk.chain.last_hash,
        signature=signature,
        anchored=anchor.sequence if anchor else 0,
        problems=tuple(walk.problems),
    )


class _Walk:
    """A clinic's chain while it is checked: what its anchor says, what was walked, and everything that is wrong."""

    def __init__(self, clinic: str, anchor: SignedHead | None, problems: Sequence[str] = (), url: str = "") -> None:
        self.clinic = clinic
        self.anchor = anchor
        self.problems = list(problems)
        self.chain = Stretch()
        self._url = url

    def take(self, session: Session) -> None:
        """Walks the chain as the session sees it; a long one in two halves side by side."""
        top = session.scalar(select(func.max(AuditEntry.sequence)).where(AuditEntry.clinic == self.clinic)) or 0
        whole = Part(clinic=self.clinic, until=top, anchor=self.anchor.sequence if self.anchor else 0)
        if self._url and top >= LONG and (os.cpu_count() or 1) > 1:
            halves = replace(whole, until=top // 2), replace(whole, after=top // 2)
            stretches = walk_beside(self._url, halves)
        else:
            stretches = [walk(session.connection(), whole)]
        for stretch in stretches:
            self.chain.join(stretch)
        self.problems += self.chain.problems


def _check_head(session: Session, ring: KeyRing | None, clinic: str, walk: _Walk) -> str:
    head = session.get(AuditHead, clinic)
    if head is None:
        walk.problems.append("the chain has no head")
        return "wrong"
    if head.sequence > walk.chain.last:
        walk.problems.append(f"entries {walk.chain.last + 1} to {head.sequence} are missing at the end")
    elif (head.sequence, head.hash) != (walk.chain.last, walk.chain.last_hash):
        walk.problems.append("the head is not the newest entry")
    if ring is None:
        return "unchecked"
    if not _signed(session, ring, clinic, head):
        walk.problems.append("the head's signature is not ours")
        return "wrong"
    return "valid"


def _check_anchor(session: Session, ring: KeyRing, anchor: SignedHead, walk: _Walk) -> None:
    if walk.chain.last < anchor.sequence:
        first = f"{walk.chain.last + 1} to {anchor.sequence}"
        walk.problems.append(f"entries {first} are missing: the anchor beside the keys has them")
    elif walk.chain.at_anchor != anchor.hash:
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
