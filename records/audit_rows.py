"""How entries and heads of the audit reach the database: many rows in one statement, past what an ORM does for each.

SQLite takes a list of rows at once; PostgreSQL takes each column as one array, so that a thousand rows are one trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Table
from sqlalchemy.orm import Session

from records.tables.vault import AuditEntry, AuditHead

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
ENTRY = (*HASHED, "hash")
HEAD = ("clinic", "sequence", "hash", "key", "signature")
_ENTRIES = cast(Table, AuditEntry.__table__).name
_HEADS = cast(Table, AuditHead.__table__).name

Row = tuple[Any, ...]


def locked_heads(session: Session, clinics: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Number and hash of each clinic's newest entry, of those that have one; nobody else appends until the end.

    SQLite's one writer is the lock there.
    """
    asked = f"SELECT clinic, sequence, hash FROM {_HEADS} WHERE clinic"
    if _is_postgres(session):
        found = _run(session, f"{asked} = ANY(%s::text[]) ORDER BY clinic FOR UPDATE", (list(clinics),))
    else:
        found = _run(session, f"{asked} IN ({', '.join('?' * len(clinics))})", tuple(clinics))
    rows: Sequence[Any] = found.all()
    return {clinic: (sequence, newest) for clinic, sequence, newest in rows}


def insert_entries(session: Session, rows: Sequence[Row]) -> None:
    """Inserts entries; a row is the values of `ENTRY`."""
    _insert(session, _ENTRIES, ENTRY, rows)


def insert_heads(session: Session, rows: Sequence[Row]) -> None:
    """Inserts the first heads of chains; a row is the values of `HEAD`."""
    _insert(session, _HEADS, HEAD, rows)


def move_heads(session: Session, rows: Sequence[Row]) -> None:
    """Puts newer heads in the place of the chains' last ones; a row is the values of `HEAD`."""
    if _is_postgres(session):
        moved = ", ".join(f"{name} = newer.{name}" for name in HEAD[1:])
        _run(
            session,
            f"UPDATE {_HEADS} SET {moved} FROM {_arrays(HEAD)} WHERE {_HEADS}.clinic = newer.clinic",
            _columns(HEAD, rows),
        )
        return
    moved = ", ".join(f"{name} = ?" for name in HEAD[1:])
    _run(session, f"UPDATE {_HEADS} SET {moved} WHERE clinic = ?", [(*row[1:], row[0]) for row in rows])


def _insert(session: Session, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    into = f"INSERT INTO {table} ({', '.join(names)})"
    if _is_postgres(session):
        values = ", ".join(f"newer.{name}" for name in names)
        _run(session, f"{into} SELECT {values} FROM {_arrays(names)}", _columns(names, rows))
        return
    _run(session, f"{into} VALUES ({', '.join('?' * len(names))})", list(rows))


def _run(session: Session, statement: str, values: list[Row] | Row) -> CursorResult[Any]:
    return session.connection().exec_driver_sql(statement, values)


def _arrays(names: Sequence[str]) -> str:
    """Rows out of one array for each column; bytes come as hexadecimal, which every driver can write in an array."""
    arrays = ", ".join(f"%s::{'int' if name == 'sequence' else 'text'}[]" for name in names)
    sent = ", ".join(f"{name}_" for name in names)
    values = ", ".join(f"decode({name}_, 'hex')" if name == "signature" else f"{name}_" for name in names)
    return f"(SELECT {values} FROM unnest({arrays}) AS sent({sent})) AS newer({', '.join(names)})"


def _columns(names: Sequence[str], rows: Sequence[Row]) -> Row:
    return tuple(
        [value.hex() if name == "signature" else value for value in column]
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    )


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
