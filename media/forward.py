"""How one publisher's packets become one subscriber's stream.

Every subscription has its own SSRC, sequence numbers and timestamps, so that publishers may restart, switch and pause
without the receiver seeing more than a clean continuation. What a receiver misses is sent again out of the source's
ring, once per round trip and within a budget, so that a bad link is not fed with repetitions.

A subscriber to a simulcast says which layer it wants; the publication aims it at the best one that comes, and it
changes there at a key frame, with numbers, time and VP8's picture numbers going on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct

from media import rtcp
from media.codecs import PICTURE_MOD, vp8_picture, vp8_renumber
from media.rtp import FIXED, SEQ_MOD, TS_MOD, extend, rtx_payload
from media.source import Packet, Source

REPEAT_AFTER = 0.03
BUDGET_SHARE = 0.25
BUDGET_MOST = 64_000.0
HIGHEST_LAYER = 2
# Two layers of one encoder are never further apart; reports that say so are wrong.
LAYERS_APART = 3.0
_REMEMBERED_REPORTS = 8
# The second byte of a header (marker and type) to the end of its timestamp.
_MOVING = Struct("!BHI")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutStream:
    """The stream as the subscriber's answer announced it; ``block`` is the extension block of every packet."""

    ssrc: int
    rtx_ssrc: int | None
    payload_type: int
    rtx_type: int | None
    codec: str
    clock: int
    block: bytes
    cname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Two ways to the subscriber: media and control packets, in the clear; they are protected further down.

    ``media`` takes a packet, to keep or to change, and the time; it answers False for a packet that it dropped because
    the subscriber is too slow.
    """

    media: Callable[[bytearray, float], bool]
    control: Callable[[bytes], None]


class Forwarder:
    """One subscription. It sends nothing until :meth:`start`, video nothing before a key frame.

    ``wanted_layer`` (0 is the lowest) and `pause` may be set at any time. What a slow subscriber cannot take is
    dropped, and its video goes on with the next key frame: it is never sent late.
    """

    def __init__(self, kind: str, out: OutStream, wire: Wire) -> None:
        self.kind = kind
        self.out = out
        self.active = False
        self.paused = False
        self.wanted_layer = HIGHEST_LAYER
        self.target: Source | None = None
        self.source: Source | None = None
        self.switches = 0
        self.dropped = 0
        self.packets = 0
        self.octets = 0
        self.repeated = 0
        self.loss = 0.0
        self.round_trip = 0.0
        self._wire = wire
        # What begins every packet; only type, number and time differ.
        self._head = self._beginning(out.ssrc)
        self._repeats = self._beginning(out.rtx_ssrc or 0)
        self._epoch: int | None = None
        self._shift = 0
        self._floor = 0
        self._highest = secrets.randbelow(SEQ_MOD // 2)
        self._time_shift = 0
        self._last: tuple[Packet, int, float] | None = None
        self._picture_shift = 0
        self._level_shift = 0
        self._rtx_sequence = secrets.randbelow(SEQ_MOD)
        self._repeated_at: dict[int, float] = {}
        self._budget = BUDGET_MOST / 2
        self._reports: dict[int, float] = {}

    def _beginning(self, ssrc: int) -> bytes:
        return FIXED.pack(0x90 if self.out.block else 0x80, 0, 0, 0, ssrc) + self.out.block

    @property
    def waiting(self) -> bool:
        """Whether it is to send, and video has yet to see a key frame to begin with."""
        return self.active and not self.paused and self._epoch is None

    def start(self) -> None:
        """The subscriber is ready to receive."""
        self.active = True

    def pause(self, paused: bool, now: float) -> None:
        """Stops sending, or goes on: video with a key frame, which is asked for."""
        if paused == self.paused:
            return
        self.paused = paused
        self.interrupt()
        if not paused:
            self.want_key(now)

    def interrupt(self) -> None:
        """Something is left out here: video goes on with a key frame only."""
        self._epoch = None

    def aim(self, source: Source, now: float) -> None:
        """Leads to another source; the change is made at its next key frame, which is asked for."""
        if source is self.target:
            return
        self.target = source
        if self.active and not self.paused and source is not self.source:
            source.want_key(now)

    def listens(self, source: Source) -> bool:
        """Whether packets of this source are of any use here."""
        return source is self.target or source is self.source

    def want_key(self, now: float) -> None:
        """Asks for a key frame of what is being sent, or is to be."""
        wanted = self.target or self.source
        if wanted is not None:
            wanted.want_key(now)

    def forward(self, packet: Packet, source: Source, now: float) -> None:
        """Sends a packet on, if it is this subscriber's turn to see it."""
        if (packet.epoch != self._epoch or source is not self.source) and not self._join(packet, source, now):
            return
        if packet.number < self._floor:
            return
        index = packet.number + self._shift
        timestamp = (packet.timestamp + self._time_shift) % TS_MOD
        if index >= self._highest:
            self._highest = index
            self._last = (packet, timestamp, now)
        if not self._send(packet, index & 0xFFFF, timestamp, now):
            self._fall_behind(now)

    def _fall_behind(self, now: float) -> None:
        """The subscriber is too slow: nothing of this picture is of use any more."""
        self.dropped += 1
        if self.kind == "video":
            self._epoch = None
            self.want_key(now)

    def _join(self, packet: Packet, source: Source, now: float) -> bool:
        """Goes over to a source at this packet, or to its new beginning; False while it cannot."""
        if not self.active or self.paused or not self.listens(source):
            return False
        waits_elsewhere = self._epoch is not None and source is not self.source
        if self.kind == "video" and not packet.key:
            if not waits_elsewhere:
                self._epoch = None
            source.want_key(now)
            return False
        if waits_elsewhere and source is not self.target:
            return False
        self._continue(packet, source, now)
        return True

    def _continue(self, packet: Packet, source: Source, now: float) -> None:
        """Numbers and time go on where they were."""
        if source is not self.source:
            self.switches += self.source is not None
        before, self.source = self.source, source
        self._highest += 1
        self._shift = self._highest - packet.number
        self._floor = packet.number
        self._epoch = packet.epoch
        target = self._next_time(packet, source, before, now)
        self._time_shift = (target - packet.timestamp) % TS_MOD
        if self.out.codec == "vp8":
            self._continue_pictures(packet)
        self._repeated_at.clear()
        if source.last_report is not None:
            self.report(source.last_report, source, now)

    def _next_time(self, packet: Packet, source: Source, before: Source | None, now: float) -> int:
        """The timestamp of the first packet after a change: by both sources' wall clocks, else by ours."""
        if self._last is None:
            return secrets.randbelow(TS_MOD)
        last, timestamp, then = self._last
        step = now - then
        if before is not None and before is not source:
            apart = _seconds_between(last.timestamp, before, packet.timestamp, source)
            if apart is not None and 0 < apart - step + LAYERS_APART < 2 * LAYERS_APART:
                step = apart
        return timestamp + max(1, round(step * self.out.clock))

    def _continue_pictures(self, packet: Packet) -> None:
        if self._last is None:
            return
        last, first = vp8_picture(self._last[0].payload), vp8_picture(packet.payload)
        if last.picture_at and first.picture_at:
            self._picture_shift = (last.picture + self._picture_shift + 1 - first.picture) % PICTURE_MOD
        if last.level_at and first.level_at:
            self._level_shift = (last.level + self._level_shift + 1 - first.level) % 256

    def _send(self, packet: Packet, sequence: int, timestamp: int, now: float) -> bool:
        payload = self._renumbered(packet.payload) if self._picture_shift or self._level_shift else packet.payload
        size = len(payload)
        self.packets += 1
        self.octets += size
        self._budget = min(BUDGET_MOST, self._budget + size * BUDGET_SHARE)
        kind = self.out.payload_type | 0x80 if packet.marker else self.out.payload_type
        data = bytearray(self._head)
        _MOVING.pack_into(data, 1, kind, sequence, timestamp)
        data += payload
        return self._wire.media(data, now)

    def _renumbered(self, payload: bytes) -> bytes:
        if self._picture_shift or self._level_shift:
            return vp8_renumber(payload, self._picture_shift, self._level_shift)
        return payload

    # --- what the subscriber says -------------------------------------------------------------------------------------

    def repeat(self, sequences: Iterable[int], now: float) -> None:
        """Sends again what a NACK asks for, as far as ring, budget and the last repetition allow."""
        source = self.source
        if source is None or self._epoch != source.epoch:
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
            self._send(packet, sequence, timestamp, now)
            return
        self._rtx_sequence = (self._rtx_sequence + 1) % SEQ_MOD
        kind = out.rtx_type | 0x80 if packet.marker else out.rtx_type
        payload = self._renumbered(packet.payload)
        data = bytearray(self._repeats)
        _MOVING.pack_into(data, 1, kind, self._rtx_sequence, timestamp)
        data += rtx_payload(sequence, payload)
        self._wire.media(data, now)

    def padding(self, size: int) -> bytearray | None:
        """A retransmission of nothing, ``size`` bytes of padding long (255 at most); None where none can be sent."""
        out = self.out
        if not self.active or out.rtx_ssrc is None or out.rtx_type is None:
            return None
        self._rtx_sequence = (self._rtx_sequence + 1) % SEQ_MOD
        data = bytearray(self._repeats)
        data[0] |= 0x20
        _MOVING.pack_into(data, 1, out.rtx_type, self._rtx_sequence, self._last[1] % TS_MOD if self._last else 0)
        data += bytes(size - 1) + bytes((size,))
        return data

    def report(self, report: rtcp.SenderReport, source: Source, now: float) -> None:
        """Passes a sender report on, in this stream's timestamps, so that sound and picture stay together."""
        if self._epoch is None or source is not self.source:
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


def _seconds_between(earlier: int, before: Source, later: int, source: Source) -> float | None:
    """How much later one source's timestamp was captured than another's; None where their reports do not say."""
    if before.last_report is None or source.last_report is None:
        return None
    return _captured(later, source.last_report, source.clock) - _captured(earlier, before.last_report, before.clock)


def _captured(timestamp: int, report: rtcp.SenderReport, clock: int) -> float:
    """The wall clock's seconds of a timestamp, by a sender report near it."""
    ticks = (timestamp - report.timestamp + TS_MOD // 2) % TS_MOD - TS_MOD // 2
    return report.ntp / (1 << 32) + ticks / clock
