"""What a simulated network remembers: one answer for each key, kept in a small file of its own across crashes.

Only keys, states and codes are kept, never what a message said about a person.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

Entry = Mapping[str, str | int]

_SCHEMA = "CREATE TABLE IF NOT EXISTS entries (name TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID"


class Ledger:
    """A durable map from key to entry, safe for several processes; a key's first entry made by ``once`` stays."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(_SCHEMA)

    def get(self, name: str) -> Entry | None:
        with closing(self._open()) as connection:
            row = connection.execute("SELECT entry FROM entries WHERE name = ?", (name,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def once(self, name: str, make: Callable[[], Entry]) -> Entry:
        """The entry of ``name``, made now if there is none; of two that make it at once, one wins for both."""
        known = self.get(name)
        if known is not None:
            return known
        with closing(self._open()) as connection:
            connection.execute("INSERT OR IGNORE INTO entries VALUES (?, ?)", (name, json.dumps(make())))
        return self.get(name) or {}

    def put(self, name: str, entry: Entry) -> None:
        with closing(self._open()) as connection:
            connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", (name, json.dumps(entry)))

    def starting(self, prefix: str) -> tuple[tuple[str, Entry], ...]:
        """Names that begin with ``prefix``, in their order, with their entries."""
        query = "SELECT name, entry FROM entries WHERE substr(name, 1, ?) = ? ORDER BY name"
        with closing(self._open()) as connection:
            return tuple(
                (name, dict(json.loads(entry))) for name, entry in connection.execute(query, (len(prefix), prefix))
            )

    def drop(self, name: str) -> None:
        with closing(self._open()) as connection:
            connection.execute("DELETE FROM entries WHERE name = ?", (name,))

    def count(self, prefix: str) -> int:
        """How many names begin with ``prefix``."""
        with closing(self._open()) as connection:
            row = connection.execute("SELECT count(*) FROM entries WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
            return int(row.fetchone()[0])

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10, isolation_level=None)
