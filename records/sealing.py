"""How a field is sealed: AES-256-GCM, the key's id in front, bound to the very table, column and row it stands in.

Layout: ``1 byte version | 1 byte length of key id | key id | 12 byte nonce | ciphertext and tag``. The associated
data is everything before the nonce and ``clinic|table|column|row``, so that a value moved to another row, column or
clinic, or relabelled with another key, does not open.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.codes import canonical
from records.errors import Unreadable

_VERSION = 1
_NONCE_BYTES = 12


class Place(NamedTuple):
    """Where a sealed value stands: the field it is, never to be moved."""

    clinic: str
    table: str
    column: str
    row: str

    def aad(self) -> bytes:
        return f"{self.clinic}|{self.table}|{self.column}|{self.row}".encode()


@dataclass(frozen=True, slots=True)
class Secret:
    """An unwrapped key and its id. Its text form shows the id only."""

    id: str
    value: bytes

    def __repr__(self) -> str:
        return f"Secret({self.id})"


def seal_bytes(secret: Secret, place: Place, plain: bytes) -> bytes:
    return sealer(secret)(place, plain)


def sealer(secret: Secret) -> Callable[[Place, bytes], bytes]:
    """Seals many values under one key: what belongs to the key is made once. Not to be kept longer than the work."""
    key_id = secret.id.encode("ascii")
    head, cipher = bytes((_VERSION, len(key_id))) + key_id, AESGCM(secret.value)

    def seal(place: Place, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + cipher.encrypt(nonce, plain, head + place.aad())

    return seal


def sealed_by(key_id: str) -> bytes:
    """What every value begins with that a key of that id has sealed."""
    name = key_id.encode("ascii")
    return bytes((_VERSION, len(name))) + name


def key_id_of(sealed: bytes) -> str:
    """The id of the key that sealed the value. Raises `Unreadable` when the bytes are not a sealed value."""
    if len(sealed) < 2 or sealed[0] != _VERSION or len(sealed) < 2 + sealed[1] + _NONCE_BYTES:
        raise Unreadable("not a sealed value")
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def open_bytes(secret: Secret, place: Place, sealed: bytes) -> bytes:
    """The plain bytes. Raises `Unreadable` when key, place or bytes are not those of sealing."""
    return opener(lambda _: secret)(place, sealed)


def opener(secret: Callable[[str], Secret]) -> Callable[[Place, bytes], bytes]:
    """Opens many values: what belongs to a key, found by its id, is made once. Not to be kept longer than the work."""
    ciphers: dict[bytes, AESGCM] = {}

    def open_one(place: Place, sealed: bytes) -> bytes:
        name = key_id_of(sealed)
        head_end = 2 + len(name)
        head, nonce_end = sealed[:head_end], head_end + _NONCE_BYTES
        cipher = ciphers.get(head)
        if cipher is None:
            cipher = ciphers[head] = AESGCM(secret(name).value)
        try:
            return cipher.decrypt(sealed[head_end:nonce_end], sealed[nonce_end:], head + place.aad())
        except InvalidTag:
            raise Unreadable(f"{place.table}.{place.column} of {place.row} does not open") from None

    return open_one


def to_bytes(value: Any) -> bytes:
    return canonical(value).encode()


def from_bytes(plain: bytes) -> Any:
    return json.loads(plain)
