"""RTP headers: read as the standard says, never past the end, and put together so that they read the same."""

from __future__ import annotations

import struct

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from media.codecs import vp8_is_key_frame
from media.rtp import (
    BadPacket,
    build,
    extend,
    extension,
    extension_block,
    newer,
    parse_header,
    rtx_payload,
    undo_rtx,
)

numbers = st.integers(0, 0xFFFF)
longs = st.integers(0, 0xFFFF_FFFF)


@given(st.integers(0, 127), numbers, longs, longs, st.binary(max_size=40), st.booleans())
def test_a_built_packet_reads_as_it_was_written(
    kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, marker: bool
) -> None:
    data = build(kind | (0x80 if marker else 0), sequence, timestamp, ssrc, payload)
    header = parse_header(data)
    assert (header.payload_type, header.sequence, header.timestamp, header.ssrc) == (kind, sequence, timestamp, ssrc)
    assert header.marker == marker
    assert data[header.payload_at : header.payload_end] == payload


@given(st.binary(max_size=80))
def test_no_bytes_do_more_than_raise_bad_packet(data: bytes) -> None:
    try:
        header = parse_header(data)
    except BadPacket:
        return
    assert 12 <= header.payload_at <= header.payload_end <= len(data)
    for wanted in range(1, 16):
        extension(data, header, wanted)
    vp8_is_key_frame(data[header.payload_at : header.payload_end])


@given(
    st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=4), st.binary(max_size=20), numbers
)
def test_extensions_read_as_written_and_as_aiortc_reads_them(
    values: dict[int, bytes], payload: bytes, sequence: int
) -> None:
    block = extension_block(values)
    first = 0x90 if block else 0x80
    data = struct.pack("!BBHII", first, 96, sequence, 1, 2) + block + payload
    header = parse_header(data)
    assert {number: extension(data, header, number) for number in values} == values
    assert all(extension(data, header, number) is None for number in set(range(1, 15)) - set(values))
    assert RtpPacket.parse(data).payload == payload == data[header.payload_at : header.payload_end]


def test_two_byte_extensions_are_found() -> None:
    data = struct.pack("!BBHII", 0x90, 96, 1, 1, 2) + b"\x10\x00\x00\x02" + b"\x00\x03\x02ab\x05\x00\x00" + b"payload"
    header = parse_header(data)
    assert extension(data, header, 3) == b"ab"
    assert extension(data, header, 5) == b""
    assert extension(data, header, 4) is None


def test_padding_is_left_out_and_lying_padding_refused() -> None:
    head = struct.pack("!BBHII", 0xA0, 96, 1, 1, 2)
    header = parse_header(head + b"abc\x00\x02")
    assert (header.payload_at, header.payload_end) == (12, 15)
    for tail in (b"abc\x00", b"abc\x05", b"\xff"):
        with pytest.raises(BadPacket):
            parse_header(head + tail)


@pytest.mark.parametrize(
    ("sequence", "than", "expected"), [(1, 0, True), (0, 65535, True), (65535, 0, False), (5, 5, False)]
)
def test_order_of_sequence_numbers_survives_the_wrap(sequence: int, than: int, expected: bool) -> None:
    assert newer(sequence, than) is expected


@given(st.integers(0, 1 << 40), st.integers(-20000, 20000))
def test_unwrapping_finds_the_number_nearest_to_the_last(near: int, step: int) -> None:
    assert extend((near + step) & 0xFFFF, near) == near + step


def test_a_retransmission_carries_the_original_number() -> None:
    assert undo_rtx(rtx_payload(65000, b"x")) == (65000, b"x")
    assert undo_rtx(b"") is None


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"\x10\x00", True),
        (b"\x10\x01", False),
        (b"\x00\x00", False),  # not the start of a partition
        (b"\x11\x00", False),  # a later partition
        (b"\x90\x80\x05\x00", True),  # seven-bit picture id
        (b"\x90\x80\x85\x05\x00", True),  # fifteen-bit picture id
        (b"\x90\xe0\x85\x05\x01\x40\x00", True),  # with TL0PICIDX and TID
        (b"\x90\xe0\x85\x05\x01\x40\x01", False),
        (b"\x90\x80", False),
        (b"\x10", False),
        (b"", False),
    ],
)
def test_key_frames_are_told_by_descriptor_and_frame_header(payload: bytes, key: bool) -> None:
    assert vp8_is_key_frame(payload) is key
