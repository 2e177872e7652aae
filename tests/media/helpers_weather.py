"""Six people over links that change: who loses, delays, narrows or goes dark, and what that did to every stream.

A silence counts only while the link holds sound: not while either side is in the dark, and for a picture not while the
ladder has put it away. How long a change of layer took is told in pictures of the sender, so that a machine that is
busy with other things counts as slow, not the node.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from media.forward import Forwarder
from media.node import MediaNode
from tests.media.helpers_load import Flow, Talk
from tests.media.helpers_proxy import Line, Manners
from tests.media.helpers_rooms import Member

EVERY = 0.02
CLEAR = Manners()
# Both ways, as far as nothing else is said.
LOSSY = tuple(Manners(loss=share) for share in (0.02, 0.05, 0.1, 0.15))
LATE = (Manners(delay=0.15), Manners(delay=0.05, jitter=0.03))
# Above what five others send in the best layer (a key frame has to wait), and below: five voices are 300 kbit/s.
WIDE = tuple(Manners(rate=rate) for rate in (4_000_000.0, 2_500_000.0))
THIN = tuple(Manners(rate=rate) for rate in (1_500_000.0, 900_000.0, 600_000.0))
DARK = Manners(dark=True)


@dataclass(slots=True)
class Watched:
    """One stream from one to another; ``asked_at`` is the sender's picture at which a change of layer was wanted."""

    sender: int
    receiver: int
    forwarder: Forwarder
    worst: float = 0.0
    _since: float | None = None
    asked_at: int | None = None
    clean: bool = True

    def look(self, flow: Flow | None, excused: bool, now: float) -> None:
        """Notes how long nothing has come, if something should have."""
        if excused or flow is None:
            self._since = now
            return
        since = flow.last if self._since is None else max(flow.last, self._since)
        self.worst = max(self.worst, now - since)


@dataclass(slots=True)
class Findings:
    """What a run has shown."""

    sound_gap: float = 0.0
    picture_gap: float = 0.0
    switches: int = 0
    slowest_clean: float = 0.0
    slowest_lossy: float = 0.0
    blackouts: int = 0
    put_away: int = 0
    looks: int = 0
    gone: tuple[str, ...] = ()

    def figures(self, stalled: float) -> dict[str, float]:
        """By names that a report shows."""
        return {
            "sound_gap_s": round(self.sound_gap, 2),
            "picture_gap_s": round(self.picture_gap, 2),
            "machine_stalled_s": round(stalled, 2),
            "switches": self.switches,
            "slowest_switch_s": round(self.slowest_clean, 2),
            "slowest_switch_with_losses_s": round(self.slowest_lossy, 2),
            "blackouts": self.blackouts,
            "people_lost": len(self.gone),
            "pictures_put_away_share": round(self.put_away / max(1, self.looks), 3),
        }


@dataclass(slots=True)
class Weather:
    """The links of all members, in their order, and a watch over every stream between them."""

    node: MediaNode
    members: Sequence[Member]
    lines: Sequence[Line]
    talk: Talk
    fps: int
    found: Findings = field(default_factory=Findings)
    _streams: dict[int, Watched] = field(default_factory=dict)

    def behave(self, who: int, manners: Manners) -> None:
        """What comes and goes of one member; only the way to them is ever narrow, for a bot sends what it sends."""
        line = self.lines[who]
        line.down.manners = manners
        line.up.manners = CLEAR if manners.rate is not None else manners
        self.found.blackouts += manners.dark

    def change_layers(self, chance: random.Random) -> None:
        """Every third picture is wanted in some other layer."""
        for _, _, forwarder in self._forwarders():
            if forwarder.kind == "video" and chance.random() < 1 / 3:
                forwarder.wanted_layer = chance.randrange(3)

    async def watch(self) -> None:
        """Looks at every stream until it is cancelled."""
        while True:
            now = time.monotonic()
            for one in self._known():
                self._look(one, now)
            await asyncio.sleep(EVERY)

    def _known(self) -> list[Watched]:
        for sender, receiver, forwarder in self._forwarders():
            if forwarder.out.ssrc not in self._streams:
                self._streams[forwarder.out.ssrc] = Watched(sender, receiver, forwarder)
        return list(self._streams.values())

    def _forwarders(self) -> Iterator[tuple[int, int, Forwarder]]:
        present = {int(who[1:]): one for who, one in self.node._rooms["room-1"]._present.items()}
        for receiver, participant in present.items():
            for sender, other in present.items():
                for publication in other.publications.values() if participant.peer and sender != receiver else ():
                    forwarder = participant.peer.subscription(publication.id) if participant.peer else None
                    if forwarder is not None:
                        yield sender, receiver, forwarder

    def note_who_went(self) -> None:
        """Who is not in the room any more."""
        present = self.node._rooms["room-1"]._present
        self.found.gone = tuple(f"p{who}" for who in range(len(self.members)) if f"p{who}" not in present)

    def _look(self, one: Watched, now: float) -> None:
        up, down = self.lines[one.sender].up.manners, self.lines[one.receiver].down.manners
        is_picture = one.forwarder.kind == "video"
        excused = up.dark or down.dark or (is_picture and one.forwarder.paused)
        one.look(self.members[one.receiver].leg.flows.get(one.forwarder.out.ssrc), excused, now)
        if is_picture:
            self.found.picture_gap = max(self.found.picture_gap, one.worst)
            self.found.put_away += one.forwarder.paused
            self.found.looks += 1
            # The request for a key frame takes the sender's own way down, where others' pictures may crowd it out.
            asked = self.lines[one.sender].down.manners
            self._time_switch(one, excused, clean=not (up.loss or down.loss or asked.rate))
        else:
            self.found.sound_gap = max(self.found.sound_gap, one.worst)

    def _time_switch(self, one: Watched, excused: bool, *, clean: bool) -> None:
        pictures, forwarder = self.members[one.sender].voice.pictures, one.forwarder
        if excused or not forwarder.active:
            one.asked_at = None
        elif forwarder.target is not forwarder.source:
            if one.asked_at is None:
                one.asked_at, one.clean = pictures, True
            one.clean = one.clean and clean
        elif one.asked_at is not None:
            took = (pictures - one.asked_at) / self.fps
            one.asked_at = None
            self.found.switches += 1
            if one.clean:
                self.found.slowest_clean = max(self.found.slowest_clean, took)
            else:
                self.found.slowest_lossy = max(self.found.slowest_lossy, took)


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """For how long, with which weather, how long it is dark at a time, and whether the layers change by chance too."""

    seconds: float
    weather: Sequence[Manners]
    dark: float
    layers_change: bool


async def changing(weather: Weather, climate: Climate, chance: random.Random) -> None:
    """Every second somebody's link changes; now and then somebody is in the dark."""
    people = len(weather.members)
    end, dark_from, dark_until, hidden = time.monotonic() + climate.seconds, time.monotonic() + 4, 0.0, -1
    while (now := time.monotonic()) < end:
        if hidden >= 0 and now >= dark_until:
            weather.behave(hidden, CLEAR)
            hidden, dark_from = -1, now + 3 * climate.dark
        if hidden < 0 and now >= dark_from and now + climate.dark < end:
            hidden, dark_until = chance.randrange(people), now + climate.dark
            weather.behave(hidden, DARK)
        who = chance.randrange(people)
        if who != hidden:
            weather.behave(who, chance.choice(climate.weather))
        if climate.layers_change:
            weather.change_layers(chance)
        await asyncio.sleep(1.0)
    weather.note_who_went()
    for who in range(people):
        weather.behave(who, CLEAR)
