"""On which media node is a visit's room, and where does it go when that node dies? The desk that nodes share.

A lease says which node holds a visit's room. Whoever finds the node dead moves the lease and browsers follow it; a node
closes what it no longer holds. Everything here is ids, codes, instants and numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.rooms import RoomKept, RoomRole, RoomSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """A node as it says it is: where browsers and the visit's workflow reach it, and what it carries.

    ``load`` is the share of one core it used lately, 0..1; ``takes`` whether it would open another room.
    """

    node: str
    queue: str
    endpoint: str
    load: float = 0.0
    rooms: int = 0
    participants: int = 0
    takes: bool = True
    draining: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Which node holds a visit's room. A room that moves is the visit's next room: its number, after the last dot of
    its id, grows by one."""

    visit: str
    room: str
    node: str
    queue: str
    endpoint: str
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a node hears back when it has announced itself: whether it shall take nothing new, and the rooms it holds.

    ``orphans`` are those of them whose visit is not in its call any more.
    """

    draining: bool
    held: frozenset[str]
    orphans: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One participant's presence in one room: whole seconds there and with media flowing, how often they came, and
    how the connection was (names of `MEASURES`, worst or summed)."""

    clinic: str
    visit: str
    room: str
    participant: str
    role: RoomRole
    first_at: datetime
    last_at: datetime
    seconds: int
    media_seconds: int
    joins: int
    figures: Mapping[str, float] = field(default_factory=dict)


class NoNode(RuntimeError):
    """No media node is there that takes a room; carries the visit's id."""


class RoomDesk(Protocol):
    """What a node needs of the rows that nodes share. Every call may wait for a database."""

    def announce(self, state: NodeState) -> Told: ...
    def withdraw(self, node: str) -> None: ...
    def place(self, spec: RoomSpec) -> Lease: ...
    def held(self, room: str, node: str) -> RoomSpec | None: ...
    def finish(self, room: str) -> None: ...
    def keep_rooms(self, kept: Mapping[str, RoomKept]) -> None: ...
    def hand_over(self, room: str, node: str) -> bool: ...
    def keep_stays(self, stays: Sequence[Stay]) -> None: ...


def number_of(room: str) -> int:
    """The number of a visit's room, 0 when its id has none.

    >>> number_of("vis_1.2"), number_of("echo")
    (2, 0)
    """
    number = room.rpartition(".")[2]
    return int(number) if number.isascii() and number.isdigit() else 0


def next_room(visit: str, room: str) -> str:
    """The id of the room after this one."""
    return f"{visit}.{number_of(room) + 1}"


def device_address(endpoint: str, way: str) -> str:
    """A node's WHIP or WHEP address, from the one that browsers join by.

    >>> device_address("wss://call.example:8443/room", "whip")
    'https://call.example:8443/whip'
    """
    return f"{endpoint.removesuffix('/room').replace('ws', 'http', 1)}/{way}"


def best_of(nodes: Collection[NodeState]) -> NodeState | None:
    """The node that a room goes to: of those that take one the least loaded, then the one with the fewest rooms."""
    taking = [node for node in nodes if node.takes and not node.draining]
    return min(taking, key=lambda node: (round(node.load, 1), node.rooms, node.node), default=None)
