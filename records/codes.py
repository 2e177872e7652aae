"""Ids, codes, digests and canonical JSON: the few texts that may stand in a plain column, and how they are made."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/\-]{0,119}")


def new_id(kind: str) -> str:
    """A new opaque id, ``vis_`` and 96 random bits; nothing can be read from it."""
    return f"{kind}_{secrets.token_hex(12)}"


def as_code(text: str) -> str:
    """The text when it is a code (letters, digits and ``_ . : / -``), so that no sentence reaches a plain column.

    Raises:
        ValueError: it is not; the message does not repeat it.
    """
    if not _CODE.fullmatch(text):
        raise ValueError("not a code: letters, digits and _ . : / - only, 120 at most")
    return text


def is_code(text: str, longest: int) -> bool:
    """Whether the text is a code of at most that many signs: only then can it be an id of ours."""
    return len(text) <= longest and _CODE.fullmatch(text) is not None


def canonical(value: Any) -> str:
    """Canonical JSON: sorted keys, no blanks, UTF-8 kept, no NaN."""
    return _CANONICAL.encode(value)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def machine_now() -> datetime:
    """The machine's own time: audit, sessions, keys and tokens go by it, never by a demo clock."""
    return datetime.now(UTC)


def iso(at: datetime) -> str:
    """An instant as text in UTC, always with microseconds, so that texts sort as instants do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
