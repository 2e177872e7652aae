"""What has come in of one stream: in which order, what is missing, what can be sent again, when a key frame is due.

A source belongs to one SSRC of a publisher: a whole track, or one layer of its simulcast. Gaps are asked for at once
and again on a timer; a key frame request inside the throttle window waits for its end, it is never dropped, because
somebody cannot see until it is served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from media import rtcp
from media.codecs import key_frame_test, vp8_height
from media.rtp import RtpHeader, extend

RING = {"video": 1024, "audio": 256}
MAX_JUMP = 3000
MAX_MISSING = 300
NACK_EVERY = 0.06
NACK_TRIES = 12
KEY_EVERY = 0.5
# A request or its key frame may get lost a few times; a publisher that never answers is asked more and more rarely.
KEY_TRIES = 8
KEY_EVERY_MOST = 4.0
# A layer of a simulcast that has sent nothing for so long is switched off.
SILENT_AFTER = 0.6
RATE_EVERY = 0.5


class Packet(NamedTuple):
    """One RTP packet as it is forwarded: ``number`` is its sequence number unwrapped, within its source's ``epoch``."""

    number: int
    epoch: int
    marker: bool
    timestamp: int
    payload: bytes
    key: bool


@dataclass(slots=True)
class _Missing:
    """A packet that has not come: when to ask again, how often we did."""

    again: float
    tries: int


@dataclass(slots=True)
class Reception:
    """Counters of RFC 3550 appendix A.3 and A.8."""

    base: int
    received: int = 0
    duplicates: int = 0
    recovered: int = 0
    jitter: float = 0.0
    transit: float | None = None
    expected_before: int = 0
    received_before: int = 0
    loss: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """A stream as its publisher sends it: SSRC, `audio` or `video`, codec name, ticks a second."""

    ssrc: int
    kind: str
    codec: str
    clock: int


