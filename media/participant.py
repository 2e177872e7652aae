"""One person's connection to a room, and what a room may expect of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.recordings import RecordingDesk
from engine.room_roles import RoleRights, RoomAct, rights_of
from engine.rooms import Presence, RoomClaims, RoomEvent
from media import protocol
from media.ladder import LadderRules
from media.mux import MediaPort
from media.peer import Peer
from media.publication import Publication
from media.quality import LinkQuality


class Channel(Protocol):
    """The way to one participant's browser. Neither call waits; a channel that cannot keep up closes itself."""

    def send(self, message: protocol.Outbound) -> None: ...
    def close(self, code: int, reason: str) -> None: ...


class Resumption(Protocol):
    """Who gives resume tokens (:mod:`media.line`)."""

    def issue(self, room: Any, participant: Participant) -> str: ...
    def forget(self, participant: Participant) -> None: ...


class Refused(Exception):
    """Somebody may not do this; carries a WebSocket close code and a reason code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the node lends its rooms."""

    port: MediaPort
    addresses: tuple[str, ...]
    ice: Callable[[], protocol.Outbound]
    ladder: LadderRules
    emit: Callable[[RoomEvent], None]
    wall: Callable[[], datetime]
    visit_time: Callable[[], datetime]
    spawn: Callable[[asyncio.Task[None]], None]
    resumes: Resumption
    recordings: RecordingDesk | None = None


@dataclass(slots=True)
class Hush:
    """A microphone that was asked to be off: nothing of it goes out until it was off and was switched on again."""

    asked: bool = False
    was_off: bool = False

    def ask(self) -> None:
        self.asked, self.was_off = True, False

    def told(self, audio: bool) -> bool:
        """What the browser says of its microphone; whether it counts as on."""
        if self.asked and not audio:
            self.was_off = True
        elif self.asked and self.was_off:
            self.asked = self.was_off = False
        return audio and not self.asked


@dataclass(slots=True, eq=False, kw_only=True)
class Participant:
    """One person's present connection to the room."""

    claims: RoomClaims
    channel: Channel | None
    joined_at: datetime
    since: float
    peer: Peer | None = None
    media_since: float | None = None
    muted: protocol.MuteState = field(default_factory=lambda: protocol.MuteState(True, True))
    hush: Hush = field(default_factory=Hush)
    publications: dict[str, Publication] = field(default_factory=dict)
    quality: LinkQuality
    quality_due: float = 0.0
    lingering: asyncio.TimerHandle | None = None
    # Their WebSocket is gone and their media goes on; the hash of the token by which they may come back to it.
    away: bool = False
    resume: bytes = b""

    @property
    def id(self) -> str:
        return self.claims.participant_id

    @property
    def rights(self) -> RoleRights:
        return rights_of(self.claims.role)

    def require(self, act: RoomAct) -> None:
        """Raises `Refused` for a role that may not."""
        if act not in self.rights.acts:
            raise Refused(protocol.REFUSED, f"may_not_{act}")

    def send(self, message: protocol.Outbound) -> None:
        if self.channel is not None:
            self.channel.send(message)

    def view(self) -> protocol.Outbound:
        """What the others are told of this participant."""
        return {
            "id": self.id,
            "role": self.claims.role.value,
            "audio": self.muted.audio,
            "video": self.muted.video,
        }

    def presence(self) -> Presence:
        """The same for a heartbeat, with counts."""
        peer = self.peer
        return Presence(
            participant_id=self.id,
            role=self.claims.role,
            joined_at=self.joined_at,
            connected=peer is not None and peer.connected,
            packets_in=peer.incoming.packets if peer else 0,
            packets_out=peer.packets_out if peer else 0,
            packets_lost_in=int(peer.measures()["packets_lost_in"]) if peer else 0,
        )

    def camera_is(self, lines: int) -> None:
        """The browser says how high the camera's own picture is; 0: it does not."""
        for publication in self.publications.values():
            if publication.label == "camera":
                publication.told_lines = max(0, lines)

    def ask_layers(self) -> None:
        """Tells the browser which layers of its simulcasts anybody takes, when that has changed."""
        for publication in self.publications.values():
            taken = publication.taken() if len(publication.rids) > 1 else ()
            if taken != publication.asked_for:
                publication.asked_for = taken
                self.send({"type": "layers", "label": publication.label, "rids": list(taken)})

    def silence(self) -> None:
        """Nothing of the microphone goes out from here on; see `Hush`."""
        self.hush.ask()
        self.muted = protocol.MuteState(False, self.muted.video)
        self.hold()

    def hold(self) -> None:
        """Stops or lets go what is sent, as the hush says."""
        for publication in self.publications.values():
            if publication.label == "microphone":
                publication.held = self.hush.asked
