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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Generic, Protocol, TypeVar

from records.blob_stream import KEY_BYTES, StreamReader, StreamWriter
from records.errors import Unreadable

_NAME = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{8}")
_DRAFT = ".upload-"


class Stream(Protocol):
    """How a file is sealed while it is written."""

    @property
    def size(self) -> int: ...
    def write(self, data: bytes) -> object: ...
    def finish(self) -> object: ...


Sealing = TypeVar("Sealing", bound=Stream)


class Draft(Generic[Sealing]):
    """A file that is being written: sealed from its first byte, nameless until `BlobFolder.place`."""

    def __init__(self, path: Path, made: Callable[[IO[bytes], bytes], Sealing]) -> None:
        self.path = path
        self.key = secrets.token_bytes(KEY_BYTES)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self.stream = made(self._file, self.key)

    @property
    def size(self) -> int:
        """How many bytes of content it has so far."""
        return self.stream.size

    def write(self, data: bytes) -> None:
        self.stream.write(data)

    def finish(self) -> None:
        """Ends the content and waits until the disk has it."""
        self.stream.finish()
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

    def draft(self) -> Draft[StreamWriter]:
        """Begins a file. The folder is made at first use, for its owner alone."""
        return self.draft_of(StreamWriter)

    def draft_of(self, made: Callable[[IO[bytes], bytes], Sealing]) -> Draft[Sealing]:
        """The same for one that is sealed in another way."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Draft(self.path / f"{_DRAFT}{secrets.token_hex(8)}", made)

    def make_room(self, name: str) -> Path:
        """Where a file of that name will lie; for one that has its name from its beginning."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._place(name)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        return place

    def path_of(self, name: str) -> Path:
        """Where a file lies, if it does. Raises `Unreadable` for a name that is none of ours."""
        return self._place(name)

    def has(self, name: str) -> bool:
        """Whether the file lies in this folder: another machine may have one of its own."""
        return self._place(name).is_file()

    def place(self, draft: Draft[Sealing], digest: str) -> str:
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
