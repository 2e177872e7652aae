"""A room's timers: nobody came, longer than booked, closing soon, put off, empty; each is told once and on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from engine.rooms import RoomEventKind, RoomRole, RoomTimers
from media.node import MediaConfig, MediaNode, NodePorts
from tests.media.helpers_bot import Bench, FakeTokens, spec
from tests.media.helpers_call import close, until

pytestmark = pytest.mark.slow
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Watch:
    """The clock that the visit goes by."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Timed:
    bench: Bench
    watch: Watch

    async def open(self, **timers: int) -> None:
        """Booked for half an hour, and may take a quarter more."""
        ends, closes = START + timedelta(minutes=30), START + timedelta(minutes=45)
        await self.bench.node.open_room(spec(timers=RoomTimers(**timers), ends_at=ends, closes_at=closes))

    def kinds(self, *wanted: RoomEventKind) -> list[RoomEventKind]:
        return [event.kind for event in self.bench.events if event.kind in wanted]


@pytest.fixture
async def timed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Timed]:
    monkeypatch.setattr("media.room_clock.LOOK_SECONDS", 0.02)
    tokens, watch = FakeTokens(), Watch()
    bench = Bench(MediaNode.__new__(MediaNode), tokens, [])
    ports = NodePorts(verify=tokens, sink=bench.events.append, visit_time=watch)
    bench.node = MediaNode(MediaConfig(allowed_origins=("http://*.localhost:8080",)), ports)
    await bench.node.start()
    yield Timed(bench, watch)
    await bench.node.stop()


async def test_who_leads_hears_that_it_takes_longer_and_everybody_that_it_closes_soon(timed: Timed) -> None:
    await timed.open()
    patient, provider = timed.bench.bot("p1"), timed.bench.bot("d1", RoomRole.PROVIDER)
    await patient.join()
    await provider.join()
    timed.watch.later(minutes=31)
    told = await provider.next("time")
    assert (told["code"], told["closes_in"]) == ("overrun", 14 * 60)
    timed.watch.later(minutes=10)
    for bot in (patient, provider):
        told = await bot.next("time")
        assert (told["code"], told["closes_in"]) == ("closing", 4 * 60)
    late = timed.bench.bot("i1", RoomRole.INTERPRETER)
    await late.join()
    assert (await late.next("time"))["code"] == "closing", "who comes late hears it too"
    timed.watch.later(minutes=5)
    assert (await patient.next("ended"))["reason"] == "time_over"
    wanted = RoomEventKind.OVERRUN, RoomEventKind.CLOSING
    await until(lambda: timed.kinds(*wanted) == [*wanted])
    for bot in (patient, provider, late):
        await bot.vanish()


async def test_who_leads_puts_the_end_off_and_nobody_else_does(timed: Timed) -> None:
    await timed.open(extension=600, most_extensions=2)
    patient, provider = timed.bench.bot("p1"), timed.bench.bot("d1", RoomRole.PROVIDER)
    welcome = await provider.join()
    assert "extend" in welcome["may"]["act"]
    await patient.join()
    await patient.say({"type": "extend"})
    assert (await patient.next("error"))["code"] == "may_not_extend"
    timed.watch.later(minutes=41)
    assert (await patient.next("time"))["code"] == "closing"
    await provider.say({"type": "extend"})
    told = await patient.next("time")
    assert (told["code"], told["closes_in"]) == ("extended", 14 * 60)
    timed.watch.later(minutes=10)
    assert (await patient.next("time"))["code"] == "closing", "and before the new end they hear it again"
    await provider.say({"type": "extend"})
    await patient.next("time")
    await provider.say({"type": "extend"})
    assert (await provider.next("error"))["code"] == "extended_enough"
    await timed.bench.node.open_room(spec(closes_at=START + timedelta(minutes=45)))
    timed.watch.later(minutes=5)
    await provider.say({"type": "ping"})
    await provider.next("pong")
    assert timed.bench.node.snapshot("room-1").open, "opening it again shortens nothing"
    timed.watch.later(minutes=10)
    assert (await patient.next("ended"))["reason"] == "time_over"
    extended = [event for event in timed.bench.events if event.kind is RoomEventKind.EXTENDED]
    assert [(event.by, event.measures) for event in extended] == [("d1", {"seconds": 600})] * 2
    for bot in (patient, provider):
        await bot.vanish()


async def test_who_leads_hears_that_nobody_came_unless_somebody_did(
    timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await timed.open(no_show=0)
    provider = timed.bench.bot("d1", RoomRole.PROVIDER)
    await provider.join()
    assert (await provider.next("time"))["code"] == "no_show"
    patient = timed.bench.bot("p1")
    await patient.join()
    await patient.close()
    await until(lambda: len(timed.bench.node.snapshot("room-1").participants) == 1)
    assert timed.kinds(RoomEventKind.NO_SHOW) == [RoomEventKind.NO_SHOW]
    await close(provider)


async def test_a_room_where_nobody_is_closes_and_one_with_somebody_does_not(timed: Timed) -> None:
    await timed.open(empty=1)
    patient = timed.bench.bot("p1")
    await patient.join()
    room = timed.bench.node._rooms["room-1"]
    room.clock._somebody_at -= 100
    await until(lambda: room.clock._looked > 0)
    assert room.open
    await close(patient)
    report = await timed.bench.node.wait_closed("room-1")
    assert report.reason == "empty"
