"""How a recorder is shown a publication: every packet of the best layer that comes, as it was sent.

Packets keep their source's numbers and timestamps; a source that changes (another layer, a restart) begins with a key
frame. What was lost and came again arrives late: order by number.
"""

from __future__ import annotations

from typing import Protocol

from media import rtcp
from media.forward import HIGHEST_LAYER
from media.source import Packet, Source


class Tap(Protocol):
    """Somebody who is shown packets, on the loop: it must not wait and not raise."""

    def packet(self, packet: Packet, source: Source, now: float) -> None: ...


class Follower:
    """Leads all taps of one publication from layer to layer."""

    def __init__(self) -> None:
        self.taps: list[Tap] = []
        self.wanted_layer = HIGHEST_LAYER
        self.paused = False
        self.target: Source | None = None
        self.source: Source | None = None

    def aim(self, source: Source, now: float) -> None:
        """Leads to another source; the change is made at its next key frame, which is asked for."""
        if source is not self.target:
            self.target = source
            source.want_key(now)

    def listens(self, source: Source) -> bool:
        """Whether packets of this source may be shown."""
        return source is self.target or source is self.source

    def want_key(self, now: float) -> None:
        wanted = self.target or self.source
        if wanted is not None:
            wanted.want_key(now)

    def forward(self, packet: Packet, source: Source, now: float) -> None:
        """Shows a packet of the source in use, or of the next from its first key frame on."""
        if source is not self.source:
            if source is not self.target or (source.kind == "video" and not packet.key):
                return
            self.source = source
        for tap in self.taps:
            tap.packet(packet, source, now)

    def interrupt(self) -> None:
        """Something is left out; whoever orders the packets sees the gap."""

    def report(self, report: rtcp.SenderReport, source: Source, now: float) -> None:
        """Nothing: the source's own last report says the same."""
