"""The folder of sealed files: how one gets its name only when it is whole and on the disk, and how one is removed.

A file's name is a keyed digest of its content and a few random digits, ``ab/ab12....<8 hex>``: it tells nothing about
what is inside, not even to somebody who has the same file, and no two writes ever meet in one name. What is being
written has a dot before its name, in the folder itself, and no backup takes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from records.blob_stream import KEY_BYTES, StreamReader, StreamWriter
from records.errors import Unreadable

_NAME = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}")
_DRAFT = ".upload-"


class Draft:
    """A file that is being written: sealed from its first byte, nameless until `BlobFolder.place`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = secrets.token_bytes(KEY_BYTES)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._stream = StreamWriter(self._file, self.key)

    @property
    def size(self) -> int:
        """How many bytes of content it has so far."""
        return self._stream.size

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def finish(self) -> None:
        """Ends the content and waits until the disk has it."""
        self._stream.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Removes it, unless it was placed; harmless a second time."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class BlobFolder:
    """Where sealed files lie; several programs may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def draft(self) -> Draft:
        """Begins a file. The folder is made at first use, for its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Draft(self.path / f"{_DRAFT}{secrets.token_hex(8)}")

    def place(self, draft: Draft, digest: str) -> str:
        """Gives a finished draft its name, which lasts through a power cut; returns it."""
        name = f"{digest}.{secrets.token_hex(4)}"
        place = self._place(name)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        draft.path.rename(place)
        _sync(place.parent)
        _sync(self.path)
        return name

    @contextlib.contextmanager
    def open(self, name: str, key: bytes, size: int) -> Iterator[StreamReader]:
        """The file's reader. Raises `Unreadable` when it is gone or is not what was written."""
        try:
            file = self._place(name).open("rb")
        except OSError:
            raise Unreadable("a stored file is not there") from None
        with file:
            yield StreamReader(file, key, size)

    def remove(self, name: str) -> None:
        """Removes a file; harmless when it is gone."""
        self._place(name).unlink(missing_ok=True)

    def let_go(self, name: str) -> None:
        """Leaves a file that nobody needs any more to the sweep: a backup that is being taken may still name it."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._place(name))

    def names(self) -> Iterator[str]:
        """Every file that has a name."""
        for path in sorted(self.path.glob("??/*")):
            if _NAME.fullmatch(path.name):
                yield path.name

    def older_than(self, seconds: float) -> Iterator[Path]:
        """Files and drafts that nobody has written to for that long."""
        limit = time.time() - seconds
        for path in sorted([*self.path.glob("??/*"), *self.path.glob(f"{_DRAFT}*")]):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < limit:
                    yield path

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Unreadable("a stored file has no name of ours")
        return self.path / name[:2] / name


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
