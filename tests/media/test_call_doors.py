"""Who may come into a call, and what does not belong there, over real sockets."""

from __future__ import annotations

import asyncio
import secrets
import signal
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from tests.media.helpers_call import close, out, two, until


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
    assert (welcome["may"]["publish"], welcome["may"]["send"]) == (False, [])
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
    assert (answer.status_code, answer.text) == (200, f"ok rooms=1 udp={bench.node.udp_port}")


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
