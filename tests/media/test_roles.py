"""What each role may send, receive and do in a room is what the one table says, and the node keeps to it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.room_roles import EVERYTHING, PEOPLE, RIGHTS, RoleRights, RoomAct, rights_of
from engine.rooms import RoomEventKind, RoomRole
from media import protocol
from media.publication import LABELS
from tests.media.helpers_bot import Bench, Bot
from tests.media.helpers_call import close, out, two, until

pytestmark = pytest.mark.slow

ACTS: dict[RoomAct, dict[str, Any]] = {
    RoomAct.ADMIT: {"type": "admit", "participant": "nobody"},
    RoomAct.REMOVE: {"type": "remove", "participant": "nobody"},
    RoomAct.LOCK: {"type": "lock", "locked": True},
    RoomAct.MUTE: {"type": "mute", "participant": "nobody"},
    RoomAct.END: {"type": "end"},
}


def test_the_table_has_every_role_and_knows_the_nodes_labels_and_nobody_else_leads() -> None:
    assert set(RIGHTS) == set(RoomRole)
    assert set(LABELS) == EVERYTHING
    assert {role for role, rights in RIGHTS.items() if rights.acts} == {RoomRole.PROVIDER}
    assert rights_of(RoomRole.PROVIDER).acts == set(RoomAct)
    assert {role for role, rights in RIGHTS.items() if not rights.sends} == {RoomRole.OBSERVER}
    assert {role for role, rights in RIGHTS.items() if not rights.locked_out} == {RoomRole.PATIENT, RoomRole.PROVIDER}
    assert {role for role, rights in RIGHTS.items() if rights.sends == PEOPLE} == {
        RoomRole.INTERPRETER,
        RoomRole.CAREGIVER,
    }
    assert not any(
        RoomRole.PROVIDER in rights.invites or RoomRole.PATIENT in rights.invites for rights in RIGHTS.values()
    )


@pytest.mark.parametrize("role", list(RoomRole))
async def test_a_role_does_what_its_row_says_and_is_refused_the_rest(bench: Bench, role: RoomRole) -> None:
    bot, rights = bench.bot("x1", role, publish=False), rights_of(role)
    welcome = await bot.join()
    assert welcome["may"] == rights.listed
    for label, kind in LABELS.items():
        await offer(bot, label, kind)
        answer = await bot.next()
        assert answer["type"] == ("answer" if label in rights.sends else "error")
        assert label in rights.sends or answer["code"] == "may_not_publish"
    for act, message in ACTS.items():
        await bot.say(message)
        if act not in rights.acts:
            assert (await bot.next("error"))["code"] == f"may_not_{act}"
    if role is RoomRole.PROVIDER:
        assert (await bot.next("ended"))["reason"] == "ended_by_provider"
    else:
        assert bench.node.snapshot("room-1").open
    await bot.vanish()


@pytest.mark.parametrize("role", list(RoomRole))
async def test_who_shares_the_chat_is_told_and_nobody_else(bench: Bench, role: RoomRole) -> None:
    patient, other = bench.bot("p1"), bench.bot("x1", role, publish=False)
    await patient.join()
    await other.join()
    await patient.say({"type": "written"})
    await patient.say({"type": "signal", "code": "cannot_hear"})
    first = await other.next()
    while first["type"] == "participant":
        first = await other.next()
    assert first["type"] == ("written" if rights_of(role).writes else "signal")
    await other.say({"type": "written"})
    told = await (patient.next("written") if rights_of(role).writes else other.next("error"))
    assert told.get("code", "may_not_write") == "may_not_write"
    await close(patient, other)


async def test_what_a_role_does_not_receive_is_neither_announced_nor_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = {**RIGHTS, RoomRole.INTERPRETER: RoleRights(receives=frozenset({"microphone"}))}
    monkeypatch.setattr("engine.room_roles.RIGHTS", listening)
    patient = bench.bot("p1")
    await patient.connect()
    deaf = bench.bot("i1", RoomRole.INTERPRETER)
    welcome = await deaf.join()
    assert [one["label"] for one in welcome["publications"]] == ["microphone"]
    camera = next(one for one in await seen_by_another(bench) if one["label"] == "camera")
    deaf.publications[camera["id"]] = camera
    await deaf.negotiate()
    assert camera["id"] not in deaf.out_ssrc
    assert len(deaf.out_ssrc) == 1
    await close(patient, deaf)


async def test_a_guest_waits_sees_nothing_and_is_let_in(bench: Bench) -> None:
    patient, provider = await two(bench)
    guest = bench.guest("g1", RoomRole.INTERPRETER)
    waiting = await guest.join()
    assert waiting == {"type": "waiting", "version": 1, "role": "interpreter"}
    knock = await provider.next("knock")
    assert (knock["participant"]["id"], knock["participant"]["role"]) == ("g1", "interpreter")
    await guest.say({"type": "offer", "id": 1, "sdp": guest.sdp([]), "publish": [{"mid": "0", "label": "microphone"}]})
    assert (await guest.next("error"))["code"] == "not_let_in"
    assert len(bench.node.snapshot("room-1").participants) == 2
    await patient.say({"type": "admit", "participant": "g1"})
    assert (await patient.next("error"))["code"] == "may_not_admit"
    await provider.say({"type": "admit", "participant": "g1"})
    welcome = await guest.next("welcome")
    assert {one["id"] for one in welcome["participants"]} == {"p1", "d1"}
    for publication in welcome["publications"]:
        guest.publications[publication["id"]] = publication
    await guest.negotiate()
    await guest.media()
    await guest.applied()
    await patient.talk(0.3)
    assert any(guest.received[ssrc] > 5 for ssrc in guest.out_ssrc.values())
    kinds = [(one.kind, one.participant_id, one.by) for one in bench.events if one.participant_id == "g1"]
    assert kinds[:3] == [
        (RoomEventKind.KNOCKED, "g1", None),
        (RoomEventKind.ADMITTED, "g1", "d1"),
        (RoomEventKind.JOINED, "g1", None),
    ]
    await guest.close(leave=False)
    again = bench.guest("g1", RoomRole.INTERPRETER, publish=False)
    assert (await again.join())["type"] == "welcome"
    await close(patient, provider, again)


async def test_a_guest_may_be_turned_away_and_a_clinician_who_comes_later_sees_who_waits(bench: Bench) -> None:
    guest = bench.guest("g1", RoomRole.OBSERVER, publish=False)
    await guest.join()
    provider = bench.bot("d1", RoomRole.PROVIDER, publish=False)
    assert [one["id"] for one in (await provider.join())["waiting"]] == ["g1"]
    await provider.say({"type": "turn_away", "participant": "g1"})
    assert (await provider.next("knock_over"))["participant"] == "g1"
    await until(lambda: guest.close_code == protocol.TURNED_AWAY)
    await provider.say({"type": "admit", "participant": "g1"})
    assert (await provider.next("error"))["code"] == "nobody_waits"
    assert RoomEventKind.TURNED_AWAY in [one.kind for one in bench.events]
    await guest.vanish()
    await close(provider)


async def test_a_guest_who_goes_from_the_door_is_no_longer_waiting(bench: Bench) -> None:
    provider, guest = bench.bot("d1", RoomRole.PROVIDER, publish=False), bench.guest("g1", RoomRole.OBSERVER)
    await provider.join()
    await guest.join()
    await provider.next("knock")
    await guest.close()
    assert (await provider.next("knock_over"))["participant"] == "g1"
    await close(provider)


async def test_a_locked_room_shuts_out_newcomers_and_lets_back_who_was_inside(bench: Bench) -> None:
    provider, helper = bench.bot("d1", RoomRole.PROVIDER, publish=False), bench.bot("c1", RoomRole.CAREGIVER)
    await provider.join()
    await helper.join()
    await provider.say({"type": "lock", "locked": True})
    assert (await helper.next("locked"))["locked"] is True
    stranger = bench.guest("g1", RoomRole.INTERPRETER)
    assert (await stranger.join())["code"] == "locked"
    await until(lambda: stranger.close_code == protocol.LOCKED)
    back, patient = bench.bot("c1", RoomRole.CAREGIVER), bench.bot("p1")
    assert (await back.join())["locked"] is True
    assert (await patient.join())["type"] == "welcome"
    await provider.say({"type": "lock", "locked": False})
    await back.next("locked")
    later = bench.guest("g1", RoomRole.INTERPRETER)
    assert (await later.join())["type"] == "waiting"
    kinds = [one.kind for one in bench.events if one.by == "d1"]
    assert kinds == [RoomEventKind.LOCKED, RoomEventKind.UNLOCKED]
    await stranger.vanish()
    await helper.vanish()
    await close(provider, back, patient, later)


async def test_a_muted_microphone_is_not_forwarded_until_its_owner_switches_it_on(bench: Bench) -> None:
    patient, provider = await two(bench)
    await patient.talk(0.1)
    await provider.say({"type": "mute"})
    assert (await patient.next("mute"))["by"] == "d1"
    await patient.say({"type": "state", "audio": True, "video": True})  # a browser that has not heard of it yet
    for _ in range(5):
        patient.send_audio(b"unheard")
        patient.send_video()
    picture = out(provider, "video")
    seen = provider.received[picture]
    await until(lambda: show(patient) or provider.received[picture] > seen + 3)
    for audio in (False, True):
        await patient.say({"type": "state", "audio": audio, "video": True})
    await until(lambda: speak(patient) or b"heard" in words(provider))
    assert b"unheard" not in words(provider)
    assert RoomEventKind.MUTED in [one.kind for one in bench.events]
    await close(patient, provider)


async def test_who_is_taken_out_comes_back_to_the_door(bench: Bench) -> None:
    patient, provider = await two(bench)
    await provider.say({"type": "remove", "participant": "d1"})
    assert (await provider.next("error"))["code"] == "not_here"
    await provider.say({"type": "remove", "participant": "p1"})
    left = await provider.next("left")
    assert (left["participant"], left["reason"]) == ("p1", "taken_out")
    await until(lambda: patient.close_code == protocol.TURNED_AWAY)
    back = bench.bot("p1")
    assert (await back.join())["type"] == "waiting"
    event = next(one for one in bench.events if one.kind is RoomEventKind.LEFT)
    assert (event.reason, event.by) == ("taken_out", "d1")
    await patient.vanish()
    await close(provider, back)


async def test_the_end_reaches_who_waits_and_a_guest_who_may_not_stay_goes(bench: Bench) -> None:
    provider, guest = bench.bot("d1", RoomRole.PROVIDER, publish=False), bench.guest("g1", RoomRole.OBSERVER)
    await provider.join()
    await guest.join()
    await provider.say({"type": "end"})
    assert (await guest.next("ended"))["reason"] == "ended_by_provider"
    await until(lambda: guest.close_code == protocol.ENDED)
    await provider.vanish()
    await guest.vanish()


def speak(bot: Bot) -> bool:
    bot.send_audio(b"heard")
    return False


def show(bot: Bot) -> bool:
    bot.send_video()
    return False


def words(bot: Bot) -> set[bytes]:
    return {payload for _, payload in bot.payloads.get(out(bot, "audio"), [])}


async def offer(bot: Bot, label: str, kind: str) -> None:
    section = bot._section(kind, "0", "sendonly")
    sdp = "\r\n".join(["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", *section]) + "\r\n"
    await bot.say({"type": "offer", "id": 1, "sdp": sdp, "publish": [{"mid": "0", "label": label}]})


async def seen_by_another(bench: Bench) -> list[dict[str, Any]]:
    bot = bench.bot("w1", RoomRole.OBSERVER, publish=False)
    found: list[dict[str, Any]] = (await bot.join())["publications"]
    await bot.close()
    return found
