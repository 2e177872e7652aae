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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from records.acts import Act
from records.audit_rows import HASHED, HEAD, Row, insert_entries, insert_heads, locked_heads, move_heads
from records.codes import b64, canonical, iso
from records.key_ring import KeyRing, Purpose
from records.origins import kept_origin
from records.sealing import Place, sealer

GENESIS = "0" * 64
SIGNED = "signed audit heads"  # where a session keeps, by clinic, the heads it has signed and not yet committed
_SEQUENCE = HASHED.index("sequence")
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


# What one actor did, one act after the other.
Access = tuple[Who, Sequence[Entry]]


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

    def append_all(self, session: Session, accesses: Sequence[Access]) -> None:
        """The same for the accesses of several actors, under one signature."""
        append_to_many(session, [(self, accesses)])

    def rows(self, session: Session, accesses: Sequence[Access], head: tuple[int, str]) -> list[Row]:
        """The rows that continue the chain from its head: number and hash of the newest entry."""
        sequence, previous = head
        origins, at = self._origins(session), iso(self.now)
        made: list[Row] = []
        for who, entries in accesses:
            for entry in entries:
                sequence += 1
                its = (self.clinic, sequence, at, who.person, who.role, who.session, origins(who.origin, sequence))
                done = (entry.act.value, entry.subject, entry.visit, canonical_detail(entry.detail))
                row = (*its, *done, previous)
                previous = entry_hash(row)
                made.append((*row, previous))
        return made

    def _origins(self, session: Session) -> Callable[[str, int], str]:
        """Cuts and seals where somebody called from, for the entry of a number."""
        seal = sealer(self.ring.current(session, self.clinic, Purpose.FIELDS))
        marks = self.ring.current(session, self.clinic, Purpose.BLIND)
        cut: dict[str, bytes] = {}

        def kept(origin: str, sequence: int) -> str:
            if not origin:
                return ""
            if origin not in cut:
                cut[origin] = kept_origin(origin, marks.value).encode()
            return b64(seal(Place(self.clinic, "audit_entries", "origin", str(sequence)), cut[origin]))

        return kept

    def signed(self, session: Session, sequence: int, newest: str) -> SignedHead:
        """The head that names the chain's newest entry."""
        secret = self.ring.current(session, self.clinic, Purpose.AUDIT)
        signature = _signer(secret.value).sign(head_bytes(self.clinic, sequence, newest))
        return SignedHead(clinic=self.clinic, sequence=sequence, hash=newest, key=secret.id, signature=signature)


def append_to_many(session: Session, accesses: Sequence[tuple[Journal, Sequence[Access]]]) -> None:
    """Appends to the chains of several clinics at once, each under its own new head, in four statements at most.

    Clinics come in the order of their names in every program, so that no two wait for each other's heads.
    """
    wanted = [(journal, of_clinic) for journal, of_clinic in accesses if any(entries for _, entries in of_clinic)]
    if not wanted:
        return
    session.flush()
    known = locked_heads(session, [journal.clinic for journal, _ in wanted])
    rows, heads = [], []
    for journal, of_clinic in wanted:
        made = journal.rows(session, of_clinic, known.get(journal.clinic, (0, GENESIS)))
        rows += made
        heads.append(journal.signed(session, made[-1][_SEQUENCE], made[-1][-1]))
    insert_entries(session, rows)
    keep_heads(session, heads, known)


def keep_heads(session: Session, heads: Sequence[SignedHead], known: Collection[str]) -> None:
    """Writes new heads over the ones of clinics that are ``known``, or beside them, and notes them for the anchors."""
    fresh = [_head_row(head) for head in heads if head.clinic not in known]
    moved = [_head_row(head) for head in heads if head.clinic in known]
    if fresh:
        insert_heads(session, fresh)
    if moved:
        move_heads(session, moved)
    session.info.setdefault(SIGNED, {}).update({head.clinic: head for head in heads})


def _head_row(head: SignedHead) -> Row:
    return tuple(getattr(head, name) for name in HEAD)


@lru_cache(maxsize=64)
def _signer(private: bytes) -> Ed25519PrivateKey:
    """The key as the library wants it; making it takes longer than signing."""
    return Ed25519PrivateKey.from_private_bytes(private)


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


def canonical_detail(detail: Mapping[str, str | int | bool]) -> str:
    """The canonical JSON of an entry's codes, as `canonical` writes it in twice the time."""
    if not detail:
        return "{}"
    return "{" + ",".join([f"{_TEXT(name)}:{_value(value)}" for name, value in sorted(detail.items())]) + "}"


def _value(value: str | int | bool) -> str:
    return _TEXT(value) if type(value) is str else canonical(value)


def head_bytes(clinic: str, sequence: int, newest: str) -> bytes:
    """What a head's signature covers."""
    return f"clinicwright-audit-head|{clinic}|{sequence}|{newest}".encode()
