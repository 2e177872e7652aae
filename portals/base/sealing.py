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
    """Seals small JSON values under a 32-byte key; what earlier keys sealed opens, too."""

    def __init__(self, key: bytes, *earlier: bytes) -> None:
        self._ciphers = tuple(AESGCM(one) for one in (key, *earlier))

    def seal(self, value: Mapping[str, Any], purpose: str) -> str:
        """The value as URL-safe text; ``purpose`` (clinic and use) must be the same when it is opened."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, json.dumps(value, separators=(",", ":")).encode(), purpose.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, text: str, purpose: str) -> dict[str, Any]:
        """The value again; an empty mapping when the text is missing, foreign or changed."""
        for cipher in self._ciphers:
            try:
                raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                value = json.loads(cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode()))
            except (InvalidTag, ValueError):
                continue
            return value if isinstance(value, dict) else {}
        return {}
