"""Writes a clinic's audit as lines of JSON that anybody can check later, without our database, keys or program.

The first line says what it is and carries the public keys; then comes one line for each entry, with the very values its
hash covers, in order; the last line is the signed head. `docs/guides/checking-an-audit-export.md` says how to check it
with Python's standard library and OpenSSL; `check_export` does the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from records.audit_rows import HASHED
from records.audit_walk import Part, Stretch, rows_of, step
from records.codes import iso
from records.database import Database
from records.journal import head_bytes
from records.key_ring import Purpose
from records.tables.vault import AuditHead

FORMAT = "clinicwright-audit-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check of an export found: whose it is, how many entries, the newest one's hash, and everything wrong."""

    clinic: str
    entries: int
    head: str
    problems: tuple[str, ...]


def export(database: Database, clinic: str) -> Iterator[str]:
    """The lines, from one snapshot, each with its line's end. Where people called from stays sealed."""
    with database.reading() as session:
        head = session.get(AuditHead, clinic)
        keys = database.ring.all(session, clinic, Purpose.AUDIT)
        public = {key.id: _public(key.value) for key in keys}
        about = {"format": FORMAT, "clinic": clinic, "at": iso(database.now()), "columns": [*HASHED, "hash"]}
        yield _line({**about, "public_keys": public})
        for rows in rows_of(session.connection(), Part(clinic=clinic, until=head.sequence if head else 0)):
            for row in rows:
                yield _line(list(row))
        if head is not None:
            signature = head.signature.hex()
            yield _line(
                {"head": {"sequence": head.sequence, "hash": head.hash, "key": head.key, "signature": signature}}
            )


def check_export(lines: Iterable[str]) -> Checked:
    """Checks an export by itself: every hash, the order, and the head's signature by the keys in its first line.

    Whoever keeps the public keys, or an earlier head, from another time compares them: an export made up whole has
    keys of its own.
    """
    found, about, head = Stretch(), {}, None
    try:
        for number, line in enumerate(lines):
            value = json.loads(line)
            if number == 0:
                about = value
            elif isinstance(value, list):
                step(found, value, 0)
            else:
                head = value["head"]
        if about.get("format") != FORMAT or (found.entries and found.first != 1):
            found.tell("this is no whole export")
        _check_head(found, about, head)
    except (ValueError, KeyError, TypeError, IndexError):
        found.tell("a line is no line of an export")
    return Checked(
        clinic=str(about.get("clinic", "")), entries=found.entries, head=found.last_hash, problems=tuple(found.problems)
    )


def _check_head(found: Stretch, about: dict[str, Any], head: dict[str, Any] | None) -> None:
    if head is None:
        found.tell("the head is missing: the end was cut off")
        return
    if (head["sequence"], head["hash"]) != (found.last, found.last_hash):
        found.tell("the head is not the newest entry")
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(about["public_keys"][head["key"]]))
    try:
        public.verify(bytes.fromhex(head["signature"]), head_bytes(about["clinic"], head["sequence"], head["hash"]))
    except InvalidSignature:
        found.tell("the head's signature is not by its key")


def _public(private: bytes) -> str:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
