"""A participant that came by HTTP (WHIP or WHEP) and has no WebSocket: what it sends, what it is shown, how it ends.

It is a participant as any other, by role, door, lock and limits. Nobody can ask it anything: what a browser would be
told is kept back here, and a player is led to what is there to be seen whenever that changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from engine.room_roles import RoleRights
from engine.rooms import RoomRole
from media import protocol, sdp
from media.answer import choose
from media.participant import Participant, Refused
from media.publication import Publication
from media.room import Room

# Whom a player sees first where it can show less than there is.
SHOWN_FIRST = (RoomRole.PATIENT, RoomRole.PROVIDER, RoomRole.SECOND_SITE)
LABELS = {"audio": "microphone", "video": "camera"}
MOST_SECTIONS = 8


class Way(StrEnum):
    """What a device comes for: to send (WHIP), or to be shown (WHEP)."""

    WHIP = "whip"
    WHEP = "whep"


class Unusable(ValueError):
    """An offer that is well formed and asks for what this way does not give; carries a code."""


class NothingToPlay(LookupError):
    """Nobody sends anything now that the player could show."""


def bearer_hash(bearer: str) -> bytes:
    """What is kept of a bearer's link."""
    return hashlib.sha256(b"device|" + bearer.encode()).digest()


class DeviceChannel:
    """Takes what a browser would be told. ``inside`` is true once they are let in, false once they never will be."""

    def __init__(self) -> None:
        self.inside: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.code = 0
        self.changed: Callable[[], None] = lambda: None
        self.over: Callable[[], None] = lambda: None

    def send(self, message: protocol.Outbound) -> None:
        if message["type"] == "welcome" and not self.inside.done():
            self.inside.set_result(True)
        elif message["type"] in ("published", "unpublished", "left"):
            # What is told is not yet so everywhere: a leaver's tracks go with the last of it.
            asyncio.get_running_loop().call_soon(self.changed)

    def close(self, code: int, reason: str) -> None:
        self.code = code
        if not self.inside.done():
            self.inside.set_result(False)
        self.over()


@dataclass(slots=True, eq=False, kw_only=True)
class Device:
    """One device in a room."""

    way: Way
    room: Room
    participant: Participant
    channel: DeviceChannel
    bearer: bytes
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    tag: str = ""
    first: sdp.Section | None = None
    plays: dict[str, str] = field(default_factory=dict)

    def is_bearer(self, bearer: str) -> bool:
        """Whether it is the link that this device came by."""
        return hmac.compare_digest(self.bearer, bearer_hash(bearer))

    def answer(self, offer: sdp.Offer, text: str) -> str:
        """Our answer to its one offer. Raises `Refused`, `sdp.BadOffer`, `Unusable` or `NothingToPlay`."""
        self.first = next(one for one in offer.sections if not one.rejected)
        publish, subscribe = dict[str, str](), dict[str, str]()
        if self.way is Way.WHIP:
            publish = published(offer, self.participant.rights)
        else:
            self.plays = subscribe = self._assigned(offer)
        answer = self.room.offer(self.participant, protocol.Offer(1, text, publish, subscribe))
        self.tag = secrets.token_hex(8)
        self.room.applied(self.participant)
        if self.way is Way.WHEP:
            self.channel.changed = self._follow
        return answer

    def _assigned(self, offer: sdp.Offer) -> dict[str, str]:
        """What each section plays, in order."""
        left = playable(self.room, self.participant)
        found = dict[str, str]()
        for section in asked_for(offer):
            fitting = (one for one in left if one.kind == section.kind and choose(section, one.sent) is not None)
            chosen = next(fitting, None)
            if chosen is not None:
                left.remove(chosen)
                found[section.mid] = chosen.id
        if not found:
            raise NothingToPlay
        return found

    def _follow(self) -> None:
        """Leads sections whose publication has gone to others that are there now."""
        peer = self.participant.peer
        there = {one.id: one for one in playable(self.room, self.participant)}
        free = [one for one in there.values() if one.id not in self.plays.values()]
        for mid in [mid for mid, playing in self.plays.items() if playing not in there]:
            chosen = next((one for one in free if peer is not None and peer.lead(mid, one)), None)
            if chosen is not None:
                free.remove(chosen)
                self.plays[mid] = chosen.id


def playable(room: Room, device: Participant) -> list[Publication]:
    """What is there to be shown to a device, whom it sees first before the others."""

    def rank(one: Participant) -> int:
        role = one.claims.role
        return SHOWN_FIRST.index(role) if role in SHOWN_FIRST else len(SHOWN_FIRST)

    others = sorted((one for one in room.everybody() if one is not device), key=rank)
    shown = (publication for one in others for publication in one.publications.values())
    return [one for one in shown if one.label in device.rights.receives and one.sent is not None]


def published(offer: sdp.Offer, rights: RoleRights) -> dict[str, str]:
    """Which section of a sender's offer is which label: one sound and one picture. Raises `Unusable` or `Refused`."""
    labels = dict[str, str]()
    for section in _used(offer, ("sendonly", "sendrecv")):
        label = LABELS[section.kind]
        if label in labels.values():
            raise Unusable("too_many_sections")
        if label not in rights.sends:
            raise Refused(protocol.REFUSED, "may_not_publish")
        labels[section.mid] = label
    return labels


def asked_for(offer: sdp.Offer) -> list[sdp.Section]:
    """The sections of a player's offer. Raises `Unusable`."""
    return list(_used(offer, ("recvonly", "sendrecv")))


def _used(offer: sdp.Offer, directions: Iterable[str]) -> Iterable[sdp.Section]:
    sections = [one for one in offer.sections if not one.rejected]
    if len(sections) > MOST_SECTIONS:
        raise Unusable("too_many_sections")
    for section in sections:
        if section.direction not in directions:
            raise Unusable("direction")
        if choose(section) is None:
            raise Unusable("codec")
    return sections
