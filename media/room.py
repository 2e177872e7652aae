"""Who is in a room, what they show each other, and how long it lasts.

A room knows participants, roles and publications; how media flows is a peer's business, how messages travel a
channel's. Everything is keyed by ids. A participant who joins again replaces their own earlier connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.rooms import (
    ASKED_AGAIN,
    ENDED_BY_PROVIDER,
    MAY_END,
    MAY_PUBLISH,
    NODE_STOPPED,
    Presence,
    RoomClaims,
    RoomEvent,
    RoomEventKind,
    RoomReport,
    RoomRole,
    RoomSpec,
    RoomState,
)
from media import protocol, sdp
from media.mux import MediaPort
from media.peer import Peer, PeerHooks
from media.publication import LABELS, Publication

LINGER_SECONDS = 6.0
QUALITY_EVERY = 15.0
MAX_PUBLICATIONS = 4
_CLOCKS = {"audio": 48000, "video": 90000}


class Channel(Protocol):
    """The way to one participant's browser. Neither call waits; a channel that cannot keep up closes itself."""

    def send(self, message: protocol.Outbound) -> None: ...
    def close(self, code: int, reason: str) -> None: ...


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
    emit: Callable[[RoomEvent], None]
    wall: Callable[[], datetime]
    visit_time: Callable[[], datetime]
    spawn: Callable[[asyncio.Task[None]], None]


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
    publications: dict[str, Publication] = field(default_factory=dict)
    quality_due: float = 0.0
    lingering: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        return self.claims.participant_id

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


