"""Only the WebSocket breaks: the participant, their media and what the others see of them go on."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from websockets.asyncio.client import connect

from engine.rooms import RoomEventKind, RoomRole
from media import protocol
from media.line import KEPT
from tests.media.helpers_bot import ORIGIN, Bench, Bot
from tests.media.helpers_call import close, out, two, until

pytestmark = pytest.mark.slow


class Listener(Bot):
    """A bot that counts what it hears, as a browser does, and goes on over another WebSocket."""

    heard = 0
    resume = ""

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] not in ("error", "resumed"):
            self.heard += 1
        self.resume = message.get("resume", self.resume)
        super()._heard(message)

    def cut(self) -> None:
        """The network under the WebSocket is gone; no close is said."""
        assert self.socket is not None
        self._tasks.pop(0).cancel()
        self.socket.transport.abort()

    async def go_on(self, token: str = "", heard: int | None = None) -> dict[str, Any]:
        self.inbox = asyncio.Queue()
        self.socket = await connect(self.endpoint, origin=ORIGIN)  # type: ignore[arg-type]
        self._tasks.insert(0, asyncio.create_task(self._read()))
        said = {"type": "resume", "version": 1, "token": token or self.resume}
        await self.say(said | {"heard": self.heard if heard is None else heard})
        return await self.next()


def listener(bench: Bench, who: str, role: RoomRole = RoomRole.PATIENT) -> Listener:
    return Listener(bench.node.endpoint, bench.tokens.issue(who, role))


async def call(bench: Bench) -> tuple[Listener, Bot]:
    patient, provider = listener(bench, "p1"), bench.bot("d1", RoomRole.PROVIDER)
    await patient.connect()
    await provider.connect()
    await until(lambda: len(patient.publications) == 2)
    await patient.renegotiate()
    return patient, provider


def waiting(bot: Bot) -> list[dict[str, Any]]:
    return list(bot.inbox._queue)  # type: ignore[attr-defined]


async def test_media_goes_on_and_nobody_else_notices(bench: Bench) -> None:
    patient, provider = await call(bench)
    while not provider.inbox.empty():
        provider.inbox.get_nowait()
    before = bench.node._rooms["room-1"]._present["p1"]
    peer, tracks = before.peer, set(before.publications)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    patient.cut()
    await until(lambda: before.away)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    assert (await patient.go_on())["type"] == "resumed"
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    now = bench.node._rooms["room-1"]._present["p1"]
    assert now is before and now.peer is peer and set(now.publications) == tracks, "the same DTLS session and tracks"
    assert before.lingering is None and not before.away
    numbers = [number for number, _ in provider.payloads[out(provider, "audio")]]
    assert len(numbers) >= 25 and all((b - a) % 65536 == 1 for a, b in itertools.pairwise(numbers)), "without a gap"
    assert not [told for told in waiting(provider) if told["type"] in ("left", "published", "unpublished")]
    joined = [event for event in bench.events if event.kind is RoomEventKind.JOINED]
    resumed = [event for event in bench.events if event.kind is RoomEventKind.RESUMED]
    assert len(joined) == 2 and [event.participant_id for event in resumed] == ["p1"]
    await patient.move()
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    assert now.peer is peer, "another ICE session on another address, and still the same DTLS session"
    await close(patient, provider)


async def test_what_was_missed_is_heard_once_and_in_order(bench: Bench) -> None:
    patient, provider = await call(bench)
    patient.cut()
    for code in ("hand", "cannot_hear"):
        await provider.say({"type": "signal", "code": code})
    await provider.say({"type": "lock", "locked": True})
    await provider.next("locked")
    assert (await patient.go_on())["type"] == "resumed"
    missed = [await patient.next() for _ in range(3)]
    assert [one.get("code", one["type"]) for one in missed] == ["hand", "cannot_hear", "locked"]
    patient.cut()
    await patient.go_on()
    await patient.say({"type": "ping"})
    assert (await patient.next())["type"] == "pong", "what was heard is not said again"
    await close(patient, provider)


async def test_another_websocket_takes_the_place_of_one_that_nobody_has_missed_yet(bench: Bench) -> None:
    patient, provider = await call(bench)
    old = patient.socket
    assert old is not None
    patient._tasks.pop(0).cancel()
    assert (await patient.go_on())["type"] == "resumed"
    await old.wait_closed()
    assert old.close_code == protocol.REPLACED
    await provider.say({"type": "signal", "code": "hand"})
    assert (await patient.next("signal"))["code"] == "hand"
    assert len(bench.node.snapshot("room-1").participants) == 2
    await close(patient, provider)


async def test_a_token_that_was_used_is_refused_counted_and_on_record(bench: Bench) -> None:
    patient, provider = await call(bench)
    first = patient.resume
    patient.cut()
    await patient.go_on()
    assert patient.resume != first
    thief = listener(bench, "p1")
    refused = await thief.go_on(first)
    assert (refused["type"], refused["code"]) == ("error", "resume_replayed")
    await until(lambda: thief.close_code == protocol.NO_RESUME)
    assert bench.node.refused["join_resume_replayed"] == 1
    told = [event for event in bench.events if event.kind is RoomEventKind.RESUME_REFUSED]
    assert [(event.participant_id, event.reason) for event in told] == [("p1", "replayed")]
    await provider.say({"type": "signal", "code": "hand"})
    assert (await patient.next("signal"))["code"] == "hand", "whoever is there is not disturbed"
    assert (await thief.go_on("nobodys"))["code"] == "resume_unknown"
    last = patient.resume
    await close(patient)
    await until(lambda: len(bench.node.snapshot("room-1").participants) == 1)
    assert (await thief.go_on(last))["code"] == "resume_unknown", "with its participant it is gone"
    assert len(bench.node._resumes) == 1
    await close(thief, provider)


async def test_who_missed_too_much_or_may_not_stay_joins_anew_or_not_at_all(bench: Bench) -> None:
    patient, provider = await call(bench)
    patient.cut()
    assert (await patient.go_on(heard=patient.heard + 1))["code"] == "resume_gap"
    again = listener(bench, "p1")
    await again.connect()
    again.cut()
    room = bench.node._rooms["room-1"]
    await until(lambda: room._present["p1"].away)
    for _ in range(KEPT + 1):
        room._present["p1"].send({"type": "written", "participant": "d1"})
    assert (await again.go_on())["code"] == "resume_gap"
    third = listener(bench, "p1")
    await third.connect()
    third.cut()
    bench.tokens.gone.add("p1")
    assert (await third.go_on())["code"] == "removed"
    for bot in (patient, again, third):
        await bot.vanish()
    await close(provider)


async def test_who_does_not_come_back_has_left_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.room.AWAY_SECONDS", 0.2)
    patient, provider = await two(bench)
    assert patient.socket is not None
    patient.socket.transport.abort()
    assert (await provider.next("left"))["reason"] == "lost"
    await patient.vanish()
    await close(provider)
