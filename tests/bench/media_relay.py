"""What aiortc documents for passing a call on: every track decoded, relayed, and encoded again for each receiver.

A WebSocket takes ``{"room", "who", "sdp"}``: an offer that sends is somebody's camera and microphone, one that receives
gets everybody else's tracks of the room. It prints its address and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from typing import Any

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from websockets.asyncio.server import ServerConnection, serve


class Relay:
    """All rooms, and who sends what in them."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[str, list[tuple[str, MediaStreamTrack]]] = defaultdict(list)

    async def answer(self, socket: ServerConnection) -> None:
        """One connection of one client; it lasts as long as its WebSocket."""
        asked: dict[str, Any] = json.loads(await socket.recv())
        room, who = asked["room"], asked["who"]
        peer = RTCPeerConnection()
        peer.on("track", lambda track: self._tracks[room].append((who, track)))
        try:
            await peer.setRemoteDescription(RTCSessionDescription(asked["sdp"], "offer"))
            if not asked["sends"]:
                for other, track in self._tracks[room]:
                    if other != who:
                        peer.addTrack(self._relay.subscribe(track))
            await peer.setLocalDescription(await peer.createAnswer())
            await socket.send(json.dumps({"sdp": peer.localDescription.sdp}))
            await socket.wait_closed()
        finally:
            self._tracks[room] = [(other, track) for other, track in self._tracks[room] if other != who]
            await peer.close()


async def main() -> None:
    relay = Relay()
    async with serve(relay.answer, "127.0.0.1", 0) as server:
        sys.stdout.write(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
