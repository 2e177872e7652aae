"""A participant without a browser: ``python -m media.guest`` joins a room, sends a picture and a tone, and leaves.

It reads one JSON object from its input: ``endpoint`` and ``token`` as a page's script is given them, ``origin`` (the
page's own), and ``seconds`` it stays at most. It writes ``joined`` once its picture flows. It ends when the room does,
and when its input does: with whoever started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import struct
import sys
import time
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import AudioFrame, VideoFrame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

WIDTH, HEIGHT = 320, 240
BAR = 32
RATE, SAMPLES = 48_000, 960
TONE_HERTZ, LOUDNESS = 440, 1500
BEEP_SECONDS = 0.2
CONNECT_SECONDS = 30.0
JOINED, FAILED = 0, 1


class Picture(VideoStreamTrack):
    """Grey, with a bright bar that wanders from left to right in eight seconds."""

    async def recv(self) -> VideoFrame:
        """The next picture, when it is due."""
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        at = int(pts * time_base * WIDTH / 8) % (WIDTH - BAR)
        for number, plane in enumerate(frame.planes):
            plane.update(_luma(at, plane.line_size) if number == 0 else bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(MediaStreamTrack):
    """A quiet beep each second."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._sent = 0

    async def recv(self) -> AudioFrame:
        """The next twenty milliseconds, when they are due."""
        self._began = self._began or time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._sent / RATE - time.monotonic()))
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(struct.pack(f"<{SAMPLES}h", *(_sample(self._sent + one) for one in range(SAMPLES))))
        frame.pts, frame.sample_rate, frame.time_base = self._sent, RATE, Fraction(1, RATE)
        self._sent += SAMPLES
        return frame


def main() -> int:
    """0 when it was in the room, 1 when it never got there."""
    try:
        return asyncio.run(_asked())
    except (OSError, TimeoutError, WebSocketException):
        sys.stderr.write("the room could not be joined\n")
        return FAILED


async def _asked() -> int:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    asked = json.loads(await orders.readline())
    staying, told_off = asyncio.create_task(_stay(asked)), asyncio.create_task(orders.read())
    await asyncio.wait([staying, told_off], return_when=asyncio.FIRST_COMPLETED)
    told_off.cancel()
    if not staying.done():
        staying.cancel()
        await asyncio.wait([staying])
        return JOINED
    return await staying


async def _stay(asked: Mapping[str, Any]) -> int:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    try:
        async with connect(asked["endpoint"], origin=asked["origin"]) as socket:
            async with asyncio.timeout(CONNECT_SECONDS):
                await _enter(socket, peer, asked["token"])
            sys.stdout.write("joined\n")
            sys.stdout.flush()
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(float(asked["seconds"])):
                    await _until_over(socket)
            with contextlib.suppress(ConnectionClosed):
                await socket.send(json.dumps({"type": "leave"}))
        return JOINED
    finally:
        await peer.close()


async def _enter(socket: ClientConnection, peer: RTCPeerConnection, token: str) -> None:
    """Joins, offers picture and tone, and waits until they flow. Raises `ConnectionError` when the node says no."""
    await socket.send(json.dumps({"type": "join", "version": 1, "token": token}))
    await _next(socket, "welcome")
    labels = {}
    for track, label in ((Tone(), "microphone"), (Picture(), "camera")):
        labels[peer.addTransceiver(track, direction="sendonly")] = label
    await peer.setLocalDescription(await peer.createOffer())
    publish = [{"mid": one.mid, "label": label} for one, label in labels.items()]
    sdp = _with_one_fingerprint(peer.localDescription.sdp)
    offer = {"type": "offer", "id": 1, "sdp": sdp, "publish": publish, "subscribe": []}
    await socket.send(json.dumps(offer))
    answer = await _next(socket, "answer")
    await peer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))
    await socket.send(json.dumps({"type": "applied", "id": 1}))
    while peer.connectionState != "connected":
        if peer.connectionState in ("failed", "closed"):
            raise ConnectionError("media")
        await asyncio.sleep(0.05)


async def _next(socket: ClientConnection, kind: str) -> Mapping[str, Any]:
    async for text in socket:
        message: dict[str, Any] = json.loads(text)
        if message["type"] == kind:
            return message
        if message["type"] in ("error", "ended"):
            break
    raise ConnectionError(kind)


async def _until_over(socket: ClientConnection) -> None:
    """Until the room is over for everybody."""
    async for text in socket:
        if json.loads(text)["type"] == "ended":
            return


def _with_one_fingerprint(sdp: str) -> str:
    """The node takes one fingerprint; the library writes its certificate's in three lengths."""
    lines = sdp.split("\r\n")
    return "\r\n".join(
        line for line in lines if not line.startswith("a=fingerprint:") or line.startswith("a=fingerprint:sha-256 ")
    )


def _luma(at: int, stride: int) -> bytes:
    row = bytes([90]) * at + bytes([220]) * BAR + bytes([90]) * (WIDTH - BAR - at)
    return (row + bytes(stride - WIDTH)) * HEIGHT


def _sample(number: int) -> int:
    beeps = number % RATE < BEEP_SECONDS * RATE
    return int(LOUDNESS * math.sin(2 * math.pi * TONE_HERTZ * number / RATE)) if beeps else 0


if __name__ == "__main__":
    sys.exit(main())
