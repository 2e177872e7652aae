"""One stream in, one stream out: what is asked for, what is repeated, and how numbers and time go on."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from media import rtcp
from media.forward import BUDGET_MOST, Forwarder, OutStream, Wire
from media.publication import Publication
from media.rtp import RtpHeader, extension, parse_header, undo_rtx
from media.sdp import Codec
from media.source import KEY_EVERY, MAX_JUMP, MAX_MISSING, NACK_EVERY, NACK_TRIES, Source

KEY, DELTA = b"\x10\x00key", b"\x10\x01delta"


def header(sequence: int, timestamp: int = 0, *, kind: int = 96, ssrc: int = 5) -> RtpHeader:
    return RtpHeader(False, kind, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, ssrc, 0, 0, 12, 12)


@dataclass
class Rig:
    """A publication with one subscriber, and everything that either was sent."""

    kind: str = "video"
    rtx: bool = True
    rids: tuple[str, ...] = ()
    jammed: bool = False
    upstream: list[bytes] = field(default_factory=list)
    media: list[bytes] = field(default_factory=list)
    control: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        label = "camera" if self.kind == "video" else "microphone"
        clock = 90000 if self.kind == "video" else 48000
        self.publication = Publication(participant_id="p", stream="s", label=label, feedback=self.upstream.append)
        codec = Codec(payload_type=96, name="vp8" if self.kind == "video" else "opus", clock=clock)
        self.publication.settle(codec, self.rids)
        out = OutStream(
            ssrc=77,
            rtx_ssrc=78 if self.rtx else None,
            payload_type=100,
            rtx_type=101 if self.rtx else None,
            codec=codec.name,
            clock=clock,
            block=b"\xbe\xde\x00\x01\x302\x00\x00",
            cname="c",
        )
        self.forwarder = Forwarder(self.kind, out, Wire(media=self._sent, control=self.control.append))
        self.forwarder.start()
        self.publication.add(self.forwarder, 0.0)
        self.layer = self.publication.continue_with(5, 0.0, (self.rids or ("",))[0])
        self.upstream.clear()

    @property
    def source(self) -> Source:
        return self.layer.source

    def _sent(self, packet: bytearray, now: float) -> bool:
        if self.jammed:
            return False
        self.media.append(bytes(packet))
        return True

    def packet(self, sequence: int, payload: bytes = DELTA, *, at: float = 1.0, timestamp: int = 0) -> None:
        self.publication.receive(self.layer, header(sequence, timestamp), payload, at, repaired=False)

    def numbers(self) -> list[int]:
        return [parse_header(data).sequence for data in self.media]

    def asked(self) -> list[rtcp.Message]:
        return [message for data in self.upstream for message in rtcp.parse_compound(data)]


# --- asking upstream ---------------------------------------------------------------------------------------------


def test_a_gap_is_asked_for_at_once_and_again_until_given_up_with_a_key_frame() -> None:
    rig = Rig()
    rig.packet(10, KEY)
    rig.packet(14)
    assert rig.asked()[-1] == rtcp.Nack(5, (11, 12, 13))
    rig.packet(12)
    now = 1.0
    for _ in range(NACK_TRIES + 2):
        now += NACK_EVERY
        rig.source.tick(now)
    nacks = [message for message in rig.asked() if isinstance(message, rtcp.Nack)]
    assert nacks[1:] == [rtcp.Nack(5, (11, 13))] * (NACK_TRIES - 1)
    assert rig.asked()[-1] == rtcp.KeyFrameWanted(5)


def test_nothing_is_asked_for_after_everything_came() -> None:
    rig = Rig()
    rig.packet(10, KEY)
    rig.packet(12)
    rig.packet(11)
    count = len(rig.upstream)
    rig.source.tick(9.0)
    assert len(rig.upstream) == count


def test_too_great_a_gap_is_not_asked_for_but_answered_by_a_key_frame() -> None:
    rig = Rig()
    rig.packet(10, KEY)
    rig.packet(10 + MAX_MISSING + 2)
    assert rig.asked() == [rtcp.KeyFrameWanted(5)]


def test_key_frame_requests_are_throttled_and_the_last_one_is_never_dropped() -> None:
    rig = Rig()
    rig.source.want_key(1.0)
    rig.packet(1, KEY, at=1.1)
    rig.source.want_key(1.2)
    assert len(rig.asked()) == 1
    rig.source.tick(1.0 + KEY_EVERY - 0.01)
    assert len(rig.asked()) == 1
    rig.source.tick(1.0 + KEY_EVERY)
    assert len(rig.asked()) == 2
    rig.packet(2, KEY, at=1.6)
    rig.source.tick(9.0)
    assert len(rig.asked()) == 2


def test_a_publisher_that_never_answers_is_asked_ever_more_rarely() -> None:
    rig = Rig()
    rig.source.want_key(0.0)
    for tick in range(1, 1001):
        rig.source.tick(tick / 50)
    assert 10 <= len(rig.asked()) <= 14


def test_a_publisher_that_was_away_is_asked_at_once_when_it_is_back() -> None:
    rig = Rig()
    rig.packet(1, KEY, at=0.0)
    rig.source.want_key(0.1)
    for tick in range(5, 1001):
        rig.source.tick(tick / 50)
    before = len(rig.asked())
    rig.packet(2, DELTA, at=20.0)
    for tick in range(50):
        rig.source.tick(20.0 + tick / 50)
    assert len(rig.asked()) - before == 2, "twice a second"


def test_two_packets_far_away_restart_the_stream_one_is_noise() -> None:
    rig = Rig()
    rig.packet(10, KEY)
    rig.packet(11)
    rig.packet(30_000)
    rig.packet(12)
    rig.packet(40_000, KEY)
    rig.packet(40_001, KEY)
    rig.packet(40_002)
    first = rig.numbers()[0]
    assert rig.numbers() == [(first + step) & 0xFFFF for step in range(5)]
    assert not [message for message in rig.asked() if isinstance(message, rtcp.Nack)]


def test_loss_counts_what_never_came_and_reports_say_so() -> None:
    rig = Rig()
    for sequence in range(100):
        if sequence % 10 != 5:
            rig.packet(sequence, KEY)
    block = rig.source.report_block(2.0)
    assert block is not None
    assert (block.packets_lost, block.fraction_lost, block.highest_sequence & 0xFFFF) == (10, 25, 99)
    rig.packet(5)
    assert rig.source.lost == 9


# --- sending on ------------------------------------------------------------------------------------------------------


def test_video_begins_with_a_key_frame_and_asks_for_it() -> None:
    rig = Rig()
    rig.packet(1)
    rig.packet(2)
    assert rig.media == [] and rig.asked() == [rtcp.KeyFrameWanted(5)]
    rig.packet(3, KEY)
    rig.packet(2)
    rig.packet(4)
    assert len(rig.media) == 2, "nothing from before the key frame follows it"


def test_sound_begins_at_once() -> None:
    rig = Rig(kind="audio")
    rig.packet(1, b"opus")
    assert len(rig.media) == 1


def test_a_forwarded_packet_has_the_subscribers_address_and_the_publishers_payload() -> None:
    rig = Rig()
    rig.packet(1, KEY, timestamp=5)
    data = rig.media[0]
    head = parse_header(data)
    assert (head.ssrc, head.payload_type) == (77, 100)
    assert data[head.payload_at :] == KEY
    assert extension(data, head, 3) == b"2"


@given(st.permutations(list(range(1, 12))), st.integers(0, 0xFFFF))
def test_order_gaps_and_wrap_are_kept_as_they_came(order: list[int], start: int) -> None:
    rig = Rig()
    rig.packet(start, KEY, timestamp=0)
    for step in order:
        rig.packet(start + step, timestamp=step * 3000)
    base = rig.numbers()[0]
    times = [parse_header(data).timestamp for data in rig.media]
    assert [(number - base) & 0xFFFF for number in rig.numbers()] == [0, *order]
    assert [(time - times[0]) & 0xFFFF_FFFF for time in times] == [0, *(step * 3000 for step in order)]


def test_duplicates_are_sent_once() -> None:
    rig = Rig()
    rig.packet(1, KEY)
    rig.packet(2)
    rig.packet(2)
    assert len(rig.media) == 2


def test_another_ssrc_of_the_same_publication_continues_the_stream_from_its_key_frame() -> None:
    rig = Rig()
    rig.packet(1, KEY, at=1.0, timestamp=1000)
    rig.packet(2, at=1.0, timestamp=1000)
    rig.layer = rig.publication.continue_with(6, 2.0)
    rig.packet(50_000, at=2.0, timestamp=777)
    rig.packet(50_001, KEY, at=2.0, timestamp=777)
    numbers = rig.numbers()
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == [0, 1, 2]
    times = [parse_header(data).timestamp for data in rig.media]
    assert (times[2] - times[1]) & 0xFFFF_FFFF == 90000, "one second has passed"


def test_a_nack_is_answered_by_the_same_payload_under_its_own_number() -> None:
    rig = Rig()
    rig.packet(1, KEY)
    rig.packet(2, b"\x10\x01lost")
    lost = rig.numbers()[1]
    rig.forwarder.repeat([lost, lost, (lost + 500) & 0xFFFF], 1.0)
    rig.forwarder.repeat([lost], 1.01)
    assert len(rig.media) == 3
    head = parse_header(rig.media[2])
    assert (head.ssrc, head.payload_type) == (78, 101)
    assert undo_rtx(rig.media[2][head.payload_at :]) == (lost, b"\x10\x01lost")
    rig.forwarder.repeat([lost], 1.1)
    assert len(rig.media) == 4


def test_without_rtx_the_packet_itself_is_sent_again() -> None:
    rig = Rig(rtx=False)
    rig.packet(1, KEY)
    rig.packet(2)
    rig.forwarder.repeat([rig.numbers()[1]], 1.0)
    assert rig.media[2] == rig.media[1]


def test_repetitions_stay_within_their_budget() -> None:
    rig = Rig()
    payload = b"\x10\x00" + bytes(1000)
    for sequence in range(200):
        rig.packet(sequence, payload)
    sent = len(rig.media)
    for again in range(5):
        rig.forwarder.repeat(rig.numbers()[:200], 2.0 + again)
    assert len(rig.media) - sent <= BUDGET_MOST / 1000


def test_sender_reports_follow_the_streams_own_time() -> None:
    rig = Rig()
    rig.publication.sender_report(rtcp.SenderReport(5, 1 << 40, 90_000, 1, 2), 0.5)
    assert rig.control == []
    rig.packet(1, KEY, timestamp=90_000)
    [report, *_] = rtcp.parse_compound(rig.control[0])
    assert isinstance(report, rtcp.SenderReport)
    assert report.timestamp == parse_header(rig.media[0]).timestamp
    assert (report.ssrc, report.ntp) == (77, 1 << 40)


def test_a_receivers_report_tells_loss_and_round_trip() -> None:
    rig = Rig()
    rig.packet(1, KEY)
    rig.publication.sender_report(rtcp.SenderReport(5, 7 << 32, 0, 1, 2), 10.0)
    rig.forwarder.reported(rtcp.ReportBlock(77, 64, 0, 0, 0, rtcp.middle(7 << 32), 32768), 10.7)
    assert rig.forwarder.loss == 0.25
    assert abs(rig.forwarder.round_trip - 0.2) < 1e-6


def test_a_subscription_that_has_not_begun_gets_nothing() -> None:
    rig = Rig()
    rig.forwarder.active = False
    rig.packet(1, KEY)
    assert rig.media == []


def test_jumps_just_below_the_limit_are_losses() -> None:
    rig = Rig()
    source: Source = rig.source
    rig.packet(0, KEY)
    rig.packet(MAX_JUMP)
    assert source.epoch == 0
    assert source.lost == MAX_JUMP - 1
