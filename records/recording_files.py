"""The files of recordings: a tape while a part is written, a sealed file that can be sought once it is finished.

Both lie in the folder of files (`records.blob_folder`). Who writes a tape holds a lock on it, which ends with the
program: so nobody takes a tape for abandoned that is not.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from records.blob_stream import CHUNK, HEAD_BYTES, KEY_BYTES, StreamWriter
from records.errors import Unreadable
from records.tape_stream import TapeReader, TapeWriter

_TAG = 16


class OpenTape:
    """A tape that this program writes."""

    def __init__(self, path: Path) -> None:
        self.key = secrets.token_bytes(KEY_BYTES)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._writer = TapeWriter(self._file, self.key)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def sync(self) -> None:
        self._writer.sync()

    def finish(self) -> None:
        """Marks the end and lets go; a second call does nothing."""
        if not self._file.closed:
            self._writer.finish()
            self._file.close()


class FoundTape:
    """A tape that nobody writes any more."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Raises `BlockingIOError` while somebody writes it, `Unreadable` when it is gone or no tape."""
        try:
            self._file = path.open("rb")
        except OSError:
            raise Unreadable("a recording is not there") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._reader = TapeReader(self._file, key)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> FoundTape:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def is_whole(self) -> bool:
        """Whether its end was marked; known once `chunks` came to its end."""
        return self._reader.is_whole

    def chunks(self) -> Iterator[bytes]:
        return self._reader.chunks()


class HeldHead:
    """A sealed file whose first chunk may be written again until the end: a container's header says what comes after.

    It reads back as any file of `records.blob_stream`. Every chunk is sealed once, the first one last.
    """

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._first = bytearray()
        self._at = 0
        self._rest = _AfterFirst(file, key)

    @property
    def size(self) -> int:
        """How many bytes of content there are."""
        return len(self._first) + self._rest.size

    def write(self, data: bytes) -> int:
        """Adds at the end, or writes again within the first chunk. Raises `ValueError` for any other place."""
        for piece in (bytes(data[: max(0, CHUNK - self._at)]), bytes(data[max(0, CHUNK - self._at) :])):
            if piece:
                self._put(piece)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Goes to a place of the content."""
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def finish(self) -> None:
        """Seals what is left, and the first chunk into its place."""
        self._rest.close(bytes(self._first))

    def _put(self, piece: bytes) -> None:
        if self._at < CHUNK and self._at <= len(self._first):
            self._first[self._at : self._at + len(piece)] = piece
        elif self._at == self.size:
            self._rest.write(piece)
        else:
            raise ValueError("only the first chunk is written again")
        self._at += len(piece)


class _AfterFirst(StreamWriter):
    """Seals the second chunk and those after it; leaves room for the first."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        super().__init__(file, key)
        self._number = 1
        file.write(bytes(CHUNK + _TAG))

    def close(self, first: bytes) -> None:
        alone = not self.size
        if not alone:
            self.finish()
        self._file.seek(HEAD_BYTES)
        self._number = 0
        self._seal(first, last=alone)
        if alone:
            self._file.truncate()
