"""How a file is sealed in chunks: AES-256-GCM in the STREAM construction, so that any part can be read by itself.

Layout: a head of 16 bytes, ``CWB1 | chunk size, 4 bytes | random prefix, 7 bytes | 0``, then the chunks, each of
`CHUNK` bytes of content and a tag of 16; the last one may be shorter, and is there even when the file is empty.
The nonce of a chunk is ``prefix | number, 4 bytes | 1 for the last, else 0`` (Hoang, Reyhanitabar, Rogaway and Vizar,
"Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015) and the head is bound to each. So a chunk
that was changed, moved, left out or taken from another file does not open, and neither does a file that was cut.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.errors import Unreadable

CHUNK = 1 << 16
HEAD_BYTES = 16
KEY_BYTES = 32
_TAG = 16
_PREFIX_BYTES = 7
_MAGIC = b"CWB1"


class StreamWriter:
    """Seals what it is given, in order, into a file; never holds more than two chunks."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        self._cipher = AESGCM(key)
        self._prefix = secrets.token_bytes(_PREFIX_BYTES)
        self._head = _MAGIC + CHUNK.to_bytes(4, "big") + self._prefix + b"\x00"
        self._waiting = bytearray()
        self._number = 0
        self.size = 0
        file.write(self._head)

    def write(self, data: bytes) -> None:
        """Adds to the content. A full chunk waits until more comes: it may be the last one."""
        self.size += len(data)
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> int:
        """Seals the last chunk; returns how many bytes of content there are."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()
        return self.size

    def _seal(self, plain: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last)
        self._file.write(self._cipher.encrypt(nonce, plain, self._head))
        self._number += 1


class StreamReader:
    """Reads a sealed file, whole or in part; ``size`` is what its row says of its content."""

    def __init__(self, file: IO[bytes], key: bytes, size: int) -> None:
        """Raises `Unreadable` when the file is not one of ours, of that length and sealed by that key to its end."""
        self._file = file
        self._cipher = AESGCM(key)
        self.size = size
        self._count = chunks_of(size)
        self._head = file.read(HEAD_BYTES)
        whole = self._head[:8] == _MAGIC + CHUNK.to_bytes(4, "big") and len(self._head) == HEAD_BYTES
        if not whole or file.seek(0, os.SEEK_END) != sealed_length(size):
            raise Unreadable("a stored file is not what was written")
        self._open(self._count - 1)  # a file that was put together anew does not end as this one does

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The content from ``start`` up to ``end`` (not with it), chunk by chunk. Raises `Unreadable`."""
        end = self.size if end is None else min(end, self.size)
        for number in range(start // CHUNK, chunks_of(end)):
            plain = self._open(number)
            at = number * CHUNK
            piece = plain[max(start - at, 0) : end - at]
            if piece:
                yield piece

    def _open(self, number: int) -> bytes:
        self._file.seek(HEAD_BYTES + number * (CHUNK + _TAG))
        sealed = self._file.read(CHUNK + _TAG)
        nonce = _nonce(self._head[8 : 8 + _PREFIX_BYTES], number, number == self._count - 1)
        try:
            return self._cipher.decrypt(nonce, sealed, self._head)
        except InvalidTag:
            raise Unreadable(f"chunk {number} of a stored file does not open") from None


def chunks_of(size: int) -> int:
    """How many chunks a content of that many bytes takes: at least one."""
    return max(1, -(-size // CHUNK))


def sealed_length(size: int) -> int:
    """How long the file of a content of that many bytes is."""
    return HEAD_BYTES + size + chunks_of(size) * _TAG


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")
