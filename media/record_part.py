"""What one participant says and shows at a time becomes a file: packets in, encoded frames on a common clock out.

A part begins when every track it expects has a first frame and a clock, or soon after the first one has. A track that
shows up later ends the part and begins the next, since a file's tracks are fixed at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.recordings import Tape
from media.record_clock import SharedClock, StreamClock
from media.record_frames import Assembler, Frame, assembler
from media.record_mux import Muxer, MuxFailed, TrackSpec
from media.record_order import InOrder
from media.rtcp import SenderReport
from media.source import Packet

OPEN_WAIT_SECONDS = 2.5
KEY_AGAIN_SECONDS = 1.0
SYNC_SECONDS = 1.0
RATES = {"opus": 48000, "vp8": 90000, "h264": 90000}


class Heard(NamedTuple):
    """A packet of a track as it was tapped: ``stream`` names its source, ``report`` is that one's newest."""

    track: str
    stream: tuple[int, int]
    packet: Packet
    report: SenderReport | None
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHooks:
    """What a part needs: a tape (given the video's and the audio's codec and the instant it begins), key frames."""

    tape: Callable[[str, str, float], Tape]
    want_key: Callable[[str], None]


@dataclass(slots=True)
class _Track:
    """One track: how its packets become frames on the common clock."""

    codec: str
    clock: StreamClock
    frames: Assembler
    order: InOrder = field(default_factory=InOrder)
    stream: tuple[int, int] | None = None
    key_at: float = float("-inf")


class _Timed(NamedTuple):
    at: float
    track: str
    frame: Frame


class PartRecorder:
    """Writes the parts of one participant's camera and microphone, or of a shared screen. One thread uses it."""

    def __init__(self, codecs: Mapping[str, str], hooks: PartHooks) -> None:
        """``codecs`` names the codec of each expected track."""
        self._hooks = hooks
        self._shared = SharedClock()
        self._tracks = {name: self._fresh(codec) for name, codec in codecs.items()}
        self._waiting: list[_Timed] = []
        self._since: float | None = None
        self._muxer: Muxer | None = None
        self._tape: Tape | None = None
        self._numbers: dict[str, int] = {}
        self._zero = 0.0
        self._synced = 0.0

    @property
    def lost(self) -> int:
        """Packets that never came, of the present streams."""
        return sum(track.order.lost for track in self._tracks.values())

    def hear(self, heard: Heard) -> None:
        """Takes a packet. Raises `MuxFailed`, `OSError`."""
        track = self._tracks[heard.track]
        if track.stream != heard.stream:
            self._drain(heard.track, track.order.flush(), heard.now)
            track = self._tracks[heard.track] = self._fresh(track.codec)
            track.stream = heard.stream
            track.key_at = heard.now if heard.packet.key else track.key_at
        track.clock.arrived(heard.packet.timestamp, heard.now)
        if heard.report is not None:
            track.clock.reported(heard.report)
        self._drain(heard.track, track.order.push(heard.packet, heard.now), heard.now)

    def tick(self, now: float) -> None:
        """Gives up what is late, begins a part that waited long enough, brings what is written to the disk."""
        for name, track in self._tracks.items():
            self._drain(name, track.order.tick(now), now)
        if self._since is not None and now - self._since >= OPEN_WAIT_SECONDS:
            self._open()
        if self._tape is not None and now - self._synced >= SYNC_SECONDS:
            self._synced = now
            self._tape.sync()

    def finish(self, now: float) -> None:
        """Writes what is there and ends the part; nothing more comes."""
        for name, track in self._tracks.items():
            self._drain(name, track.order.flush(), now)
        if self._waiting:
            self._open()
        self._close()

    def _fresh(self, codec: str) -> _Track:
        return _Track(codec, StreamClock(RATES[codec], self._shared), assembler(codec))

    def _drain(self, name: str, packets: Iterable[Packet | None], now: float) -> None:
        track = self._tracks[name]
        for packet in packets:
            if packet is None:
                track.frames.lose()
                continue
            frame = track.frames.feed(packet)
            if frame is not None:
                self._take(_Timed(track.clock.at(frame.timestamp), name, frame), now)
        if track.frames.wants_key and now - track.key_at >= KEY_AGAIN_SECONDS:
            track.key_at = now
            self._hooks.want_key(name)

    def _take(self, timed: _Timed, now: float) -> None:
        if self._muxer is not None and timed.track not in self._numbers:
            self._close()
        if self._muxer is not None:
            self._write(timed)
            return
        self._since = now if self._since is None else self._since
        self._waiting.append(timed)
        here = {one.track for one in self._waiting}
        if here == set(self._tracks) and all(track.clock.is_told for track in self._tracks.values()):
            self._open()

    def _open(self) -> None:
        """Begins a file with the tracks that are there; their clocks may have been told since frames came."""
        waiting, self._waiting, self._since = self._waiting, [], None
        timed = [one._replace(at=self._tracks[one.track].clock.at(one.frame.timestamp)) for one in waiting]
        firsts = {name: next(one for one in timed if one.track == name) for name in {one.track for one in timed}}
        codecs = {name: self._tracks[name].codec for name in sorted(firsts, key=lambda name: self._is_sound(name))}
        self._zero = min(one.at for one in timed)
        video = next((codec for codec in codecs.values() if codec != "opus"), "")
        audio = next((codec for codec in codecs.values() if codec == "opus"), "")
        self._tape = self._hooks.tape(video, audio, self._zero - (self._shared.ahead or 0.0))
        specs = [TrackSpec(codec=codec, first=firsts[name].frame.data) for name, codec in codecs.items()]
        try:
            self._muxer = Muxer(self._tape, specs)
        except MuxFailed:
            self._tape.finish(0)
            raise
        self._numbers = {name: number for number, name in enumerate(codecs)}
        for one in sorted(timed, key=lambda one: one.at):
            self._write(one)

    def _is_sound(self, name: str) -> bool:
        return self._tracks[name].codec == "opus"

    def _write(self, timed: _Timed) -> None:
        assert self._muxer is not None
        at_ms = round((timed.at - self._zero) * 1000)
        if at_ms >= 0:
            self._muxer.write(self._numbers[timed.track], at_ms, timed.frame.key, timed.frame.data)

    def _close(self) -> None:
        muxer, tape = self._muxer, self._tape
        self._muxer, self._tape, self._numbers = None, None, {}
        if muxer is not None and tape is not None:
            muxer.close()
            tape.finish(muxer.duration_ms)
