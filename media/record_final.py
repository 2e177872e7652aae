"""How a tape becomes a file that can be sought: the same frames again, with a duration and an index (cues).

Nothing is decoded and nothing lies in the clear: what is read comes from sealed chunks and what is written goes into
others. A tape that was cut gives what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import av
import av.error

from engine.recordings import EmptyTape, FinishedPart
from media.record_mux import MILLISECOND


class Place(Protocol):
    """Where the finished file goes: only its beginning is ever written again (`records.recording_files.HeldHead`)."""

    def write(self, data: bytes) -> int: ...
    def seek(self, offset: int, whence: int = 0) -> int: ...
    def tell(self) -> int: ...


class _Inlet:
    """What PyAV reads from: pieces, one after another."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        if not self._left:
            self._left = next(self._pieces, b"")
        data, self._left = self._left[:size], self._left[size:]
        return data


def finalise(pieces: Iterator[bytes], place: Place) -> FinishedPart:
    """Writes the frames of a tape into ``place``.

    Raises:
        EmptyTape: there is not one frame in it.
        Unreadable: what ``pieces`` raises for something that was not recorded.
    """
    try:
        with av.open(_Inlet(pieces), "r", format="matroska") as source:
            return _copy(source, place)
    except av.error.FFmpegError as fault:
        raise EmptyTape("tape_empty") from fault


def _copy(source: av.container.InputContainer, place: Place) -> FinishedPart:
    web = all(stream.codec_context.name in ("vp8", "opus", "libvpx", "libopus") for stream in source.streams)
    counts, duration = [0] * len(source.streams), 0
    # A web form is what the index's place is for: at the end, where it needs no room kept at the beginning.
    with av.open(place, "w", format="webm" if web else "matroska", options={"cluster_time_limit": "2000"}) as target:
        streams = [target.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            number = packet.stream.index
            counts[number] += 1
            duration = max(duration, int(packet.pts * packet.time_base / MILLISECOND))
            packet.stream = streams[number]
            target.mux(packet)
    if not any(counts):
        raise EmptyTape("tape_empty")
    kind = "video" if any(stream.type == "video" for stream in source.streams) else "audio"
    return FinishedPart(
        media_type=f"{kind}/webm" if web else f"{kind}/x-matroska", duration_ms=duration, frames=tuple(counts)
    )
