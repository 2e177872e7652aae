"""Two bots in a call, and waiting for what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from engine.rooms import RoomRole
from tests.media.helpers_bot import Bench, Bot


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def two(bench: Bench) -> tuple[Bot, Bot]:
    """A patient and a provider who receive each other."""
    patient, provider = bench.bot("p1"), bench.bot("d1", RoomRole.PROVIDER)
    await patient.connect()
    await provider.connect()
    await until(lambda: len(patient.publications) == 2)
    await patient.renegotiate()
    return patient, provider


def out(bot: Bot, kind: str) -> int:
    """The SSRC by which a bot receives the other's sound or picture."""
    return next(bot.out_ssrc[pub["id"]] for pub in bot.publications.values() if pub["kind"] == kind)


async def close(*bots: Bot) -> None:
    for bot in bots:
        await bot.close()
