"""Who has come and gone leaves no task, socket, address or memory behind, by IPv4, by IPv6 and by a relay."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aioice import turn

from engine.relays import Relay
from tests.bench.measuring import held_megabytes
from tests.media.helpers_bot import Bench, Bot, new_bench, spec
from tests.media.helpers_call import until
from tests.media.helpers_relay import own_relay
from tests.media.test_ipv6 import has_ipv6

pytestmark = pytest.mark.slow
RELAYED = pytest.mark.skipif(
    shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)"
)
NEW = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
# While somebody is there they take about two megabytes.
KEPT_MEGABYTES = 30


class _Through:
    """A place on a relay as a socket that is connected to the node."""

    def __init__(self, link: Any, node: tuple[str, int]) -> None:
        self._link, self._node = link, node

    def sendto(self, data: bytes) -> None:
        self._link.sendto(data, self._node)

    def close(self) -> None:
        self._link.close()


class RelayedBot(Bot):
    """A participant whose media goes by a relay, with the credentials that the node gave with its welcome."""

    async def join(self) -> dict[str, Any]:
        welcome = await super().join()
        self.relay = welcome["ice_servers"][0]
        return welcome

    async def media(self) -> None:
        address = (self.server["host"], int(self.server["port"]))
        at = ("127.0.0.1", int(self.relay["urls"][0].split("?")[0].rpartition(":")[2]))
        link, _ = await turn.create_turn_endpoint(lambda: self, at, self.relay["username"], self.relay["credential"])
        self._transport = _Through(link, address)  # type: ignore[assignment]
        self._tasks.append(asyncio.create_task(self._check_path()))
        await asyncio.wait_for(self._checked.wait(), 15)
        await self._dtls.connect(*self.server["fingerprint"].split(" "))


@asynccontextmanager
async def node(**config: Any) -> AsyncIterator[Bench]:
    bench = new_bench(**config)
    await bench.node.start()
    await bench.node.open_room(spec())
    yield bench
    await bench.node.stop()


async def come_and_go(bench: Bench, bot: Callable[[str], Bot], count: int) -> None:
    """One after another joins, sends, and leaves or vanishes, over and over; then all are sent home at once."""

    async def some(times: int) -> None:
        for index in range(times):
            one = bot(f"p{index % 3}")
            await one.connect()
            one.send_audio()
            one.send_video(key=True)
            await (one.close() if index % 2 else one.vanish())
        await until(lambda: bench.node.counters["ice_sessions"] == 0 and not bench.node._started.spawned)

    await some(40)
    tasks, files = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))
    gc.collect()
    before = held_megabytes()
    await some(count)
    gc.collect()
    assert held_megabytes() - before < KEPT_MEGABYTES
    three = [bot(name) for name in ("p0", "p1", "p2")]
    for one in three:
        await one.connect()
    await bench.node.close_room("room-1", "done")
    for one in three:
        await one.vanish()
    await until(lambda: bench.node.counters["ice_sessions"] == 0 and bench.node.counters["ice_addresses"] == 0)
    await until(lambda: not bench.node._started.spawned)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: len(os.listdir("/proc/self/fd")) <= files)


@pytest.fixture(autouse=True)
def _nobody_lingers_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.room.LINGER_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("host", "count"), [("127.0.0.1", 200), pytest.param("::1", 60, marks=NEW)], ids=["IPv4", "IPv6"]
)
async def test_two_hundred_who_came_and_went_leave_nothing_behind(host: str, count: int) -> None:
    async with node(host=host) as bench:
        await come_and_go(bench, bench.bot, count)


@RELAYED
async def test_nor_do_those_who_came_by_a_relay(tmp_path: Path) -> None:
    async with own_relay(tmp_path) as coturn:
        relay = Relay(urls=coturn.relay(transport="udp").urls, secret=coturn.secret, is_only=True)
        async with node(relay=relay) as bench:
            assert relay.ice_servers(datetime.now(UTC), "a")[0]["urls"] == [*relay.urls]

            def bot(name: str) -> Bot:
                return RelayedBot(bench.node.endpoint, bench.tokens.issue(name))

            await come_and_go(bench, bot, 60)
