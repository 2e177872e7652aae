"""Tickets into the room that only plays back: what the web program signs for one technical check, and a node believes.

They are signed under the clinic's links key, apart from the tokens of rooms: neither counts as the other. That a ticket
is used once is the business of the node that it names.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.echoes import LIFE, TICKET, EchoClaims
from records.codes import iso, new_id
from records.database import Database
from records.signed_words import believed, signed

_KIND = "check"


class EchoTickets:
    """``check.<claims>.<key id>.<code>``: canonical JSON and its HMAC-SHA256. They expire by the machine's time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, clinic: str, who: str, endpoint: str) -> str:
        """A ticket for one try of the node at ``endpoint``."""
        until = self._database.now() + LIFE
        said = {"id": new_id("try"), "clinic": clinic, "who": who, "endpoint": endpoint, "expires": iso(until)}
        return TICKET + signed(self._database, _KIND, said)

    def verify(self, ticket: str) -> EchoClaims | None:
        """The claims of a ticket that we signed and that has not expired, else None."""
        raw = believed(self._database, _KIND, ticket.removeprefix(TICKET)) if ticket.startswith(TICKET) else None
        try:
            claims = None if raw is None else _from_json(raw)
        except (ValueError, KeyError, TypeError):
            return None
        return claims if claims is not None and claims.expires_at > self._database.now() else None


def _from_json(raw: dict[str, Any]) -> EchoClaims:
    return EchoClaims(
        id=raw["id"],
        clinic=raw["clinic"],
        who=raw["who"],
        endpoint=raw["endpoint"],
        expires_at=datetime.fromisoformat(raw["expires"]),
    )
