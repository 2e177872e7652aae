"""How the rows of any table travel in a backup: as JSON that either database can take in again.

A backup holds rows, not a database's own files, so one format serves SQLite and PostgreSQL, needs no program of the
server's version, can be taken in by a newer schema through its migrations, and moves an installation from one to the
other. What it says of a table is its columns' names; their types are those of the table that takes them in.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)

from records.codes import b64, unb64

MARK = "alembic_version"
_BATCH = 500


def tables_of(connection: Connection) -> list[Table]:
    """The tables that are there, each after those that it refers to; not the mark of the schema."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _meta: name != MARK)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
    return found.sorted_tables


def schema_of(connection: Connection) -> str | None:
    """The newest migration of the database, None when it has none."""
    if not connection.dialect.has_table(connection, MARK):
        return None
    return connection.execute(text(f"SELECT version_num FROM {MARK}")).scalar()


def count_rows(connection: Connection, tables: Sequence[Table]) -> int:
    return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def rows_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """Each row as a line of JSON, its columns in their order; an instant is in UTC, bytes are base64."""
    streamed = connection.execution_options(yield_per=_BATCH)
    order = list(table.primary_key.columns)
    for row in streamed.execute(select(table).order_by(*order)):
        yield json.dumps([_as_json(value) for value in row], separators=(",", ":")).encode()


def put_rows(connection: Connection, table: Table, names: Sequence[str], lines: Sequence[bytes]) -> None:
    """Inserts rows as `rows_of` wrote them."""
    columns = [table.columns[name] for name in names]
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, lines)
        return
    told = (zip(columns, json.loads(line), strict=True) for line in lines)
    rows = [{column.name: _from_json(column.type, value) for column, value in row} for row in told]
    connection.execute(insert(table), rows)


def _copy(connection: Connection, table: Table, columns: Sequence[Column[Any]], lines: Sequence[bytes]) -> None:
    """By PostgreSQL's COPY, as its CSV: many times as quick as inserts through the driver."""
    quoted = connection.dialect.identifier_preparer
    names = ", ".join(quoted.quote(column.name) for column in columns)
    rows = []
    for line in lines:
        pairs = zip(columns, json.loads(line), strict=True)
        rows.append(",".join(_as_csv(column.type, value) for column, value in pairs) + "\n")
    cursor = connection.connection.cursor()
    statement = f"COPY {quoted.format_table(table)} ({names}) FROM STDIN WITH (FORMAT csv)"
    cursor.execute(statement, stream=io.BytesIO("".join(rows).encode()))  # type: ignore[call-arg]
    cursor.close()


def _as_csv(kind: Any, value: Any) -> str:
    """A field: nothing for NULL, everything else between quotes."""
    if value is None:
        return ""
    if isinstance(kind, JSON):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(kind, LargeBinary):
        text = "\\x" + unb64(value).hex()
    else:
        text = str(value)
    return '"' + text.replace('"', '""') + '"'


def count_on(connection: Connection, tables: Sequence[Table]) -> None:
    """Has PostgreSQL's own counters go on after the greatest number that was put in; SQLite does by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in tables:
        for column in table.primary_key.columns:
            counter = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar()
            if counter is not None:
                newest = connection.execute(select(func.max(column))).scalar()
                connection.execute(select(func.setval(counter, newest or 1, newest is not None)))


def _as_json(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64(bytes(value))
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _from_json(kind: Any, value: Any) -> object:
    """As SQLite takes it: instants without their zone, which is UTC."""
    if value is None or isinstance(kind, JSON):
        return value
    if isinstance(kind, LargeBinary):
        return unb64(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


def described(table: Table) -> Mapping[str, Any]:
    """What a backup says of a table before its rows."""
    return {"table": table.name, "columns": [column.name for column in table.columns]}
