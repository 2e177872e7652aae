"""What arrived when, told to the sender: transport-wide congestion control feedback.

draft-holmer-rmcat-transport-wide-cc-extensions-01. Only the feedback that we give for incoming packets; estimating
what we may send is not done here. The browser ignores feedback whose media SSRC is none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from media.rtcp import FMT_TWCC, RTPFB, write
from media.rtp import extend

TICK = 0.00025
REFERENCE_TICKS = 256
MAX_STATUSES = 1000
_LOST, _SMALL, _LARGE = 0, 1, 2


class ArrivalRecorder:
    """Collects transport-wide sequence numbers of one connection and writes feedback about them."""

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}
        self._next: int | None = None
        self._newest = 0
        self._count = 0

    def add(self, sequence: int, now: float) -> None:
        """Notes that the packet numbered ``sequence`` (16 bits) arrived at ``now`` seconds on any steady clock."""
        index = extend(sequence, self._newest if self._next is not None or self._arrivals else sequence)
        self._newest = max(self._newest, index)
        if len(self._arrivals) < MAX_STATUSES:
            self._arrivals.setdefault(index, round(now / TICK))

    def feedback(self, sender: int, media_ssrc: int) -> bytes | None:
        """The feedback since the last call as one control packet; None when nothing arrived."""
        if not self._arrivals:
            return None
        first, last = min(self._arrivals), max(self._arrivals)
        base = min(first, self._next) if self._next is not None else first
        if last - base >= MAX_STATUSES:
            base = max(first, last - MAX_STATUSES + 1)
        arrivals = [self._arrivals.get(index) for index in range(base, last + 1)]
        self._arrivals.clear()
        self._next = last + 1
        self._count = (self._count + 1) % 256
        return _write(sender, media_ssrc, base, arrivals, self._count - 1 & 0xFF)


def _write(sender: int, media_ssrc: int, base: int, arrivals: Sequence[int | None], count: int) -> bytes:
    first = next(ticks for ticks in arrivals if ticks is not None)
    reference = first // REFERENCE_TICKS
    before = reference * REFERENCE_TICKS
    statuses: list[int] = []
    deltas = b""
    for ticks in arrivals:
        if ticks is None:
            statuses.append(_LOST)
            continue
        delta = max(-32768, min(ticks - before, 32767))
        before += delta
        small = 0 <= delta <= 255
        statuses.append(_SMALL if small else _LARGE)
        deltas += pack("!B" if small else "!h", delta)
    body = pack("!IIHHI", sender, media_ssrc, base & 0xFFFF, len(statuses), (reference & 0xFFFFFF) << 8 | count)
    body += b"".join(_chunks(statuses)) + deltas
    return write(RTPFB, FMT_TWCC, body + bytes(-len(body) % 4))


def _chunks(statuses: Sequence[int]) -> list[bytes]:
    """Status chunks: a run where at least 8 are alike, else vectors of seven two-bit symbols."""
    chunks: list[bytes] = []
    at = 0
    while at < len(statuses):
        run = _run(statuses, at)
        if run >= 8:
            chunks.append(pack("!H", statuses[at] << 13 | run))
            at += run
            continue
        word = 0b11 << 14
        for place, status in enumerate(statuses[at : at + 7]):
            word |= status << (12 - 2 * place)
        chunks.append(pack("!H", word))
        at += 7
    return chunks


def _run(statuses: Sequence[int], at: int) -> int:
    end = at
    while end < len(statuses) and end - at < 8191 and statuses[end] == statuses[at]:
        end += 1
    return end - at
