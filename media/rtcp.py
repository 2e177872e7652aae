"""What control packets say, and how ours are written.

RFC 3550 (SR, RR, SDES, BYE), RFC 4585 (NACK, PLI), RFC 5104 (FIR). Feedback is told apart by type *and* format:
transport-wide feedback (format 15) has the same type as a NACK. Bad bytes raise :class:`~media.rtp.BadPacket` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, pack, unpack_from

from media.rtp import SEQ_MOD, BadPacket

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
FMT_NACK, FMT_TWCC = 1, 15
FMT_PLI, FMT_FIR = 1, 4
# The sender of our feedback: a node receives streams on behalf of others and has none of its own.
LOCAL_SSRC = 1
NTP_EPOCH = 2_208_988_800
_HEADER = Struct("!BBH")
_SENDER = Struct("!IQIII")
_BLOCK = Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one stream: loss since its last report in 1/256, jitter in clock ticks, SR times."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_sr: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The wall clock (64-bit NTP) of a media timestamp of one stream."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Reports:
    """The reception blocks of one SR or RR."""

    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers that a receiver of ``ssrc`` misses."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameWanted:
    """A PLI or FIR: the receiver of ``ssrc`` cannot decode until a key frame comes."""

    ssrc: int


@dataclass(frozen=True, slots=True, repr=False)
class TransportFeedback:
    """Transport-wide feedback; `media.sent.read_feedback` reads its body."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Bye:
    """These streams have ended."""

    ssrcs: tuple[int, ...]


Message = SenderReport | Reports | Nack | KeyFrameWanted | TransportFeedback | Bye


def parse_compound(data: bytes) -> list[Message]:
    """The messages we understand out of a compound packet, in order; others are skipped. Raises `BadPacket`."""
    messages: list[Message] = []
    for kind, count, body in _split(data):
        messages.extend(_read(kind, count, body))
    return messages


def _split(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    if not data:
        raise BadPacket("rtcp_short")
    while at < len(data):
        if len(data) - at < 4:
            raise BadPacket("rtcp_short")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise BadPacket("rtcp_header")
        yield kind, first & 0x1F, data[at + 4 : end]
        at = end


def _read(kind: int, count: int, body: bytes) -> Iterator[Message]:
    if kind == SR:
        if len(body) < _SENDER.size:
            raise BadPacket("rtcp_sr")
        yield SenderReport(*_SENDER.unpack_from(body))
        yield Reports(_blocks(body, _SENDER.size, count))
    elif kind == RR:
        yield Reports(_blocks(body, 4, count))
    elif kind == BYE:
        if len(body) < 4 * count:
            raise BadPacket("rtcp_bye")
        yield Bye(unpack_from(f"!{count}I", body))
    elif kind in (RTPFB, PSFB):
        yield from _feedback(kind, count, body)


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    if len(body) < at + 24 * count:
        raise BadPacket("rtcp_report")
    return tuple(_block(*_BLOCK.unpack_from(body, at + 24 * index)) for index in range(count))


def _block(ssrc: int, loss: int, highest: int, *rest: int) -> ReportBlock:
    lost = loss & 0xFFFFFF
    return ReportBlock(ssrc, loss >> 24, lost - (1 << 24) if lost & 0x800000 else lost, highest, *rest)


def _feedback(kind: int, fmt: int, body: bytes) -> Iterator[Message]:
    if len(body) < 8:
        raise BadPacket("rtcp_feedback")
    ssrc = int.from_bytes(body[4:8], "big")
    if kind == RTPFB and fmt == FMT_NACK:
        yield Nack(ssrc, tuple(_nacked(body)))
    elif kind == RTPFB and fmt == FMT_TWCC:
        yield TransportFeedback(body)
    elif kind == PSFB and fmt == FMT_PLI:
        yield KeyFrameWanted(ssrc)
    elif kind == PSFB and fmt == FMT_FIR:
        for at in range(8, len(body) - 7, 8):
            yield KeyFrameWanted(int.from_bytes(body[at : at + 4], "big"))


def _nacked(body: bytes) -> Iterator[int]:
    for at in range(8, len(body) - 3, 4):
        first, mask = unpack_from("!HH", body, at)
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield (first + bit + 1) % SEQ_MOD


def write(kind: int, count: int, body: bytes) -> bytes:
    """One control packet; ``body`` is whole 32-bit words."""
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def sender_report(report: SenderReport) -> bytes:
    """An SR without reception blocks."""
    return write(SR, 0, _SENDER.pack(report.ssrc, report.ntp, report.timestamp, report.packets, report.octets))


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """An RR by ``ssrc`` with at most 31 blocks."""
    return write(RR, len(blocks), pack("!I", ssrc) + b"".join(map(_write_block, blocks)))


def _write_block(block: ReportBlock) -> bytes:
    lost = max(-(1 << 23), min(block.packets_lost, (1 << 23) - 1)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | lost,
        block.highest_sequence,
        block.jitter,
        block.last_sr,
        block.delay_since_sr,
    )


def description(ssrc: int, cname: str) -> bytes:
    """An SDES with the canonical name that ties the streams of one sender together."""
    item = pack("!IBB", ssrc, 1, len(cname)) + cname.encode("ascii") + b"\0"
    return write(SDES, 1, item + bytes(-len(item) % 4))


def picture_loss(sender: int, ssrc: int) -> bytes:
    """A PLI: please send a key frame of ``ssrc``."""
    return write(PSFB, FMT_PLI, pack("!II", sender, ssrc))


def nack(sender: int, ssrc: int, sequences: Iterable[int]) -> bytes:
    """A generic NACK for sequence numbers in rising order (across the wrap)."""
    body = pack("!II", sender, ssrc)
    first: int | None = None
    mask = 0
    for sequence in sequences:
        if first is not None and 0 < (sequence - first) % SEQ_MOD <= 16:
            mask |= 1 << ((sequence - first) % SEQ_MOD - 1)
            continue
        if first is not None:
            body += pack("!HH", first, mask)
        first, mask = sequence, 0
    if first is not None:
        body += pack("!HH", first, mask)
    return write(RTPFB, FMT_NACK, body)


def ntp(epoch_seconds: float) -> int:
    """Seconds since 1970 as a 64-bit NTP timestamp."""
    return int((epoch_seconds + NTP_EPOCH) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF


def middle(ntp_timestamp: int) -> int:
    """The middle 32 bits of an NTP timestamp, as report blocks carry it."""
    return ntp_timestamp >> 16 & 0xFFFF_FFFF
