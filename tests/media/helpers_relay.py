"""A relay as an installation of one machine runs it: coturn on loopback, for the node and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aioice import turn

from admin_ui.cli.turn_server import HOST, prepare_relay, relay_program, with_own_relay
from engine.relays import Relay, relay_of
from engine.settings import Settings, parse_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRelay:
    """A running coturn and what a node is told of it."""

    settings: Settings
    secret: str

    @property
    def port(self) -> int:
        return int(self.settings.turn_urls[0].split("?")[0].rpartition(":")[2])

    def relay(self, *, is_only: bool = True, transport: str = "") -> Relay:
        urls = [url for url in self.settings.turn_urls if transport in url]
        relay = relay_of(urls, self.secret, is_only=is_only)
        assert relay is not None
        return relay


@contextlib.asynccontextmanager
async def own_relay(folder: Path) -> AsyncIterator[OwnRelay]:
    """Starts coturn as `clinic up` does, waits until it listens, stops it at the end."""
    settings = with_own_relay(parse_settings({"CLINIC_DATA_DIR": str(folder / "data")}))
    settings = replace(settings, keys_dir=folder / "keys", turn_secret_file=folder / "keys" / "relay.secret")
    assert prepare_relay(settings)
    program = relay_program(settings, folder / "relay.log")
    process = await asyncio.create_subprocess_exec(*program.command, env=dict(program.environ))
    try:
        async with asyncio.timeout(20):
            running: Any = None
            while not await program.healthy(running):
                await asyncio.sleep(0.02)
        secret = (folder / "keys" / "relay.secret").read_text(encoding="ascii").strip()
        yield OwnRelay(settings=settings, secret=secret)
    finally:
        process.terminate()
        await process.wait()


class Silent(asyncio.DatagramProtocol):
    """Whoever uses the relay and only listens."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)


async def allocate(port: int, name: str, word: str, transport: str = "udp") -> tuple[Any, Silent]:
    """A place on the relay for this client. Raises `stun.TransactionFailed` where the relay refuses it."""
    return await turn.create_turn_endpoint(Silent, (HOST, port), name, word, transport=transport)
