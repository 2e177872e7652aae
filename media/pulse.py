"""A node among others: it says each second what it carries, and closes what it does not hold any more.

The node's rooms are leased to it at a desk that all nodes share. Losing the desk costs no call: what runs goes on, and
only new rooms wait until the desk answers again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.room_places import NodeState, RoomDesk
from engine.rooms import NODE_STOPPED, RoomEvent, RoomEventKind, RoomKept, RoomReport, RoomState
from media.tally import Tally

BEAT_SECONDS = 1.0
KEEP_EVERY = 5
# Beyond this share of a core the slowest packets wait longer than a frame lasts.
FULL_LOAD = 0.7
ORPHANED = "closed"
# After these something of a room is another that its next node has to know.
STATE_EVENTS = frozenset(
    {
        RoomEventKind.JOINED,
        RoomEventKind.LEFT,
        RoomEventKind.ADMITTED,
        RoomEventKind.LOCKED,
        RoomEventKind.UNLOCKED,
        RoomEventKind.MUTED,
        RoomEventKind.EXTENDED,
    }
)
log = logging.getLogger(__name__)


class Rooms(Protocol):
    """What the pulse needs of its node."""

    @property
    def endpoint(self) -> str: ...
    def states(self) -> Iterable[RoomState]: ...
    def has_space(self) -> bool: ...
    def reason_of(self, room_id: str) -> str | None: ...
    def kept(self) -> Mapping[str, RoomKept]: ...
    async def close_room(self, room_id: str, reason: str) -> RoomReport: ...


@dataclass(slots=True)
class Load:
    """The share of one core that this process used, smoothed over a few seconds."""

    value: float = 0.0
    _at: float = field(default_factory=time.monotonic)
    _used: float = field(default_factory=time.process_time)

    def measure(self) -> float:
        """The share now; called once a beat."""
        at, used = time.monotonic(), time.process_time()
        if at > self._at:
            self.value += ((used - self._used) / (at - self._at) - self.value) * 0.3
        self._at, self._used = at, used
        return min(1.0, max(0.0, self.value))


class Pulse:
    """Announces one node for as long as `run` runs, and withdraws it at the end."""

    def __init__(self, node: str, queue: str, rooms: Rooms, desk: RoomDesk) -> None:
        self.tally = Tally()
        self.load = Load()
        self.draining = False
        self._node = node
        self._queue = queue
        self._rooms = rooms
        self._desk = desk
        self._finished: set[str] = set()
        self._leaving = False
        self._kept: Mapping[str, RoomKept] = {}
        self._wake = asyncio.Event()
        self._looked = time.monotonic()

    def state(self) -> NodeState:
        """The node as it is now."""
        open_ones = [state for state in self._rooms.states() if state.open]
        load = self.load.value
        return NodeState(
            node=self._node,
            queue=self._queue,
            endpoint=self._rooms.endpoint,
            load=min(1.0, max(0.0, load)),
            rooms=len(open_ones),
            participants=sum(len(state.participants) for state in open_ones),
            takes=self._rooms.has_space() and load < FULL_LOAD and not self._leaving,
            draining=self._leaving,
        )

    async def run(self) -> None:
        """Beats until it is cancelled."""
        beats = 0
        while not self._leaving:
            self.load.measure()
            self._look()
            await self._quietly(self.beat())
            beats += 1
            if beats % KEEP_EVERY == 0:
                await self._quietly(self.keep())
            await self._until_next_beat()

    def heard(self, event: RoomEvent) -> None:
        """Something happened in a room: what outlives the node is kept at once, and who came or went."""
        self.tally.heard(event)
        if event.kind in STATE_EVENTS:
            self._wake.set()

    async def _until_next_beat(self) -> None:
        ends = time.monotonic() + BEAT_SECONDS
        while (left := ends - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)
                self._wake.clear()
                await self._quietly(self.keep_rooms())
                await self._quietly(self.keep())

    async def keep_rooms(self) -> None:
        """Keeps what changed of what outlives the node."""
        now = self._rooms.kept()
        changed = {room: kept for room, kept in now.items() if self._kept.get(room) != kept}
        if changed:
            await asyncio.to_thread(self._desk.keep_rooms, changed)
        self._kept = now

    async def beat(self) -> None:
        """Says what the node carries, and does what it hears back."""
        await self.keep_rooms()
        mine = {state.room_id for state in self._rooms.states() if state.open}
        told = await asyncio.to_thread(self._desk.announce, self.state())
        self.draining = told.draining
        for room in sorted(mine - told.held):
            log.warning("room %s is held by another node now", room)
            await self._rooms.close_room(room, NODE_STOPPED)
        for room in sorted(mine & told.orphans):
            await self._rooms.close_room(room, ORPHANED)
        if told.draining and not self._leaving:
            await self._drain(mine & told.held - told.orphans)
        await self._finish()

    async def _drain(self, rooms: Iterable[str]) -> None:
        """Other nodes take the rooms; browsers are told to come back there. What nobody takes stays."""
        for room in sorted(rooms):
            await self.keep_rooms()
            if await asyncio.to_thread(self._desk.hand_over, room, self._node):
                await self._rooms.close_room(room, NODE_STOPPED)

    async def keep(self) -> None:
        """Keeps who stayed how long until now."""
        stays = self.tally.changed()
        if not stays:
            return
        try:
            await asyncio.to_thread(self._desk.keep_stays, stays)
        except BaseException:
            self.tally.again(stays)
            raise

    async def leave(self) -> None:
        """The node stops: it takes nothing more, and others may take its rooms over at once."""
        self._leaving = True
        await self._quietly(self.keep_rooms())
        await self._quietly(asyncio.to_thread(self._desk.withdraw, self._node))

    async def closed(self) -> None:
        """All rooms have closed with the node: what is left to be kept is kept."""
        await self._quietly(self._finish())
        await self._quietly(self.keep())

    async def _finish(self) -> None:
        """Rooms that ended for good move nowhere; one that stopped with its node may."""
        for state in list(self._rooms.states()):
            reason = self._rooms.reason_of(state.room_id)
            if reason is None or state.room_id in self._finished:
                continue
            if reason != NODE_STOPPED:
                await asyncio.to_thread(self._desk.finish, state.room_id)
            await self.keep()
            self.tally.forget(state.room_id)
            self._finished.add(state.room_id)

    def _look(self) -> None:
        now = time.monotonic()
        seconds, self._looked = now - self._looked, now
        for state in self._rooms.states():
            if state.open:
                self.tally.looked(state, seconds)

    async def _quietly(self, doing: Awaitable[None]) -> None:
        try:
            await doing
        except Exception as fault:
            # Its class only: a database's message may quote what it was given.
            log.error("the desk of rooms does not answer: %s", type(fault).__name__)
