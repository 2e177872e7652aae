"""What one of our programs signs and another believes: claims of one kind, under the clinic's links key.

``<claims>.<key id>.<code>``: canonical JSON and its HMAC-SHA256 over the kind and the claims, so that what was signed
for one door opens no other.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from records.codes import b64, canonical, unb64
from records.database import Database
from records.errors import RecordsError
from records.key_ring import Purpose

_LONGEST = 2_000


def signed(database: Database, kind: str, claims: Mapping[str, str]) -> str:
    """The claims, which name their ``clinic``, with the clinic's newest key."""
    secret = database.secret(claims["clinic"], Purpose.LINKS)
    body = b64(canonical(claims).encode())
    return f"{body}.{secret.id}.{_code(secret.value, kind, body)}"


def believed(database: Database, kind: str, words: str) -> dict[str, Any] | None:
    """The claims of that kind that we signed, else None. Whether they have expired is the caller's to ask."""
    parts = words.split(".")
    if len(words) > _LONGEST or len(parts) != 3:
        return None
    body, key_id, code = parts
    try:
        claims = json.loads(unb64(body))
        secret = database.secret_by_id(str(claims["clinic"]), key_id, Purpose.LINKS)
    except (ValueError, KeyError, TypeError, binascii.Error, RecordsError):
        return None
    expected = _code(secret.value, kind, body)
    return claims if isinstance(claims, dict) and hmac.compare_digest(code.encode(), expected.encode()) else None


def _code(secret: bytes, kind: str, body: str) -> str:
    return b64(hmac.new(secret, f"{kind}|{body}".encode(), hashlib.sha256).digest())
