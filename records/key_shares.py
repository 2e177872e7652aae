"""Where half of every patient's key lies: apart from the database, so that no backup keeps an erased patient alive.

A patient's key in the database is wrapped twice: by the clinic's ``fields`` key and by a random *share* kept here. A
share opens nothing by itself and neither does a copy of the database; emptying one share makes everything sealed for
that patient unreadable, in the database and in every old copy of it. Copies of the shares are therefore kept apart
from those of the data, and only the newest one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, insert, select, update

from records.engines import open_engine, writer
from records.errors import Erased, Unreadable

SHARE_BYTES = 32
_NAME_BYTES = 32
_RECORD = _NAME_BYTES + SHARE_BYTES
_NOTHING = bytes(SHARE_BYTES)
_TABLE = Table(
    "people_shares",
    MetaData(),
    Column("key", String(40), primary_key=True),
    Column("share", LargeBinary, nullable=False),
)


class Shares(Protocol):
    """Keeps one share for each patient's key; what ``add`` and ``erase`` returned from survives a power cut."""

    def add(self, key: str) -> tuple[str, bytes]:
        """Makes and keeps a share for the key of that id; returns where it lies and the share."""
        ...

    def read(self, where: str, key: str) -> bytes:
        """The key's share. Raises `Erased` when it was emptied, `Unreadable` when it is not here."""
        ...

    def erase(self, where: str, key: str) -> None:
        """Overwrites the share; there is no way back. Does nothing when that was done before."""
        ...

    def bury(self, key: str) -> None:
        """Keeps that a key was destroyed that never had a share, as those of the first versions have none."""
        ...

    def erased(self) -> frozenset[str]:
        """The ids of the keys that were destroyed; one whose share is only missing is not among them."""
        ...

    def close(self) -> None: ...


class FileShares:
    """A file of records of 64 bytes, ``key id padded to 32 | share``, appended and overwritten in place; 0600.

    ``where`` is a record's number. Overwriting in place reaches the disk's old blocks on file systems that write in
    place (ext4, XFS); on others the medium itself has to be encrypted or destroyed with the last copy.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, key: str) -> tuple[str, bytes]:
        share = secrets.token_bytes(SHARE_BYTES)
        with self._alone() as file:
            number = os.fstat(file).st_size // _RECORD  # a torn last record is written over
            _write(file, number, _name(key) + share)
        return str(number), share

    def read(self, where: str, key: str) -> bytes:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Unreadable(f"the share of key {key} is not here: the file of shares is missing") from None
        try:
            share = _share(os.pread(file, _RECORD, int(where) * _RECORD), key)
        finally:
            os.close(file)
        if share == _NOTHING:
            raise Erased(f"key {key} was erased")
        return share

    def erase(self, where: str, key: str) -> None:
        with self._alone() as file:
            _share(os.pread(file, _RECORD, int(where) * _RECORD), key)  # never another key's record
            _write(file, int(where), _name(key) + _NOTHING)

    def bury(self, key: str) -> None:
        with self._alone() as file:
            number = os.fstat(file).st_size // _RECORD
            if key not in _erased(os.pread(file, number * _RECORD, 0)):
                _write(file, number, _name(key) + _NOTHING)

    def erased(self) -> frozenset[str]:
        return _erased(self._path.read_bytes()) if self._path.is_file() else frozenset()

    def close(self) -> None:
        return None

    @contextmanager
    def _alone(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


class SqlShares:
    """The same in a database of its own, for several machines; its copies are kept apart from the records', too.

    What the server keeps of earlier values (archived write-ahead logs, rows not yet vacuumed) has to be short-lived.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url, connections=4)
        self._writer = writer(self._engine)
        _TABLE.metadata.create_all(self._writer)

    def add(self, key: str) -> tuple[str, bytes]:
        share = secrets.token_bytes(SHARE_BYTES)
        with self._writer.begin() as connection:
            connection.execute(insert(_TABLE).values(key=key, share=share))
        return key, share

    def read(self, where: str, key: str) -> bytes:
        with self._engine.connect() as connection:
            share = connection.scalar(select(_TABLE.c.share).where(_TABLE.c.key == where))
        if share is None or where != key:
            raise Unreadable(f"the share of key {key} is not here")
        if share == _NOTHING:
            raise Erased(f"key {key} was erased")
        return bytes(share)

    def erase(self, where: str, key: str) -> None:
        with self._writer.begin() as connection:
            connection.execute(update(_TABLE).where(_TABLE.c.key == where).values(share=_NOTHING))
        if self._engine.dialect.name == "sqlite":  # its write-ahead log still has the share
            log = self._engine.raw_connection()
            try:
                log.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                log.close()

    def bury(self, key: str) -> None:
        with self._writer.begin() as connection:
            if connection.scalar(select(_TABLE.c.key).where(_TABLE.c.key == key)) is None:
                connection.execute(insert(_TABLE).values(key=key, share=_NOTHING))

    def erased(self) -> frozenset[str]:
        with self._engine.connect() as connection:
            return frozenset(connection.scalars(select(_TABLE.c.key).where(_TABLE.c.share == _NOTHING)))

    def close(self) -> None:
        self._engine.dispose()


def shares_at(folder: Path, url: str) -> Shares:
    """The shares at an address of their own, else in the file ``people.shares`` of the key folder."""
    if url:
        return SqlShares(url)
    return FileShares(folder / "people.shares")


def _name(key: str) -> bytes:
    return key.encode("ascii").ljust(_NAME_BYTES, b" ")[:_NAME_BYTES]


def _erased(records: bytes) -> frozenset[str]:
    """The keys of the records whose share was emptied; a torn last record is none."""
    whole = (records[start : start + _RECORD] for start in range(0, len(records) - _RECORD + 1, _RECORD))
    return frozenset(
        record[:_NAME_BYTES].decode("ascii").strip() for record in whole if record[_NAME_BYTES:] == _NOTHING
    )


def _share(record: bytes, key: str) -> bytes:
    if len(record) != _RECORD or record[:_NAME_BYTES] != _name(key):
        raise Unreadable(f"the share of key {key} is not here")
    return record[_NAME_BYTES:]


def _write(file: int, number: int, record: bytes) -> None:
    os.pwrite(file, record, number * _RECORD)
    os.fsync(file)
