"""A clip as a browser would send it: flashes and beeps at the same instants, encoded, in RTP packets with reports."""

from __future__ import annotations

import io
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import av
from av.container import InputContainer

from media import rtcp
from media.source import Packet

RATE, FPS, MTU = 48000, 20, 900
PERIOD = 1.0  # a flash and a beep at every whole second, each a tenth of a second long
LONG = 0.1


@dataclass(frozen=True)
class Encoded:
    """Encoded frames: when each was taken (seconds from the clip's beginning), whether it is a key frame, its bytes."""

    at: float
    key: bool
    data: bytes


class Sent(NamedTuple):
    """A packet of a track, when it arrives, and the report that is known by then."""

    track: str
    packet: Packet
    now: float


def _is_marked(at: float) -> bool:
    return at % PERIOD < LONG


def picture(seconds: float, size: tuple[int, int] = (160, 120)) -> list[Encoded]:
    """VP8: dark, bright while it flashes; a key frame every two seconds."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 1000), Fraction(FPS)
    codec.bit_rate, codec.gop_size = 200_000, FPS * 2
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    found: list[Encoded] = []
    for number in range(int(seconds * FPS)):
        at = number / FPS
        frame = av.VideoFrame(*size, "yuv420p")
        for plane, grey in zip(frame.planes, (235 if _is_marked(at) else 20, 128, 128), strict=True):
            plane.update(bytes((grey,)) * plane.buffer_size)
        frame.pts, frame.time_base = round(at * 1000), Fraction(1, 1000)
        found += [_encoded(packet) for packet in codec.encode(frame)]
    return found + [_encoded(packet) for packet in codec.encode(None)]


def _encoded(packet: av.Packet[Any]) -> Encoded:
    assert packet.pts is not None
    return Encoded(packet.pts / 1000, packet.is_keyframe, bytes(packet))


def sound(seconds: float) -> list[Encoded]:
    """Opus in frames of 20 ms: silence, a tone of 1 kHz while it beeps."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = RATE, "stereo", "s16", 32_000
    codec.time_base = Fraction(1, RATE)
    found: list[Encoded] = []
    for number in range(int(seconds * 50)):
        times = [(number * 960 + one) / RATE for one in range(960)]
        tone = [int(math.sin(at * 2 * math.pi * 1000) * 12_000) if _is_marked(at) else 0 for at in times]
        frame = av.AudioFrame("s16", "stereo", 960)
        frame.planes[0].update(array("h", [level for level in tone for _ in range(2)]).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * 960, Fraction(1, RATE)
        found += [Encoded(number * 0.02, True, bytes(packet)) for packet in codec.encode(frame)]
    return found


def vp8_payloads(frame: bytes) -> list[bytes]:
    """A frame in payloads with the shortest descriptor."""
    pieces = [frame[at : at + MTU] for at in range(0, len(frame), MTU)]
    return [(b"\x10" if not number else b"\x00") + piece for number, piece in enumerate(pieces)]


@dataclass
class Sender:
    """One stream of RTP: its clock's rate, where its timestamps begin, how late its packets arrive."""

    track: str
    rate: int
    begins: int
    late: float = 0.0
    number: int = 70_000

    def packets(self, frames: list[Encoded]) -> Iterator[Sent]:
        for frame in frames:
            payloads = vp8_payloads(frame.data) if self.track == "video" else [frame.data]
            for count, payload in enumerate(payloads, 1):
                self.number += 1
                stamp = (self.begins + round(frame.at * self.rate)) % (1 << 32)
                key = self.track == "video" and frame.key and count == 1
                yield Sent(
                    self.track,
                    Packet(self.number, 0, count == len(payloads), stamp, payload, key),
                    1000.0 + frame.at + self.late,
                )

    def report(self, at: float, wall: float) -> rtcp.SenderReport:
        """The sender's clock shows ``wall`` at the clip's beginning."""
        stamp = (self.begins + round(at * self.rate)) % (1 << 32)
        return rtcp.SenderReport(7, int((wall + at) * (1 << 32)), stamp, 1, 1)


def reading(data: bytes) -> InputContainer:
    """An opened file."""
    file = av.open(io.BytesIO(data))
    assert isinstance(file, InputContainer)
    return file


def seconds_of(packet: av.Packet[Any]) -> float:
    """When a packet is shown."""
    assert packet.pts is not None and packet.time_base is not None
    return float(packet.pts * packet.time_base)


def marks(data: bytes) -> tuple[list[float], list[float]]:
    """When it flashes and when it beeps, in seconds of the file's own time."""
    flashes: list[float] = []
    beeps: list[float] = []
    with reading(data) as file:
        for frame in file.decode(*file.streams.video, *file.streams.audio):
            if isinstance(frame, av.VideoFrame) and frame.time is not None:
                if bytes(frame.planes[0])[len(bytes(frame.planes[0])) // 2 + 10] > 128:
                    _note(flashes, frame.time)
            elif isinstance(frame, av.AudioFrame):
                _beep(beeps, frame)
    return flashes, beeps


def _beep(beeps: list[float], frame: av.AudioFrame) -> None:
    levels = array("f", bytes(frame.planes[0])[: frame.samples * 4])
    loud = next((number for number, level in enumerate(levels) if abs(level) > 0.1), None)
    if loud is not None and frame.time is not None:
        _note(beeps, frame.time + loud / frame.sample_rate)


def _note(found: list[float], at: float) -> None:
    """Only the beginning of each is counted."""
    if not found or at - found[-1] > PERIOD / 2:
        found.append(at)
