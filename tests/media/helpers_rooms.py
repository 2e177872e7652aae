"""Rooms full of load: every participant of a room joins, sends a clip, and receives all the others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.media.helpers_load import Clip, Leg, Part, Voice, read_remote, write_offer


@dataclass(slots=True, eq=False)
class Member:
    """One participant in a room of our node."""

    socket: ClientConnection
    leg: Leg
    voice: Voice
    publications: dict[str, str] = field(default_factory=dict)
    offers: int = 0
    _listening: asyncio.Task[None] | None = None

    @classmethod
    async def join(cls, endpoint: str, token: str, origin: str, *clips: Clip, video: bool = True) -> Member:
        """Comes in and sends, several clips as layers; receives nobody yet."""
        socket = await connect(endpoint, origin=origin)  # type: ignore[arg-type]
        leg = Leg("127.0.0.1")
        member = cls(socket, leg, Voice.of(leg, *clips, video=video))
        await member._say({"type": "join", "version": 1, "token": token})
        welcome = await member._next("welcome")
        for publication in welcome["publications"]:
            member.publications[publication["id"]] = publication["kind"]
        await leg.connect(read_remote(await member._negotiate()))
        await member._say({"type": "applied", "id": member.offers})
        return member

    async def receive(self, wanted: int) -> None:
        """Subscribes to everything, once so many tracks are announced."""
        while len(self.publications) < wanted:
            published = await self._next("published")
            self.publications[published["publication"]["id"]] = published["publication"]["kind"]
        await self._negotiate()
        await self._say({"type": "applied", "id": self.offers})

    async def _negotiate(self) -> str:
        self.offers += 1
        labels = {"audio": "microphone"} | ({"video": "camera"} if self.voice.with_video else {})
        own = [Part(kind, kind[0], self.voice) for kind in labels]
        other = [(f"s{name}", name, kind) for name, kind in self.publications.items()]
        message = {
            "type": "offer",
            "id": self.offers,
            "sdp": write_offer(self.leg, [*own, *(Part(kind, mid) for mid, _, kind in other)]),
            "publish": [{"mid": part.mid, "label": labels[part.kind]} for part in own],
            "subscribe": [{"mid": mid, "publication": name} for mid, name, _ in other],
        }
        await self._say(message)
        sdp: str = (await self._next("answer"))["sdp"]
        return sdp

    async def _say(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def _next(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] == "error":
                    raise RuntimeError(message["code"])
                if message["type"] == kind:
                    return message
                if message["type"] == "published":
                    self.publications[message["publication"]["id"]] = message["publication"]["kind"]

    def listen(self) -> None:
        """From now on takes whatever it is told: who does not read is taken for gone by its WebSocket's keep-alive."""

        async def heard() -> None:
            async for _ in self.socket:
                pass

        self._listening = asyncio.create_task(heard())

    async def close(self) -> None:
        """Goes without a word."""
        if self._listening is not None:
            self._listening.cancel()
        await self.leg.close()
        await self.socket.close()
