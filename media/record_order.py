"""Which packet of a recorded stream comes next: retransmissions are waited for, what never comes is said to be lost.

Nothing here knows what is inside a packet. Numbers are unwrapped sequence numbers of one epoch of one source.
"""

from __future__ import annotations

from collections.abc import Iterator

from media.source import Packet

WAIT_SECONDS = 0.4
MOST_WAITING = 512


class InOrder:
    """Packets in their order; None stands for one or more that are lost for good."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self.lost = 0
        self._wait = wait_seconds
        self._next: int | None = None
        self._waiting: dict[int, tuple[Packet, float]] = {}

    def push(self, packet: Packet, now: float) -> Iterator[Packet | None]:
        """Takes a packet in and gives out what can be given; one that is too late is dropped."""
        if self._next is None:
            self._next = packet.number
        if packet.number >= self._next:
            self._waiting[packet.number] = (packet, now)
        yield from self._ready()
        if len(self._waiting) > MOST_WAITING:
            yield from self._skip()

    def tick(self, now: float) -> Iterator[Packet | None]:
        """Gives up what was waited for long enough."""
        while self._waiting and now - min(at for _, at in self._waiting.values()) >= self._wait:
            yield from self._skip()

    def flush(self) -> Iterator[Packet | None]:
        """Gives out all that is there; nothing more comes."""
        while self._waiting:
            yield from self._skip()

    def _ready(self) -> Iterator[Packet | None]:
        while self._next is not None and self._next in self._waiting:
            packet, _ = self._waiting.pop(self._next)
            self._next += 1
            yield packet

    def _skip(self) -> Iterator[Packet | None]:
        first = min(self._waiting)
        if self._next is not None and first > self._next:
            self.lost += first - self._next
            yield None
        self._next = first
        yield from self._ready()
