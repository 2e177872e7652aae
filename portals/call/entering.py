"""How a person gets into a visit's room: a single-use link becomes this session's pass, a pass becomes access.

Access is the media node's address and a signed token that says who may be in which room until when. The token is
given again for as long as the pass lasts, so that a broken connection or a reloaded page may rejoin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.rooms import RoomClaims, RoomRole
from records.links import RoomPass
from records.scope import Scope


class TokenSigner(Protocol):
    """Signs what a session token says (:class:`records.room_tokens.RoomTokens`)."""

    def sign(self, claims: RoomClaims) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Access:
    """What the browser needs to connect: where, and by which token."""

    endpoint: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Admission:
    """A pass and the room it is for, as read in one transaction."""

    claims: RoomClaims
    endpoint: str


def take_link(scope: Scope, link: str) -> RoomPass:
    """Consumes the actor's own join link at once. Raises `LinkRefused`."""
    return scope.links.consume(scope.links.address(link))


def admission(scope: Scope, clinic: str, visit: str) -> Admission | None:
    """What this session may enter now; None without a consumed link, an open room or a visit still in its call."""
    room_pass = scope.links.room_pass(visit)
    row = scope.visits.get(visit)
    if room_pass is None or row.room is None or row.stage != "in_call":
        return None
    claims = RoomClaims(
        clinic=clinic,
        visit_id=visit,
        room_id=row.room.room,
        participant_id=room_pass.participant,
        role=RoomRole(room_pass.role),
        expires_at=room_pass.until,
    )
    return Admission(claims=claims, endpoint=row.room.endpoint)


def access(found: Admission, sign: Callable[[RoomClaims], str]) -> Access:
    """The address and a token for it."""
    return Access(endpoint=found.endpoint, token=sign(found.claims))
