"""How a recording is sealed while it is written: chunks of AES-256-GCM that open up to wherever the file was cut.

Layout: a head of 16 bytes, ``CWT1 | 0, 4 bytes | random prefix, 7 bytes | 0``, then the chunks, each its length in 4
bytes and its content with a tag of 16. The nonce of a chunk is ``prefix | number, 4 bytes | 1 for the last, else 0``,
the head is bound to each (the STREAM construction, as in `records.blob_stream`). A chunk that was changed, moved or
left out does not open; a file that was cut opens up to there, and the missing last mark proves that it was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.errors import Unreadable

MOST = 1 << 16
_HEAD_BYTES = 16
_TAG = 16
_PREFIX_BYTES = 7
_MAGIC = b"CWT1\x00\x00\x00\x00"


class TapeWriter:
    """Seals what it is given, in order; what was synced outlives the program and the machine."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._cipher = AESGCM(key)
        self._prefix = secrets.token_bytes(_PREFIX_BYTES)
        self._head = _MAGIC + self._prefix + b"\x00"
        self._waiting = bytearray()
        self._number = 0
        self.size = 0
        file.write(self._head)
        self._to_disk()

    def write(self, data: bytes) -> None:
        """Adds to the content; full chunks go to the disk at once."""
        self.size += len(data)
        self._waiting += data
        while len(self._waiting) > MOST:
            self._seal(bytes(self._waiting[:MOST]), last=False)
            del self._waiting[:MOST]

    def sync(self) -> None:
        """Brings all there is to the disk."""
        if self._waiting:
            self._seal(bytes(self._waiting), last=False)
            self._waiting.clear()

    def finish(self) -> None:
        """Marks the end."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._number, last), plain, self._head)
        self._number += 1
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._to_disk()

    def _to_disk(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())


class TapeReader:
    """Reads a tape from its beginning to its end or to where it was cut; ``is_whole`` says which, after the reading."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        """Raises `Unreadable` when the file is no tape."""
        self._file = file
        self._cipher = AESGCM(key)
        self._end = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._head = file.read(_HEAD_BYTES)
        self.is_whole = False
        if len(self._head) != _HEAD_BYTES or not self._head.startswith(_MAGIC):
            raise Unreadable("a recording is not what was written")

    def chunks(self) -> Iterator[bytes]:
        """The content. Raises `Unreadable` where something else was written than what was recorded."""
        number = 0
        while (sealed := self._next()) is not None:
            at_end = self._file.tell() == self._end
            plain = self._open(sealed, number, last=True) if at_end else None
            self.is_whole = plain is not None
            if plain is None:
                plain = self._open(sealed, number, last=False)
            if plain is None:
                raise Unreadable(f"chunk {number} of a recording does not open")
            number += 1
            if plain:
                yield plain

    def _next(self) -> bytes | None:
        """The next sealed chunk; None at the end, also where the last one was cut off."""
        left = self._end - self._file.tell()
        length = int.from_bytes(self._file.read(4), "big")
        if left < 4 or (_TAG <= length <= MOST + _TAG and left - 4 < length):
            return None
        if not _TAG <= length <= MOST + _TAG:
            raise Unreadable("a recording is not what was written")
        return self._file.read(length)

    def _open(self, sealed: bytes, number: int, *, last: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(_nonce(self._head[8 : 8 + _PREFIX_BYTES], number, last), sealed, self._head)
        except InvalidTag:
            return None


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")
