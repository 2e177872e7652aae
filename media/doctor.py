"""Can calls come about here? ``python -m media.doctor`` tries what a browser would: ports, relays, certificate, clock.

It reads one JSON object from its input (``nodes``: WebSocket addresses; ``advertise``; ``urls`` and ``secret`` of the
relays) and writes one finding a line: ``{"part", "state": ok | warn | fail, "code", "about"}``. What is said of each
code, and what to do about it, is its caller's, the command `clinic media`. It names addresses and numbers, no secret.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from aioice import stun, turn

from engine.relays import LIFE, Relay, password
from media.aio_adapter import relay_opens

WITHIN = 3.0
MOST_CLOCK_SECONDS = 30.0
SOON = timedelta(days=14)
# An address of documentation (RFC 5737): a relay that would send there sends anywhere.
FOREIGN = ("192.0.2.1", 9)
BINDING = b"\x00\x01\x00\x00\x21\x12\xa4\x42"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried, what came of it, and what it is about (an address, a number)."""

    part: str
    state: str
    code: str
    about: str = ""


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if not self.first.done():
            self.first.set_result(data)


async def examine(asked: dict[str, Any]) -> AsyncIterator[Finding]:
    """Everything that is tried, one after another."""
    if not asked["nodes"]:
        yield Finding(part="node", state="fail", code="no_node")
    ports = []
    for endpoint in asked["nodes"]:
        async for finding, udp in _node(endpoint, asked["advertise"]):
            ports += [udp] if udp else []
            yield finding
    if not asked["urls"]:
        yield Finding(part="relay", state="warn", code="no_relay")
    for url in asked["urls"]:
        async for one in _relay(url, asked["secret"], (asked["advertise"], ports[0]) if ports else None):
            yield one


# --- the node ----------------------------------------------------------------------------------------------------


async def _node(endpoint: str, advertise: str) -> AsyncIterator[tuple[Finding, int]]:
    try:
        head, body = await asyncio.wait_for(_health(endpoint), WITHIN)
    except ssl.SSLError:
        yield Finding(part="tls", state="fail", code="certificate", about=endpoint), 0
        return
    except (OSError, TimeoutError, ValueError):
        yield Finding(part="signalling", state="fail", code="unreachable", about=endpoint), 0
        return
    yield Finding(part="signalling", state="ok", code="answers", about=endpoint), 0
    yield _clock(head, endpoint), 0
    udp = int(body.rpartition("udp=")[2])
    answers = await _answers_udp(advertise, udp)
    about = f"{advertise}:{udp}"
    code, state = ("answers", "ok") if answers else ("no_udp", "fail")
    yield Finding(part="media", state=state, code=code, about=about), udp if answers else 0


async def _health(endpoint: str) -> tuple[dict[str, str], str]:
    """The headers and the body of the node's ``/healthz``."""
    parts = urlsplit(endpoint)
    secure = ssl.create_default_context() if parts.scheme == "wss" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    try:
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode("latin-1").partition("\r\n\r\n")
    finally:
        writer.close()
    if " 200 " not in head.partition("\r\n")[0] + " ":
        raise ValueError("health")
    pairs = (line.partition(":") for line in head.split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, body.strip()


def _clock(head: dict[str, str], endpoint: str) -> Finding:
    try:
        off = abs((parsedate_to_datetime(head["date"]) - datetime.now(UTC)).total_seconds())
    except (KeyError, ValueError):
        return Finding(part="clock", state="warn", code="untold", about=endpoint)
    code, state = ("agrees", "ok") if off <= MOST_CLOCK_SECONDS else ("differs", "fail")
    return Finding(part="clock", state=state, code=code, about=f"{round(off)} s")


async def _answers_udp(host: str, port: int) -> bool:
    """Whether the media port answers a bare STUN request (RFC 8489)."""
    loop = asyncio.get_running_loop()
    link, heard = await loop.create_datagram_endpoint(_Answers, remote_addr=(host, port))
    try:
        return await _knocks(link, heard, None)
    finally:
        link.close()


async def _knocks(link: Any, heard: _Answers, address: tuple[str, int] | None) -> bool:
    try:
        async with asyncio.timeout(WITHIN):
            while not heard.first.done():
                link.sendto(BINDING + secrets.token_bytes(12), address)
                await asyncio.wait({heard.first}, timeout=0.5)
    except (TimeoutError, OSError):
        return False
    return True


# --- the relay ---------------------------------------------------------------------------------------------------


async def _relay(url: str, secret: str, node: tuple[str, int] | None) -> AsyncIterator[Finding]:
    now = datetime.now(UTC)
    (server,) = Relay(urls=(url,), secret=secret).ice_servers(now, "doctor")
    name = str(server["username"])
    try:
        link, heard = await _allocate(url, name, str(server["credential"]))
    except stun.TransactionFailed:
        yield Finding(part="relay", state="fail", code="refused", about=url)
        return
    except ssl.SSLError:
        yield Finding(part="relay", state="fail", code="certificate", about=url)
        return
    except (OSError, TimeoutError, stun.TransactionTimeout):
        yield Finding(part="relay", state="fail", code="unreachable", about=url)
        return
    try:
        yield Finding(part="relay", state="ok", code="takes", about=url)
        if node is not None:
            through = await _knocks(link, heard, node)
            code, state = ("through", "ok") if through else ("not_through", "fail")
            yield Finding(part="relay", state=state, code=code, about=f"{node[0]}:{node[1]}")
    finally:
        link.close()
    old = f"{int((now - LIFE).timestamp())}:doctor"
    async for finding in _closed(url, (old, password(secret, old)), (name, password(secret + "x", name))):
        yield finding
    yield await _foreign(url, name, str(server["credential"]))


async def _closed(url: str, *wrong: tuple[str, str]) -> AsyncIterator[Finding]:
    """Credentials that ended and ones of another secret must open nothing."""
    for (name, word), code in zip(wrong, ("takes_expired", "takes_anybody"), strict=True):
        try:
            link, _ = await _allocate(url, name, word)
        except (stun.TransactionFailed, stun.TransactionTimeout, OSError, TimeoutError):
            continue
        link.close()
        yield Finding(part="relay", state="fail", code=code, about=url)


async def _foreign(url: str, name: str, word: str) -> Finding:
    """Whether the relay would send to an address that is no node's."""
    link, _ = await _allocate(url, name, word)
    try:
        opened = await relay_opens(link, FOREIGN)
    finally:
        link.close()
    code, state = ("open_proxy", "fail") if opened else ("nodes_only", "ok")
    return Finding(part="relay", state=state, code=code, about=url)


async def _allocate(url: str, name: str, word: str) -> tuple[Any, _Answers]:
    scheme, _, rest = url.partition(":")
    address, _, wish = rest.partition("?transport=")
    host, _, port = address.rpartition(":") if not address.endswith("]") and ":" in address else (address, "", "")
    at = (host.strip("[]"), int(port or (5349 if scheme == "turns" else 3478)))
    secure: Any = ssl.create_default_context() if scheme == "turns" else False
    transport = "tcp" if secure or wish == "tcp" else "udp"
    async with asyncio.timeout(WITHIN):
        return await turn.create_turn_endpoint(_Answers, at, name, word, ssl=secure, transport=transport)


async def _main() -> int:
    asked = json.loads(sys.stdin.read())
    worst = 0
    async for finding in examine(asked):
        sys.stdout.write(json.dumps(asdict(finding)) + "\n")
        worst |= finding.state == "fail"
    return worst


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
