"""A whole call between bots: real UDP and WebSocket sockets, real DTLS-SRTP, a node in the same loop."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from aiortc import RTCCertificate
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from engine.rooms import RoomClaims, RoomEvent, RoomEventKind, RoomRole, RoomsFull, RoomUnknown
from engine.settings import SettingsError
from media import protocol, rtcp
from media.aio_adapter import DtlsSession
from media.node import MediaConfig, MediaNode, NodePorts
from media.rtp import FIXED
from tests.media.helpers_bot import DELTA_FRAME, ORIGIN, VP8, Bench, Bot, new_bench, spec


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = new_bench()
    await made.node.start()
    await made.node.open_room(spec())
    yield made
    await made.node.stop()


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


# --- media -----------------------------------------------------------------------------------------------------------


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
    await close(patient, provider)


async def test_media_is_protected_by_aes_256_gcm_between_capable_parties(bench: Bench) -> None:
    patient = bench.bot("p1")
    await patient.connect()
    assert patient._dtls.profile == "SRTP_AEAD_AES_256_GCM"
    await close(patient)


async def test_the_mandatory_profile_works_when_nothing_better_is_offered(bench: Bench) -> None:
    patient, provider = bench.bot("p1"), bench.bot("d1", RoomRole.PROVIDER)
    transport = patient._dtls._dtls
    transport._srtp_profiles = [p for p in transport._srtp_profiles if p.openssl_profile == b"SRTP_AES128_CM_SHA1_80"]
    await patient.connect()
    await provider.connect()
    assert patient._dtls.profile == "SRTP_AES128_CM_SHA1_80"
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    await until(lambda: provider.received[out(provider, "audio")] > 5)
    await close(patient, provider)


async def test_a_latecomer_makes_the_publisher_send_a_key_frame_first(bench: Bench) -> None:
    patient = bench.bot("p1")
    await patient.connect()
    patient.send_video(key=True)
    await patient.talk(0.3)
    before = len(patient.seen(rtcp.KeyFrameWanted))
    provider = bench.bot("d1", RoomRole.PROVIDER)
    await provider.connect()
    await patient.talk(0.3)
    assert len(patient.seen(rtcp.KeyFrameWanted)) == before + 1
    first = provider.payloads[out(provider, "video")][0][1]
    assert first[3] & 1 == 0, "the first picture of a latecomer is a key frame"
    await close(patient, provider)


async def test_a_key_frame_wanted_inside_the_throttle_window_comes_after_it(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    target = out(provider, "video")
    asked = len(patient.seen(rtcp.KeyFrameWanted))
    provider.send_control(rtcp.picture_loss(1, target))
    provider.send_control(rtcp.picture_loss(1, target))
    await patient.talk(0.1)
    provider.send_control(rtcp.picture_loss(1, target))
    await patient.talk(1.2)
    assert asked + 1 <= len(patient.seen(rtcp.KeyFrameWanted)) <= asked + 3
    assert not bench.node._rooms["room-1"]._present["p1"].publications["1"].source._key_wanted  # type: ignore[union-attr]
    await close(patient, provider)


async def test_a_nack_is_answered_by_a_retransmission_once_in_a_round_trip(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.3), provider.talk(0.1))
    target = out(provider, "video")
    missing = provider.payloads[target][3][0]
    for _ in range(3):
        provider.send_control(rtcp.nack(1, target, [missing]))
    await until(lambda: provider.repaired)
    await asyncio.sleep(0.05)
    assert provider.repaired == [missing]
    await close(patient, provider)


async def test_a_packet_lost_on_the_way_in_is_asked_for_until_it_comes(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    lost = patient.skip_video()
    patient.send_video()
    await asyncio.sleep(0.2)
    asked = [nack for nack in patient.seen(rtcp.Nack) if lost in nack.sequences]
    assert len(asked) >= 2, "the request is repeated on a timer, without a new gap"
    count = provider.received[out(provider, "video")]
    patient.resend_video(lost)
    await until(lambda: provider.received[out(provider, "video")] == count + 1)
    await asyncio.sleep(0.15)
    repeated = len(patient.seen(rtcp.Nack))
    await asyncio.sleep(0.15)
    assert len(patient.seen(rtcp.Nack)) == repeated, "nothing is asked for any more"
    await close(patient, provider)


async def test_quality_events_hold_numbers_of_both_ends(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    for _ in range(3):
        await patient.say({"type": "stats", "measures": {"loss_in": 0.25, "made_up": 9}})
    await until(lambda: any(event.kind is RoomEventKind.QUALITY for event in bench.events))
    await asyncio.sleep(0.05)
    [event] = [event for event in bench.events if event.kind is RoomEventKind.QUALITY]
    assert event.participant_id == "p1"
    assert event.measures["client_loss_in"] == 0.25
    assert event.measures["packets_in"] >= 10
    assert not any("made_up" in name for name in event.measures)
    await close(patient, provider)


async def test_reports_and_arrival_feedback_reach_the_publisher(bench: Bench) -> None:
    patient, provider = await two(bench)
    await patient.talk(1.3)
    blocks = [block for report in patient.seen(rtcp.Reports) for block in report.blocks]
    assert {block.ssrc for block in blocks} == {patient.audio.ssrc, patient.video.ssrc}
    assert all(block.packets_lost == 0 for block in blocks)
    feedback = [data for data in patient.raw_control if data[0] & 31 == 15 and data[1] == rtcp.RTPFB]
    assert feedback
    media = {int.from_bytes(data[8:12], "big") for data in feedback}
    assert media <= {patient.audio.ssrc, patient.video.ssrc}, "feedback about SSRC 0 is ignored by browsers"
    await close(patient, provider)


async def test_sender_reports_are_passed_on_in_the_subscribers_own_timestamps(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    stamp = patient.audio.timestamp
    report = rtcp.SenderReport(patient.audio.ssrc, rtcp.ntp(1_800_000_000.5), stamp, 10, 100)
    patient.send_control(rtcp.sender_report(report))
    patient.send_audio()
    target = out(provider, "audio")
    await until(lambda: any(found.ssrc == target for found in provider.seen(rtcp.SenderReport)))
    passed = next(found for found in provider.seen(rtcp.SenderReport) if found.ssrc == target)
    assert passed.ntp == report.ntp
    shift = bench.node._rooms["room-1"]._present["d1"].peer._by_out[target].forwarder._time_shift  # type: ignore[union-attr]
    assert passed.timestamp == (stamp + shift) % (1 << 32)
    await close(patient, provider)


# --- coming and going ------------------------------------------------------------------------------------------------


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


async def test_twenty_joins_and_leaves_leave_no_task_socket_or_address_behind(bench: Bench) -> None:
    async def once(index: int) -> None:
        bot = bench.bot(f"p{index % 3}")
        await bot.connect()
        await bot.talk(0.04)
        await (bot.close() if index % 2 else bot.vanish())

    await once(1)
    await until(lambda: not bench.node.snapshot("room-1").participants)
    tasks, files = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))
    for index in range(20):
        await once(index)
    for name in ("p0", "p1", "p2"):
        await bench.bot(name).connect()
    await bench.node.close_room("room-1", "done")
    await until(lambda: bench.node.counters["ice_sessions"] == 0 and bench.node.counters["ice_addresses"] == 0)
    await asyncio.sleep(0.3)
    assert not bench.node._started.spawned
    own = [task for task in asyncio.all_tasks() if "helpers_bot" not in repr(task)]
    assert len(own) <= tasks
    assert len(os.listdir("/proc/self/fd")) <= files + 3, "the three bots still hold their UDP sockets"


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


# --- who may come in -------------------------------------------------------------------------------------------------


async def test_only_a_token_for_this_open_room_lets_anybody_in(bench: Bench) -> None:
    tokens, node = bench.tokens, bench.node

    async def code(token: str) -> tuple[str, int | None]:
        bot = Bot(node.endpoint, token)
        first = await bot.join()
        await until(lambda: bot.close_code is not None)
        await bot.vanish()
        return first["code"], bot.close_code

    assert await code("made-up") == ("token", protocol.REFUSED)
    assert await code(tokens.issue("p1", life=-1)) == ("token", protocol.REFUSED)
    assert await code(tokens.issue("p1", room="other")) == ("not_open", protocol.NOT_OPEN)
    await node.open_room(spec(opens_at=datetime.now(UTC) + timedelta(hours=1)))
    assert await code(tokens.issue("p1")) == ("not_open_yet", protocol.NOT_OPEN)
    await node.open_room(spec(max_participants=0))
    assert await code(tokens.issue("p1")) == ("room_full", protocol.FULL)


async def test_a_verifier_that_fails_lets_nobody_in() -> None:
    def broken(_: str) -> None:
        raise RuntimeError("key store is away")

    node = MediaNode(MediaConfig(allowed_origins=(ORIGIN,)), NodePorts(verify=broken))
    await node.start()
    bot = Bot(node.endpoint, "any")
    assert (await bot.join())["code"] == "token"
    await bot.vanish()
    await node.stop()


async def test_a_slow_verifier_holds_up_nobody_who_is_inside() -> None:
    bench = new_bench()

    def slow(token: str) -> RoomClaims | None:
        if token == "slow":
            time.sleep(0.5)
        return bench.tokens(token)

    bench.node._ports = NodePorts(verify=slow)
    await bench.node.start()
    await bench.node.open_room(spec())
    patient, provider = await two(bench)
    stranger = Bot(bench.node.endpoint, "slow")
    waiting = asyncio.create_task(stranger.join())
    await asyncio.sleep(0.05)
    patient.send_audio()
    await until(lambda: provider.received[out(provider, "audio")] == 1, seconds=0.4)
    assert (await waiting)["code"] == "token"
    await stranger.vanish()
    await close(patient, provider)
    await bench.node.stop()


async def test_a_sink_that_fails_costs_its_event_and_tells_no_content(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def sink(event: RoomEvent) -> None:
        told.append(event.kind.value)
        if event.kind is RoomEventKind.JOINED:
            raise ValueError("[parameters: ('Jane Roe',)]")

    bench = new_bench()
    bench.node._ports = NodePorts(verify=bench.tokens, sink=sink)
    await bench.node.start()
    await bench.node.open_room(spec())
    patient = bench.bot("p1")
    await patient.connect()
    await patient.close()
    await until(lambda: told == ["joined", "left"])
    assert "ValueError" in caplog.text
    assert "Jane" not in caplog.text
    await bench.node.stop()


async def test_a_page_of_another_origin_is_refused_before_it_may_speak(bench: Bench) -> None:
    for origin in ("http://evil.example", "http://a.b.localhost:8080", "http://lakeside.localhost:8081", "null"):
        with pytest.raises(InvalidStatus):
            await connect(bench.node.endpoint, origin=origin)  # type: ignore[arg-type]
    assert bench.node.refused["ws_origin"] == 4


async def test_an_observer_may_watch_and_not_send(bench: Bench) -> None:
    patient = bench.bot("p1")
    await patient.connect()
    observer = bench.bot("o1", RoomRole.OBSERVER, publish=False)
    welcome = await observer.join()
    assert welcome["may"] == {"publish": False, "end": False}
    await observer.negotiate()
    await observer.media()
    await observer.applied()
    await patient.talk(0.3)
    assert observer.received[out(observer, "video")] > 5
    sender = bench.bot("o2", RoomRole.OBSERVER)
    await sender.join()
    await sender.say(
        {"type": "offer", "id": 1, "sdp": patient.sdp([]), "publish": [{"mid": "0", "label": "microphone"}]}
    )
    assert (await sender.next("error"))["code"] == "may_not_publish"
    await close(patient, observer, sender)


async def test_a_listener_beyond_this_machine_needs_tls() -> None:
    node = MediaNode(MediaConfig(allowed_origins=(), host="0.0.0.0"), NodePorts(verify=lambda _: None))
    with pytest.raises(SettingsError):
        await node.start()


async def test_with_a_certificate_signalling_is_encrypted(tmp_path: Path) -> None:
    certificate = RTCCertificate.generateCertificate()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(certificate._cert.public_bytes(Encoding.PEM))
    key.write_bytes(certificate._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    bench = new_bench(tls_certificate=cert, tls_key=key)
    await bench.node.start()
    assert bench.node.endpoint.startswith("wss://127.0.0.1:")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with connect(bench.node.endpoint, origin=ORIGIN, ssl=context) as socket:  # type: ignore[arg-type]
        await socket.send('{"type":"ping"}')
        assert "message_order" in str(await socket.recv())
    await bench.node.stop()


async def test_the_programs_own_signal_handlers_stay() -> None:
    mine = lambda *_: None  # noqa: E731
    before = signal.signal(signal.SIGTERM, mine)
    bench = new_bench()
    await bench.node.start()
    assert signal.getsignal(signal.SIGTERM) is mine
    await bench.node.stop()
    signal.signal(signal.SIGTERM, before)


async def test_health_is_answered_without_a_token(bench: Bench) -> None:
    url = bench.node.endpoint.replace("ws://", "http://").replace("/room", "/healthz")
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    assert (answer.status_code, answer.text) == (200, "ok rooms=1")


async def test_a_taken_port_is_an_error_and_leaves_nothing_open(bench: Bench) -> None:
    other = MediaNode(MediaConfig(allowed_origins=(), udp_port=bench.node.udp_port), NodePorts(verify=lambda _: None))
    with pytest.raises(OSError):
        await other.start()


async def test_rooms_are_opened_once_and_not_without_end() -> None:
    bench = new_bench(max_rooms=1)
    await bench.node.start()
    await bench.node.open_room(spec())
    await bench.node.open_room(spec())
    with pytest.raises(RoomsFull):
        await bench.node.open_room(spec("room-2"))
    with pytest.raises(RoomUnknown):
        bench.node.snapshot("room-2")
    await bench.node.stop()


# --- what does not belong there --------------------------------------------------------------------------------------


async def test_bad_messages_are_refused_and_counted_and_others_go_on(bench: Bench) -> None:
    patient, provider = await two(bench)
    assert patient.socket is not None
    for text in ("{", "[]", '{"type":"dance"}', '{"type":"state"}'):
        await patient.socket.send(text)
        assert (await patient.next("error"))["code"].startswith("message_")
    await patient.say({"type": "offer", "id": 9, "sdp": "v=0\r\n"})
    await until(lambda: patient.close_code == protocol.BAD_MESSAGE)
    assert bench.node.refused["sdp_empty"] == 1
    await provider.talk(0.1)
    assert provider.close_code is None
    await patient.vanish()
    await close(provider)


async def test_huge_binary_and_unannounced_messages_close_the_door(bench: Bench) -> None:
    for first, codes in (("x" * (protocol.MAX_MESSAGE + 1), {1009}), (b"\0\1", {4400}), ('{"type":"ping"}', {4400})):
        async with connect(bench.node.endpoint, origin=ORIGIN) as socket:  # type: ignore[arg-type]
            await socket.send(first)
            await asyncio.wait_for(socket.wait_closed(), 3)
            assert socket.close_code in codes


async def test_a_flood_of_messages_is_cut_off(bench: Bench) -> None:
    patient = bench.bot("p1")
    await patient.join()
    for _ in range(200):
        await patient.say({"type": "ping"})
    await until(lambda: patient.close_code == protocol.FLOOD)
    await patient.vanish()


async def test_who_says_nothing_is_shown_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.signal.JOIN_SECONDS", 0.1)
    async with connect(bench.node.endpoint, origin=ORIGIN) as socket:  # type: ignore[arg-type]
        await asyncio.wait_for(socket.wait_closed(), 3)
        assert socket.close_code == protocol.LATE


async def test_junk_datagrams_are_counted_and_leave_no_state(bench: Bench) -> None:
    patient, provider = await two(bench)
    stranger = bench.bot("x")
    stranger.server = dict(patient.server)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", bench.node.udp_port)
    )
    before = bench.node.counters["ice_addresses"]
    transport.sendto(stranger.stun_request(password="wrong"))
    transport.sendto(patient.stun_request(password="wrong"))
    for first in range(0, 256, 3):
        transport.sendto(bytes([first]) + secrets.token_bytes(60))
    transport.sendto(b"\x80" + bytes(1600))
    await until(lambda: bench.node.refused["stun_integrity"] == 1 and bench.node.refused["datagram_size"] == 1)
    assert bench.node.refused["stun_user"] == 1
    assert bench.node.refused["stranger"] > 20
    assert bench.node.counters["ice_addresses"] == before
    transport.close()
    await asyncio.gather(patient.talk(0.1), provider.talk(0.1))
    assert patient.close_code is None
    await close(patient, provider)


async def test_malformed_packets_of_a_participant_disturb_nobody(bench: Bench) -> None:
    patient, provider = await two(bench)
    await asyncio.gather(patient.talk(0.2), provider.talk(0.1))
    patient.raw(b"\x80\x60" + secrets.token_bytes(40))
    patient.send_plain(FIXED.pack(0x80, VP8, 1, 1, patient.video.ssrc ^ 1) + DELTA_FRAME)
    patient.send_plain(FIXED.pack(0x80, 13, patient.skip_video(), 1, patient.video.ssrc) + DELTA_FRAME)
    patient.send_plain(FIXED.pack(0xA0, VP8, patient.skip_video(), 1, patient.video.ssrc) + b"\x00")
    patient.send_control(rtcp.write(rtcp.RTPFB, 1, bytes(4)))
    await until(lambda: bench.node.refused["rtcp_feedback"] == 1)
    refused = bench.node.refused
    assert (refused["srtp"], refused["ssrc_unknown"], refused["payload_type"], refused["rtp_padding"]) == (1, 1, 1, 1)
    count = provider.received[out(provider, "video")]
    await patient.talk(0.1)
    assert provider.received[out(provider, "video")] >= count + 4
    await close(patient, provider)


async def test_a_certificate_other_than_the_one_in_the_offer_gets_no_media(bench: Bench) -> None:
    patient = bench.bot("p1")
    await patient.join()
    await patient.negotiate()
    patient._dtls = DtlsSession(patient._out, server=False)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(patient.media(), 2)
        await until(lambda: patient.close_code == protocol.MEDIA_LOST)
        raise ConnectionError("shown out")
    assert not any(person.connected for person in bench.node.snapshot("room-1").participants)
    await patient.vanish()


def test_a_call_works_under_uvloop() -> None:
    async def call() -> int:
        bench = new_bench()
        await bench.node.start()
        await bench.node.open_room(spec())
        patient, provider = await two(bench)
        await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
        count = provider.received[out(provider, "audio")]
        await close(patient, provider)
        await bench.node.stop()
        return count

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(call()) > 5
