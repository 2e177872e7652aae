"""Whose turn it is to write: to a SQLite file, where one writes at a time, and to what PostgreSQL has no row for.

Threads and processes queue here instead of polling for SQLite's lock.

SQLite lets one transaction write at a time and has the others poll with growing pauses, so that of two busy processes
one starves. A lock file beside the database wakes the next one at once; the kernel releases it when a process dies.
Whoever does not take turns (a shell, a backup) is still held off by SQLite itself.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Connection, Engine, func, select


class FileTurns:
    """Turns by a thread lock within the process and ``flock`` (2) between processes."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class NoTurns:
    """A database that lets many write at once needs none."""

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        return None


def turns_for(engine: Engine) -> FileTurns | NoTurns:
    """Turns beside the SQLite file of the engine, none for another database."""
    if engine.dialect.name != "sqlite":
        return NoTurns()
    return FileTurns(f"{engine.url.database}.turn")


def take_turn(connection: Connection, name: str) -> None:
    """Waits until no other transaction holds the name, and holds it to the end of this one; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
