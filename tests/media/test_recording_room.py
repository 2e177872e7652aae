"""A room is recorded only after everybody in it has agreed, and never while somebody is there who has not."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.rooms import RoomRole
from media import record_room
from media.node import MediaConfig, MediaNode, NodePorts
from media.record_final import finalise
from tests.media.helpers_bot import Bench, Bot, FakeTokens, spec
from tests.media.helpers_call import close, two, until
from tests.media.helpers_clip import marks, picture, sound
from tests.media.helpers_ffprobe import FFPROBE, probed_marks, probed_streams
from tests.media.helpers_recording import FakeDesk, MemoryTape, play

pytestmark = pytest.mark.slow


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def bench(desk: FakeDesk) -> AsyncIterator[Bench]:
    tokens = FakeTokens()
    ports = NodePorts(verify=tokens, admits=tokens.admits, recordings=desk)
    made = Bench(MediaNode(MediaConfig(allowed_origins=("http://*.localhost:8080",)), ports), tokens, [])
    await made.node.start()
    await made.node.open_room(spec())
    yield made
    await made.node.stop()


async def told(bot: Bot, state: str) -> dict[str, Any]:
    """The next word on the recording that says so."""
    while (message := await bot.next("recording"))["state"] != state:
        pass
    return message


async def say(bot: Bot, agrees: bool = True, recording: str = "rec-1") -> None:
    await bot.say({"type": "recording_said", "recording": recording, "agrees": agrees, "language": "en"})


async def recorded(patient: Bot, provider: Bot) -> None:
    await provider.say({"type": "record", "on": True})
    await told(patient, "asking")
    await say(patient)
    await told(provider, "on")


def finished(tape: MemoryTape) -> bytes:
    place = io.BytesIO()
    finalise(iter([bytes(tape.data)]), place)
    return place.getvalue()


async def test_both_sides_of_a_call_become_files_with_sound_and_picture_in_sync(
    bench: Bench, desk: FakeDesk, tmp_path: Path
) -> None:
    frames, samples = await asyncio.to_thread(lambda: (picture(8), sound(8)))
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await asyncio.gather(play(patient, frames, samples, 8), play(provider, frames, samples, 8))
    await provider.say({"type": "record", "on": False})
    assert (await told(patient, "off"))["code"] == "stopped"
    assert {(tape.spec.participant, tape.spec.video, tape.spec.audio) for tape in desk.tapes} == {
        ("p1", "vp8", "opus"),
        ("d1", "vp8", "opus"),
    }
    beeped: list[list[float]] = []
    for tape in desk.tapes:
        data = finished(tape)
        for flashes, beeps in (marks(data), *((probed_marks(data, tmp_path),) if FFPROBE else ())):
            assert len(flashes) >= 6 and len(beeps) >= 6 and tape.duration_ms > 6500
            assert max(min(abs(beep - flash) for beep in beeps) for flash in flashes[1:]) < 0.1
        beeped.append([tape.spec.offset_ms / 1000 + beep for beep in beeps])
        if FFPROBE:
            assert probed_streams(data) == {"video": "vp8", "audio": "opus"}
    # Both played the same clip at once: their places in the recording's time put the two sides together again.
    assert max(min(abs(one - other) for other in beeped[1]) for one in beeped[0]) < 0.1
    assert desk.told[:3] == [("ask", "d1"), ("said", "d1", "True"), ("said", "p1", "True")]
    assert desk.told[3:] == [("begin", "rec-1"), ("moved", "on", ""), ("moved", "off", "stopped")]
    await close(patient, provider)


async def test_who_refuses_keeps_it_from_being_recorded_and_everybody_is_told(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    await provider.say({"type": "record", "on": True})
    assert (await told(patient, "asking"))["missing"] == ["p1"]
    await say(patient, agrees=False)
    assert (await told(provider, "off"))["code"] == "refused"
    assert not desk.tapes and ("said", "p1", "False") in desk.told
    await close(patient, provider)


@pytest.mark.parametrize("fault", ["refuses", "refuses_to_begin"])
async def test_what_the_law_does_not_permit_is_not_recorded(bench: Bench, desk: FakeDesk, fault: str) -> None:
    setattr(desk, fault, "gate_shut")
    patient, provider = await two(bench)
    await provider.say({"type": "record", "on": True})
    if fault == "refuses_to_begin":
        await told(patient, "asking")
        await say(patient)
    answer = await told(provider, "off")
    assert answer["code"] == "gate_shut" and answer["gate"]
    assert not desk.tapes
    await close(patient, provider)


async def test_an_agreement_that_cannot_be_kept_is_none(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    await provider.say({"type": "record", "on": True})
    await told(patient, "asking")
    desk.cannot_keep = True
    await say(patient)
    assert (await provider.next("recording"))["missing"] == ["p1"]
    assert ("begin", "rec-1") not in desk.told
    await close(patient, provider)


async def test_who_comes_later_is_asked_and_nothing_is_recorded_until_they_agree(bench: Bench, desk: FakeDesk) -> None:
    frames, samples = await asyncio.to_thread(lambda: (picture(3), sound(3)))
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await play(patient, frames, samples, 1)
    helper = bench.bot("c1", RoomRole.CAREGIVER)
    welcome = await helper.join()
    assert welcome["recording"]["missing"] == ["c1"]
    assert (await told(provider, "paused"))["missing"] == ["c1"]
    before = sum(len(tape.data) for tape in desk.tapes)
    await play(patient, frames, samples, 1)
    assert sum(len(tape.data) for tape in desk.tapes) == before and all(tape.duration_ms >= 0 for tape in desk.tapes)
    await say(helper)
    await told(patient, "on")
    await play(patient, frames, samples, 3)
    await provider.say({"type": "record", "on": False})
    await told(patient, "off")
    assert len({tape.spec.offset_ms for tape in desk.tapes}) == 2 and sum(len(t.data) for t in desk.tapes) > before
    await close(patient, provider, helper)


async def test_an_agreement_taken_back_ends_it_at_once(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await say(patient, agrees=False)
    assert (await told(provider, "off"))["code"] == "withdrawn"
    assert desk.told[-2:] == [("said", "p1", "False"), ("moved", "off", "withdrawn")]
    await close(patient, provider)


async def test_only_who_leads_the_visit_records_and_only_the_present_question_is_answered(
    bench: Bench, desk: FakeDesk
) -> None:
    patient, provider = await two(bench)
    await patient.say({"type": "record", "on": True})
    assert (await patient.next("error"))["code"] == "may_not_record"
    await say(patient)
    assert (await patient.next("error"))["code"] == "recording_unknown"
    assert desk.told == []
    await close(patient, provider)


async def test_a_disk_that_takes_nothing_ends_the_recording_and_not_the_call(bench: Bench, desk: FakeDesk) -> None:
    desk.broken = True
    frames, samples = await asyncio.to_thread(lambda: (picture(2), sound(2)))
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await play(patient, frames, samples, 2)
    assert (await told(provider, "off"))["code"] == "fault"
    provider.received.clear()
    await patient.talk(0.2)
    await until(lambda: sum(provider.received.values()) > 5)
    await close(patient, provider)


async def test_without_the_clinician_nothing_is_recorded(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await provider.close()
    await told(patient, "paused")
    await close(patient)


async def test_a_room_that_closes_ends_its_recording_first(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    await recorded(patient, provider)
    await provider.say({"type": "end"})
    await bench.node.wait_closed("room-1")
    assert desk.told[-1] == ("moved", "off", "ended")
    await close(patient, provider)


async def test_who_comes_to_a_room_after_one_that_broke_down_is_told_that_the_recording_broke_off(
    bench: Bench, desk: FakeDesk
) -> None:
    desk.breaks_off = True
    await bench.node.open_room(spec("visit-1.2"))
    bots = [
        Bot(bench.node.endpoint, bench.tokens.issue(name, role, room="visit-1.2"))
        for name, role in (("p1", RoomRole.PATIENT), ("d1", RoomRole.PROVIDER))
    ]
    await bots[0].join()
    assert (await told(bots[0], "off"))["code"] == "interrupted"
    assert (await bots[1].join())["recording"]["code"] == "interrupted"
    await bots[1].say({"type": "record", "on": True})
    assert (await told(bots[0], "asking"))["code"] == ""
    assert desk.told.count(("broken_off", "visit-1.2")) == 1
    await close(*bots)


async def test_a_visits_first_room_has_nothing_to_look_back_at(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    assert desk.told == []
    await close(patient, provider)


async def test_who_does_not_answer_keeps_it_from_being_recorded(
    bench: Bench, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_room, "ASKING_SECONDS", 0.5)
    patient, provider = await two(bench)
    await provider.say({"type": "record", "on": True})
    await told(patient, "asking")
    for bot in (patient, provider):
        assert (await told(bot, "off"))["code"] == "unanswered"
    await say(patient)
    assert (await patient.next("error"))["code"] == "recording_unknown", "a yes that comes too late is none"
    assert not desk.tapes and desk.told[-1] == ("moved", "off", "unanswered")
    await close(patient, provider)


async def test_a_guest_who_was_let_in_is_asked_as_everybody_else(bench: Bench, desk: FakeDesk) -> None:
    patient, provider = await two(bench)
    guest = bench.guest("g1", RoomRole.INTERPRETER)
    await guest.join()
    knock = await provider.next("knock")
    await recorded(patient, provider)  # who waits outside hears nothing, and is not asked
    await provider.say({"type": "admit", "participant": knock["participant"]["id"]})
    assert (await told(provider, "paused"))["missing"] == ["g1"]
    await say(guest)
    assert (await told(patient, "on"))["missing"] == []
    await say(guest, agrees=False)
    assert (await told(patient, "off"))["code"] == "withdrawn"
    await close(patient, provider, guest)


async def test_within_a_second_of_an_agreement_taken_back_nothing_more_is_kept_of_anybody(
    bench: Bench, desk: FakeDesk
) -> None:
    frames, samples = await asyncio.to_thread(lambda: (picture(4), sound(4)))
    patient, provider = await two(bench)
    await recorded(patient, provider)
    playing = asyncio.gather(play(patient, frames, samples, 4), play(provider, frames, samples, 4))
    await asyncio.sleep(2)
    loop = asyncio.get_running_loop()
    taken_back = loop.time()
    await say(patient, agrees=False)
    for bot in (patient, provider):
        assert (await told(bot, "off"))["code"] == "withdrawn"
    assert loop.time() - taken_back < 1
    kept = {tape.spec.participant: len(tape.data) for tape in desk.tapes}
    assert set(kept) == {"p1", "d1"} and all(tape.duration_ms >= 0 for tape in desk.tapes)
    await playing
    assert {tape.spec.participant: len(tape.data) for tape in desk.tapes} == kept
    for tape in desk.tapes:
        assert tape.duration_ms < 2_000 + 1_000
    await close(patient, provider)
