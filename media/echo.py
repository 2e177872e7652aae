"""The room that only plays back: one browser tries the real way to this node before its call, and gets its figures.

Ports, ICE, DTLS and SRTP are those of a call; what comes in goes out again to where it came from, and nowhere else.
Nobody is admitted to anything by it, nothing is kept, and it is bounded in number, in ways and in time. Each offer's
number is one way (direct, by a relay over UDP, TCP or TLS); the one that the browser names by ``applied`` is measured.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.echoes import EchoClaims, EchoVerifier, grade_of
from media import protocol, sdp
from media.ladder import LadderRules
from media.mux import MediaPort
from media.outflow import Told
from media.participant import Channel, Refused
from media.peer import Peer, PeerHooks
from media.publication import Publication

MOST = 8
MOST_WAYS = 4
LONGEST_SECONDS = 45.0
FIGURES_EVERY = 0.5
# What is lost while a thin link is being found out is of our own making: losses count over the last seconds only.
WINDOW = 5
SATURATED = 0.1
VERIFY_SECONDS = 5.0
# What is tried of the way back: enough for two clear pictures.
WANTED = 2_500_000.0
SENT = {"microphone", "camera"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """What had arrived and been missed at an instant; the way there is counted in first tries."""

    at: float
    arrived_up: int
    missed_up: int
    down: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoServices:
    """What the node lends: the port, whom tickets are believed by (in a thread; None: nobody gets in), how a browser
    connects, the steps of a picture, and the node's own address."""

    port: MediaPort
    addresses: tuple[str, ...]
    verify: EchoVerifier | None
    ice: Callable[[], protocol.Outbound]
    ladder: LadderRules
    endpoint: str


@dataclass(slots=True, eq=False)
class _Way:
    """One connection of a try, and what comes in by it."""

    peer: Peer
    publications: dict[str, Publication] = field(default_factory=dict)


class Echo:
    """One browser's try."""

    def __init__(self, claims: EchoClaims, channel: Channel, hall: EchoHall) -> None:
        self.claims = claims
        self.channel = channel
        self.until = hall.loop.time() + LONGEST_SECONDS
        self._hall = hall
        self._ways: dict[int, _Way] = {}
        self._measured: _Way | None = None
        self._figures_due = 0.0
        self._told: Mapping[str, float] = {}
        self._counts: deque[_Count] = deque(maxlen=WINDOW + 1)

    async def obey(self, message: protocol.ClientMessage) -> None:
        """Does what the browser asks for. Raises `Refused`, `protocol.BadMessage` or `sdp.BadOffer`."""
        match message:
            case protocol.Offer():
                self.channel.send({"type": "answer", "id": message.id, "sdp": await self._offer(message)})
            case protocol.Applied():
                self._measure(message.id)
            case protocol.Stats():
                self._told = message.measures
            case protocol.Ping():
                self.channel.send({"type": "pong"})
            case protocol.Leave():
                self.channel.close(protocol.LEFT, "left")
            case _:
                raise Refused(protocol.REFUSED, "not_in_a_check")

    async def _offer(self, message: protocol.Offer) -> str:
        if message.id in self._ways or len(self._ways) >= MOST_WAYS:
            raise Refused(protocol.REFUSED, "too_many_ways")
        if not set(message.publish.values()) <= SENT or not set(message.subscribe.values()) <= SENT:
            raise Refused(protocol.REFUSED, "may_not_publish")
        offer, services = sdp.parse_offer(message.sdp), self._hall.services
        peer = Peer(services.port, services.addresses, PeerHooks(connected=_nothing, lost=_nothing_of))
        way = _Way(peer)
        for label in message.publish.values():
            way.publications[label] = Publication(
                participant_id=self.claims.id, stream=peer.stream, label=label, feedback=peer.feedback
            )
        publish = {mid: way.publications[label] for mid, label in message.publish.items()}
        back = {mid: way.publications[label] for mid, label in message.subscribe.items() if label in way.publications}
        try:
            answer = peer.negotiate(offer, publish, back)
        except sdp.BadOffer:
            await peer.close()
            raise
        self._ways[message.id] = way
        return answer

    def _measure(self, number: int) -> None:
        """This way is the one to be measured; the others are not needed any more, nor is what they carried."""
        way = self._ways.get(number)
        if way is None or self._measured is not None:
            return
        self._measured = way
        for other in self._ways.values():
            if other is not way:
                self._hall.let_go(other.peer)
        way.peer.activate()

    def tick(self, now: float) -> None:
        for way in self._ways.values():
            way.peer.tick(now)
        measured = self._measured
        if measured is None or not measured.peer.connected:
            return
        measured.peer.activate()
        measured.peer.probe(WANTED)
        if now >= self._figures_due:
            self._figures_due = now + FIGURES_EVERY
            self.channel.send(self._figures(measured.peer))

    def _figures(self, peer: Peer) -> protocol.Outbound:
        up, down = self._told.get("available", 0.0), peer.flow.bitrate or 0.0
        self._counts.append(_count(peer, self._hall.loop.time()))
        first, last = self._counts[0], self._counts[-1]
        loss_up = _share(last.missed_up - first.missed_up, last.arrived_up - first.arrived_up)
        missed = last.down.missed - first.down.missed
        loss_down = _share(missed, last.down.packets - first.down.packets - missed)
        if loss_down > SATURATED and last.at > first.at:
            # So much is lost that what arrives is what the way carries, whatever the estimate still hopes.
            down = min(down, (last.down.octets - first.down.octets) * 8 / (last.at - first.at))
        known = [rate for rate in (up, down) if rate > 0]
        height = self._hall.height(min(known)) if known else 0
        round_trip = self._told.get("round_trip", 0.0)
        return {
            "type": "figures",
            "up": round(up),
            "down": round(down),
            "loss_up": round(loss_up, 4),
            "loss_down": round(loss_down, 4),
            "jitter_up": round(_jitter_up(peer), 4),
            "packets": peer.incoming.packets,
            "height": height,
            "word": grade_of(height, max(loss_up, loss_down), round_trip) if known else "",
        }

    async def close(self) -> None:
        await asyncio.gather(*(way.peer.close() for way in self._ways.values()), return_exceptions=True)


