"""How a database of either kind is opened safely, and how a transaction on it begins."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from records.errors import RecordsError
from records.postgres import connect_arguments, driver_url

CONNECTIONS = 16  # that a program keeps to PostgreSQL at most, unless told otherwise
_RECYCLE_SECONDS = 1800
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit that was answered survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA secure_delete=ON",  # what was shredded is overwritten
    "PRAGMA temp_store=MEMORY",
)


def open_engine(url: str, connections: int = CONNECTIONS) -> Engine:
    """The engine of SQLite or PostgreSQL; `writer` and `reader` say what a transaction on it is for.

    Raises:
        RecordsError: a database of another kind, or one in memory, or an address that asks for something unknown.
    """
    kind = make_url(url).get_backend_name()
    if kind == "postgresql":
        return _open_postgres(url, connections)
    if kind != "sqlite":
        raise RecordsError("records are kept in SQLite or PostgreSQL: sqlite:///FILE or postgresql://...")
    return _open_sqlite(url)


def writer(engine: Engine) -> Engine:
    """The same engine for transactions that write: SQLite's lock is taken at their start."""
    return engine.execution_options(begin="IMMEDIATE")


def reader(engine: Engine) -> Engine:
    """The same engine for transactions that only read, all of it as it was at one instant."""
    return engine.execution_options(begin="SNAPSHOT")


def _open_sqlite(url: str) -> Engine:
    """With a write-ahead log and full synchronisation, each transaction begun by us."""
    if make_url(url).database in (None, "", ":memory:"):
        raise RecordsError("records need a SQLite file: a database in memory is another one for every connection")
    engine = create_engine(url, connect_args={"timeout": 30}, pool_size=8, max_overflow=24, hide_parameters=True)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _open_postgres(url: str, connections: int) -> Engine:
    """With a bounded pool: a program that finds all its connections busy waits its turn, as for SQLite's writer."""
    engine = create_engine(
        driver_url(url),
        connect_args=connect_arguments(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _on_postgres_begin)
    return engine


def _on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("begin") == "IMMEDIATE"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _on_postgres_begin(connection: Connection) -> None:
    """A reader sees one instant; a writer is at PostgreSQL's own level and sees what was committed before each step."""
    if connection.get_execution_options().get("begin") == "SNAPSHOT":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
