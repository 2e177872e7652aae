"""How a guest's choices travel in a cookie that nobody but this program can read or change.

Before anyone has an account there is no row to keep a chosen place or slot in; a sealed cookie (AES-256-GCM, bound to
its clinic and purpose) keeps it without anything readable in the browser.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Sealer:
    """Seals small JSON values under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, value: Mapping[str, Any], purpose: str) -> str:
        """The value as URL-safe text; ``purpose`` (clinic and use) must be the same when it is opened."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(value, separators=(",", ":")).encode(), purpose.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, text: str, purpose: str) -> dict[str, Any]:
        """The value again; an empty mapping when the text is missing, foreign or changed."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            opened = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
            value = json.loads(opened)
        except (InvalidTag, ValueError):
            return {}
        return value if isinstance(value, dict) else {}
