"""Tickets into the room that only plays back: what the web program signs for one technical check, and a node believes.

They are signed under the clinic's links key, apart from the tokens of rooms: neither counts as the other. That a ticket
is used once is the business of the node that it names.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from engine.echoes import LIFE, TICKET, EchoClaims
from records.codes import b64, canonical, iso, new_id, unb64
from records.database import Database
from records.errors import RecordsError
from records.key_ring import Purpose

_LONGEST = 2_000


class EchoTickets:
    """``check.<claims>.<key id>.<code>``: canonical JSON and its HMAC-SHA256. They expire by the machine's time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, clinic: str, who: str, endpoint: str) -> str:
        """A ticket for one try of the node at ``endpoint``."""
        secret = self._database.secret(clinic, Purpose.LINKS)
        until = self._database.now() + LIFE
        said = {"id": new_id("try"), "clinic": clinic, "who": who, "endpoint": endpoint, "expires": iso(until)}
        body = b64(canonical(said).encode())
        return f"{TICKET}{body}.{secret.id}.{_code(secret.value, body)}"

    def verify(self, ticket: str) -> EchoClaims | None:
        """The claims of a ticket that we signed and that has not expired, else None."""
        parts = ticket.removeprefix(TICKET).split(".")
        if len(ticket) > _LONGEST or not ticket.startswith(TICKET) or len(parts) != 3:
            return None
        body, key_id, code = parts
        try:
            raw = json.loads(unb64(body))
            secret = self._database.secret_by_id(str(raw["clinic"]), key_id, Purpose.LINKS)
            if not hmac.compare_digest(code.encode(), _code(secret.value, body).encode()):
                return None
            claims = _from_json(raw)
        except (ValueError, KeyError, TypeError, binascii.Error, RecordsError):
            return None
        return claims if claims.expires_at > self._database.now() else None


def _code(secret: bytes, body: str) -> str:
    return b64(hmac.new(secret, b"check|" + body.encode(), hashlib.sha256).digest())


def _from_json(raw: dict[str, Any]) -> EchoClaims:
    return EchoClaims(
        id=raw["id"],
        clinic=raw["clinic"],
        who=raw["who"],
        endpoint=raw["endpoint"],
        expires_at=datetime.fromisoformat(raw["expires"]),
    )