class EchoHall:
    """All tries of one node. ``verify`` is called in a thread; without one nobody gets in."""

    def __init__(self, services: EchoServices) -> None:
        self.loop = asyncio.get_running_loop()
        self.services = services
        self._tries: dict[str, Echo] = {}
        self._used: dict[str, datetime] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tries)

    async def enter(self, ticket: str, channel: Channel) -> Echo:
        """Uses a ticket up and begins a try, in place of the same person's earlier one. Raises `Refused`."""
        claims = await self._believe(ticket)
        before = self._tries.pop(claims.who, None)
        if before is not None:
            before.channel.close(protocol.REPLACED, "replaced")
            self._keep(before.close())
        if len(self._tries) >= MOST:
            raise Refused(protocol.FULL, "checks_full")
        echo = self._tries[claims.who] = Echo(claims, channel, self)
        channel.send({"type": "welcome", "version": protocol.VERSION, **self.services.ice()})
        return echo

    async def _believe(self, ticket: str) -> EchoClaims:
        if self.services.verify is None:
            raise Refused(protocol.REFUSED, "token")
        try:
            claims = await asyncio.wait_for(asyncio.to_thread(self.services.verify, ticket), VERIFY_SECONDS)
        except TimeoutError as error:
            raise Refused(protocol.FULL, "verifier_busy") from error
        now = datetime.now(UTC)
        self._used = {used: until for used, until in self._used.items() if until > now}
        if claims is None or claims.endpoint != self.services.endpoint or claims.expires_at <= now:
            raise Refused(protocol.REFUSED, "token")
        if claims.id in self._used:
            raise Refused(protocol.REFUSED, "ticket_used")
        self._used[claims.id] = claims.expires_at
        return claims

    def leave(self, echo: Echo) -> None:
        """The browser has gone; safe to call twice."""
        if self._tries.get(echo.claims.who) is echo:
            del self._tries[echo.claims.who]
            self._keep(echo.close())

    def tick(self, now: float) -> None:
        """What is due by the clock; a try that has lasted too long ends."""
        for echo in list(self._tries.values()):
            if now >= echo.until:
                echo.channel.close(protocol.LATE, "check_over")
                self.leave(echo)
            else:
                echo.tick(now)

    async def close(self) -> None:
        """Ends every try."""
        for echo in list(self._tries.values()):
            echo.channel.close(protocol.RESTART, "node_stopped")
            self.leave(echo)
        if self._closing:
            await asyncio.wait(set(self._closing), timeout=VERIFY_SECONDS)

    def height(self, bitrate: float) -> int:
        """Lines of the picture that a link of so many bits a second carries beside sound, 0 for sound alone."""
        rules = self.services.ladder
        fitting = (level for level in rules.levels if not level.needs or level.needs + rules.audio <= bitrate)
        return next(fitting).height

    def let_go(self, peer: Peer) -> None:
        self._keep(peer.close())

    def _keep(self, closing: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _count(peer: Peer, now: float) -> _Count:
    sources = list(peer.incoming.sources())
    return _Count(
        at=now,
        arrived_up=sum(source.reception.received - source.reception.recovered for source in sources),
        missed_up=sum(source.lost + source.reception.recovered for source in sources),
        down=peer.flow.told,
    )


def _share(missed: int, arrived: int) -> float:
    return max(0, missed) / (max(0, missed) + arrived) if missed > 0 else 0.0


def _jitter_up(peer: Peer) -> float:
    """Seconds; of sound, whose packets leave evenly."""
    sound = (source for source in peer.incoming.sources() if source.kind == "audio")
    return max((source.reception.jitter / source.clock for source in sound), default=0.0)


def _nothing() -> None:
    """A try needs no word of it: its browser sees it first."""


def _nothing_of(_why: str) -> None:
    """The same; what is left over ends with the try."""
