"""What became of the packets that we sent: their transport-wide numbers, and what the receiver says of them.

draft-holmer-rmcat-transport-wide-cc-extensions-01. Every packet of a connection carries a number; the feedback says
when each arrived, on the receiver's own clock, or that it did not. Nothing is estimated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, unpack_from

from media.cc import REFERENCE_TICKS, TICK
from media.rtp import BadPacket, extend

KEPT = 4096
_HEAD = Struct("!HHI")
_LOST, _SMALL, _LARGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Feedback:
    """Transport-wide feedback: arrivals by number from ``base`` on, in seconds of the receiver's clock, or None."""

    base: int
    arrivals: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One packet that we sent: when (our clock), how many bytes, when it arrived (their clock; None: lost).

    ``probe`` is the number of the probe that the packet was part of, 0 for none.
    """

    sent_at: float
    size: int
    arrived_at: float | None
    probe: int = 0


def read_feedback(body: bytes) -> Feedback:
    """The feedback in the body of a control packet, the two SSRCs included. Raises `BadPacket`."""
    if len(body) < 16:
        raise BadPacket("twcc_short")
    base, count, last = _HEAD.unpack_from(body, 8)
    statuses, at = _statuses(body, count)
    ticks = _signed(last >> 8, 24) * REFERENCE_TICKS
    arrivals: list[float | None] = []
    for status in statuses:
        if status == _LOST:
            arrivals.append(None)
            continue
        size = 1 if status == _SMALL else 2
        if at + size > len(body):
            raise BadPacket("twcc_deltas")
        ticks += body[at] if size == 1 else _signed(int.from_bytes(body[at : at + 2], "big"), 16)
        at += size
        arrivals.append(ticks * TICK)
    return Feedback(base, tuple(arrivals))


def _statuses(body: bytes, count: int) -> tuple[list[int], int]:
    """The status of each of ``count`` packets, and where the arrival times begin."""
    statuses: list[int] = []
    at = 16
    while len(statuses) < count:
        if at + 2 > len(body):
            raise BadPacket("twcc_statuses")
        (chunk,) = unpack_from("!H", body, at)
        statuses.extend(_of_chunk(chunk, count - len(statuses)))
        at += 2
    if any(status > _LARGE for status in statuses):
        raise BadPacket("twcc_status")
    return statuses, at


def _of_chunk(chunk: int, most: int) -> Iterator[int]:
    if not chunk & 0x8000:
        yield from [chunk >> 13 & 3] * min(chunk & 0x1FFF, most)
        return
    two_bits = chunk & 0x4000
    width, symbols = (2, 7) if two_bits else (1, 14)
    for place in range(min(symbols, most)):
        yield chunk >> (symbols - 1 - place) * width & (3 if two_bits else 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


class SentPackets:
    """The packets of one connection that nobody has reported of yet; the oldest are forgotten.

    They stand in a ring: a dictionary would look for its oldest through all the places of those that have gone.
    """

    def __init__(self) -> None:
        self._ring: list[tuple[int, float, int, int] | None] = [None] * KEPT
        self._next = 0
        self._reported = 0

    def add(self, size: int, now: float, probe: int = 0) -> int:
        """Notes a packet of ``size`` bytes that leaves now; the answer is the number it has to carry (16 bits)."""
        number = self._next
        self._next = number + 1
        self._ring[number % KEPT] = (number, now, size, probe)
        return number & 0xFFFF

    def resolve(self, feedback: Feedback) -> list[Outcome]:
        """What became of the packets that ``feedback`` is about, each once, in the order they were sent."""
        if not self._next:
            return []
        base = extend(feedback.base, self._reported)
        self._reported = max(self._reported, min(base + len(feedback.arrivals), self._next) - 1)
        outcomes = []
        for number, arrived in enumerate(feedback.arrivals, base):
            known = self._ring[number % KEPT]
            if known is not None and known[0] == number:
                self._ring[number % KEPT] = None
                outcomes.append(Outcome(known[1], known[2], arrived, known[3]))
        return outcomes
