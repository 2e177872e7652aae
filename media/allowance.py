"""How much of something a stranger or participant may have: bursts, and then a rate."""

from __future__ import annotations

from dataclasses import dataclass

RATE, BURST = 20.0, 80.0
# Packets of one participant: three layers, a shared screen and all repetitions stay below a third of it.
PACKET_RATE, PACKET_BURST = 2500.0, 5000.0


@dataclass(slots=True)
class Allowance:
    """A token bucket: for the messages of one connection, or for what else has a rate."""

    left: float = BURST
    at: float = 0.0

    def take(self, now: float) -> bool:
        self.left = min(BURST, self.left + (now - self.at) * RATE)
        self.at = now
        self.left -= 1
        return self.left >= 0


@dataclass(slots=True)
class PacketAllowance:
    """The same for the packets of one participant."""

    left: float = PACKET_BURST
    at: float = 0.0

    def take(self, now: float) -> bool:
        self.left = min(PACKET_BURST, self.left + (now - self.at) * PACKET_RATE)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
