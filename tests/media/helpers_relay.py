"""A relay as an installation of one machine runs it: coturn on loopback, for the node and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aioice import turn

from admin_ui.cli.turn_server import HOST, prepare_relay, relay_program, with_own_relay
from engine.relays import Relay, relay_of
from engine.settings import HOME, Settings, parse_settings
from tests.helpers_tls import certificate_for

GUIDE = HOME / "docs" / "guides" / "engineer.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRelay:
    """A running coturn and what a node is told of it."""

    settings: Settings
    secret: str

    def port_of(self, transport: str) -> int:
        url = next(url for url in self.settings.turn_urls if transport_of(url) == transport)
        return int(url.split("?")[0].rpartition(":")[2])

    def relay(self, *, is_only: bool = True, transport: str = "") -> Relay:
        """The relay as a node offers it; ``transport`` (udp, tcp, tls) alone where one is named."""
        urls = [url for url in self.settings.turn_urls if not transport or transport_of(url) == transport]
        relay = relay_of(urls, self.secret, is_only=is_only)
        assert relay is not None
        return relay


def transport_of(url: str) -> str:
    """How a browser speaks to the relay by this address."""
    return "tls" if url.startswith("turns:") else url.rpartition("=")[2]


@contextlib.asynccontextmanager
async def own_relay(folder: Path, *, certified: str = "") -> AsyncIterator[OwnRelay]:
    """Starts coturn as `clinic up` does, waits until it listens, stops it at the end; with a certificate for the name
    ``certified`` it speaks TLS too."""
    plain = {"CLINIC_DATA_DIR": str(folder / "data")}
    settings = with_own_relay(certified_settings(folder, certified) if certified else parse_settings(plain))
    settings = replace(settings, keys_dir=folder / "keys", turn_secret_file=folder / "keys" / "relay.secret")
    assert prepare_relay(settings)
    program = relay_program(settings, folder / "relay.log")
    async with _running(*program.command, healthy=program.healthy):
        secret = (folder / "keys" / "relay.secret").read_text(encoding="ascii").strip()
        yield OwnRelay(settings=settings, secret=secret)


@contextlib.asynccontextmanager
async def guides_relay(folder: Path) -> AsyncIterator[OwnRelay]:
    """Starts coturn with the settings of the engineer's guide, its addresses and ports put in place of the examples."""
    told = with_own_relay(certified_settings(folder, HOST))
    relay = OwnRelay(settings=told, secret="THE-SECRET")
    [text] = re.findall(r"^```conf\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    replaced = {
        "203.0.113.7": HOST,
        "10.0.0.5": HOST,
        "listening-port=3478": f"listening-port={relay.port_of('udp')}",
        "listening-port=443": f"listening-port={relay.port_of('tls')}",
        "/etc/coturn/relay.pem": str(told.tls_certificate),
        "/etc/coturn/relay.key": str(told.tls_key),
    }
    for example, own in replaced.items():
        assert example in text
        text = text.replace(example, own)
    more = ["allow-loopback-peers", f"pidfile={folder / 'pid'}", f"userdb={folder / 'db'}"]
    (folder / "guide.conf").write_text("\n".join([text, *more, ""]))
    program = relay_program(told, folder / "log")
    async with _running(program.command[0], "-c", str(folder / "guide.conf"), healthy=program.healthy):
        yield relay


def certified_settings(folder: Path, name: str) -> Settings:
    """An installation in this folder with a certificate for this name."""
    certificate, key = folder / "relay.pem", folder / "relay.key"
    for file, content in zip((certificate, key), certificate_for(name), strict=True):
        file.write_bytes(content)
    return parse_settings(
        {
            "CLINIC_DATA_DIR": str(folder / "data"),
            "CLINIC_TLS_CERTIFICATE": str(certificate),
            "CLINIC_TLS_KEY": str(key),
        }
    )


@contextlib.asynccontextmanager
async def _running(*command: str, healthy: Callable[[Any], Awaitable[bool]]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, env={"PATH": os.environ.get("PATH", os.defpath)})
    try:
        async with asyncio.timeout(20):
            while not await healthy(None):
                await asyncio.sleep(0.02)
        yield
    finally:
        process.terminate()
        await process.wait()


class Silent(asyncio.DatagramProtocol):
    """Whoever uses the relay and only listens."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)


async def allocate(relay: OwnRelay, transport: str, name: str, word: str) -> tuple[Any, Silent]:
    """A place on the relay for this client. Raises `stun.TransactionFailed` where the relay refuses it.

    By ``tls`` it has to prove its address with the installation's certificate.
    """
    secure = ssl.create_default_context(cafile=relay.settings.tls_certificate) if transport == "tls" else None
    by = "udp" if transport == "udp" else "tcp"
    return await turn.create_turn_endpoint(
        Silent, (HOST, relay.port_of(transport)), name, word, ssl=secure, transport=by
    )
