"""Where the master key lives in embedded mode: one file only its owner can read, in a folder apart from the data."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.turns import FileTurns

_FILE = "master.json"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeysRefused(Exception):
    """The key file cannot be used as it is (rights too wide, damaged, key unknown); names the reason, never a key."""


class FileKeyProvider:
    """Wraps data keys with AES-256-GCM under a master key in ``folder/master.json``.

    The folder (0700) and the file (0600) are made at first use; several processes may start at once. The file holds
    every version of the master key that ever wrapped something and names the current one; a version that another
    process has added is read when it is met.
    """

    simulated = False

    def __init__(self, folder: Path, shares_url: str = "") -> None:
        self.folder = folder
        self.shares_url = shares_url
        self._path = folder / _FILE
        private_folder(folder)
        if not self._path.exists():
            _create(self._path)
        refuse_wide_rights(self._path)
        self._current, self._keys = _read(self._path)

    @property
    def key_id(self) -> str:
        """The id of the master key's version that wraps new data keys."""
        return self._current

    def wrap(self, data_key: bytes, context: str) -> bytes:
        """``key id | nonce | sealed key``; it opens only with the same ``context``."""
        self._current, self._keys = _read(self._path)  # wrapping is rare, and must not use a version left behind
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._keys[self._current]).encrypt(nonce, data_key, context.encode())
        return self._current.encode() + b"|" + nonce + sealed

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The data key. Raises `KeysRefused` when the master key is not here or the bytes are not the ones wrapped."""
        key_id, rest = self.wrapped_by(wrapped), wrapped.partition(b"|")[2]
        if key_id not in self._keys:
            self._current, self._keys = _read(self._path)
        master = self._keys.get(key_id)
        if master is None:
            raise KeysRefused("the data key was wrapped by a master key that is not in the key file")
        try:
            return AESGCM(master).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise KeysRefused("a wrapped data key does not open: damaged, or moved to another place") from None

    def wrapped_by(self, wrapped: bytes) -> str:
        return wrapped.partition(b"|")[0].decode("ascii", "replace")

    def rotate(self) -> str:
        """Adds a version to the file, which is replaced whole; the earlier ones stay in it."""
        turns = FileTurns(str(self.folder / ".turn"))
        try:
            with turns.turn():
                _, keys = _read(self._path)
                key_id = "m" + secrets.token_hex(8)
                draft = _draft(self._path, key_id, {**keys, key_id: secrets.token_bytes(_KEY_BYTES)})
                os.replace(draft, self._path)
                _sync_folder(self.folder)
                self._current, self._keys = _read(self._path)
        finally:
            turns.close()
        return key_id


def private_folder(folder: Path) -> None:
    """Makes the folder for its owner alone. Raises `KeysRefused` when one is there that others can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_wide_rights(folder)


def _create(path: Path) -> None:
    key_id = "m" + secrets.token_hex(8)
    draft = _draft(path, key_id, {key_id: secrets.token_bytes(_KEY_BYTES)})
    try:
        os.link(draft, path)  # whole or not at all; of several processes the first one wins
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _draft(path: Path, current: str, keys: Mapping[str, bytes]) -> Path:
    text = json.dumps(
        {"current": current, "keys": {name: base64.b64encode(key).decode() for name, key in keys.items()}}
    )
    draft = path.with_name(f".{_FILE}.{secrets.token_hex(6)}")
    write_private(draft, text)
    return draft


def write_private(path: Path, text: str) -> None:
    """Writes a new file for its owner alone and waits for the disk. Raises `FileExistsError`."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_wide_rights(path: Path) -> None:
    """Raises `KeysRefused` when anybody but the owner may do anything with the file or folder."""
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
