"""Joining again, moving, vanishing, ending: who is in a call and who is told, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from engine.rooms import RoomEventKind, RoomRole
from media import protocol, rtcp
from media.incoming import MAX_SSRCS_PER_SECTION
from media.node import MediaConfig, MediaNode, NodePorts
from media.rtp import FIXED, BadPacket
from media.source import MAX_MISSING
from tests.media.helpers_bot import VP8, Bench, new_bench, spec
from tests.media.helpers_call import close, out, two, until

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


async def test_joining_again_replaces_the_old_connection_and_media_goes_on(bench: Bench) -> None:
    patient, provider = await two(bench)
    again = bench.bot("p1")
    await again.connect()
    await until(lambda: patient.close_code == protocol.REPLACED)
    await until(lambda: {pub["participant"] for pub in provider.publications.values()} == {"p1"})
    await until(lambda: len(provider.publications) == 2)
    await provider.renegotiate()
    await asyncio.gather(again.talk(0.8), provider.talk(0.8))
    assert provider.received[out(provider, "audio")] > 5
    assert again.received[out(again, "video")] > 5
    state = bench.node.snapshot("room-1")
    assert sorted(person.participant_id for person in state.participants) == ["d1", "p1"]
    await patient.vanish()
    await close(again, provider)
    await until(lambda: not bench.node.snapshot("room-1").participants)
    reasons = [event.reason for event in bench.events if event.kind is RoomEventKind.JOINED]
    assert reasons == ["new", "new", "rejoined"]


async def test_a_helper_who_may_no_longer_be_there_is_taken_out_and_the_others_stay() -> None:
    bench = new_bench(review_seconds=0.02)
    await bench.node.start()
    await bench.node.open_room(spec())
    bots = patient, helper = bench.bot("p1"), bench.bot("h1", RoomRole.CAREGIVER)
    for bot in bots:
        await bot.connect()
    bench.tokens.gone |= {"p1", "h1"}
    await until(lambda: helper.close_code == protocol.REFUSED)
    await until(lambda: [one.participant_id for one in bench.node.snapshot("room-1").participants] == ["p1"])
    left = [event for event in bench.events if event.kind is RoomEventKind.LEFT]
    assert [(event.participant_id, event.reason) for event in left] == [("h1", "removed")]
    assert patient.close_code is None, "only helpers are there by somebody else's word"
    await helper.vanish()
    await close(patient)
    await bench.node.stop()


@pytest.mark.parametrize(("seconds", "here"), [(0.1, ["d1", "p1"]), (600, ["d1", "h1", "p1"])])
async def test_while_nobody_says_who_may_stay_a_helper_stays_for_so_long_and_the_others_for_ever(
    seconds: float, here: list[str]
) -> None:
    bench = new_bench(review_seconds=0.02, silence_seconds=seconds)
    await bench.node.start()
    await bench.node.open_room(spec())
    patient, provider = bench.bot("p1"), bench.bot("d1", RoomRole.PROVIDER)
    helper = bench.bot("h1", RoomRole.CAREGIVER)
    for bot in (patient, provider, helper):
        await bot.connect()
    bench.tokens.silent = True
    await until(lambda: helper.close_code == protocol.REFUSED or (seconds > 1 and bench.tokens.unanswered > 9))
    assert sorted(one.participant_id for one in bench.node.snapshot("room-1").participants) == here
    assert (patient.close_code, provider.close_code) == (None, None)
    await close(patient, provider)
    await helper.vanish()
    await bench.node.stop()


async def test_moving_to_another_network_keeps_the_session_and_the_streams(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    before = patient.received[out(patient, "audio")]
    await patient.move()
    await asyncio.gather(patient.talk(0.3), provider.talk(0.3))
    assert patient.received[out(patient, "audio")] - before >= 13
    numbers = [number for number, _ in provider.payloads[out(provider, "audio")]]
    assert all((b - a) % 65536 == 1 for a, b in itertools.pairwise(numbers))
    await until(lambda: bench.node.counters["ice_sessions"] == 2)
    assert bench.node.counters["ice_addresses"] == 2, "the old address is forgotten"
    await close(patient, provider)


async def test_restarts_that_never_prove_themselves_pile_nothing_up(bench: Bench) -> None:
    patient, provider = await two(bench)
    for _ in range(6):
        patient.ufrag = secrets.token_hex(4)
        await patient.renegotiate()
    assert bench.node.counters["ice_sessions"] <= 3
    await patient.move()
    await until(lambda: bench.node.counters["ice_sessions"] == 2)
    await close(patient, provider)


async def test_padding_without_payload_is_neither_lost_nor_a_frame(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    video = patient.video
    patient.send_plain(FIXED.pack(0xA0, VP8, patient.skip_video(), video.timestamp, video.ssrc) + b"\0\0\0\4")
    patient.send_video()
    await asyncio.sleep(0.2)
    assert patient.seen(rtcp.Nack) == []
    numbers = [number for number, _ in provider.payloads[out(provider, "video")]]
    assert all((b - a) % 65536 == 1 for a, b in itertools.pairwise(numbers))
    await close(patient, provider)


async def test_a_lost_websocket_is_forgiven_when_the_participant_comes_back(bench: Bench) -> None:
    patient, provider = await two(bench)
    assert patient.socket is not None
    patient.socket.transport.abort()
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    assert provider.received[out(provider, "audio")] > 5, "media goes on meanwhile"
    again = bench.bot("p1")
    await again.connect()
    await patient.vanish()
    assert all(message["type"] != "left" for message in list(provider.inbox._queue))  # type: ignore[attr-defined]
    assert len(bench.node.snapshot("room-1").participants) == 2
    await close(again, provider)


async def test_who_vanishes_is_told_to_the_others_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.room.LINGER_SECONDS", 0.2)
    patient, provider = await two(bench)
    await patient.vanish()
    left = await provider.next("left")
    assert left == {"type": "left", "participant": "p1", "reason": "lost"}
    await close(provider)


async def test_a_path_that_falls_silent_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.peer.CONSENT_SECONDS", 0.5)
    patient = bench.bot("p1")
    await patient.connect()
    patient._tasks[1].cancel()
    await until(lambda: patient.close_code == protocol.MEDIA_LOST)
    assert bench.node.counters["ice_sessions"] == 0
    await patient.vanish()


async def test_who_sends_is_there_however_far_apart_the_checks_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.peer.CONSENT_SECONDS", 0.6)
    patient, provider = await two(bench)
    patient._tasks[1].cancel()
    await asyncio.gather(patient.talk(1.5), provider.talk(1.5))
    assert (patient.close_code, provider.close_code) == (None, None)
    await until(lambda: patient.close_code == protocol.MEDIA_LOST)
    await close(provider)
    await patient.vanish()


async def test_a_flood_of_packets_is_counted_and_disturbs_nobody(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    room = bench.node._rooms["room-1"]
    peer = room._present["p1"].peer
    assert peer is not None
    await asyncio.sleep(0.1)
    heard = provider.received[out(provider, "audio")]
    for burst in range(40):
        for one in range(100):
            ssrc = secrets.randbelow(1 << 31) if one % 2 else patient.video.ssrc
            with contextlib.suppress(BadPacket):  # what was sent before, our own side refuses
                number = secrets.randbelow(1 << 16)
                patient.send_plain(FIXED.pack(0x80, VP8, number, burst, ssrc) + secrets.token_bytes(30))
        patient.send_audio()
        await asyncio.sleep(0.002)
    await until(lambda: bench.node.refused["ssrc_unknown"] > 1000)
    await until(lambda: provider.received[out(provider, "audio")] > heard)
    assert len(peer.incoming._routes) <= 2 * MAX_SSRCS_PER_SECTION
    assert all(
        len(layer.source._missing) <= MAX_MISSING
        for one in peer.incoming.sections.values()
        for layer in one.publication.layers.values()
    )
    assert patient.close_code is None and provider.close_code is None
    await close(patient, provider)


async def test_who_sends_more_than_anybody_needs_is_cut_back_counted_and_disturbs_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.allowance.PACKET_RATE", 300.0)
    monkeypatch.setattr("media.allowance.PACKET_BURST", 400.0)
    patient, provider = await two(bench)
    other = bench.bot("i1", RoomRole.INTERPRETER)
    await other.connect()
    await until(lambda: len(provider.publications) == 4)
    await provider.renegotiate()
    heard = next(
        pub["id"] for pub in provider.publications.values() if (pub["participant"], pub["kind"]) == ("i1", "audio")
    )
    seen = next(
        pub["id"] for pub in provider.publications.values() if (pub["participant"], pub["kind"]) == ("p1", "video")
    )
    began = asyncio.get_running_loop().time()
    patient.send_video(key=True)
    for burst in range(60):
        for _ in range(50):
            patient.send_video()
        if burst % 2:
            other.send_audio()
        await asyncio.sleep(0.01)
    took = asyncio.get_running_loop().time() - began
    await until(lambda: provider.received[provider.out_ssrc[heard]] >= 29)
    assert bench.node.refused["packet_flood"] > 1000
    passed = provider.received[provider.out_ssrc[seen]]
    assert 100 < passed <= 400 + 300 * (took + 1) < 3000, f"{passed} of 3,000 in {took:.1f} s"
    assert patient.close_code is None and other.close_code is None
    before = provider.received[provider.out_ssrc[seen]]
    await asyncio.sleep(0.3)
    patient.send_video(key=True)
    await until(lambda: provider.received[provider.out_ssrc[seen]] > before)
    await close(patient, provider, other)


async def test_the_provider_ends_for_all_and_the_report_counts_seconds(bench: Bench) -> None:
    patient, provider = await two(bench)
    waiting = asyncio.create_task(bench.node.wait_closed("room-1"))
    await patient.say({"type": "end"})
    assert (await patient.next("error"))["code"] == "may_not_end"
    await asyncio.sleep(0.6)
    await provider.say({"type": "end"})
    assert (await patient.next("ended"))["reason"] == "ended_by_provider"
    report = await asyncio.wait_for(waiting, 2)
    assert (report.reason, report.seconds) == ("ended_by_provider", {"p1": 1, "d1": 1})
    await until(lambda: patient.close_code == protocol.ENDED)
    assert (await bench.bot("p1").join())["code"] == "ended"
    await bench.node.open_room(spec())
    assert (await bench.node.wait_closed("room-1")) == report, "a room id is used once"
    assert not bench.node.snapshot("room-1").open
    await until(lambda: bench.events[-1].kind is RoomEventKind.ENDED)
    await close(patient, provider)


async def test_a_stopping_node_sends_its_clients_elsewhere_instead_of_ending_the_call() -> None:
    bench = new_bench()
    await bench.node.start()
    await bench.node.open_room(spec())
    patient = bench.bot("p1")
    await patient.connect()
    waiting = asyncio.create_task(bench.node.wait_closed("room-1"))
    await bench.node.stop()
    await until(lambda: patient.close_code is not None)
    assert patient.close_code == protocol.RESTART
    assert (await waiting).reason == "node_stopped"
    assert all(message["type"] != "ended" for message in list(patient.inbox._queue))  # type: ignore[attr-defined]
    await patient.vanish()


async def test_a_room_closes_when_its_time_is_over() -> None:
    now = datetime.now(UTC)
    tokens = new_bench()
    node = MediaNode(MediaConfig(allowed_origins=()), NodePorts(verify=tokens.tokens, visit_time=lambda: now))
    await node.start()
    await node.open_room(spec(closes_at=now + timedelta(seconds=60)))
    now += timedelta(seconds=61)
    assert (await asyncio.wait_for(node.wait_closed("room-1"), 2)).reason == "time_over"
    await node.stop()
