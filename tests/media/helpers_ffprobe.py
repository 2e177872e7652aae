"""What ffprobe finds in a recording: when it flashes and when it beeps, by the instants of the tracks themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

BRIGHT, LOUD = 128.0, -30.0
APART = 0.5
FFPROBE = shutil.which("ffprobe")


def probed_marks(data: bytes, folder: Path) -> tuple[list[float], list[float]]:
    """The beginning of every flash and of every beep, in seconds of the file's own time."""
    file = folder / "probed.webm"
    file.write_bytes(data)
    graph = f"movie={file}:s=dv+da[v][a];[v]signalstats[out0];[a]astats=metadata=1:reset=1[out1]"
    shown = "frame=media_type,pts_time:frame_tags=lavfi.signalstats.YAVG,lavfi.astats.Overall.RMS_level"
    command = ["ffprobe", "-v", "error", "-f", "lavfi", "-show_entries", shown, "-of", "json", graph]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    flashes: list[float] = []
    beeps: list[float] = []
    for frame in told["frames"]:
        tags = frame.get("tags", {})
        level = tags.get("lavfi.signalstats.YAVG"), tags.get("lavfi.astats.Overall.RMS_level")
        if level[0] is not None and float(level[0]) > BRIGHT:
            _note(flashes, float(frame["pts_time"]))
        if level[1] is not None and float(level[1]) > LOUD:
            _note(beeps, float(frame["pts_time"]))
    return flashes, beeps


def probed_streams(data: bytes) -> dict[str, str]:
    """The kind of each track and its codec."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,codec_name", "-of", "json", "-"]
    told = json.loads(subprocess.run(command, input=data, capture_output=True, check=True, timeout=30).stdout)
    return {one["codec_type"]: one["codec_name"] for one in told["streams"]}


def _note(found: list[float], at: float) -> None:
    if not found or at - found[-1] > APART:
        found.append(at)
