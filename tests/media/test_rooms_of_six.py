"""Six in a room at 720p, in three layers each: everybody gets everybody, also over changes of layer and losses."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import pytest

from engine.rooms import RoomRole
from media.forward import Forwarder
from tests.media.helpers_bot import ORIGIN, Bench, new_bench, spec
from tests.media.helpers_call import until
from tests.media.helpers_load import Clip, Talk, make_clip
from tests.media.helpers_rooms import Member

pytestmark = pytest.mark.slow
SIX, LONGEST_GAP = 6, 2.0
# Pictures a second: half as many as a browser sends, for the suite's sake.
PICTURES = 15
SOAK_SECONDS = 600.0


@cache
def clips() -> tuple[Clip, Clip, Clip]:
    """176, 352 and 720 lines: half a second of each, again and again, with few packets."""
    low = make_clip(size=(320, 176), kbps=60, seconds=0.5)
    middle = make_clip(size=(640, 352), kbps=150, seconds=0.5)
    return low, middle, make_clip(kbps=300, seconds=0.5)


@pytest.fixture(autouse=True)
def _the_test_chooses_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ladder would choose them again four times a second."""
    monkeypatch.setattr("media.quality.LinkQuality._show", lambda quality, pictures, now: None)


@dataclass(frozen=True)
class Full:
    """A room with six in it."""

    bench: Bench
    members: list[Member]
    talk: Talk

    async def until_all_flow(self) -> None:
        """Everybody receives everybody, the picture in its best layer."""
        await until(lambda: all(len(one.leg.flows) >= 2 * (SIX - 1) for one in self.members), 60)
        await until(lambda: all(one.source and one.source.height == 720 for _, one in self.subscriptions), 60)
        self.talk.stalled = 0.0
        for member in self.members:
            member.leg.forget()

    @property
    def subscriptions(self) -> list[tuple[Member, Forwarder]]:
        """Everybody's camera as each of the others gets it, with who sends it."""
        present = self.bench.node._rooms["room-1"]._present
        cameras = {
            publication.id: self.members[int(who[1:])]
            for who, participant in present.items()
            for publication in participant.publications.values()
            if publication.kind == "video"
        }
        peers = [participant.peer for participant in present.values() if participant.peer]
        found = [(sender, peer.subscription(camera)) for peer in peers for camera, sender in cameras.items()]
        return [(sender, forwarder) for sender, forwarder in found if forwarder]

    def worst_gap(self) -> float:
        """The longest silence of any stream that anybody receives, the present one included; without what the machine
        made of it by holding up the senders."""
        now = time.monotonic()
        flows = [flow for member in self.members for flow in member.leg.flows.values() if flow.kind != "rtx"]
        return max(max(flow.worst, now - flow.last) for flow in flows) - self.talk.stalled


@asynccontextmanager
async def full_room() -> AsyncIterator[Full]:
    bench = new_bench()
    await bench.node.start()
    await bench.node.open_room(spec())
    members: list[Member] = []
    for number in range(SIX):
        token = bench.tokens.issue(f"p{number}", RoomRole.PROVIDER, life=3600)
        members.append(await Member.join(bench.node.endpoint, token, ORIGIN, *clips()))
        members[-1].voice.fps = PICTURES
    await asyncio.gather(*(member.receive((SIX - 1) * 2) for member in members))
    full = Full(bench, members, Talk([member.voice for member in members]))
    talking = asyncio.create_task(full.talk.run(SOAK_SECONDS + 60))
    yield full
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    await asyncio.gather(*(member.close() for member in members))
    await bench.node.stop()


async def change_layers(full: Full, wanted: int) -> list[tuple[Member, int]]:
    """Gives everybody another layer; how many pictures each sender sent until its key frame was used."""
    waiting = []
    for sender, forwarder in full.subscriptions:
        forwarder.wanted_layer = wanted
        waiting.append((sender, forwarder, sender.voice.pictures))
    took = []
    while waiting:
        await asyncio.sleep(0.01)
        for one in list(waiting):
            sender, forwarder, before = one
            if forwarder.source is not None and forwarder.source.height == (176, 352, 720)[wanted]:
                took.append((sender, sender.voice.pictures - before))
                waiting.remove(one)
            assert sender.voice.pictures - before < 20 * PICTURES, "the layer never came"
    return took


async def test_six_get_all_the_others_and_a_change_of_layer_shows_within_a_second() -> None:
    async with full_room() as full:
        await full.until_all_flow()
        for wanted in (0, 2):
            took = await change_layers(full, wanted)
            assert max(pictures for _, pictures in took) <= PICTURES, "a second of the sender's own time"
            await asyncio.sleep(0.3)
        flows = [flow for member in full.members for flow in member.leg.flows.values()]
        assert len([flow for flow in flows if flow.packets]) >= SIX * (SIX - 1) * 2
        assert full.worst_gap() < LONGEST_GAP


async def test_a_seventh_is_told_that_the_room_is_full() -> None:
    async with full_room() as full:
        seventh = full.bench.bot("p7", RoomRole.PROVIDER)
        assert (await seventh.join())["code"] == "room_full"
        await seventh.vanish()


async def test_who_comes_last_sees_everybody_within_a_second() -> None:
    bench = new_bench()
    await bench.node.start()
    await bench.node.open_room(spec())
    tokens = [bench.tokens.issue(f"p{number}", RoomRole.PROVIDER) for number in range(SIX)]
    early = [await Member.join(bench.node.endpoint, token, ORIGIN, *clips()) for token in tokens[:-1]]
    for member in early:
        member.voice.fps = PICTURES
    talking = asyncio.create_task(Talk([member.voice for member in early]).run(60))
    last = await Member.join(bench.node.endpoint, tokens[-1], ORIGIN, *clips())
    before = [member.voice.pictures for member in early]
    await last.receive((SIX - 1) * 2)
    await until(lambda: sum(flow.kind == "video" for flow in last.leg.flows.values()) == SIX - 1, 60)
    shown = [member.voice.pictures - pictures for member, pictures in zip(early, before, strict=True)]
    assert max(shown) <= PICTURES, "within a second of the senders' own time"
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    await asyncio.gather(*(member.close() for member in [*early, last]))
    await bench.node.stop()


@pytest.mark.soak
async def test_ten_minutes_of_six_with_a_changing_network() -> None:
    """Layers change, cameras go off and on, and up to a tenth of the packets gets lost on the way in and out."""
    chance = random.Random(11)
    async with full_room() as full:
        await full.until_all_flow()
        end, switches = time.monotonic() + SOAK_SECONDS, 0
        while time.monotonic() < end:
            for member in full.members:
                member.leg.lost_share = chance.choice([0.0, 0.0, 0.02, 0.1])
            took = await change_layers(full, chance.randrange(3))
            switches += len(took)
            # Where requests and key frames get lost they are sent again, each half a second.
            assert all(pictures <= (5 if sender.leg.lost_share else 1) * PICTURES for sender, pictures in took)
            await asyncio.sleep(chance.random() * 3)
            assert full.worst_gap() < LONGEST_GAP
        assert switches > SOAK_SECONDS
