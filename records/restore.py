"""Puts a backup in the place of a database: all of it or nothing, and what was lost by it is said, not hidden.

The schema of the backup is made by its own migrations, its rows go in, and the newer migrations run over them; one
transaction holds all of that, so a restore that is killed leaves what was there. Afterwards each clinic's audit says
which entries its chain had and has no more; the anchors beside the keys know them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, Table, select, text, update

from engine.ports import KeyProvider
from records import migrate
from records.acts import Act
from records.anchors import AnchorRefused
from records.backup import DATA, END, FILE, ROW, TABLE, Frame, frames
from records.backup_file import BackupRefused, Header, open_body, read_header
from records.backup_rows import count_on, count_rows, put_rows, schema_of, tables_of
from records.codes import new_id
from records.database import INSTALLATION, Database
from records.engines import open_engine, writer
from records.postgres import APPLICATION
from records.tables.people import SessionRow
from records.tables.restorations import RestorationRow
from records.tables.vault import AuditEntry
from records.turns import take_turn, turns_for
from records.work import Actor

_BATCH = 2000
_PATIENCE = 30  # tenths of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a backup goes: a database and the folder of files. ``replace`` allows what is there to be thrown away."""

    url: str
    files: Path
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The entries that a clinic's audit chain had, as its anchor knows, and has no more."""

    clinic: str
    first: int
    last: int


def is_empty(url: str) -> bool:
    """Whether the database has no row of anything. Raises `BackupRefused` when it is somebody else's."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return _is_empty(connection)
    finally:
        engine.dispose()


def restore(source: Path, target: Target, keys: KeyProvider, actor: str, now: datetime) -> Header:
    """Restores the backup; everybody who was signed in has to sign in again. The schema is this program's afterwards.

    Raises:
        BackupRefused: the file is damaged, foreign, newer, or of other keys; or the target is not empty, or in use.
    """
    header = read_header(source)
    if header.schema not in migrate.revisions():
        raise BackupRefused(f"the backup's schema {header.schema} is newer than this program's; use the newer program")
    for _ in open_body(source, keys):  # all of it is checked before anything is touched
        pass
    engine = open_engine(target.url)
    turns = turns_for(engine)
    try:
        with turns.turn(), writer(engine).begin() as connection:
            take_turn(connection, "migrations")
            _refuse_unfit(connection, target)
            _take_in(connection, header, _put_files(frames(open_body(source, keys)), target.files))
            _mark(connection, header, actor, now)
        return header
    finally:
        engine.dispose()
        turns.close()


def own_up(database: Database, actor: Actor) -> tuple[Lost, ...]:
    """Has each clinic's audit say which entries the newest restore has lost, and lays their anchors aside.

    It may be called again: what was said once is not said twice.
    """
    with database.reading() as session:
        newest = session.scalars(select(RestorationRow).order_by(RestorationRow.restored_at.desc()).limit(1)).first()
    if newest is None:
        return ()
    found = []
    for clinic in database.anchors.clinics():
        lost = _lost(database, clinic)
        if lost is not None:
            database.anchors.give_up(clinic)
            found.append(lost)
            with database.work(clinic or INSTALLATION, actor) as work:
                detail: Mapping[str, str | int] = {"first": lost.first, "last": lost.last}
                work.note(Act.BACKUP_RESTORED, newest.backup, "", **detail)
    return tuple(found)


def unsettled(database: Database) -> bool:
    """Whether a restore was made after which records and workflows have not been compared yet."""
    with database.reading() as session:
        return session.scalar(select(RestorationRow.id).where(RestorationRow.settled_at.is_(None)).limit(1)) is not None


def settled(database: Database) -> None:
    """Records that they have been."""
    with database.writing() as session:
        open_ones = update(RestorationRow).where(RestorationRow.settled_at.is_(None))
        session.execute(open_ones.values(settled_at=database.now()))
        session.commit()


def _lost(database: Database, clinic: str) -> Lost | None:
    """What the clinic's anchor has and its chain has not; an anchor that cannot be read is left as it is."""
    try:
        anchor = database.anchors.read(clinic)
    except AnchorRefused:
        return None
    if anchor is None:
        return None
    with database.reading() as session:
        own = select(AuditEntry.sequence, AuditEntry.hash).where(AuditEntry.clinic == clinic)
        at_anchor = session.execute(own.where(AuditEntry.sequence == anchor.sequence)).first()
        newest = session.execute(own.order_by(AuditEntry.sequence.desc()).limit(1)).first()
    if at_anchor is not None and at_anchor.hash == anchor.hash:
        return None
    return Lost(clinic=clinic, first=(newest.sequence if newest else 0) + 1, last=anchor.sequence)


