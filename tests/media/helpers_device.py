"""A device without a WebSocket: a bot that comes by HTTP (WHIP or WHEP)."""

from __future__ import annotations

from typing import Any

import httpx

from engine.room_places import device_address
from engine.rooms import RoomRole
from media.whip import FRAGMENT, SDP
from tests.media.helpers_bot import Bench, Bot


class DeviceBot(Bot):
    """Sends (``whip``) what a bot sends, or is shown (``whep``) one sound and one picture."""

    def __init__(self, bench: Bench, who: str, role: RoomRole, way: str, *, waits: bool = False) -> None:
        bearer = bench.tokens.issue(who, role, waits=waits)
        super().__init__(bench.node.endpoint, bearer, publish=way == "whip")
        self.way = way
        self.address = device_address(bench.node.endpoint, way)
        self.base = self.address.removesuffix(f"/{way}")
        self.location = self.tag = ""

    def offered(self) -> str:
        """The offer's text."""
        return self.sdp([] if self.publish else self.sections())

    def sections(self) -> list[dict[str, Any]]:
        return [{"mid": kind, "publication": kind, "kind": kind} for kind in ("audio", "video")]

    async def ask(self, method: str, address: str, body: str = "", **headers: str) -> httpx.Response:
        """A request with the bearer, unless told otherwise; names of headers with ``_`` for ``-``."""
        told = {"authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items() if value
        }
        async with httpx.AsyncClient(timeout=40, trust_env=False) as client:
            return await client.request(method, address, content=body.encode(), headers=told)

    async def post(self) -> httpx.Response:
        """Offers; keeps the session's address and applies the answer when there is one."""
        response = await self.ask("POST", self.address, self.offered(), content_type=SDP)
        if response.status_code == 201:
            self.location, self.tag = self.base + response.headers["location"], response.headers["etag"]
            self._apply(response.text, [] if self.publish else self.sections())
        return response

    async def begin(self) -> None:
        """The whole way until media flows."""
        response = await self.post()
        assert response.status_code == 201, response.text
        await self.media()

    async def patch(self, body: str, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", self.location, body, **({"content_type": FRAGMENT} | headers))

    async def delete(self) -> httpx.Response:
        return await self.ask("DELETE", self.location)
