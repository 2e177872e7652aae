"""What was sent becomes a file that can be sought, in sync, without one frame being decoded on the way."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import pytest

from media.record_final import finalise
from media.record_part import Heard, PartHooks, PartRecorder
from media.rtcp import SenderReport
from tests.media.helpers_clip import Encoded, Sender, Sent, marks, picture, reading, seconds_of, sound

pytestmark = pytest.mark.slow
WALL = 3_000_000_000.25


@lru_cache(maxsize=1)
def clip() -> tuple[list[Encoded], list[Encoded]]:
    return picture(6), sound(6)


@dataclass
class PlainTape:
    """A tape that keeps what it gets, for this test alone."""

    data: bytearray = field(default_factory=bytearray)
    synced: int = 0
    duration_ms: int = -1

    def write(self, data: bytes) -> None:
        self.data += data

    def sync(self) -> None:
        self.synced = len(self.data)

    def finish(self, duration_ms: int) -> None:
        self.duration_ms = duration_ms


@dataclass
class Studio:
    """A part recorder with what it asked for."""

    codecs: dict[str, str] = field(default_factory=lambda: {"video": "vp8", "audio": "opus"})
    tapes: list[PlainTape] = field(default_factory=list)
    begun: list[tuple[str, str, float]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorder = PartRecorder(self.codecs, PartHooks(tape=self.tape, want_key=self.keys.append))

    def tape(self, video: str, audio: str, begins: float) -> PlainTape:
        self.begun.append((video, audio, begins))
        self.tapes.append(PlainTape())
        return self.tapes[-1]

    def play(self, sent: list[Sent], reports: dict[str, SenderReport], reported_from: float = 1000.5) -> None:
        for one in sent:
            report = reports.get(one.track) if one.now >= reported_from else None
            self.recorder.hear(Heard(one.track, (1, 0), one.packet, report, one.now))
            self.recorder.tick(one.now)

    def finish(self) -> bytes:
        self.recorder.finish(2000.0)
        place = io.BytesIO()
        self.finished = finalise(iter([bytes(self.tapes[-1].data)]), place)
        return place.getvalue()


def arrivals(*streams: Iterator[Sent]) -> list[Sent]:
    return sorted(itertools.chain(*streams), key=lambda one: one.now)


def senders(audio_late: float = 0.0) -> tuple[Sender, Sender]:
    return Sender("video", 90_000, 4_294_900_000), Sender("audio", 48_000, 123_456, audio_late)


def apart(data: bytes) -> list[float]:
    flashes, beeps = marks(data)
    assert len(flashes) >= 4 and len(beeps) >= 4, (flashes, beeps)
    return [min((beep - flash for beep in beeps), key=abs) for flash in flashes]


def test_sound_that_arrives_late_is_in_sync_by_the_senders_reports() -> None:
    studio, (video, audio) = Studio(), senders(audio_late=0.35)
    frames, samples = clip()
    reports = {"video": video.report(0.4, WALL), "audio": audio.report(0.4, WALL)}
    studio.play(arrivals(video.packets(frames), audio.packets(samples)), reports)
    assert max(map(abs, apart(studio.finish()))) < 0.1


def test_without_any_report_arrival_counts() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    studio.play(arrivals(video.packets(frames), audio.packets(samples)), {})
    assert max(map(abs, apart(studio.finish()))) < 0.1


def test_no_frame_is_changed_on_its_way_into_the_file() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    studio.play(arrivals(video.packets(frames), audio.packets(samples)), reports)
    with reading(studio.finish()) as file:
        found = [bytes(packet) for packet in file.demux(file.streams.video[0]) if packet.size]
    assert found == [frame.data for frame in frames]
    assert studio.finished.media_type == "video/webm"
    assert studio.finished.frames == (len(frames), len(samples))


def test_the_finished_file_knows_its_length_and_can_be_sought() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    studio.play(arrivals(video.packets(frames), audio.packets(samples)), reports)
    data = studio.finish()
    assert b"\x1c\x53\xbb\x6b" in data, "the file has no index (Cues)"
    with reading(data) as file:
        assert file.duration and abs(file.duration / 1e6 - 6) < 0.2
        file.seek(4_100_000)
        packet = next(iter(file.demux(file.streams.video[0])))
        assert 3.5 < seconds_of(packet) <= 4.1


def test_a_tape_that_is_cut_anywhere_gives_what_was_written_before() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    studio.play([one for one in arrivals(video.packets(frames), audio.packets(samples)) if one.now < 1005], reports)
    data = bytes(studio.tapes[-1].data[: studio.tapes[-1].synced - 17])
    place = io.BytesIO()
    assert finalise(iter([data]), place).duration_ms > 2500
    flashes, beeps = marks(place.getvalue())
    assert len(flashes) >= 3 and len(beeps) >= 3


def test_after_a_loss_video_goes_on_with_a_key_frame_and_asks_for_one() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    sent = arrivals(video.packets(frames), audio.packets(samples))
    lost = next(one.packet.number for one in sent if one.track == "video" and one.now >= 1001.3)
    studio.play([one for one in sent if one.track == "audio" or one.packet.number != lost], reports)
    with reading(studio.finish()) as file:
        times = [packet for packet in file.demux(file.streams.video[0]) if packet.size]
    assert "video" in studio.keys
    before = [one for one in times if seconds_of(one) < 1.3]
    after = times[len(before)]
    assert after.is_keyframe and 1.9 < seconds_of(after) < 2.2
    assert studio.recorder.lost == 1


def test_a_packet_that_is_sent_again_in_time_is_no_loss() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    sent = arrivals(video.packets(frames), audio.packets(samples))
    late = next(one for one in sent if one.track == "video" and one.now >= 1001.3)
    again = [one._replace(now=one.now + 0.3) if one is late else one for one in sent]
    studio.play(sorted(again, key=lambda one: one.now), reports)
    studio.finish()
    assert studio.finished.frames == (len(frames), len(samples))


def test_a_camera_that_comes_later_begins_a_part_with_both() -> None:
    studio, (video, audio) = Studio(), senders()
    frames, samples = clip()
    reports = {"video": video.report(0.0, WALL), "audio": audio.report(0.0, WALL)}
    late = [one for one in video.packets(frames) if one.now >= 1004]
    studio.play(arrivals(iter(late), audio.packets(samples)), reports)
    studio.finish()
    assert [(video, audio) for video, audio, _ in studio.begun] == [("", "opus"), ("vp8", "opus")]
    assert studio.begun[1][2] - studio.begun[0][2] == pytest.approx(4.0, abs=0.1)
    assert studio.tapes[0].duration_ms == pytest.approx(3980, abs=60)
