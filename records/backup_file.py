"""The file of a backup: a header that anybody may read, and a body that opens with the installation's keys alone.

The header is a block of `HEADER_BYTES`: `MAGIC`, a line of JSON, blanks. It names the format's version, the backup,
the schema, the SHA-256 digest and length of the body, and the body's key, which is new for each backup and wrapped by
the key provider; its ``seal`` is an AES-256-GCM tag under that key, so nothing in it can be changed unseen.

The body is a compressed stream in chunks of AES-256-GCM: ``4 bytes length | ciphertext``. The nonce is the chunk's
number; the associated data is the backup's id, the number and whether it is the last, so that no chunk can be left
out, moved, repeated or taken from another backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import TracebackType
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.ports import KeyProvider
from records.codes import b64, canonical, unb64
from records.errors import RecordsError
from records.keys import KeysRefused

MAGIC = b"CLINICWRIGHT-BACKUP\n"
FORMAT = 1
HEADER_BYTES = 4096
_CHUNK = 1 << 20
_LONGEST = _CHUNK + (1 << 16)
_FAST = 1  # compression: most of what is kept is sealed and does not shrink
_SEAL_NONCE = b"\xff" * 12  # a number that no chunk reaches


class BackupRefused(RecordsError):
    """A file that is no backup of ours, or is damaged, newer than this program, or of other keys; says which."""

    code = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a backup says of itself: ``schema`` is the newest migration in it, ``database`` what it was taken from."""

    id: str
    taken_at: str
    schema: str
    database: str
    format: int = FORMAT
    rows: int = 0
    files: int = 0
    length: int = 0
    digest: str = ""
    key: str = field(default="", repr=False)

    def seal(self, key: bytes) -> str:
        """What proves that the header is the one that was written with the body."""
        return b64(AESGCM(key).encrypt(_SEAL_NONCE, b"", canonical(asdict(self)).encode()))


class BackupWriter:
    """Writes a backup beside its target and puts it there whole, or leaves nothing."""

    def __init__(self, target: Path, header: Header, keys: KeyProvider) -> None:
        self._target = target
        self._draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
        self._key = secrets.token_bytes(32)
        wrapped = keys.wrap(self._key, _context(header.id))
        self.header = replace(header, key=b64(wrapped))
        handle = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: IO[bytes] = os.fdopen(handle, "w+b")
        self._file.write(b" " * HEADER_BYTES)
        self._squeeze = zlib.compressobj(_FAST)
        self._waiting = bytearray()
        self._hash = hashlib.sha256()
        self._number = self._written = 0

    def write(self, data: bytes) -> None:
        """Adds to the body."""
        self._waiting += self._squeeze.compress(data)
        while len(self._waiting) > _CHUNK:
            self._seal_chunk(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]

    def finish(self, rows: int, files: int) -> Header:
        """Ends the body, writes the header and puts the file in its place; returns the header."""
        self._waiting += self._squeeze.flush()
        while len(self._waiting) > _CHUNK:
            self._seal_chunk(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        self._seal_chunk(bytes(self._waiting), last=True)
        digest = f"sha256:{self._hash.hexdigest()}"
        self.header = replace(self.header, rows=rows, files=files, length=self._written, digest=digest)
        text = json.dumps({**asdict(self.header), "seal": self.header.seal(self._key)}, sort_keys=True)
        self._file.seek(0)
        self._file.write((MAGIC + text.encode() + b"\n").ljust(HEADER_BYTES))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.link(self._draft, self._target)  # never over a file that is there
        self._draft.unlink()
        return self.header

    def __enter__(self) -> BackupWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def _seal_chunk(self, plain: bytes, *, last: bool) -> None:
        sealed = AESGCM(self._key).encrypt(_nonce(self._number), plain, _bound(self.header.id, self._number, last))
        block = len(sealed).to_bytes(4, "big") + sealed
        self._file.write(block)
        self._hash.update(block)
        self._number += 1
        self._written += len(block)


def read_header(path: Path) -> Header:
    """What the file says of itself, without any key. Raises `BackupRefused`; nothing of it is proved yet."""
    with path.open("rb") as file:
        return _parsed(file.read(HEADER_BYTES))[0]


def open_body(path: Path, keys: KeyProvider) -> Iterator[bytes]:
    """The body's bytes, once the whole file has been checked against its header.

    Raises:
        BackupRefused: no backup, damaged, newer than this program, or of another installation's keys.
    """
    with path.open("rb") as file:
        header, seal = _parsed(file.read(HEADER_BYTES))
        _check_digest(file, header)
        key = _key_of(header, keys)
        if not secrets.compare_digest(header.seal(key), seal):
            raise BackupRefused("the backup's header was changed after it was written")
        file.seek(HEADER_BYTES)
        yield from _plain(file, header, key)


def _parsed(block: bytes) -> tuple[Header, str]:
    if not block.startswith(MAGIC):
        raise BackupRefused("the file is not a backup of this program")
    try:
        raw = json.loads(block[len(MAGIC) :].partition(b"\n")[0])
        if not isinstance(raw["format"], int):
            raise TypeError
        if raw["format"] > FORMAT:
            raise BackupRefused("the backup was written by a newer program; restore it with that one")
        header = Header(**{item.name: raw[item.name] for item in fields(Header)})
        return header, str(raw["seal"])
    except (ValueError, KeyError, TypeError):
        raise BackupRefused("the backup is damaged: its header cannot be read") from None


def _check_digest(file: IO[bytes], header: Header) -> None:
    digest, length = hashlib.sha256(), 0
    while block := file.read(_CHUNK):
        digest.update(block)
        length += len(block)
    if length != header.length:
        raise BackupRefused(f"the backup is damaged: it has {length} bytes of {header.length}")
    if f"sha256:{digest.hexdigest()}" != header.digest:
        raise BackupRefused("the backup is damaged: its content is not what was written")


def _key_of(header: Header, keys: KeyProvider) -> bytes:
    try:
        return keys.unwrap(unb64(header.key), _context(header.id))
    except (KeysRefused, ValueError):
        raise BackupRefused("the backup belongs to other keys: its master key is not in the key folder") from None


def _plain(file: IO[bytes], header: Header, key: bytes) -> Iterator[bytes]:
    stretch, number, left = zlib.decompressobj(), 0, header.length
    while left:
        length = int.from_bytes(file.read(4), "big")
        left -= 4 + length
        if left < 0 or length > _LONGEST:
            raise BackupRefused("the backup is damaged: a piece of it is cut")
        try:
            sealed = file.read(length)
            piece = AESGCM(key).decrypt(_nonce(number), sealed, _bound(header.id, number, left == 0))
        except InvalidTag:
            raise BackupRefused("the backup is damaged: a piece of it does not open") from None
        number += 1
        yield stretch.decompress(piece)
    yield stretch.flush()


def _context(backup: str) -> str:
    return f"backup|{backup}"


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(backup: str, number: int, last: bool) -> bytes:
    return f"{backup}|{number}|{'last' if last else 'more'}".encode()
