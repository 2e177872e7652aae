"""What became of sent packets: our reader reads what our writer and the draft's chunk forms write."""

from __future__ import annotations

import contextlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.cc import TICK, ArrivalRecorder
from media.rtp import BadPacket
from media.sent import Feedback, SentPackets, read_feedback

HEADER = 4


@given(st.dictionaries(st.integers(0, 400), st.floats(0.0, 5.0), min_size=1), st.integers(0, 65535))
def test_what_the_recorder_writes_is_read_back(arrived: dict[int, float], first: int) -> None:
    recorder = ArrivalRecorder()
    at = 100.0
    times = {}
    for number in sorted(arrived):
        at += arrived[number] % 0.9
        times[number] = at
        recorder.add((first + number) % 65536, at)
    written = recorder.feedback(1, 2)
    assert written is not None
    feedback = read_feedback(written[HEADER:])
    assert feedback.base == (first + min(arrived)) % 65536
    read = {place + min(arrived): at for place, at in enumerate(feedback.arrivals) if at is not None}
    assert set(read) == set(arrived)
    for number, at in read.items():
        assert at == pytest.approx(times[number], abs=2 * TICK)


@given(st.binary(max_size=80))
def test_no_bytes_do_more_than_raise_bad_packet(data: bytes) -> None:
    with contextlib.suppress(BadPacket):
        read_feedback(data)


def test_a_vector_of_single_bits_is_read() -> None:
    body = pack("!IIHHI", 1, 2, 10, 3, 4 << 8) + pack("!H", 0x8000 | 0b10100000000000) + bytes([4, 8])
    assert read_feedback(body) == Feedback(10, (0.257, None, 0.259))


def test_a_status_that_the_draft_reserves_is_refused() -> None:
    with pytest.raises(BadPacket, match="twcc_status"):
        read_feedback(pack("!IIHHIH", 1, 2, 0, 1, 0, 3 << 13 | 1))


def test_each_packet_has_one_outcome_across_the_wrap_of_numbers() -> None:
    sent = SentPackets()
    for index in range(65_540):
        number = sent.add(100, float(index))
        if index < 65_530:
            sent.resolve(Feedback(number, (1.0,)))
    found = sent.resolve(Feedback(65_530, (5.0, None, *[6.0] * 8)))
    assert [outcome.sent_at for outcome in found] == [float(index) for index in range(65_530, 65_540)]
    assert [outcome.arrived_at for outcome in found[:3]] == [5.0, None, 6.0]
    assert sent.resolve(Feedback(65_530, (5.0,) * 10)) == []


def test_feedback_about_what_was_never_sent_says_nothing() -> None:
    sent = SentPackets()
    assert sent.resolve(Feedback(7, (1.0,))) == []
    sent.add(100, 0.0)
    assert sent.resolve(Feedback(30_000, (1.0, 2.0))) == []
    [outcome] = sent.resolve(Feedback(0, (1.0,)))
    assert outcome.size == 100
