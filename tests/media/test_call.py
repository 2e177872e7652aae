"""A whole call between bots: real UDP and WebSocket sockets, real DTLS-SRTP, a node in the same loop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.rooms import RoomRole
from tests.media.helpers_bot import Bench, Bot, new_bench, spec


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = new_bench()
    await made.node.start()
    await made.node.open_room(spec())
    yield made
    await made.node.stop()


async def two(bench: Bench) -> tuple[Bot, Bot]:
    patient, provider = bench.bot("p1"), bench.bot("d1", RoomRole.PROVIDER)
    await patient.connect()
    await provider.connect()
    await patient.next("published")
    await until(lambda: len(patient.publications) == 2)
    await patient.renegotiate()
    return patient, provider


async def until(condition: Any, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def out(bot: Bot, kind: str) -> int:
    return next(bot.out_ssrc[pub["id"]] for pub in bot.publications.values() if pub["kind"] == kind)


async def test_sound_and_picture_arrive_decrypted_both_ways(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.5), provider.talk(0.5))
    await asyncio.sleep(0.1)
    for bot in (patient, provider):
        assert bot.received[out(bot, "audio")] >= 24
        assert bot.received[out(bot, "video")] >= 20
        assert bot.received[-1] == 0
        assert all(payload == b"opus" * 20 for _, payload in bot.payloads[out(bot, "audio")])
        numbers = [number for number, _ in bot.payloads[out(bot, "video")]]
        assert all((b - a) % 65536 == 1 for a, b in itertools.pairwise(numbers))
    await patient.close()
    await provider.close()
