"""Keeps payloads and failures unreadable for the Temporal server: AES-256-GCM under keys with ids, errors encoded.

The key's id is stored beside each payload and authenticated with it, so that keys rotate while old histories stay
readable. What Temporal keeps outside of payloads (workflow ids, search attributes, names) holds opaque ids and codes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    PayloadCodec,
)

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12


class PayloadKeys(Protocol):
    """Lends the data keys of workflow payloads: 32 bytes each, kept for as long as a history needs them."""

    def current(self) -> tuple[str, bytes]:
        """The key to encrypt with now, and its id."""
        ...

    def key(self, key_id: str) -> bytes:
        """The key of an id. Raises `KeyError` when it is not known."""
        ...


class CachedKeys:
    """Keys in memory, so that a payload costs no query; a rotated key is used after ``fresh_seconds`` at the latest."""

    def __init__(self, keys: PayloadKeys, fresh_seconds: float = 60.0) -> None:
        self._keys = keys
        self._fresh_seconds = fresh_seconds
        self._known: dict[str, bytes] = {}
        self._current = ""
        self._asked_at = 0.0

    def current(self) -> tuple[str, bytes]:
        if not self._current or time.monotonic() - self._asked_at > self._fresh_seconds:
            self._current, value = self._ask()
            self._known[self._current] = value
        return self._current, self._known[self._current]

    def key(self, key_id: str) -> bytes:
        if key_id not in self._known:
            self._known[key_id] = self._keys.key(key_id)
        return self._known[key_id]

    def _ask(self) -> tuple[str, bytes]:
        self._asked_at = time.monotonic()
        return self._keys.current()


class PlainPayload(ValueError):
    """A payload came that no holder of the keys has made; carries nothing of it."""


class EncryptingCodec(PayloadCodec):
    """Encrypts every payload whole; each gets a random 96-bit nonce. Source: NIST SP 800-38D."""

    def __init__(self, keys: PayloadKeys) -> None:
        self._keys = keys

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        key_id, key = self._keys.current()
        return [_encrypt(payload, key_id, key) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._decrypt(payload) for payload in payloads]

    def _decrypt(self, payload: Payload) -> Payload:
        """Refuses what was not encrypted by us, such as a forged signal; a server's own empty result says nothing."""
        encoding = payload.metadata.get("encoding")
        if encoding == b"binary/null" and not payload.data:
            return payload
        if encoding != ENCODING:
            raise PlainPayload("a payload that is not encrypted")
        key_id = payload.metadata["key"]
        key = self._keys.key(key_id.decode())
        clear = AESGCM(key).decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], key_id)
        return Payload.FromString(clear)


def _encrypt(payload: Payload, key_id: str, key: bytes) -> Payload:
    nonce = os.urandom(NONCE_BYTES)
    name = key_id.encode()
    sealed = AESGCM(key).encrypt(nonce, payload.SerializeToString(), name)
    return Payload(metadata={"encoding": ENCODING, "key": name}, data=nonce + sealed)


def data_converter(keys: PayloadKeys | None) -> DataConverter:
    """JSON dataclasses, encrypted under ``keys``; without keys (bench and tests only) payloads stay readable."""
    plain = DataConverter(
        payload_converter_class=DefaultPayloadConverter,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
    return plain if keys is None else replace(plain, payload_codec=EncryptingCodec(keys))
