"""When a packet to one receiver may leave, so that a key frame does not flood a thin link.

Media leaves at a little more than the estimated rate. Sound never waits, nor does what is sent again, but both are
paid for. What waits keeps its order; how long it would wait is the backlog, by which the streams decide to skip to a
later key frame *before* they give packets numbers, so that skipping leaves no gap to ask for.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")
PACE = 1.5
DEBT_SECONDS = 0.005
BURST_SECONDS = 0.04
BURST_LEAST = 6_000.0


class Pacer(Generic[T]):
    """A bucket of bits for one receiver. It sends nothing itself: it says what may leave."""

    def __init__(self, bitrate: float) -> None:
        self._waiting: deque[tuple[T, int]] = deque()
        self._octets = 0
        self._budget = 0.0
        self._filled_at: float | None = None
        self._rate = 0.0
        self.pace(bitrate)

    def pace(self, bitrate: float) -> None:
        """Goes by this estimate from now on, in bits a second."""
        self._rate = PACE * bitrate / 8
        self._most = max(BURST_LEAST, self._rate * BURST_SECONDS)

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def backlog(self) -> float:
        """Seconds until everything that waits has left."""
        return self._octets / self._rate

    def take(self, packet: T, size: int, now: float) -> bool:
        """Whether ``packet`` of ``size`` bytes may leave at once; else it waits, and `due` gives it back."""
        self._fill(now)
        if not self._waiting and self._budget > 0:
            self._budget -= size
            return True
        self._waiting.append((packet, size))
        self._octets += size
        return False

    def urgent(self, size: int, now: float) -> None:
        """Pays for ``size`` bytes that leave at once whatever waits."""
        self._fill(now)
        self._budget -= size

    def due(self, now: float) -> list[T]:
        """What may leave now."""
        self._fill(now)
        ready: list[T] = []
        while self._waiting and self._budget > 0:
            packet, size = self._waiting.popleft()
            self._octets -= size
            self._budget -= size
            ready.append(packet)
        return ready

    def wait(self) -> float:
        """Seconds after which `due` has something, when something waits."""
        return max(DEBT_SECONDS, -self._budget / self._rate)

    def drop(self) -> None:
        """Forgets what waits: its stream is gone."""
        self._waiting.clear()
        self._octets = 0

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            self._budget = min(self._most, self._budget + (now - self._filled_at) * self._rate)
        else:
            self._budget = self._most
        self._filled_at = now
