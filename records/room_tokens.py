"""Tokens for a media room: what the web program signs and the media node believes, under the clinic's links key.

A token is for one (re)connection and lasts minutes; who comes back asks the web program for another one. Whether its
bearer may be in the room at all is asked of the records whenever it is shown, and again while they are there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.rooms import RoomClaims, RoomRole
from records.codes import iso
from records.database import Database
from records.errors import RecordsError
from records.signed_words import believed, signed
from records.work import Actor

LIFE = timedelta(minutes=5)
_KIND = "room"


class RoomTokens:
    """``<claims>.<key id>.<code>``: canonical JSON and its HMAC-SHA256. They expire by the machine's time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sign(self, claims: RoomClaims) -> str:
        """A token for what was claimed, until then at most, and no longer than `LIFE`."""
        short = replace(claims, expires_at=min(claims.expires_at, self._database.now() + LIFE))
        return signed(self._database, _KIND, _to_json(short))

    def verify(self, token: str) -> RoomClaims | None:
        """The claims of a token that we signed, that has not expired and whose bearer may enter now, else None."""
        raw = believed(self._database, _KIND, token)
        try:
            claims = None if raw is None else _from_json(raw)
        except (ValueError, KeyError, TypeError):
            return None
        if claims is None or claims.expires_at <= self._database.now():
            return None
        return claims if self.admits(claims) else None

    def admits(self, claims: RoomClaims) -> bool:
        """Whether the participant may be in the visit's room at this instant, whatever token they came with."""
        try:
            with self._database.glance(claims.clinic, Actor.system("rooms")) as scope:
                return scope.links.admits(claims.visit_id, claims.participant_id)
        except RecordsError:
            return False


def _to_json(claims: RoomClaims) -> dict[str, str]:
    return {
        "clinic": claims.clinic,
        "visit": claims.visit_id,
        "room": claims.room_id,
        "participant": claims.participant_id,
        "role": str(claims.role),
        "expires": iso(claims.expires_at),
        "guest": "yes" if claims.guest else "",
        "waits": "yes" if claims.waits else "",
    }


def _from_json(raw: dict[str, Any]) -> RoomClaims:
    return RoomClaims(
        clinic=raw["clinic"],
        visit_id=raw["visit"],
        room_id=raw["room"],
        participant_id=raw["participant"],
        role=RoomRole(raw["role"]),
        expires_at=datetime.fromisoformat(raw["expires"]),
        guest=bool(raw["guest"]),
        waits=bool(raw["waits"]),
    )
