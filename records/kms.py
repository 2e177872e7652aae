"""How data keys are wrapped by a key service elsewhere: envelope encryption under a named master key with versions.

`KmsKeyProvider` is the port's adapter; it asks a `KeyService` and asks again when that is busy. The one service here is
`SimulatedKms`: it behaves like a real one (versions, latency, refusals, keys that never leave it) and says that it is
none. A cloud's service is one more class with the same three methods.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys import KeysRefused, private_folder, refuse_wide_rights, write_private
from records.turns import FileTurns

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TRIES = 5
_FIRST_PAUSE = 0.02
_FILE = "kms-simulator.json"
Answer = TypeVar("Answer")


class KmsBusy(Exception):
    """The service did not answer this time (throttled, timed out); the same call may succeed later."""


class KmsRefused(KeysRefused):
    """The service will not do it: ``code`` is unknown_key, disabled, denied or not_ours."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the key service refuses: {code}")


class KeyService(Protocol):
    """A key service: encrypts small values under a named key whose versions it keeps, and never gives the key out."""

    simulated: bool

    def encrypt(self, key: str, plain: bytes, context: str) -> bytes:
        """``name|version|`` and the service's own bytes. Raises `KmsBusy`, `KmsRefused`."""
        ...

    def decrypt(self, sealed: bytes, context: str) -> bytes: ...
    def current_version(self, key: str) -> str: ...
    def add_version(self, key: str) -> str: ...


class KmsKeyProvider:
    """Wraps data keys by a key service; a busy one is asked again, five times in about half a second."""

    def __init__(self, service: KeyService, key: str, folder: Path, shares_url: str = "") -> None:
        private_folder(folder)
        self.folder = folder
        self.shares_url = shares_url
        self._service = service
        self._key = key

    @property
    def simulated(self) -> bool:
        return self._service.simulated

    @property
    def key_id(self) -> str:
        return f"{self._key}|{_patiently(lambda: self._service.current_version(self._key))}"

    def wrap(self, data_key: bytes, context: str) -> bytes:
        return _patiently(lambda: self._service.encrypt(self._key, data_key, context))

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        return _patiently(lambda: self._service.decrypt(wrapped, context))

    def wrapped_by(self, wrapped: bytes) -> str:
        name, version, _ = _split(wrapped)
        return f"{name}|{version}"

    def rotate(self) -> str:
        return f"{self._key}|{_patiently(lambda: self._service.add_version(self._key))}"


class SimulatedKms:
    """Stands in for a key service. **Not one**: its keys lie in ``folder/kms-simulator.json`` (0600).

    That file also holds how it behaves, to be edited while it runs: ``latency_ms``, ``busy_every`` (each n-th call is
    answered `KmsBusy`, 0 never) and for each key ``enabled`` and ``denied`` (acts that are refused).
    """

    simulated = True

    def __init__(self, folder: Path, pause: Callable[[float], None] = time.sleep) -> None:
        private_folder(folder)
        self._folder = folder
        self._path = folder / _FILE
        self._pause = pause
        self._calls = 0
        self._lock = threading.Lock()
        if not self._path.exists():
            self._change(lambda state: None)
        refuse_wide_rights(self._path)

    def encrypt(self, key: str, plain: bytes, context: str) -> bytes:
        found = self._asked(key, "encrypt")
        version, nonce = str(found["current"]), secrets.token_bytes(_NONCE_BYTES)
        head = f"{key}|{version}|".encode()
        return head + nonce + AESGCM(_version(found, version)).encrypt(nonce, plain, head + context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        key, version, rest = _split(sealed)
        found = self._asked(key, "decrypt")
        head = f"{key}|{version}|".encode()
        try:
            cipher = AESGCM(_version(found, version))
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + context.encode())
        except InvalidTag:
            raise KmsRefused("not_ours") from None

    def current_version(self, key: str) -> str:
        return str(self._asked(key, "describe")["current"])

    def add_version(self, key: str) -> str:
        self._asked(key, "rotate")
        return str(self._change(lambda state: _add_version(state, key))["keys"][key]["current"])

    def _asked(self, key: str, act: str) -> dict[str, Any]:
        """The key as the service knows it, after the time it takes and unless it refuses; made at its first use."""
        state = self._state()
        self._pause(state["latency_ms"] / 1000)
        with self._lock:
            self._calls += 1
            busy = state["busy_every"] and self._calls % state["busy_every"] == 0
        if busy:
            raise KmsBusy(act)
        if key not in state["keys"] and act in ("encrypt", "describe"):
            state = self._change(lambda found: found["keys"].get(key) or _add_version(found, key))
        found: dict[str, Any] | None = state["keys"].get(key)
        if found is None:
            raise KmsRefused("unknown_key")
        if not found["enabled"] or act in found["denied"]:
            raise KmsRefused("denied" if found["enabled"] else "disabled")
        return found

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self._path.read_text())
            return state
        except ValueError:
            raise KeysRefused(f"{_FILE}: damaged; restore it from a backup of the keys") from None

    def _change(self, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        turns = FileTurns(str(self._folder / ".turn"))
        try:
            with turns.turn():
                empty: dict[str, Any] = {"simulator": True, "latency_ms": 2, "busy_every": 0, "keys": {}}
                state = self._state() if self._path.exists() else empty
                change(state)
                draft = self._path.with_name(f".{_FILE}.{secrets.token_hex(6)}")
                write_private(draft, json.dumps(state, indent=1))
                os.replace(draft, self._path)
        finally:
            turns.close()
        return state


def _patiently(ask: Callable[[], Answer]) -> Answer:
    pause = _FIRST_PAUSE
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except KmsBusy:
            time.sleep(pause)
            pause *= 2
    try:
        return ask()
    except KmsBusy:
        raise KeysRefused("the key service does not answer; try again") from None


def _split(sealed: bytes) -> tuple[str, str, bytes]:
    name, _, rest = sealed.partition(b"|")
    version, mark, rest = rest.partition(b"|")
    if not mark:
        raise KmsRefused("not_ours")
    return name.decode("ascii", "replace"), version.decode("ascii", "replace"), rest


def _version(key: dict[str, Any], version: str) -> bytes:
    try:
        return base64.b64decode(key["versions"][version], validate=True)
    except (KeyError, binascii.Error):
        raise KmsRefused("not_ours") from None


def _add_version(state: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = state["keys"].setdefault(key, {"enabled": True, "denied": [], "versions": {}})
    found["current"] = str(len(found["versions"]) + 1)
    found["versions"][found["current"]] = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return found