def _is_empty(connection: Connection) -> bool:
    tables = tables_of(connection)
    if tables and schema_of(connection) is None:
        raise BackupRefused("the database holds tables of another program; give one of its own")
    return count_rows(connection, tables) == 0


def _refuse_unfit(connection: Connection, target: Target) -> None:
    if _others_connected(connection):
        raise BackupRefused("programs are connected to the database; stop them first")
    if not _is_empty(connection) and not target.replace:
        raise BackupRefused("the database is not empty; --replace puts the backup in its place, after a safety copy")


def _others_connected(connection: Connection) -> bool:
    """Whether programs of ours use the database; a connection that was just closed takes a moment to go."""
    if connection.dialect.name == "sqlite":
        return False
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = :name AND pid <> pg_backend_pid()"
    )
    for _ in range(_PATIENCE):
        if not connection.execute(others, {"name": APPLICATION}).scalar():
            return False
        connection.execute(text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()"))
    return True


def _take_in(connection: Connection, header: Header, pieces: Iterator[Frame]) -> None:
    """Makes the backup's schema anew, fills it, and brings it to this program's."""
    migrate.on(connection, ("downgrade", "base"), ("upgrade", header.schema))
    tables = {table.name: table for table in tables_of(connection)}
    for name, columns, lines in _batches(pieces):
        if name not in tables or set(columns) != set(tables[name].columns.keys()):
            raise BackupRefused(f"the backup's table {name[:60]} is not the one of schema {header.schema}")
        put_rows(connection, tables[name], columns, lines)
    count_on(connection, list(tables.values()))
    migrate.on(connection, ("upgrade", "head"))


def _batches(pieces: Iterator[Frame]) -> Iterator[tuple[str, list[str], list[bytes]]]:
    name, columns, lines = "", list[str](), list[bytes]()
    for piece in pieces:
        if piece.kind == ROW:
            lines.append(piece.data)
        if lines and (piece.kind != ROW or len(lines) >= _BATCH):
            yield name, columns, lines
            lines = []
        if piece.kind == TABLE:
            told = json.loads(piece.data)
            name, columns = told["table"], told["columns"]


def _mark(connection: Connection, header: Header, actor: str, now: datetime) -> None:
    table: Table = RestorationRow.__table__  # type: ignore[assignment]
    values = {"id": new_id("rst"), "backup": header.id, "taken_at": datetime.fromisoformat(header.taken_at)}
    connection.execute(table.insert().values(**values, clinic=INSTALLATION, restored_at=now, actor=actor[:40]))
    sessions = update(SessionRow).where(SessionRow.closed_at.is_(None))
    connection.execute(sessions.values(closed_at=now))


def _put_files(pieces: Iterable[Frame], folder: Path) -> Iterator[Frame]:
    """Writes the files as they come by, each whole before it has its name; hands the rest on."""
    draft, place = folder / f".{secrets.token_hex(4)}.draft", Path()
    for piece in pieces:
        if piece.kind in (FILE, END) and place != Path():
            draft.replace(place)
            place = Path()
        if piece.kind == FILE:
            place = _inside(folder, piece.data.decode())
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(b"")
            draft.chmod(0o600)
        elif piece.kind == DATA:
            with draft.open("ab") as file:
                file.write(piece.data)
        else:
            yield piece


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise BackupRefused("the backup names a file outside its folder")
    return folder / parts
