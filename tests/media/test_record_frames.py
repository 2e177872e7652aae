"""Packets become frames again, in their order; what is not whole is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.record_clock import MOST_APART_SECONDS, SharedClock, StreamClock
from media.record_frames import H264Frames, OpusFrames, Vp8Frames, assembler, has_h264_parameters, vp8_size
from media.record_order import InOrder
from media.rtcp import SenderReport
from media.source import Packet

KEY = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01"
DELTA = b"\x11\x00\x00"


def packet(number: int, payload: bytes = b"x", *, marker: bool = True, stamp: int | None = None) -> Packet:
    return Packet(number, 0, marker, number * 3000 if stamp is None else stamp, payload, False)


def numbers(found: list[Packet | None]) -> list[int | None]:
    return [None if one is None else one.number for one in found]


def test_packets_that_changed_places_come_in_order() -> None:
    order, found = InOrder(), list[Packet | None]()
    for number in (5, 7, 6, 8):
        found += order.push(packet(number), 0.0)
    assert numbers(found) == [5, 6, 7, 8]


def test_what_is_missing_is_waited_for_and_then_said_to_be_lost() -> None:
    order = InOrder()
    assert numbers(list(order.push(packet(1), 0.0))) == [1]
    assert numbers(list(order.push(packet(4), 0.1))) == []
    assert numbers(list(order.tick(0.45))) == []
    assert numbers(list(order.tick(0.5))) == [None, 4]
    assert order.lost == 2
    assert numbers(list(order.push(packet(2), 0.6))) == []


def test_so_many_waiting_are_not_kept_for_one_that_is_missing() -> None:
    order = InOrder()
    list(order.push(packet(0), 0.0))
    found = [one for number in range(2, 700) for one in order.push(packet(number), 0.0)]
    assert found[0] is None and len(found) > 500


def test_a_vp8_frame_is_its_packets_without_their_descriptors() -> None:
    frames = Vp8Frames()
    assert frames.feed(packet(1, b"\x90\x80\x81\x05" + KEY, marker=False, stamp=9)) is None
    frame = frames.feed(packet(2, b"\x00rest", stamp=9))
    assert frame is not None and frame.key and frame.data == KEY + b"rest" and vp8_size(frame.data) == (640, 360)


def test_nothing_is_given_out_before_the_first_key_frame_and_after_a_loss() -> None:
    frames = Vp8Frames()
    wishes = [frames.wants_key]
    given = [frames.feed(packet(number, b"\x10" + data)) for number, data in enumerate((DELTA, KEY, DELTA))]
    wishes.append(frames.wants_key)
    frames.lose()
    given.append(frames.feed(packet(5, b"\x10" + DELTA)))
    wishes.append(frames.wants_key)
    assert [one is not None for one in given] == [False, True, True, False] and wishes == [True, False, True]


def test_padding_is_no_frame_and_no_loss() -> None:
    frames = Vp8Frames()
    frames.feed(packet(1, b"\x10" + KEY))
    assert frames.feed(packet(2, b"")) is None and not frames.wants_key
    assert OpusFrames().feed(packet(1, b"")) is None


def test_h264_comes_in_single_units_aggregates_and_fragments() -> None:
    frames, sps, pps = H264Frames(), b"\x67\x42\x00\x1f", b"\x68\xce"
    stap = b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in (sps, pps))
    assert frames.feed(packet(1, stap, marker=False, stamp=5)) is None
    assert frames.feed(packet(2, b"\x7c\x85ab", marker=False, stamp=5)) is None
    frame = frames.feed(packet(3, b"\x7c\x45cd", stamp=5))
    start = b"\x00\x00\x00\x01"
    assert frame is not None and frame.key and has_h264_parameters(frame.data)
    assert frame.data == start + sps + start + pps + start + b"\x65abcd"
    single = frames.feed(packet(4, b"\x41delta"))
    assert single is not None and not single.key and single.data == start + b"\x41delta"


@given(
    st.sampled_from(["vp8", "h264", "opus"]), st.lists(st.tuples(st.binary(max_size=40), st.booleans()), max_size=30)
)
def test_whatever_comes_from_the_network_raises_nothing(codec: str, payloads: list[tuple[bytes, bool]]) -> None:
    frames = assembler(codec)
    for number, (payload, marker) in enumerate(payloads):
        frames.feed(packet(number, payload, marker=marker, stamp=number // 3))


def test_a_senders_clock_that_contradicts_the_arrivals_is_not_gone_by() -> None:
    shared = SharedClock()
    video, audio = StreamClock(90_000, shared), StreamClock(48_000, shared)
    video.arrived(1000, 50.0)
    audio.arrived(2000, 50.1)
    video.reported(SenderReport(1, 9_000 * (1 << 32), 1000, 0, 0))
    assert video.at(91_000) == 9_001
    audio.reported(SenderReport(2, int((9_000 + 3 * MOST_APART_SECONDS) * (1 << 32)), 2000, 0, 0))
    assert not audio.is_told and abs(audio.at(2000) - 9_000.1) < 1e-6


def test_timestamps_go_on_across_their_wrap() -> None:
    clock = StreamClock(90_000, SharedClock())
    clock.arrived((1 << 32) - 90_000, 10.0)
    assert clock.at(90_000) == 12.0
