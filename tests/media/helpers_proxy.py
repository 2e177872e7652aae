"""A link with bad manners between clients and a node: a UDP proxy that limits, delays, loses and goes black.

The node advertises another loopback address than the one it listens on; the proxy listens there, on the node's own
port. Every client has a line of its own, in the order in which they came, with the same manners both ways unless told.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

ADDRESS = "127.0.0.2"


@dataclass(slots=True, kw_only=True)
class Manners:
    """Bits a second (None: any), seconds a packet may queue, one-way delay and jitter in seconds, share lost."""

    rate: float | None = None
    queue: float = 0.3
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    dark: bool = False


@dataclass(slots=True)
class Way:
    """One direction of one client's line."""

    manners: Manners = field(default_factory=Manners)
    passed: int = 0
    dropped: int = 0
    _free_at: float = 0.0
    _last: float = 0.0

    def when(self, size: int, now: float, chance: random.Random) -> float | None:
        """When a packet that comes now comes out at the other end; None: never."""
        manners = self.manners
        starts = max(now, self._free_at)
        if manners.dark or chance.random() < manners.loss or starts - now > manners.queue:
            self.dropped += 1
            return None
        self.passed += 1
        if manners.rate is not None:
            self._free_at = starts = starts + (size + 28) * 8 / manners.rate
        self._last = max(self._last, starts + manners.delay + chance.random() * manners.jitter)
        return self._last


class Line(asyncio.DatagramProtocol):
    """One client: towards the node from a socket of its own, back through the proxy's."""

    def __init__(self, proxy: Proxy, client: tuple[str, int]) -> None:
        self.up, self.down = Way(), Way()
        self._proxy = proxy
        self._client = client
        self._transport: asyncio.DatagramTransport | None = None

    def behave(self, manners: Manners) -> None:
        """From now on, both ways."""
        self.up.manners = self.down.manners = manners

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._proxy.later(self.down, data, lambda: self._proxy.send(data, self._client))

    def from_client(self, data: bytes) -> None:
        self._proxy.later(self.up, data, lambda: self._to_node(data))

    def _to_node(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Proxy(asyncio.DatagramProtocol):
    """All lines to one node."""

    def __init__(self, node_port: int, seed: int = 7, address: str = ADDRESS) -> None:
        self.lines: list[Line] = []
        self._address = address
        self._port = node_port
        self._chance = random.Random(seed)
        self._loop = asyncio.get_running_loop()
        self._by_client: dict[tuple[str, int], asyncio.Task[Line]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Listens where the node says that it does."""
        await self._loop.create_datagram_endpoint(lambda: self, local_addr=(self._address, self._port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr not in self._by_client:
            self._by_client[addr] = self._loop.create_task(self._open(addr))
        opened = self._by_client[addr]
        if opened.done():
            opened.result().from_client(data)

    async def _open(self, client: tuple[str, int]) -> Line:
        line = Line(self, client)
        self.lines.append(line)
        await self._loop.create_datagram_endpoint(
            lambda: line, remote_addr=("127.0.0.1", self._port), family=socket.AF_INET
        )
        return line

    def later(self, way: Way, data: bytes, act: Callable[[], object]) -> None:
        now = self._loop.time()
        at = way.when(len(data), now, self._chance)
        if at is None:
            return
        if at <= now:
            act()
        else:
            self._loop.call_at(at, act)

    def send(self, data: bytes, client: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(data, client)

    async def close(self) -> None:
        for line in self.lines:
            line.close()
        if self._transport is not None:
            self._transport.close()
        await asyncio.gather(*self._by_client.values(), return_exceptions=True)
