"""A browser on a link that the kernel itself makes narrow, lossy or dead: network namespaces, `tc tbf` and `iptables`.

Three rooms in a row: the machine, where site and node are; a *router* that spoils what passes; a *client* in which
Chromium runs. A pair of cables joins each to the next. Picture and sound go by UDP through the router; the site and the
signalling go round it, by a socket file, for a page must come from 127.0.0.1 to be allowed a camera. Few kernels have
netem, so delay and jitter are made by the proxy (tests/media/helpers_proxy.py) at the near end.

It takes the rights of root; `why_not` says what is missing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.helpers_people import CHROMIUM
from tests.browser.test_room_client import Site, launched, served
from tests.browser.test_thin_link import FarSite
from tests.media.helpers_proxy import Manners, Proxy

ROOT = Path(__file__).parents[2]
NET = f"10.213.{os.getpid() % 250}"
MACHINE, ROUTER_NEAR, ROUTER_FAR, CLIENT = (f"{NET}.{last}" for last in (1, 2, 5, 6))
CABLE, ROUTER_ROOM, CLIENT_ROOM = (f"cw{end}{os.getpid()}" for end in "mrc")
NEAR, FAR = "near", "far"
BURST, QUEUE = "6kb", "300ms"


def why_not() -> str:
    """Why no such link can be made here; empty where it can."""
    missing = [name for name in ("ip", "tc", "iptables") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "network namespaces take the rights of root"
    try:
        with rooms():
            _in(ROUTER_ROOM, "iptables", "-m", "statistic", "--help")
    except subprocess.CalledProcessError as error:
        return f"this machine makes no such link: {error.stderr.decode().strip()}"
    return ""


class Router:
    """Spoils whatever passes between machine and client, both ways alike."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def behave(self, manners: Manners) -> None:
        """From now on."""
        for cable in (NEAR, FAR):
            with suppress(subprocess.CalledProcessError):
                _in(ROUTER_ROOM, "tc", "qdisc", "del", "dev", cable, "root")
            if manners.rate is not None:
                rate = ("rate", f"{int(manners.rate)}bit", "burst", BURST, "latency", QUEUE)
                _in(ROUTER_ROOM, "tc", "qdisc", "add", "dev", cable, "root", "tbf", *rate)
        _in(ROUTER_ROOM, "iptables", "-F", "FORWARD")
        if manners.dark:
            _in(ROUTER_ROOM, "iptables", "-A", "FORWARD", "-j", "DROP")
        elif manners.loss:
            chance = ("-m", "statistic", "--mode", "random", "--probability", str(manners.loss))
            _in(ROUTER_ROOM, "iptables", "-A", "FORWARD", *chance, "-j", "DROP")
        self._proxy.lines[-1].behave(Manners(delay=manners.delay, jitter=manners.jitter))


@dataclass(frozen=True, slots=True)
class Apart:
    """A site, a browser beside it, and one behind the router."""

    site: Site
    near: Browser
    far: Browser
    router: Router


@asynccontextmanager
async def apart(folder: Path) -> AsyncIterator[Apart]:
    """Both browsers and the site, with a link that behaves well until the router is told otherwise."""
    async with AsyncExitStack() as stack:
        stack.enter_context(rooms())
        site = await stack.enter_async_context(served(_Distant()))
        proxy = Proxy(site.node.udp_port, address=MACHINE)
        await proxy.start()
        stack.push_async_callback(proxy.close)
        ports = [int(address.rsplit(":", 1)[1].split("/")[0]) for address in (site.origin, site.node.endpoint)]
        await stack.enter_async_context(_gone_round(folder / "round", ports))
        program = folder / "chromium"
        program.write_text(f'#!/bin/sh\nexec ip netns exec {CLIENT_ROOM} {CHROMIUM} "$@"\n', encoding="utf-8")
        program.chmod(0o700)
        near = await stack.enter_async_context(launched())
        far = await stack.enter_async_context(launched(program=str(program)))
        yield Apart(site=site, near=near, far=far, router=Router(proxy))


class _Distant(FarSite):
    address = MACHINE


@contextmanager
def rooms() -> Iterator[None]:
    """Both namespaces and their cables, and nothing of them afterwards."""
    with ExitStack() as stack:
        for name in (ROUTER_ROOM, CLIENT_ROOM):
            _do("ip", "netns", "add", name)
            stack.callback(_do, "ip", "netns", "del", name)
        _do("ip", "link", "add", CABLE, "type", "veth", "peer", "name", NEAR, "netns", ROUTER_ROOM)
        stack.callback(_do, "ip", "link", "del", CABLE)
        _in(ROUTER_ROOM, "ip", "link", "add", FAR, "type", "veth", "peer", "name", "out", "netns", CLIENT_ROOM)
        _do("ip", "address", "add", f"{MACHINE}/30", "dev", CABLE)
        _do("ip", "link", "set", CABLE, "up")
        for room, cable, address in (
            (ROUTER_ROOM, NEAR, ROUTER_NEAR),
            (ROUTER_ROOM, FAR, ROUTER_FAR),
            (CLIENT_ROOM, "out", CLIENT),
        ):
            _in(room, "ip", "address", "add", f"{address}/30", "dev", cable)
            _in(room, "ip", "link", "set", cable, "up")
        _in(CLIENT_ROOM, "ip", "link", "set", "lo", "up")
        _in(CLIENT_ROOM, "ip", "route", "add", "default", "via", ROUTER_FAR)
        _in(ROUTER_ROOM, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _do("ip", "route", "add", f"{NET}.4/30", "via", ROUTER_NEAR)
        yield


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


def _in(room: str, *command: str) -> None:
    _do("ip", "netns", "exec", room, *command)


# --- round the router -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _gone_round(file: Path, ports: Sequence[int]) -> AsyncIterator[None]:
    """What the client connects to at its own 127.0.0.1 is connected to the same port of the machine."""
    server = await asyncio.start_unix_server(_at_the_machine, file)
    words = ["ip", "netns", "exec", CLIENT_ROOM, sys.executable, "-m", __name__, str(file), *map(str, ports)]
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield
    finally:
        process.kill()
        await process.wait()
        server.close()


async def _at_the_machine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    port = int(await reader.readline())
    await _joined((reader, writer), await asyncio.open_connection("127.0.0.1", port))


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _joined(one: _Stream, other: _Stream) -> None:
    """Passes on what either says until one has said all."""
    tasks = [asyncio.create_task(_pass(one[0], other[1])), asyncio.create_task(_pass(other[0], one[1]))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for _, writer in (one, other):
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()


async def _in_the_client(file: str, ports: Sequence[int]) -> None:
    async def taken(port: int, stream: _Stream) -> None:
        far = await asyncio.open_unix_connection(file)
        far[1].write(f"{port}\n".encode())
        await _joined(stream, far)

    for port in ports:
        await asyncio.start_server(lambda *stream, to=port: taken(to, stream), "127.0.0.1", port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_in_the_client(sys.argv[1], [int(port) for port in sys.argv[2:]]))
