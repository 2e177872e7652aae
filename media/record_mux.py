"""How encoded frames become a Matroska file without being decoded, in a form that opens at whatever point it was cut.

What libavformat is told to write goes to anything with ``write``. Clusters are a second long and flushed one by one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import av.error

from media.record_frames import has_h264_parameters, vp8_size

MILLISECOND = Fraction(1, 1000)
LIVE = {"live": "1", "cluster_time_limit": "1000", "flush_packets": "1", "max_interleave_delta": "1000000"}


class Sink(Protocol):
    """Takes the file's bytes in order."""

    def write(self, data: bytes) -> None: ...


class MuxFailed(RuntimeError):
    """The frames could not be written; carries a code, never content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSpec:
    """A track: its codec, and for video the first key frame, which says what decoders have to know."""

    codec: str
    first: bytes = b""


class _Outlet:
    """What PyAV writes to: it cannot be sought, so nothing that was written is ever written again."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        self._sink.write(bytes(data))
        return len(data)


class Muxer:
    """One file being written. Times are milliseconds from its beginning."""

    def __init__(self, sink: Sink, tracks: Sequence[TrackSpec]) -> None:
        """Raises `MuxFailed` for a key frame that says nothing of itself."""
        self.duration_ms = 0
        self._last = [-1] * len(tracks)
        try:
            self._container = av.open(_Outlet(sink), "w", format="matroska", container_options=LIVE)
            self._streams = [_add(self._container, track) for track in tracks]
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError, IndexError) as fault:
            raise MuxFailed("mux_open") from fault

    def write(self, track: int, at_ms: int, key: bool, data: bytes) -> None:
        """Adds a frame; one that is not after the one before it in its track is put right after it."""
        at_ms = max(at_ms, self._last[track] + 1)
        self._last[track] = at_ms
        packet = av.Packet(data)
        packet.stream = self._streams[track]
        packet.time_base = MILLISECOND
        packet.pts = packet.dts = at_ms
        packet.is_keyframe = key
        try:
            self._container.mux_one(packet)
        except av.error.FFmpegError as fault:
            raise MuxFailed("mux_write") from fault
        self.duration_ms = max(self.duration_ms, at_ms)

    def close(self) -> None:
        """Writes what is waiting."""
        try:
            self._container.close()
        except av.error.FFmpegError as fault:
            raise MuxFailed("mux_close") from fault


def _add(container: Any, track: TrackSpec) -> Any:
    if track.codec == "opus":
        return container.add_stream("libopus", rate=48000, layout="stereo")
    if track.codec == "vp8":
        width, height = vp8_size(track.first)
        return container.add_mux_stream("vp8", width=width, height=height, time_base=MILLISECOND)
    if not has_h264_parameters(track.first):
        raise ValueError("no parameter sets")
    with av.open(io.BytesIO(track.first), format="h264") as told:
        return container.add_stream_from_template(told.streams.video[0])
