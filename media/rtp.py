"""What an RTP packet says in its header, and how its bytes are put together again for somebody else.

RFC 3550 (RTP), RFC 8285 (header extensions), RFC 4588 (retransmission). Packets stay bytes; only the
header is read, and nothing here raises anything but :class:`BadPacket` for bytes from the network.
"""

from __future__ import annotations

from struct import Struct, pack
from typing import NamedTuple

FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")
ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000
SEQ_MOD = 1 << 16
TS_MOD = 1 << 32


class BadPacket(ValueError):
    """Bytes that are no well-formed packet; carries a code, never content."""


class RtpHeader(NamedTuple):
    """The fields of a header. ``payload_at`` and ``payload_end`` are offsets; padding is left out of the payload."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    extension_profile: int
    extension_at: int
    payload_at: int
    payload_end: int


def parse_header(data: bytes) -> RtpHeader:
    """The header of an unprotected RTP packet. Raises `BadPacket`."""
    if len(data) < 12:
        raise BadPacket("rtp_short")
    first, second, sequence, timestamp, ssrc = FIXED.unpack_from(data)
    if first >> 6 != 2:
        raise BadPacket("rtp_version")
    at = 12 + 4 * (first & 0x0F)
    profile = extension_at = 0
    if first & 0x10:
        if len(data) < at + 4:
            raise BadPacket("rtp_extension")
        profile, words = _EXTENSION.unpack_from(data, at)
        extension_at = at + 4
        at = extension_at + 4 * words
    end = len(data) - _padding(data) if first & 0x20 else len(data)
    if end < at:
        raise BadPacket("rtp_length")
    return RtpHeader(second > 127, second & 0x7F, sequence, timestamp, ssrc, profile, extension_at, at, end)


def _padding(data: bytes) -> int:
    count = data[-1]
    if count == 0:
        raise BadPacket("rtp_padding")
    return count


def extension(data: bytes, header: RtpHeader, wanted: int) -> bytes | None:
    """The value of the header extension with the id ``wanted``, None when the packet has none."""
    if header.extension_profile == ONE_BYTE_PROFILE:
        return _one_byte(data, header.extension_at, header.payload_at, wanted)
    if header.extension_profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _two_byte(data, header.extension_at, header.payload_at, wanted)
    return None


def _one_byte(data: bytes, at: int, end: int, wanted: int) -> bytes | None:
    end = min(end, len(data))
    while at < end:
        head = data[at]
        at += 1
        if head == 0:
            continue
        found, length = head >> 4, (head & 0x0F) + 1
        if found == 15 or at + length > end:
            return None
        if found == wanted:
            return data[at : at + length]
        at += length
    return None


def _two_byte(data: bytes, at: int, end: int, wanted: int) -> bytes | None:
    end = min(end, len(data))
    while at < end:
        found = data[at]
        at += 1
        if found == 0:
            continue
        if at >= end or at + 1 + data[at] > end:
            return None
        length = data[at]
        if found == wanted:
            return data[at + 1 : at + 1 + length]
        at += 1 + length
    return None


def extension_block(values: dict[int, bytes]) -> bytes:
    """A one-byte-header extension block (RFC 8285) of values of 1 to 16 bytes with ids 1 to 14; empty for none."""
    if not values:
        return b""
    body = b"".join(bytes(((number << 4) | (len(value) - 1),)) + value for number, value in values.items())
    body += bytes(-len(body) % 4)
    return _EXTENSION.pack(ONE_BYTE_PROFILE, len(body) // 4) + body


def numbered_block(mid_id: int | None, mid: str, number_id: int | None) -> tuple[bytes, int]:
    """The extension block of a stream, and where in its packets the transport-wide number stands (0: nowhere).

    The MID is left out where it is too long for a one-byte header (RFC 8285) or not wanted.
    """
    values = {mid_id: mid.encode()} if mid_id and len(mid) <= 16 else {}
    at = FIXED.size + _EXTENSION.size + sum(1 + len(value) for value in values.values()) + 1
    if number_id is None:
        return extension_block(values), 0
    return extension_block({**values, number_id: b"\0\0"}), at


def build(marked_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    """A packet without extensions; ``marked_type`` is the payload type, plus 128 for the marker."""
    return FIXED.pack(0x80, marked_type, sequence, timestamp, ssrc) + payload


def rtx_payload(original_sequence: int, payload: bytes) -> bytes:
    """The payload of a retransmission: the original sequence number before the original payload (RFC 4588)."""
    return pack("!H", original_sequence) + payload


def undo_rtx(payload: bytes) -> tuple[int, bytes] | None:
    """The original sequence number and payload of a retransmission; None for padding that probes bandwidth."""
    if len(payload) < 2:
        return None
    return int.from_bytes(payload[:2], "big"), payload[2:]


def newer(sequence: int, than: int) -> bool:
    """Whether a 16-bit sequence number comes after another, across the wrap."""
    return 0 < (sequence - than) % SEQ_MOD < SEQ_MOD // 2


def extend(sequence: int, near: int) -> int:
    """The unwrapped sequence number closest to ``near``; may be negative right after the start."""
    return near + (sequence - near + SEQ_MOD // 2) % SEQ_MOD - SEQ_MOD // 2
