"""Has a picture written anew by a process of its own: what comes back is its pixels and nothing else."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from records.blob_folder import Draft
from records.blob_stream import StreamWriter
from records.errors import RecordsError

MOST_PIXELS = 50_000_000
SECONDS = 30.0
_PROGRAM = Path(__file__).with_name("blob_reencoder.py")
_AT_ONCE = threading.BoundedSemaphore(2)  # each may take a gigabyte
_LONGEST_LINE = 200
_MOST_WRITTEN = 256 << 20
_PIECE = 1 << 16
_CODES = {3: "pixels", 4: "damaged"}


class PictureRefused(RecordsError):
    """A picture that is not kept; ``code`` is ``pixels`` (too many) or ``damaged`` (it cannot be read)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was written: its media type and its pixels, upright."""

    media_type: str
    width: int
    height: int


def write_anew(pieces: Iterable[bytes], out: Draft[StreamWriter], *, most_pixels: int = MOST_PIXELS) -> Picture:
    """Writes the picture's pixels to the draft. Neither side is held in memory here.

    Raises:
        PictureRefused: it is too large, cannot be read, or took too long.
    """
    with _AT_ONCE:
        command = [sys.executable, "-I", "-B", str(_PROGRAM), str(most_pixels)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
        ) as process:
            return _exchange(process, pieces, out)


def _exchange(process: subprocess.Popen[bytes], pieces: Iterable[bytes], out: Draft[StreamWriter]) -> Picture:
    if process.stdin is None or process.stdout is None:
        raise PictureRefused("damaged")
    late = threading.Timer(SECONDS, process.kill)
    feeder = threading.Thread(target=_feed, args=(pieces, process.stdin))
    late.start()
    feeder.start()
    try:
        line = process.stdout.readline(_LONGEST_LINE)
        _copy(process.stdout, out)
        status = process.wait()
    finally:
        late.cancel()
        process.kill()
        feeder.join()
    if status != 0:
        raise PictureRefused(_CODES.get(status, "damaged"))
    return _told(line)


def _feed(pieces: Iterable[bytes], pipe: IO[bytes]) -> None:
    """Whatever stops this, the other side sees the end of the picture, or is gone already."""
    with contextlib.suppress(OSError, RecordsError, ValueError):
        for piece in pieces:
            pipe.write(piece)
    with contextlib.suppress(OSError):
        pipe.close()


def _copy(pipe: IO[bytes], out: Draft[StreamWriter]) -> None:
    while piece := pipe.read(_PIECE):
        out.write(piece)
        if out.size > _MOST_WRITTEN:
            raise PictureRefused("pixels")


def _told(line: bytes) -> Picture:
    try:
        said = json.loads(line)
        return Picture(media_type=str(said["type"]), width=int(said["width"]), height=int(said["height"]))
    except (ValueError, KeyError, TypeError):
        raise PictureRefused("damaged") from None