class Room:
    """One open media session."""

    def __init__(self, spec: RoomSpec, services: Services) -> None:
        self.spec = spec
        self.report: asyncio.Future[RoomReport] = asyncio.get_running_loop().create_future()
        self.last_state: RoomState | None = None
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._opened_at = services.wall()
        self._present: dict[str, Participant] = {}
        self._seen: set[str] = set()
        self._seconds: dict[str, float] = {}
        self._media_seconds: dict[str, float] = {}
        self._closing = False

    @property
    def open(self) -> bool:
        return not self._closing

    # --- coming and going --------------------------------------------------------------------------------------------

    def admit(self, claims: RoomClaims, channel: Channel) -> Participant:
        """Lets a verified participant in, in place of their earlier connection. Raises `Refused`."""
        self._check(claims)
        before = self._present.pop(claims.participant_id, None)
        known = claims.participant_id in self._seen
        participant = Participant(
            claims=claims,
            channel=channel,
            joined_at=before.joined_at if before else self._services.wall(),
            since=self._loop.time(),
        )
        self._seen.add(participant.id)
        if before is not None:
            self._retire(before, protocol.REPLACED, "replaced")
        self._present[participant.id] = participant
        participant.send(self._welcome(participant))
        self._tell_others(participant, {"type": "participant", "participant": participant.view()})
        self._emit(RoomEventKind.JOINED, participant, "rejoined" if known else "new")
        return participant

    def _check(self, claims: RoomClaims) -> None:
        spec = self.spec
        if (claims.room_id, claims.clinic, claims.visit_id) != (spec.room_id, spec.clinic, spec.visit_id):
            raise Refused(protocol.REFUSED, "wrong_room")
        now = self._services.visit_time()
        if self._closing or (spec.closes_at is not None and now >= spec.closes_at):
            raise Refused(protocol.ENDED, "ended")
        if spec.opens_at is not None and now < spec.opens_at:
            raise Refused(protocol.NOT_OPEN, "not_open_yet")
        if claims.participant_id not in self._present and len(self._present) >= spec.max_participants:
            raise Refused(protocol.FULL, "room_full")

    def _welcome(self, participant: Participant) -> protocol.Outbound:
        others = [other for other in self._present.values() if other is not participant]
        role = participant.claims.role
        return {
            "type": "welcome",
            "version": protocol.VERSION,
            "participant": participant.id,
            "role": role.value,
            "may": {"publish": role in MAY_PUBLISH, "end": role in MAY_END},
            "participants": [other.view() for other in others],
            "publications": [_describe(pub) for other in others for pub in other.publications.values()],
            "ice_servers": [],
        }

    def asked_again(self) -> tuple[Participant, ...]:
        """Those present whose right to be here hangs on what somebody else granted."""
        return tuple(one for one in self._present.values() if one.claims.role in ASKED_AGAIN)

    def channel_lost(self, participant: Participant) -> None:
        """The WebSocket went away without a word: media may go on for a little, then the participant has left."""
        participant.channel = None
        if self._present.get(participant.id) is participant and participant.lingering is None:
            participant.lingering = self._loop.call_later(LINGER_SECONDS, self.leave, participant, "lost")

    def leave(self, participant: Participant, reason: str, code: int = protocol.LEFT) -> None:
        """Takes a participant out; a second call does nothing."""
        if self._present.get(participant.id) is not participant:
            return
        del self._present[participant.id]
        self._retire(participant, code, reason, tell=False)
        self._tell_others(participant, {"type": "left", "participant": participant.id, "reason": reason})
        self._emit(RoomEventKind.LEFT, participant, reason)

    def _retire(self, participant: Participant, code: int, reason: str, *, tell: bool = True) -> None:
        """Ends a participant's connection and counts its time; the caller has taken it out of the room."""
        if participant.lingering is not None:
            participant.lingering.cancel()
        self._count_time(participant)
        if tell:
            for publication in participant.publications.values():
                self._tell_others(participant, {"type": "unpublished", "publication": publication.id})
        participant.publications = {}
        if participant.channel is not None:
            participant.channel.close(code, reason)
            participant.channel = None
        if participant.peer is not None:
            self._services.spawn(self._loop.create_task(participant.peer.close()))

    def _count_time(self, participant: Participant) -> None:
        now = self._loop.time()
        _add(self._seconds, participant.id, now - participant.since)
        if participant.media_since is not None:
            _add(self._media_seconds, participant.id, now - participant.media_since)

    # --- what participants do ----------------------------------------------------------------------------------------

    def offer(self, participant: Participant, message: protocol.Offer) -> str:
        """Applies an offer, announces what is new, returns the answer's SDP. Raises `Refused` or `sdp.BadOffer`."""
        parsed = sdp.parse_offer(message.sdp)
        if message.publish and participant.claims.role not in MAY_PUBLISH:
            raise Refused(protocol.REFUSED, "may_not_publish")
        if len(message.publish) > MAX_PUBLICATIONS:
            raise Refused(protocol.REFUSED, "too_many_publications")
        subscribe = {mid: self._publication(participant, wanted) for mid, wanted in message.subscribe.items()}
        peer = participant.peer or self._new_peer(participant)
        publish = {mid: self._published(participant, peer, mid, label) for mid, label in message.publish.items()}
        try:
            answer = peer.negotiate(parsed, publish, {mid: pub for mid, pub in subscribe.items() if pub})
        except sdp.BadOffer:
            if participant.peer is None:
                self._services.spawn(self._loop.create_task(peer.close()))
            raise
        participant.peer = peer
        self._announce(participant, publish)
        return answer

    def _new_peer(self, participant: Participant) -> Peer:
        hooks = PeerHooks(
            connected=lambda: self._media_up(participant), lost=lambda why: self._media_lost(participant, why)
        )
        return Peer(self._services.port, self._services.addresses, hooks)

    def _publication(self, participant: Participant, wanted: str) -> Publication | None:
        """The publication to subscribe to; None when it has just gone (its section stays idle)."""
        for other in self._present.values():
            if other is participant:
                continue
            for publication in other.publications.values():
                if publication.id == wanted:
                    return publication
        return None

    def _published(self, participant: Participant, peer: Peer, mid: str, label: str) -> Publication:
        known = participant.publications.get(mid)
        if known is not None and known.label == label:
            return known
        return Publication(
            participant_id=participant.id,
            stream=peer.stream,
            label=label,
            clock=_CLOCKS[LABELS[label]],
            feedback=peer.feedback,
        )

    def _announce(self, participant: Participant, publish: Mapping[str, Publication]) -> None:
        before, participant.publications = participant.publications, dict(publish)
        for mid, publication in before.items():
            if publish.get(mid) is not publication:
                self._tell_others(participant, {"type": "unpublished", "publication": publication.id})
        for mid, publication in publish.items():
            if before.get(mid) is not publication:
                self._tell_others(participant, {"type": "published", "publication": _describe(publication)})

    def applied(self, participant: Participant) -> None:
        if participant.peer is not None:
            participant.peer.activate()

    def mute(self, participant: Participant, state: protocol.MuteState) -> None:
        participant.muted = state
        self._tell_others(participant, {"type": "participant", "participant": participant.view()})

    def stats(self, participant: Participant, measures: Mapping[str, float]) -> None:
        """Passes the browser's measures on as a quality event, with ours, not more often than every few seconds."""
        now = self._loop.time()
        if participant.peer is None or now < participant.quality_due:
            return
        participant.quality_due = now + QUALITY_EVERY
        own = participant.peer.measures()
        theirs = {f"client_{name}": value for name, value in measures.items()}
        self._emit(RoomEventKind.QUALITY, participant, "", {**theirs, **own})

    async def end(self, participant: Participant) -> None:
        """Ends the room for everybody. Raises `Refused` for a role that may not."""
        if participant.claims.role not in MAY_END:
            raise Refused(protocol.REFUSED, "may_not_end")
        await self.close(ENDED_BY_PROVIDER)

    # --- media -------------------------------------------------------------------------------------------------------

    def _media_up(self, participant: Participant) -> None:
        participant.media_since = self._loop.time()
        if participant.peer is not None:
            participant.peer.activate()

    def _media_lost(self, participant: Participant, why: str) -> None:
        if why == "dtls_closed" and participant.channel is not None:
            # The browser closes its connection right before it says that it leaves, or before it comes back.
            self._linger_for_media(participant)
            return
        self.leave(participant, "lost", protocol.MEDIA_LOST)

    def _linger_for_media(self, participant: Participant) -> None:
        """The media association was closed by the browser while its WebSocket still stands."""
        if participant.lingering is None and self._present.get(participant.id) is participant:
            participant.lingering = self._loop.call_later(
                LINGER_SECONDS, self.leave, participant, "lost", protocol.MEDIA_LOST
            )

    def tick(self, now: float) -> None:
        for participant in list(self._present.values()):
            if participant.peer is not None:
                participant.peer.tick(now)

    # --- being looked at and closed ----------------------------------------------------------------------------------

    @property
    def overdue(self) -> bool:
        """Whether the time the room was opened for is over."""
        closes = self.spec.closes_at
        return self.open and closes is not None and self._services.visit_time() >= closes

    def state(self) -> RoomState:
        if self.last_state is not None:
            return self.last_state
        people = tuple(_presence(participant) for participant in self._present.values())
        return RoomState(
            room_id=self.spec.room_id,
            at=self._services.wall(),
            open=self.open,
            participants=people,
            packets_in=sum(person.packets_in for person in people),
            packets_out=sum(person.packets_out for person in people),
        )

    async def close(self, reason: str) -> RoomReport:
        """Tells everybody, ends all connections and fixes the report. A room that stops with its node says so to
        browsers by a restart code, because they may find it again elsewhere."""
        if self._closing:
            return await asyncio.shield(self.report)
        self._closing = True
        moved = reason == NODE_STOPPED
        peers = []
        for participant in list(self._present.values()):
            if not moved:
                participant.send({"type": "ended", "reason": reason})
            peer, participant.peer = participant.peer, None
            peers.append(peer)
            self._retire(participant, protocol.RESTART if moved else protocol.ENDED, reason, tell=False)
            self._emit(RoomEventKind.LEFT, participant, "ended")
        self._present.clear()
        await asyncio.gather(*(peer.close() for peer in peers if peer), return_exceptions=True)
        self.last_state = RoomState(room_id=self.spec.room_id, at=self._services.wall(), open=False)
        report = self._report(reason)
        self._emit(RoomEventKind.ENDED, None, reason)
        self.report.set_result(report)
        return report

    def _report(self, reason: str) -> RoomReport:
        return RoomReport(
            room_id=self.spec.room_id,
            reason=reason,
            opened_at=self._opened_at,
            ended_at=self._services.wall(),
            seconds={person: round(seconds) for person, seconds in self._seconds.items()},
            media_seconds={person: round(seconds) for person, seconds in self._media_seconds.items()},
        )

    # --- telling -----------------------------------------------------------------------------------------------------

    def _tell_others(self, participant: Participant, message: protocol.Outbound) -> None:
        for other in list(self._present.values()):
            if other is not participant:
                other.send(message)

    def _emit(
        self,
        kind: RoomEventKind,
        participant: Participant | None,
        reason: str,
        measures: Mapping[str, float] | None = None,
    ) -> None:
        role: RoomRole | None = participant.claims.role if participant else None
        self._services.emit(
            RoomEvent(
                kind=kind,
                room_id=self.spec.room_id,
                clinic=self.spec.clinic,
                visit_id=self.spec.visit_id,
                at=self._services.wall(),
                participant_id=participant.id if participant else None,
                role=role,
                reason=reason,
                measures=measures or {},
            )
        )


def _presence(participant: Participant) -> Presence:
    peer = participant.peer
    return Presence(
        participant_id=participant.id,
        role=participant.claims.role,
        joined_at=participant.joined_at,
        connected=peer is not None and peer.connected,
        packets_in=peer.incoming.packets if peer else 0,
        packets_out=peer.packets_out if peer else 0,
        packets_lost_in=int(peer.measures()["packets_lost_in"]) if peer else 0,
    )


def _describe(publication: Publication) -> protocol.Outbound:
    return {
        "id": publication.id,
        "participant": publication.participant_id,
        "kind": publication.kind,
        "label": publication.label,
    }


def _add(total: dict[str, float], name: str, seconds: float) -> None:
    total[name] = total.get(name, 0.0) + seconds
