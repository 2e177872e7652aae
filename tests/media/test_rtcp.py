"""Control packets: what we write is what aiortc reads, and no bytes do more than raise BadPacket."""

from __future__ import annotations

import contextlib
import struct

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.cc import TICK, ArrivalRecorder
from media.rtp import BadPacket

longs = st.integers(0, 0xFFFF_FFFF)


@given(st.binary(max_size=120))
def test_no_bytes_do_more_than_raise_bad_packet(data: bytes) -> None:
    with contextlib.suppress(BadPacket):
        rtcp.parse_compound(data)


@given(st.integers(0, 31), st.sampled_from([200, 201, 202, 203, 204, 205, 206]), st.binary(max_size=64))
def test_well_framed_nonsense_does_no_more_either(count: int, kind: int, body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    with contextlib.suppress(BadPacket):
        rtcp.parse_compound(rtcp.write(kind, count, body))


@given(st.sets(st.integers(0, 65535), max_size=60), longs)
def test_nacks_name_exactly_the_missing_numbers(missing: set[int], ssrc: int) -> None:
    data = rtcp.nack(1, ssrc, sorted(missing))
    [message] = rtcp.parse_compound(data)
    assert isinstance(message, rtcp.Nack)
    assert (message.ssrc, set(message.sequences)) == (ssrc, missing)
    [theirs] = RtcpPacket.parse(data)
    assert isinstance(theirs, RtcpRtpfbPacket)
    assert set(theirs.lost) == missing


def test_nacks_cross_the_wrap_in_one_entry() -> None:
    data = rtcp.nack(1, 2, [65534, 65535, 0, 1])
    assert len(data) == 16
    [message] = rtcp.parse_compound(data)
    assert message == rtcp.Nack(2, (65534, 65535, 0, 1))


@given(longs, st.integers(0, 255), st.integers(-(1 << 23), (1 << 23) - 1), longs, longs)
def test_receiver_reports_read_the_same_here_and_in_aiortc(
    ssrc: int, fraction: int, lost: int, highest: int, jitter: int
) -> None:
    block = rtcp.ReportBlock(ssrc, fraction, lost, highest, jitter, 5, 6)
    data = rtcp.receiver_report(1, [block])
    assert rtcp.parse_compound(data) == [rtcp.Reports((block,))]
    [theirs] = RtcpPacket.parse(data)
    assert isinstance(theirs, RtcpRrPacket)
    assert (theirs.reports[0].packets_lost, theirs.reports[0].fraction_lost) == (lost, fraction)


def test_sender_report_and_description_make_a_compound_packet() -> None:
    report = rtcp.SenderReport(7, rtcp.ntp(0.5), 1234, 5, 6)
    data = rtcp.sender_report(report) + rtcp.description(7, "abc")
    assert rtcp.parse_compound(data) == [report, rtcp.Reports(())]
    theirs = RtcpPacket.parse(data)
    assert isinstance(theirs[0], RtcpSrPacket)
    assert theirs[0].sender_info.ntp_timestamp == (2_208_988_800 << 32) + (1 << 31)


def test_key_frame_requests_are_read_as_pli_and_as_fir() -> None:
    pli = rtcp.picture_loss(1, 9)
    [theirs] = RtcpPacket.parse(pli)
    assert isinstance(theirs, RtcpPsfbPacket)
    assert (theirs.fmt, theirs.media_ssrc) == (1, 9)
    fir = rtcp.write(rtcp.PSFB, rtcp.FMT_FIR, struct.pack("!IIIBBH", 1, 0, 9, 3, 0, 0))
    assert rtcp.parse_compound(pli) == rtcp.parse_compound(fir) == [rtcp.KeyFrameWanted(9)]


def test_transport_wide_feedback_is_never_taken_for_a_nack() -> None:
    recorder = ArrivalRecorder()
    recorder.add(1, 1.0)
    data = recorder.feedback(1, 2)
    assert data is not None
    [message] = rtcp.parse_compound(data)
    assert isinstance(message, rtcp.TransportFeedback)
    assert message.body == data[4:]


def read_feedback(data: bytes) -> tuple[int, dict[int, float | None]]:
    """Base number and arrival in seconds by unwrapped offset, written from the draft."""
    base, count, reference = struct.unpack_from("!HHI", data, 12)
    clock = (reference >> 8) * 0.064
    statuses: list[int] = []
    at = 20
    while len(statuses) < count:
        (chunk,) = struct.unpack_from("!H", data, at)
        at += 2
        if chunk >> 15 == 0:
            statuses += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        else:
            assert chunk >> 14 == 3
            statuses += [chunk >> shift & 3 for shift in range(12, -1, -2)]
    arrivals: dict[int, float | None] = {}
    for offset, status in enumerate(statuses[:count]):
        arrivals[offset] = None
        if status:
            (delta,) = struct.unpack_from("!B" if status == 1 else "!h", data, at)
            at += status
            clock += delta * TICK
            arrivals[offset] = clock
    assert len(data) % 4 == 0 and len(data) - at < 4
    assert struct.unpack_from("!H", data, 2)[0] == len(data) // 4 - 1
    return base, arrivals


@given(st.integers(0, 65535), st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2000)), min_size=1, max_size=80))
def test_arrival_feedback_tells_every_arrival_and_every_gap(start: int, steps: list[tuple[int, int]]) -> None:
    recorder = ArrivalRecorder()
    number, clock = start, 400_000
    expected: dict[int, int] = {}
    for step, wait in steps:
        number, clock = number + step, clock + wait
        recorder.add(number & 0xFFFF, clock * TICK)
        expected[number] = clock
    data = recorder.feedback(1, 99)
    assert data is not None
    base, arrivals = read_feedback(data)
    first = min(expected)
    assert base == first & 0xFFFF
    found = {first + offset: round(at / TICK) for offset, at in arrivals.items() if at is not None}
    assert found == expected
    assert len(arrivals) == number - first + 1
    assert recorder.feedback(1, 99) is None


def test_packets_lost_between_two_feedbacks_are_reported_missing() -> None:
    recorder = ArrivalRecorder()
    recorder.add(65534, 1.0)
    recorder.feedback(1, 2)
    recorder.add(2, 1.1)
    data = recorder.feedback(1, 2)
    assert data is not None
    base, arrivals = read_feedback(data)
    assert base == 65535
    assert [at is None for at in arrivals.values()] == [True, True, True, False]
