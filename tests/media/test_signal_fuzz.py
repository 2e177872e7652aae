"""Whatever is said to a node's door and in its rooms, it refuses, counts, and goes on serving the others."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import string
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.rooms import RoomRole
from media import protocol
from tests.bench.measuring import held_megabytes
from tests.helpers_soak import SECONDS
from tests.media.helpers_bot import Bench, Bot
from tests.media.helpers_call import close, out, two, until

KINDS = [*protocol._READERS, "dance", "", "__proto__"]
FIELDS = ["version", "token", "id", "sdp", "publish", "subscribe", "audio", "video", "measures", "participant"]
FIELDS += ["locked", "code", "mid", "label", "publication"]
# What an allocator may keep for later; somebody in a room takes about two megabytes.
KEPT_MEGABYTES = 25.0


def anything(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value, often one that means something."""
    plain: list[Any] = [None, True, False, -1, 0, 2**31, 1e300, "", "p1", "d1", "hand", "camera", "v=0\r\n"]
    plain.append("".join(rng.choices(string.printable, k=rng.randrange(40))))
    if depth < 3 and rng.random() < 0.3:
        if rng.random() < 0.5:
            return [anything(rng, depth + 1) for _ in range(rng.randrange(5))]
        return {rng.choice(FIELDS): anything(rng, depth + 1) for _ in range(rng.randrange(4))}
    return rng.choice(plain)


def message(rng: random.Random, patient: Bot) -> str:
    """A message that is nearly one of the protocol; some are cut off, some are huge."""
    said: dict[str, Any] = {"type": rng.choice(KINDS)}
    said |= {rng.choice(FIELDS): anything(rng) for _ in range(rng.randrange(5))}
    if said["type"] == "offer" and rng.random() < 0.5:
        lines = patient.sdp([]).split("\r\n")
        rng.shuffle(lines) if rng.random() < 0.3 else lines.pop(rng.randrange(len(lines)))
        said |= {"id": 1, "sdp": "\r\n".join(lines)}
    text = json.dumps(said)
    if rng.random() < 0.05:
        return text[: rng.randrange(len(text))]
    return text + " " * (protocol.MAX_MESSAGE if rng.random() < 0.01 else 0)


async def attack(bench: Bench, rng: random.Random, patient: Bot) -> None:
    """One stranger with a proper token of some role who then says anything, until shown out."""
    role = rng.choice([one for one in RoomRole if one is not RoomRole.PROVIDER])
    make = bench.guest if rng.random() < 0.3 else bench.bot
    bot = make(f"x{rng.randrange(3)}", role, publish=False)
    await bot.join()
    for _ in range(rng.randrange(30)):
        if bot.close_code is not None or bot.socket is None or bot.socket.close_code is not None:
            break
        await bot.socket.send(message(rng, patient))
    await bot.vanish()


async def fuzzed(bench: Bench, rounds: int, seconds: float, seed: int) -> dict[str, float]:
    """What was attacked how often, and the memory that the second half of it left taken."""
    rng, started, done = random.Random(seed), time.monotonic(), 0
    patient, provider = await two(bench)
    tasks, half = len(asyncio.all_tasks()), 0.0
    while done < rounds and (lasted := time.monotonic() - started) < seconds:
        if not half and lasted > seconds / 2:
            half = held()
        done += 1
        await attack(bench, rng, patient)
        forget(bench, patient, provider)
    await until(lambda: len(asyncio.all_tasks()) <= tasks and bench.node.counters["ice_sessions"] == 2, 30)
    figures = {"attacks": done, "refused": sum(bench.node.refused.values()), "memory_grown_mb": held() - half}
    heard = provider.received[out(provider, "audio")]
    await until(lambda: patient.send_audio() or provider.received[out(provider, "audio")] > heard + 3)  # type: ignore[func-returns-value]
    assert sum(bench.node.refused.values()) > 0
    assert bench.node.snapshot("room-1").open
    await close(patient, provider)
    return figures


def forget(bench: Bench, *bots: Bot) -> None:
    """What the test itself has written down of an attack: events, tokens, and what the two in the room were told."""
    bench.events.clear()
    for token in [token for token, claims in bench.tokens.known.items() if claims.participant_id.startswith("x")]:
        del bench.tokens.known[token]
    for bot in bots:
        bot.control.clear()
        bot.raw_control.clear()
        while not bot.inbox.empty():
            bot.inbox.get_nowait()


def held() -> float:
    gc.collect()
    return held_megabytes()


@pytest.mark.slow
async def test_nothing_said_brings_the_room_down(bench: Bench) -> None:
    await fuzzed(bench, 25, 20.0, seed=7)


@pytest.mark.soak
async def test_nothing_said_for_long_brings_the_room_down(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    figures = await fuzzed(bench, 10**9, SECONDS, seed=time.time_ns())
    for name, value in figures.items():
        record_property(name, round(value, 1))
    assert figures["memory_grown_mb"] < KEPT_MEGABYTES
