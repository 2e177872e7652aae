"""Where the master key lives in embedded mode: one file only its owner can read, in a folder apart from the data."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FILE = "master.json"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeysRefused(Exception):
    """The key file cannot be used as it is (rights too wide, damaged, key unknown); names the reason, never a key."""


class FileKeyProvider:
    """Wraps data keys with AES-256-GCM under a master key in ``folder/master.json``.

    The folder (0700) and the file (0600) are made at first use; several processes may start at once. The file holds
    every master key that ever wrapped something and names the current one, so that a rotation can add one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / _FILE
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path.exists():
            _create(self._path)
        _refuse_wide_rights(folder)
        _refuse_wide_rights(self._path)
        self._current, self._keys = _read(self._path)

    @property
    def key_id(self) -> str:
        """The id of the master key that wraps new data keys."""
        return self._current

    def wrap(self, data_key: bytes, context: str) -> bytes:
        """``key id | nonce | sealed key``; it opens only with the same ``context``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._keys[self._current]).encrypt(nonce, data_key, context.encode())
        return self._current.encode() + b"|" + nonce + sealed

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The data key. Raises `KeysRefused` when the master key is not here or the bytes are not the ones wrapped."""
        key_id, _, rest = wrapped.partition(b"|")
        master = self._keys.get(key_id.decode("ascii", "replace"))
        if master is None:
            raise KeysRefused("the data key was wrapped by a master key that is not in the key file")
        try:
            return AESGCM(master).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise KeysRefused("a wrapped data key does not open: damaged, or moved to another place") from None


def _create(path: Path) -> None:
    key_id = "m" + secrets.token_hex(8)
    text = json.dumps({"current": key_id, "keys": {key_id: base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}})
    draft = path.with_name(f".{_FILE}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # whole or not at all; of several processes the first one wins
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_wide_rights(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeysRefused(f"{path.name}: others on this machine can read it; take their rights away (chmod go= ...)")


def _read(path: Path) -> tuple[str, dict[str, bytes]]:
    try:
        raw = json.loads(path.read_text())
        keys = {name: base64.b64decode(value, validate=True) for name, value in raw["keys"].items()}
        current = raw["current"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeysRefused(f"{path.name}: damaged; restore it from a backup of the keys") from None
    if current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise KeysRefused(f"{path.name}: damaged; restore it from a backup of the keys")
    return current, keys
