"""How one publisher's packets become one subscriber's stream.

Every subscription has its own SSRC, sequence numbers and timestamps, so that publishers may restart, switch and pause
without the receiver seeing more than a clean continuation. What a receiver misses is sent again out of the source's
ring, once per round trip and within a budget, so that a bad link is not fed with repetitions.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from media import rtcp
from media.rtp import FIXED, SEQ_MOD, TS_MOD, extend, rtx_payload
from media.source import Packet, Source

REPEAT_AFTER = 0.03
BUDGET_SHARE = 0.25
BUDGET_MOST = 64_000.0
_REMEMBERED_REPORTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OutStream:
    """The stream as the subscriber's answer announced it; ``block`` is the extension block of every packet."""

    ssrc: int
    rtx_ssrc: int | None
    payload_type: int
    rtx_type: int | None
    clock: int
    block: bytes
    cname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Two ways to the subscriber: media and control packets, in the clear; they are protected further down."""

    media: Callable[[bytes], None]
    control: Callable[[bytes], None]


class Forwarder:
    """One subscription. It sends nothing until :meth:`start`, video nothing before a key frame."""

    def __init__(self, kind: str, out: OutStream, wire: Wire) -> None:
        self.kind = kind
        self.out = out
        self.active = False
        self.packets = 0
        self.octets = 0
        self.repeated = 0
        self.loss = 0.0
        self.round_trip = 0.0
        self._wire = wire
        self._epoch: int | None = None
        self._shift = 0
        self._floor = 0
        self._highest = secrets.randbelow(SEQ_MOD // 2)
        self._time_shift = 0
        self._last_time: tuple[int, float] | None = None
        self._rtx_sequence = secrets.randbelow(SEQ_MOD)
        self._repeated_at: dict[int, float] = {}
        self._budget = BUDGET_MOST / 2
        self._reports: dict[int, float] = {}

    @property
    def waiting(self) -> bool:
        """Whether video has yet to see a key frame to begin with."""
        return self.active and self._epoch is None

    def start(self) -> None:
        """The subscriber is ready to receive."""
        self.active = True

    def forward(self, packet: Packet, source: Source, now: float) -> None:
        """Sends a packet on, if it is this subscriber's turn to see it."""
        if not self.active:
            return
        if packet.epoch != self._epoch and not self._begin(packet, source, now):
            return
        if packet.number < self._floor:
            return
        index = packet.number + self._shift
        timestamp = (packet.timestamp + self._time_shift) % TS_MOD
        if index >= self._highest:
            self._highest = index
            self._last_time = (timestamp, now)
        self._send(packet, index & 0xFFFF, timestamp)

    def _begin(self, packet: Packet, source: Source, now: float) -> bool:
        """Joins a source at this packet, so that numbers and time go on where they were."""
        if self.kind == "video" and not packet.key:
            self._epoch = None
            source.want_key(now)
            return False
        self._highest += 1
        self._shift = self._highest - packet.number
        self._floor = packet.number
        self._epoch = packet.epoch
        if self._last_time is not None:
            last, then = self._last_time
            target = last + max(1, int((now - then) * self.out.clock))
        else:
            target = secrets.randbelow(TS_MOD)
        self._time_shift = (target - packet.timestamp) % TS_MOD
        self._repeated_at.clear()
        if source.last_report is not None:
            self.report(source.last_report, now)
        return True

    def _send(self, packet: Packet, sequence: int, timestamp: int) -> None:
        out = self.out
        kind = out.payload_type | 0x80 if packet.marker else out.payload_type
        first = 0x90 if out.block else 0x80
        size = len(packet.payload)
        self.packets += 1
        self.octets += size
        self._budget = min(BUDGET_MOST, self._budget + size * BUDGET_SHARE)
        self._wire.media(FIXED.pack(first, kind, sequence, timestamp, out.ssrc) + out.block + packet.payload)

    # --- what the subscriber says -------------------------------------------------------------------------------------

    def repeat(self, sequences: Iterable[int], source: Source, now: float) -> None:
        """Sends again what a NACK asks for, as far as ring, budget and the last repetition allow."""
        if self._epoch != source.epoch:
            return
        for sequence in sequences:
            index = extend(sequence, self._highest) - self._shift
            packet = source.lookup(index)
            if packet is None or index < self._floor or now - self._repeated_at.get(index, -1.0) < REPEAT_AFTER:
                continue
            if self._budget < len(packet.payload):
                return
            self._budget -= len(packet.payload)
            self._repeat(packet, sequence, now)

    def _repeat(self, packet: Packet, sequence: int, now: float) -> None:
        if len(self._repeated_at) > 512:
            self._repeated_at.clear()
        self._repeated_at[packet.number] = now
        self.repeated += 1
        timestamp = (packet.timestamp + self._time_shift) % TS_MOD
        out = self.out
        if out.rtx_ssrc is None or out.rtx_type is None:
            self._send(packet, sequence, timestamp)
            return
        self._rtx_sequence = (self._rtx_sequence + 1) % SEQ_MOD
        kind = out.rtx_type | 0x80 if packet.marker else out.rtx_type
        head = FIXED.pack(0x90 if out.block else 0x80, kind, self._rtx_sequence, timestamp, out.rtx_ssrc)
        self._wire.media(head + out.block + rtx_payload(sequence, packet.payload))

    def report(self, report: rtcp.SenderReport, now: float) -> None:
        """Passes a sender report on, in this stream's timestamps, so that sound and picture stay together."""
        if self._epoch is None:
            return
        timestamp = (report.timestamp + self._time_shift) % TS_MOD
        own = rtcp.SenderReport(self.out.ssrc, report.ntp, timestamp, self.packets, self.octets & 0xFFFF_FFFF)
        if len(self._reports) >= _REMEMBERED_REPORTS:
            del self._reports[next(iter(self._reports))]
        self._reports[rtcp.middle(report.ntp)] = now
        self._wire.control(rtcp.sender_report(own) + rtcp.description(self.out.ssrc, self.out.cname))

    def reported(self, block: rtcp.ReportBlock, now: float) -> None:
        """Notes what the subscriber reports of this stream: loss since its last report, round trip in seconds."""
        self.loss = block.fraction_lost / 256
        sent = self._reports.get(block.last_sr)
        if sent is not None:
            self.round_trip = max(0.0, now - sent - block.delay_since_sr / 65536)
