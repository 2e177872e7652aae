"""Takes a backup of an installation: every row of its database, as of one instant, and the files that they name.

What is in it: the database with its wrapped keys, and the folder of files, whose names are digests of what they hold.
What is not: the master key, the patients' key shares and the anchors, which lie in the key folder and are kept apart
on purpose, for a backup that held its own keys would be no safer than plain text; and Temporal's database, because
records say what people did, and `workflows.reconcile` settles the rest after a restore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from records.acts import Act
from records.audit import clinics
from records.backup_file import BackupRefused, BackupWriter, Header
from records.backup_rows import described, rows_of, schema_of, tables_of
from records.codes import iso, new_id
from records.database import INSTALLATION, Database
from records.work import Actor

TABLE, ROW, FILE, DATA, END = b"T", b"R", b"F", b"D", b"E"
_PIECE = 1 << 20


class Frame(NamedTuple):
    """A piece of a backup's body: what it is (one of the letters above), and its bytes."""

    kind: bytes
    data: bytes


def take_backup(database: Database, files: Path, target: Path, actor: Actor) -> Header:
    """Writes the backup to ``target``, which must not be there yet; every clinic's audit says who took it.

    Raises:
        BackupRefused: the target is there, or the database has no schema.
        OSError: it cannot be written; then nothing is left.
    """
    if target.exists():
        raise BackupRefused("there is a file of that name already; a backup replaces none")
    backup = new_id("bkp")
    for clinic in clinics(database):
        with database.work(clinic or INSTALLATION, actor) as work:
            work.note(Act.BACKUP_TAKEN, backup)
    with database.reading() as session:
        connection = session.connection()
        schema = schema_of(connection)
        if schema is None:
            raise BackupRefused("the database has no tables yet; there is nothing to back up")
        header = Header(id=backup, taken_at=iso(database.now()), schema=schema, database=connection.dialect.name)
        with BackupWriter(target, header, database.keys) as writer:
            rows = _write_rows(writer, connection)
            held = _write_files(writer, files)  # after the rows: what they name was written before them
            _write(writer, END, b"")
            return writer.finish(rows, held)


def frames(body: Iterator[bytes]) -> Iterator[Frame]:
    """The pieces of a body in their order. Raises `BackupRefused` when it ends too early."""
    waiting = bytearray()
    for part in body:
        waiting += part
        while len(waiting) >= 5:
            end = 5 + int.from_bytes(waiting[1:5], "big")
            if len(waiting) < end:
                break
            frame = Frame(bytes(waiting[:1]), bytes(waiting[5:end]))
            del waiting[:end]
            yield frame
            if frame.kind == END:
                return
    raise BackupRefused("the backup is damaged: it ends too early")


def _write_rows(writer: BackupWriter, connection: Connection) -> int:
    rows = 0
    for table in tables_of(connection):
        _write(writer, TABLE, json.dumps(described(table)).encode())
        for row in rows_of(connection, table):
            _write(writer, ROW, row)
            rows += 1
    return rows


def _write_files(writer: BackupWriter, folder: Path) -> int:
    """Every file of the folder, by its path in it; one that is just being written (a dot before its name) is not."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    for path in found:
        _write(writer, FILE, str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                _write(writer, DATA, piece)
    return len(found)


def _write(writer: BackupWriter, kind: bytes, data: bytes) -> None:
    writer.write(kind + len(data).to_bytes(4, "big") + data)
