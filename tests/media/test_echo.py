"""A browser tries its way to a node: what it sends comes back to it alone, by a ticket used once, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.echoes import EchoClaims, Grade, grade_of
from engine.rooms import RoomEvent
from media import echo, protocol
from media.node import MediaConfig, MediaNode, NodePorts
from tests.media.helpers_bot import Bot, FakeTokens, Stream, spec
from tests.media.helpers_call import close, until

LABELS = {"microphone": "audio", "camera": "video"}


class Tickets:
    """Tickets that tests make up."""

    def __init__(self) -> None:
        self.known: dict[str, EchoClaims] = {}
        self.endpoint = ""

    def issue(self, who: str, *, endpoint: str = "", seconds: float = 60) -> str:
        ticket = f"check.{len(self.known)}"
        self.known[ticket] = EchoClaims(
            id=ticket,
            clinic="lakeside",
            who=who,
            endpoint=endpoint or self.endpoint,
            expires_at=datetime.now(UTC) + timedelta(seconds=seconds),
        )
        return ticket

    def __call__(self, ticket: str) -> EchoClaims | None:
        return self.known.get(ticket)


class Place:
    """A node with tickets, and what it told of its rooms."""

    def __init__(self) -> None:
        self.tickets, self.tokens, self.events = Tickets(), FakeTokens(), list[RoomEvent]()
        ports = NodePorts(verify=self.tokens, sink=self.events.append, tickets=self.tickets)
        self.node = MediaNode(MediaConfig(allowed_origins=("http://*.localhost:8080",)), ports)

    def bot(self, who: str = "visit-1", **ticket: Any) -> Bot:
        bot = Bot(self.node.endpoint, self.tickets.issue(who, **ticket))
        bot.publications = {label: {"id": label, "kind": kind} for label, kind in LABELS.items()}
        return bot


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    await made.node.start()
    made.tickets.endpoint = made.node.endpoint
    yield made
    await made.node.stop()


async def test_what_is_sent_comes_back_with_figures_and_nothing_is_told(place: Place) -> None:
    bot = place.bot()
    await bot.connect()
    bot.send_video(key=True)
    talking = asyncio.create_task(bot.talk(1.2))
    await bot.say({"type": "stats", "measures": {"available": 600_000, "round_trip": 0.04}})
    await until(lambda: bot.received[bot.out_ssrc["microphone"]] > 20)
    await until(lambda: bot.received[bot.out_ssrc["camera"]] > 5)
    await talking
    figures = await last_figures(bot)
    # This bot sends no transport-wide feedback, so the way back is unknown and the way there alone decides.
    assert (figures["up"], figures["down"], figures["height"], figures["word"]) == (600_000, 0, 480, "good")
    assert figures["packets"] > 40 and figures["loss_up"] == 0.0
    assert place.events == [], "a try is no event of any visit"
    assert place.node.counters["checks"] == 1 and place.node.counters["rooms"] == 0
    await bot.close()
    await until(lambda: place.node.counters["checks"] == 0)
    await until(lambda: place.node.counters["ice_sessions"] == 0)


async def test_what_is_lost_on_the_way_there_is_counted(place: Place) -> None:
    bot = place.bot()
    await bot.connect()
    bot.send_video(key=True)
    for number in range(100):
        if number % 10 == 9:
            bot.audio.sequence = (bot.audio.sequence + 1) & 0xFFFF  # as if it had been lost
        bot.send_audio()
        await asyncio.sleep(0.005)
    await bot.say({"type": "stats", "measures": {"available": 600_000, "round_trip": 0.04}})
    figures = await last_figures(bot)
    assert 0.06 < figures["loss_up"] < 0.13
    assert figures["word"] in ("fair", "poor")
    await bot.close()


async def test_a_ticket_counts_once_at_its_node_and_in_its_time(place: Place) -> None:
    first = place.bot()
    assert (await first.join())["type"] == "welcome"
    again = Bot(place.node.endpoint, first.token)
    assert await refusal(again) == ("ticket_used", protocol.REFUSED)
    assert await refusal(place.bot(endpoint="ws://elsewhere/room")) == ("token", protocol.REFUSED)
    assert await refusal(place.bot(seconds=-1)) == ("token", protocol.REFUSED)
    assert await refusal(Bot(place.node.endpoint, "check.made.up.one")) == ("token", protocol.REFUSED)
    await close(first, again)


async def test_a_ticket_opens_no_room_and_a_rooms_token_no_echo(place: Place) -> None:
    await place.node.open_room(spec())
    bot = place.bot()
    await bot.join()
    for message in ({"type": "end"}, {"type": "admit", "participant": "p"}, {"type": "record", "on": True}):
        await bot.say(message)
        assert (await bot.next("error"))["code"] == "not_in_a_check"
    assert place.node.snapshot("room-1").participants == ()
    await bot.close()


async def test_one_person_tries_once_at_a_time_and_a_node_takes_so_many(place: Place) -> None:
    bots = [place.bot(f"visit-{number}") for number in range(echo.MOST)]
    for bot in bots:
        await bot.join()
    assert await refusal(place.bot("one-more")) == ("checks_full", protocol.FULL)
    again = place.bot("visit-0")
    assert (await again.join())["type"] == "welcome"
    await until(lambda: bots[0].close_code == protocol.REPLACED)
    assert place.node.counters["checks"] == echo.MOST
    await close(*bots, again)


async def test_a_try_that_lasts_too_long_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "LONGEST_SECONDS", 0.2)
    bot = place.bot()
    await bot.join()
    await until(lambda: bot.close_code == protocol.LATE)
    assert place.node.counters["checks"] == 0
    await bot.close()


async def test_there_are_so_many_ways_and_none_shows_a_screen(place: Place) -> None:
    bot = place.bot()
    await bot.join()
    for _ in range(echo.MOST_WAYS):
        await bot.negotiate()
    await bot.say({"type": "offer", "id": 9, "sdp": bot.sdp([]), "publish": [], "subscribe": []})
    assert (await bot.next("error"))["code"] == "too_many_ways"
    await bot.close()
    other = place.bot("visit-2")
    await other.join()
    await other.say(
        {"type": "offer", "id": 1, "sdp": other.sdp([]), "publish": [{"mid": "1", "label": "screen"}], "subscribe": []}
    )
    assert (await other.next("error"))["code"] == "may_not_publish"
    await other.close()


async def test_rubbish_is_refused_and_leaves_nothing(place: Place) -> None:
    bot = place.bot()
    await bot.join()
    for _ in range(5):
        await bot.say({"type": "offer", "id": 1, "sdp": "v=0\r\nm=", "publish": [], "subscribe": []})
    await until(lambda: bot.close_code == protocol.BAD_MESSAGE)
    await until(lambda: place.node.counters["checks"] == 0)
    assert place.node.counters["ice_sessions"] == 0
    await bot.close()


async def test_many_tries_leave_nothing_behind(place: Place) -> None:
    for number in range(20):
        bot = place.bot(f"visit-{number}")
        bot.audio, bot.video = Stream(), Stream()
        await bot.connect()
        await bot.vanish()
    await until(lambda: place.node.counters["checks"] == 0)
    await until(lambda: place.node.counters["ice_sessions"] == 0)
    assert place.node.counters["ice_addresses"] == 0


@pytest.mark.parametrize(
    ("height", "loss", "seconds", "word"),
    [
        (480, 0.02, 0.3, Grade.GOOD),
        (480, 0.021, 0.1, Grade.FAIR),
        (480, 0.0, 0.31, Grade.FAIR),
        (180, 0.08, 0.6, Grade.FAIR),
        (180, 0.081, 0.1, Grade.POOR),
        (0, 0.0, 0.0, Grade.POOR),
        (720, 0.0, 0.61, Grade.POOR),
    ],
)
def test_a_grade_goes_by_picture_loss_and_delay(height: int, loss: float, seconds: float, word: Grade) -> None:
    assert grade_of(height, loss, seconds) is word


async def last_figures(bot: Bot) -> dict[str, Any]:
    """The newest figures, once those of now have come."""
    while not bot.inbox.empty():
        bot.inbox.get_nowait()
    await bot.next("figures")
    return await bot.next("figures")


async def refusal(bot: Bot) -> tuple[str, int | None]:
    first = await bot.join()
    await until(lambda: bot.close_code is not None)
    await bot.close()
    return str(first.get("code")), bot.close_code
