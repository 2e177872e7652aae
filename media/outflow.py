"""What leaves towards one participant: numbered, paced, measured, and probed for more.

One of these stands between a peer's streams and its encryption. Without transport-wide feedback (a client that offers
none) everything passes as it comes, and nothing is known of the link.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from media.estimate import BandwidthEstimate
from media.pacer import Pacer
from media.probe import Probe, Prober
from media.sent import Feedback, Outcome, SentPackets

# IP and UDP headers, and the tag of AES-GCM: the link carries them too.
OVERHEAD = 28 + 16
SILENT_AFTER = 3.0
WAIT_MOST = 0.3
_NUMBER = Struct("!H")


class Timers(Protocol):
    """The two calls of an event loop that are needed."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], object]) -> object: ...


@dataclass(frozen=True, slots=True)
class Slot:
    """Where in a stream's packets the transport-wide number stands (offset of its two bytes), 0: nowhere; and whether
    the stream never waits."""

    offset: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What has been reported of all packets so far: how many, how many of them did not arrive, bytes that did."""

    packets: int = 0
    missed: int = 0
    octets: int = 0

    def with_these(self, outcomes: Sequence[Outcome]) -> Told:
        arrived = [outcome.size for outcome in outcomes if outcome.arrived_at is not None]
        missed = len(outcomes) - len(arrived)
        return Told(self.packets + len(outcomes), self.missed + missed, self.octets + sum(arrived))


class Outflow:
    """Packets in the clear come in by :meth:`media` and leave by the ``send`` given, in time; their numbers are written
    into them.

    ``send`` answers False for a packet that could not leave.
    """

    def __init__(self, send: Callable[[bytearray], bool], timers: Timers) -> None:
        self.estimate = BandwidthEstimate()
        self.probes = 0
        self.told = Told()
        self._send = send
        self._timers = timers
        self._sent = SentPackets()
        self._pacer: Pacer[tuple[bytearray, int]] = Pacer(self.estimate.bitrate)
        self._prober = Prober()
        self._timer = False
        self._heard_at: float | None = None
        self._closed = False

    @property
    def backlog(self) -> float:
        """Seconds until a packet that comes now would leave."""
        return self._pacer.backlog

    def alive(self, now: float) -> bool:
        """Whether feedback came lately; also true before there was any to come."""
        return self._heard_at is None or now - self._heard_at < SILENT_AFTER

    @property
    def bitrate(self) -> float | None:
        """The estimate in bits a second; None while nothing has been reported."""
        return None if self._heard_at is None else self.estimate.bitrate

    # --- media --------------------------------------------------------------------------------------------------------

    def media(self, slot: Slot, packet: bytearray, now: float) -> bool:
        """Sends a packet now or has it wait its turn; False when it was dropped, for too much waits already."""
        offset = slot.offset
        if not offset:
            return self._send(packet)
        if self._heard_at is not None:
            if slot.urgent:
                self._pacer.urgent(len(packet), now)
            elif self._pacer.backlog > WAIT_MOST:
                return False
            elif not self._pacer.take((packet, offset), len(packet), now):
                self._wake()
                return True
        return self._leave(packet, offset, now)

    def _leave(self, packet: bytearray, offset: int, now: float, probe: int = 0) -> bool:
        _NUMBER.pack_into(packet, offset, self._sent.add(len(packet) + OVERHEAD, now, probe))
        return self._send(packet)

    def _wake(self) -> None:
        if not self._timer:
            self._timer = True
            self._timers.call_later(self._pacer.wait(), self._due)

    def _due(self) -> None:
        self._timer = False
        if self._closed:
            return
        now = self._timers.time()
        for packet, offset in self._pacer.due(now):
            self._leave(packet, offset, now)
        if self._pacer.waiting:
            self._wake()

    # --- what the receiver says, and trying for more ------------------------------------------------------------------

    def reported(self, feedback: Feedback) -> None:
        """Takes transport-wide feedback in."""
        now = self._timers.time()
        outcomes = self._sent.resolve(feedback)
        if outcomes:
            self._heard_at = now
            self.told = self.told.with_these(outcomes)
            self._pacer.pace(self.estimate.add(outcomes, now))

    def look(self, wanted: float | None, padding: Callable[[], tuple[bytearray, int] | None]) -> None:
        """Sends a probe when one is due towards ``wanted`` bits a second. ``padding`` makes a packet that nobody
        decodes, with the offset of its number, or None when no stream can carry one."""
        if self._heard_at is None:
            return
        estimate, now = self.estimate, self._timers.time()
        probe = self._prober.look(estimate.proven, wanted, steady=estimate.steady, now=now)
        if probe is not None:
            self.probes += 1
            self._burst(probe, probe.packets, padding)

    def _burst(self, probe: Probe, left: int, padding: Callable[[], tuple[bytearray, int] | None]) -> None:
        made = None if self._closed else padding()
        if made is None:
            return
        packet, offset = made
        now = self._timers.time()
        self._pacer.urgent(len(packet), now)
        self._leave(packet, offset, now, probe.number)
        if left > 1:
            self._timers.call_later(probe.spacing, lambda: self._burst(probe, left - 1, padding))

    def close(self) -> None:
        """Nothing leaves any more."""
        self._closed = True
        self._pacer.drop()
