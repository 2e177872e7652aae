"""A subscriber and the layers of a simulcast: what it is sent, and that a change shows in nothing but the picture."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from media import rtcp
from media.codecs import h264_is_key_frame, vp8_height, vp8_picture, vp8_renumber
from media.forward import HIGHEST_LAYER
from media.publication import Layer
from media.quality import layer_at
from media.rtp import parse_header
from media.source import SILENT_AFTER, Packet, Source
from tests.media.test_forward import KEY, Rig, header

RIDS = ("q", "h", "f")


def vp8(picture: int, level: int, *, key: bool) -> bytes:
    """A payload with a wide picture id and a base layer number."""
    return bytes([0x90, 0xE0, 0x80 | picture >> 8, picture & 0xFF, level, 0x20, 0 if key else 1]) + b"frame"


@dataclass
class Cast(Rig):
    """A publisher of three layers with their own numbers, clocks and pictures."""

    rids: tuple[str, ...] = RIDS
    now: float = 1.0
    layers: dict[str, Layer] = field(default_factory=dict)
    numbers_in: dict[str, int] = field(default_factory=lambda: {"q": 100, "h": 40_000, "f": 65_530})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.layers["q"] = self.layer
        for ssrc, rid in ((6, "h"), (7, "f")):
            self.layers[rid] = self.publication.continue_with(ssrc, 0.0, rid)

    def frame(self, *rids: str, keys: str = "") -> None:
        """One picture of each layer named; of those in ``keys`` a key frame."""
        for rid in rids:
            number = self.numbers_in[rid] = self.numbers_in[rid] + 1
            payload = vp8(number % 0x8000, number % 256, key=rid in keys)
            at = round(self.now * 90000) + 1000 * RIDS.index(rid)
            self.publication.receive(self.layers[rid], header(number, at), payload, self.now, repaired=False)
        self.publication.tick(self.now)
        self.now += 1 / 30

    def on(self) -> str:
        return next((rid for rid, layer in self.layers.items() if layer.source is self.forwarder.source), "")

    def wanted(self, rid: str) -> list[rtcp.Message]:
        ssrc = self.layers[rid].source.ssrc
        return [one for one in self.asked() if isinstance(one, rtcp.KeyFrameWanted) and one.ssrc == ssrc]


def started() -> Cast:
    cast = Cast()
    for _ in range(3):
        cast.frame(*RIDS, keys="qhf")
    assert cast.on() == "f"
    return cast


def test_a_subscriber_gets_the_highest_layer_and_no_packet_of_another() -> None:
    cast = started()
    before = len(cast.media)
    for _ in range(10):
        cast.frame(*RIDS)
    assert len(cast.media) == before + 10
    assert {parse_header(data).ssrc for data in cast.media} == {77}


def test_another_layer_is_asked_for_a_key_frame_and_the_old_one_goes_on_until_it_comes() -> None:
    cast = started()
    cast.forwarder.wanted_layer = 0
    asked, switches = len(cast.wanted("q")), cast.forwarder.switches
    cast.frame(*RIDS)
    cast.frame(*RIDS)
    assert (cast.on(), len(cast.wanted("q"))) == ("f", asked + 1)
    cast.frame(*RIDS, keys="q")
    cast.frame(*RIDS)
    assert cast.on() == "q" and cast.forwarder.switches == switches + 1


def test_numbers_time_and_pictures_go_on_over_every_change() -> None:
    cast = started()
    for wanted in (0, 2, 1, 2, 0):
        cast.forwarder.wanted_layer = wanted
        for _ in range(4):
            cast.frame(*RIDS, keys="qhf")
    heads = [parse_header(data) for data in cast.media]
    pictures = [vp8_picture(data[head.payload_at :]) for data, head in zip(cast.media, heads, strict=True)]
    for one, two in itertools.pairwise(heads):
        assert (two.sequence - one.sequence) & 0xFFFF == 1
        assert 0 < (two.timestamp - one.timestamp) & 0xFFFF_FFFF < 90000
    for before, after in itertools.pairwise(pictures):
        assert (after.picture - before.picture) % 0x8000 == 1
        assert (after.level - before.level) % 256 == 1


def test_the_clocks_of_two_layers_are_told_apart_by_their_sender_reports() -> None:
    cast = started()
    for rid, offset in (("q", 5_000), ("f", 900_000)):
        source = cast.layers[rid].source
        cast.publication.sender_report(rtcp.SenderReport(source.ssrc, 1000 << 32, offset, 1, 1), cast.now)
    play(cast, "f", 900_000 + 90_000)
    cast.forwarder.wanted_layer = 0
    cast.publication.tick(cast.now)
    cast.now += 0.5  # the network holds the next picture up; it was taken a thirtieth of a second later
    play(cast, "q", 5_000 + 93_000)
    times = [parse_header(data).timestamp for data in cast.media[-2:]]
    assert (times[1] - times[0]) & 0xFFFF_FFFF == 3_000


def play(cast: Cast, rid: str, timestamp: int) -> None:
    number = cast.numbers_in[rid] = cast.numbers_in[rid] + 1
    payload = vp8(number % 0x8000, 1, key=True)
    cast.publication.receive(cast.layers[rid], header(number, timestamp), payload, cast.now, repaired=False)


def test_a_layer_that_falls_silent_is_left_for_the_best_that_comes_and_taken_again() -> None:
    cast = started()
    for _ in range(int(SILENT_AFTER * 30) + 2):
        cast.frame("q", "h", keys="h")
    assert cast.on() == "h"
    for _ in range(3):
        cast.frame(*RIDS, keys="f")
    assert cast.on() == "f"


def test_a_camera_that_is_off_leaves_the_choice_alone() -> None:
    cast = started()
    cast.now += 60
    cast.publication.tick(cast.now)
    cast.frame(*RIDS, keys="f")
    assert cast.on() == "f"
    numbers = cast.numbers()
    assert (numbers[-1] - numbers[-2]) & 0xFFFF == 1


def test_a_pause_sends_nothing_and_ends_with_a_key_frame() -> None:
    cast = started()
    cast.forwarder.pause(True, cast.now)
    before = len(cast.media)
    for _ in range(5):
        cast.frame(*RIDS, keys="qhf")
    assert len(cast.media) == before
    cast.now += 1.0
    asked = len(cast.wanted("f"))
    cast.forwarder.pause(False, cast.now)
    assert len(cast.wanted("f")) == asked + 1
    cast.frame(*RIDS)
    assert len(cast.media) == before
    cast.frame(*RIDS, keys="f")
    cast.frame(*RIDS)
    numbers = cast.numbers()
    assert (numbers[-1] - numbers[before - 1]) & 0xFFFF == 2


def test_a_slow_subscriber_loses_pictures_until_the_next_key_frame_and_nothing_comes_late() -> None:
    cast = started()
    before = len(cast.media)
    cast.jammed = True
    cast.frame(*RIDS)
    cast.jammed = False
    assert cast.forwarder.dropped == 1
    for _ in range(5):
        cast.frame(*RIDS)
    assert len(cast.media) == before
    cast.frame(*RIDS, keys="f")
    cast.frame(*RIDS)
    assert len(cast.media) == before + 2
    assert len(cast.wanted("f")) > 0


def test_what_is_sent_again_has_the_picture_number_it_had() -> None:
    cast = started()
    cast.forwarder.wanted_layer = 0
    for _ in range(4):
        cast.frame(*RIDS, keys="qhf")
    sent = cast.media[-1]
    head = parse_header(sent)
    cast.forwarder.repeat([head.sequence], cast.now)
    again = cast.media[-1]
    assert again[parse_header(again).payload_at + 2 :] == sent[head.payload_at :]


def test_a_layer_started_anew_by_its_publisher_goes_on() -> None:
    cast = started()
    cast.layers["f"] = cast.publication.continue_with(99, cast.now, "f")
    cast.numbers_in["f"] = 7
    cast.frame(*RIDS)
    before = len(cast.media)
    cast.frame(*RIDS, keys="f")
    assert len(cast.media) == before + 1 and cast.on() == "f"
    numbers = cast.numbers()
    assert (numbers[-1] - numbers[-2]) & 0xFFFF == 1


def test_layers_that_an_offer_takes_back_are_gone() -> None:
    cast = started()
    assert cast.publication.sent is not None
    cast.publication.settle(cast.publication.sent, ("q", "h"))
    cast.publication.tick(cast.now)
    assert list(cast.publication.layers) == ["q", "h"]
    cast.frame("q", "h", keys="h")
    assert cast.on() == "h"


# --- taps ------------------------------------------------------------------------------------------------------------


@dataclass
class Recorder:
    """What a tap is shown."""

    packets: list[tuple[int, bool]] = field(default_factory=list)

    def packet(self, packet: Packet, source: Source, now: float) -> None:
        self.packets.append((source.ssrc, packet.key))


def test_a_tap_is_shown_the_best_layer_from_a_key_frame_on_and_one_at_a_time() -> None:
    cast, recorder = started(), Recorder()
    cast.now += 1
    cast.frame(*RIDS)
    asked = len(cast.wanted("f"))
    cast.publication.tap(recorder, cast.now)
    assert len(cast.wanted("f")) == asked + 1
    cast.frame(*RIDS)
    assert recorder.packets == []
    cast.frame(*RIDS, keys="f")
    cast.frame(*RIDS)
    assert recorder.packets == [(7, True), (7, False)]
    for _ in range(int(SILENT_AFTER * 30) + 2):
        cast.frame("q", "h", keys="h")
    assert {ssrc for ssrc, _ in recorder.packets[2:]} == {6}
    cast.publication.untap(recorder)
    cast.publication.untap(recorder)
    count = len(recorder.packets)
    cast.frame(*RIDS, keys="qhf")
    assert len(recorder.packets) == count


def test_nothing_is_shown_or_sent_while_a_publication_is_held_and_a_picture_goes_on_with_a_key_frame() -> None:
    cast, recorder = started(), Recorder()
    cast.publication.tap(recorder, cast.now)
    cast.frame(*RIDS, keys="f")
    sent, shown = len(cast.media), len(recorder.packets)
    cast.publication.held = True
    cast.frame(*RIDS, keys="qhf")
    cast.publication.held = False
    cast.frame(*RIDS)
    assert (len(cast.media), len(recorder.packets)) == (sent, shown + 1)
    cast.frame(*RIDS, keys="f")
    assert len(cast.media) == sent + 1


# --- payloads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "renumbered"),
    [
        (b"\x10\x00x", b"\x10\x00x"),
        (b"\x90\x80\x7f\x01", b"\x90\x80\x02\x01"),
        (b"\x90\x80\xff\xff\x01", b"\x90\x80\x80\x02\x01"),
        (b"\x90\xe0\x80\x05\xff\x40\x00", b"\x90\xe0\x80\x08\x01\x40\x00"),
        (b"\x90\x40\x05\x40\x00", b"\x90\x40\x07\x40\x00"),
        (b"\x90\x80\x85", b"\x90\x80\x85"),
        (b"", b""),
    ],
)
def test_picture_numbers_move_within_the_width_they_have(payload: bytes, renumbered: bytes) -> None:
    assert vp8_renumber(payload, 3, 2) == renumbered


def test_a_key_frame_says_how_high_its_picture_is() -> None:
    assert vp8_height(b"\x10\x00\x00\x00\x9d\x01\x2a\x00\x05\xd0\x02") == 720
    assert vp8_height(b"\x10\x01\x00\x00\x9d\x01\x2a\x00\x05\xd0\x02") == 0
    assert vp8_height(b"\x10\x00\x00") == 0


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"\x67sps", True),
        (b"\x65idr", True),
        (b"\x41slice", False),
        (b"\x7c\x85first of an IDR", True),
        (b"\x7c\x05later of an IDR", False),
        (b"\x7c\x81first of a slice", False),
        (b"\x78\x00\x02\x67a\x00\x02\x68b", True),
        (b"\x78\x00\x02\x41a\x00\x02\x41b", False),
        (b"\x7c", False),
        (b"\x78\xff\xff", False),
        (b"", False),
    ],
)
def test_key_frames_of_h264_are_told_by_their_units(payload: bytes, key: bool) -> None:
    assert h264_is_key_frame(payload) is key


def test_a_source_knows_the_bits_it_gets() -> None:
    rig = Rig()
    source: Source = rig.source
    for number in range(61):
        rig.packet(number, KEY + bytes(995), at=1.0 + number / 100)
        source.tick(1.0 + number / 100)
    assert 700_000 < source.rate < 900_000


# --- what a publisher need not send ----------------------------------------------------------------------------------


def test_only_layers_that_somebody_takes_are_asked_for() -> None:
    cast = started()
    assert cast.publication.taken() == ("f",)
    cast.forwarder.wanted_layer = 0
    assert cast.publication.taken() == ("q", "f"), "the best one goes on until the other has come"
    cast.frame(*RIDS)
    cast.frame(*RIDS, keys="q")
    cast.frame(*RIDS)
    assert cast.publication.taken() == ("q",)


def test_where_nobody_looks_the_best_layer_waits_for_who_comes_and_a_recorder_wants_it_too() -> None:
    cast = started()
    cast.forwarder.wanted_layer = 0
    for _ in range(3):
        cast.frame(*RIDS, keys="q")
    cast.publication.tap(Recorder(), cast.now)
    assert cast.publication.taken() == ("q", "f")
    cast.forwarder.pause(True, cast.now)
    assert cast.publication.taken() == ("f",)
    cast.publication.remove(cast.forwarder)
    assert cast.publication.taken() == ("f",)


@pytest.mark.parametrize(
    ("height", "lines", "top", "layer"),
    [
        (720, 720, 720, 2),
        (480, 720, 720, 1),
        (480, 720, 480, 2),
        (360, 720, 720, 1),
        (180, 720, 720, 0),
        (0, 720, 720, None),
        (360, 240, 240, 2),
        (180, 240, 240, 1),
        (720, 0, 1 << 16, 2),
        (360, 0, 1 << 16, 1),
    ],
)
def test_a_level_shows_the_best_layer_that_is_no_larger(height: int, lines: int, top: int, layer: int | None) -> None:
    publication = started().publication
    publication.told_lines, publication.seen_lines, publication.rids = lines, 0, RIDS
    assert layer_at(height, publication, top) == layer


def test_a_camera_in_one_size_is_shown_or_not() -> None:
    publication = Rig().publication
    assert layer_at(180, publication, 720) == HIGHEST_LAYER and layer_at(0, publication, 720) is None