class Source:
    """The receiving side of one incoming stream. ``feedback`` sends a control packet to the publisher."""

    def __init__(self, stream: StreamFacts, feedback: Callable[[bytes], None], *, epoch: int = 0) -> None:
        kind = stream.kind
        self.ssrc = stream.ssrc
        self.kind = kind
        self.codec = stream.codec
        self.epoch = epoch
        self.key_requests = 0
        self.key_frames = 0
        self.height = 0
        self.rate = 0.0
        self.last_report: rtcp.SenderReport | None = None
        self.reported_at = 0.0
        self._last_at = float("-inf")
        self._octets = 0
        self._rate_at: float | None = None
        self._is_key = key_frame_test(stream.codec)
        self.clock = stream.clock
        self._feedback = feedback
        self._size = RING[kind]
        self._ring: list[Packet | None] = [None] * self._size
        self._highest: int | None = None
        self._suspect: int | None = None
        self._missing: dict[int, _Missing] = {}
        self._missing_due = 0.0
        self._key_wanted = False
        self._key_at = float("-inf")
        self._key_tries = 0
        self.reception = Reception(base=0)

    # --- packets -----------------------------------------------------------------------------------------------------

    def receive(self, header: RtpHeader, payload: bytes, now: float, *, repaired: bool = False) -> Packet | None:
        """The packet to forward, or None for a duplicate, a packet too old, or one from nowhere."""
        index = self._place(header.sequence, now)
        if index is None:
            return None
        slot = self._ring[index % self._size]
        if slot is not None and slot.number == index:
            self.reception.duplicates += 1
            return None
        is_key = self._is_key
        key = is_key is not None and is_key(payload)
        packet = Packet(index, self.epoch, header.marker, header.timestamp, payload, key)
        self._ring[index % self._size] = packet
        self._count(header.timestamp, now, repaired)
        if self._missing:
            self._missing.pop(index, None)
        if self._key_tries and now - self._last_at > SILENT_AFTER:
            self._key_tries = 0  # it was away and could not answer
        self._last_at = now
        self._octets += len(payload)
        if key:
            self._key_came(payload)
        return packet

    def _key_came(self, payload: bytes) -> None:
        self._key_wanted = False
        self._key_tries = 0
        self.key_frames += 1
        if self.codec == "vp8":
            self.height = vp8_height(payload) or self.height

    def live(self, now: float) -> bool:
        """Whether packets come; a layer that the publisher has switched off is not live."""
        return now - self._last_at < SILENT_AFTER

    def lookup(self, index: int) -> Packet | None:
        """A packet that can be sent again."""
        packet = self._ring[index % self._size]
        return packet if packet is not None and packet.number == index else None

    def _place(self, sequence: int, now: float) -> int | None:
        """The unwrapped index of a sequence number; two in a row from far away are a restarted stream."""
        highest = self._highest
        if highest is None:
            return self._restart(sequence)
        index = extend(sequence, highest)
        if index > highest + MAX_JUMP or index <= highest - self._size:
            if sequence != self._suspect:
                self._suspect = (sequence + 1) & 0xFFFF
                return None
            self.epoch += 1
            return self._restart(sequence)
        self._suspect = None
        if index > highest:
            self._highest = index
            if index > highest + 1:
                self._gap(highest + 1, index, now)
        return index

    def _restart(self, sequence: int) -> int:
        index = sequence + 0x10000
        self._highest = index
        self._ring = [None] * self._size
        self._missing.clear()
        self.reception = Reception(base=index, jitter=self.reception.jitter)
        return index

    def _gap(self, start: int, end: int, now: float) -> None:
        if len(self._missing) + end - start > MAX_MISSING:
            self._missing.clear()
            self.want_key(now)
            return
        if not self._missing:
            self._missing_due = now + NACK_EVERY
        for index in range(start, end):
            self._missing[index] = _Missing(now + NACK_EVERY, 1)
        self._feedback(rtcp.nack(rtcp.LOCAL_SSRC, self.ssrc, (index & 0xFFFF for index in range(start, end))))

    def _count(self, timestamp: int, now: float, repaired: bool) -> None:
        seen = self.reception
        seen.received += 1
        if repaired:
            seen.recovered += 1
            return
        transit = now * self.clock - timestamp
        if seen.transit is not None:
            change = abs(transit - seen.transit)
            if change < self.clock * 10:
                seen.jitter += (change - seen.jitter) / 16
        seen.transit = transit

    # --- asking ------------------------------------------------------------------------------------------------------

    def want_key(self, now: float) -> None:
        """Asks the publisher for a key frame now, or as soon as the throttle allows."""
        if self.kind != "video":
            return
        self._key_wanted = True
        self._ask_key(now)

    def tick(self, now: float) -> None:
        """Repeats what is due: NACKs and key frame requests. Call it every few hundredths of a second."""
        if self._missing and now >= self._missing_due:
            self._ask_missing(now)
        if self._key_wanted:
            self._ask_key(now)
        self._measure(now)

    def _measure(self, now: float) -> None:
        """Keeps ``rate``, the bits a second of payload over the last half second."""
        if self._rate_at is None:
            self._rate_at, self._octets = now, 0
        elif now - self._rate_at >= RATE_EVERY:
            self.rate = self._octets * 8 / (now - self._rate_at)
            self._rate_at, self._octets = now, 0

    def _ask_key(self, now: float) -> None:
        pause = min(KEY_EVERY * 2 ** max(0, self._key_tries - KEY_TRIES), KEY_EVERY_MOST)
        if now - self._key_at < pause:
            return
        self._key_at = now
        self._key_tries += 1
        self.key_requests += 1
        self._feedback(rtcp.picture_loss(rtcp.LOCAL_SSRC, self.ssrc))

    def _ask_missing(self, now: float) -> None:
        due: list[int] = []
        lost = False
        self._missing_due = now + NACK_EVERY
        for index, missing in list(self._missing.items()):
            if missing.again > now:
                self._missing_due = min(self._missing_due, missing.again)
                continue
            if missing.tries >= NACK_TRIES:
                del self._missing[index]
                lost = True
                continue
            missing.again = now + NACK_EVERY
            missing.tries += 1
            due.append(index & 0xFFFF)
        if due:
            self._feedback(rtcp.nack(rtcp.LOCAL_SSRC, self.ssrc, due))
        if lost:
            self.want_key(now)

    # --- reports -----------------------------------------------------------------------------------------------------

    @property
    def lost(self) -> int:
        """Packets that never came, retransmissions counted as come."""
        if self._highest is None:
            return 0
        return max(0, self._highest - self.reception.base + 1 - self.reception.received)

    def sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        self.last_report = report
        self.reported_at = now

    def report_block(self, now: float) -> rtcp.ReportBlock | None:
        """What we tell the publisher about this stream since the last block; None before its first packet."""
        if self._highest is None:
            return None
        seen = self.reception
        expected = self._highest - seen.base + 1
        span = expected - seen.expected_before
        missed = span - (seen.received - seen.received_before)
        seen.expected_before, seen.received_before = expected, seen.received
        seen.loss = max(0.0, missed / span) if span > 0 else 0.0
        last_sr = rtcp.middle(self.last_report.ntp) if self.last_report else 0
        return rtcp.ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, int(seen.loss * 256)),
            packets_lost=expected - seen.received,
            highest_sequence=self._highest & 0xFFFF_FFFF,
            jitter=int(seen.jitter),
            last_sr=last_sr,
            delay_since_sr=int((now - self.reported_at) * 65536) & 0xFFFF_FFFF if last_sr else 0,
        )
