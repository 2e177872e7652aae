"""Devices and test tools come by HTTP: WHIP to send, WHEP to be shown, with the same door as everybody's."""

from __future__ import annotations

import asyncio
import random
import secrets
import string
import time
from typing import Any

import httpx
import pytest

from engine.rooms import RoomEventKind, RoomRole
from media import sdp
from media.whip import MAX_FRAGMENT, SDP
from tests.media.helpers_bot import ORIGIN, Bench
from tests.media.helpers_call import close, until
from tests.media.helpers_device import DeviceBot

pytestmark = pytest.mark.slow


def camera(bench: Bench, who: str = "site", **more: Any) -> DeviceBot:
    return DeviceBot(bench, who, RoomRole.SECOND_SITE, "whip", **more)


def screen(bench: Bench, who: str = "wall", **more: Any) -> DeviceBot:
    return DeviceBot(bench, who, RoomRole.OBSERVER, "whep", **more)


async def test_what_a_device_sends_by_whip_is_seen_and_heard_by_browsers(bench: Bench) -> None:
    provider, device = bench.bot("d1", RoomRole.PROVIDER), camera(bench)
    await provider.connect()
    response = await device.post()
    assert response.headers["content-type"].startswith(SDP) and response.headers["accept-patch"]
    assert response.headers["location"].startswith("/whip/") and len(response.headers["location"]) > 30
    assert "a=recvonly" in response.text and "a=ice-lite" in response.text
    await device.media()
    await until(lambda: {one["label"] for one in provider.publications.values()} == {"microphone", "camera"})
    await provider.renegotiate()
    await device.talk(0.5)
    for publication in provider.publications:
        assert provider.received[provider.out_ssrc[publication]] > 5
    joined = [event.participant_id for event in bench.events if event.kind is RoomEventKind.JOINED]
    assert joined == ["d1", "site"]
    assert (await device.delete()).status_code == 200
    left = await provider.next("left")
    assert left["participant"] == "site" and bench.node.counters["ice_sessions"] == 1
    assert (await device.delete()).status_code == 404
    await device.vanish()
    await close(provider)


async def test_what_browsers_send_is_shown_by_whep_and_goes_on_when_somebody_comes_back(bench: Bench) -> None:
    device = screen(bench)
    assert (await device.post()).status_code == 409, "nobody sends anything yet; the link is not used up by that"
    patient = bench.bot("p1")
    await patient.connect()
    await device.begin()
    await patient.talk(0.4)
    out = device.out_ssrc
    assert device.received[out["audio"]] > 5 and device.received[out["video"]] > 5
    again = bench.bot("p1")
    await again.connect()
    before = dict(device.received)
    await again.talk(0.6)
    for kind in ("audio", "video"):
        assert device.received[out[kind]] > before[out[kind]] + 5, "the same streams, now of the new connection"
    assert not any(event.participant_id == "wall" for event in bench.events if event.kind is RoomEventKind.SHARED)
    await device.vanish()
    await patient.vanish()
    await close(again)


async def test_a_player_sees_the_patient_before_others_and_whom_it_gets_when_they_go(bench: Bench) -> None:
    provider, patient = bench.bot("d1", RoomRole.PROVIDER), bench.bot("p1")
    await provider.connect()
    await patient.connect()
    device = screen(bench)
    await device.begin()
    await asyncio.gather(patient.talk(0.2), provider.talk(0.2))
    room = bench.node._rooms["room-1"]
    shown = room._present["wall"].peer
    assert shown is not None
    assert {one.publication.participant_id for one in shown.pictures()} == {"p1"}
    await close(patient)
    await until(lambda: {one.publication.participant_id for one in shown.pictures()} == {"d1"})
    before = device.received[device.out_ssrc["video"]]
    await provider.talk(0.3)
    assert device.received[device.out_ssrc["video"]] > before
    await device.vanish()
    await close(provider)


async def test_a_device_goes_to_another_network_by_patch_within_the_same_session(bench: Bench) -> None:
    provider, device = bench.bot("d1", RoomRole.PROVIDER), camera(bench)
    await provider.connect()
    await device.begin()
    await until(lambda: len(provider.publications) == 2)
    await provider.renegotiate()
    assert (await device.patch("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", if_match=device.tag)).status_code == 204
    before = device.server["ice-ufrag"]
    device.ufrag, device.password = secrets.token_hex(4), secrets.token_hex(12)
    fragment = f"a=ice-ufrag:{device.ufrag}\r\na=ice-pwd:{device.password}\r\n"
    response = await device.patch(fragment, if_match="*")
    assert response.status_code == 200 and response.headers["etag"] != device.tag
    device._apply(response.text, [])
    assert device.server["ice-ufrag"] != before
    old, device._transport = device._transport, None
    device._checked.clear()
    address = (device.server["host"], int(device.server["port"]))
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: device, remote_addr=address)
    await asyncio.wait_for(device._checked.wait(), 15)
    assert old is not None
    old.close()
    await device.talk(0.3)
    await until(lambda: sum(provider.received.values()) > 5)
    stale = await device.patch("a=end-of-candidates\r\n", if_match=device.tag)
    assert stale.status_code == 412, "the session's tag is another since the restart"
    await device.vanish()
    await close(provider)


async def test_a_link_works_once_and_who_shows_it_again_is_refused_and_counted(bench: Bench) -> None:
    device = camera(bench)
    await device.begin()
    again = await device.post()
    assert again.status_code == 401 and again.headers["www-authenticate"].startswith("Bearer")
    assert bench.node.refused["http_link"] == 1
    assert len(bench.node.snapshot("room-1").participants) == 1, "who is inside stays"
    await device.delete()
    assert (await device.post()).status_code == 401, "nor does it work once its device has gone"
    await device.vanish()


async def test_a_device_waits_at_the_door_until_it_is_let_in_or_sent_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = bench.bot("d1", RoomRole.PROVIDER)
    await provider.connect()
    device, other = camera(bench, "gst1", waits=True), camera(bench, "gst2", waits=True)
    asking = asyncio.create_task(device.post())
    assert (await provider.next("knock"))["participant"]["id"] == "gst1"
    await provider.say({"type": "admit", "participant": "gst1"})
    assert (await asking).status_code == 201
    monkeypatch.setattr("media.whip.DOOR_SECONDS", 0.05)
    waiting = await other.post()
    assert waiting.status_code == 503 and waiting.headers["retry-after"] == "1"
    await provider.next("knock")
    assert (await other.post()).status_code == 503, "it stands there still, and may ask again"
    await provider.say({"type": "turn_away", "participant": "gst2"})
    await provider.next("knock_over")
    assert (await other.post()).status_code == 403
    assert (await other.post()).status_code == 401, "and its link has been used up"
    monkeypatch.setattr("media.whip.AT_DOOR_SECONDS", 0.05)
    third = camera(bench, "gst3", waits=True)
    await third.post()
    await provider.next("knock")
    await provider.next("knock_over")
    await device.vanish()
    await close(provider)


async def test_roles_lock_and_limits_hold_for_devices_too(bench: Bench) -> None:
    provider = bench.bot("d1", RoomRole.PROVIDER)
    await provider.connect()
    listener = DeviceBot(bench, "obs", RoomRole.OBSERVER, "whip")
    assert (await listener.post()).status_code == 403, "an observer sends nothing"
    await provider.say({"type": "lock", "locked": True})
    await provider.next("locked")
    shut = await camera(bench).post()
    assert (shut.status_code, shut.text) == (403, "locked")
    await provider.say({"type": "lock", "locked": False})
    await provider.next("locked")
    bench.tokens.known["elsewhere"] = bench.tokens.known[camera(bench, "far").token]
    bench.tokens.elsewhere = "ws://127.0.0.1:9/room"
    sent_on = await camera(bench, "far").post()
    assert (sent_on.status_code, sent_on.headers["location"]) == (307, "http://127.0.0.1:9/whip")
    bench.tokens.elsewhere = ""
    for number in range(5):
        assert (await camera(bench, f"s{number}").post()).status_code == 201
    assert (await camera(bench, "s6").post()).status_code == 503
    await bench.node.close_room("room-1", "done")
    assert (await camera(bench, "s7").post()).status_code == 410
    await provider.vanish()


async def test_whatever_is_wrong_with_a_request_is_said_by_its_status(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = camera(bench)
    offer, own = device.offered(), {"content_type": SDP}

    async def post(body: str = offer, **headers: str) -> int:
        return (await device.ask("POST", device.address, body, **(own | headers))).status_code

    assert await post(authorization="Basic abc") == 401
    assert await post(authorization="Bearer nobodys") == 401
    assert await post(content_type="application/json") == 415
    assert await post(accept="text/html") == 406
    assert await post(origin="http://elsewhere.example") == 403
    assert await post("") == 400 and await post("v=1\r\n") == 400
    assert await post("x" * (sdp.MAX_BYTES + 1)) == 413
    assert await post(offer.replace("a=sendonly", "a=recvonly")) == 422
    assert await post(offer.replace("opus/48000/2", "speex/8000").replace("VP8", "VP7")) == 422
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert (await device.ask(method, device.address)).status_code == 405
    options = await device.ask("OPTIONS", device.address, origin=ORIGIN)
    assert options.status_code == 204 and options.headers["accept-post"] == SDP
    assert options.headers["access-control-allow-origin"] == ORIGIN
    assert not bench.tokens.used, "none of them used the link up"
    await device.begin()
    assert (await device.patch("a=end-of-candidates\r\n")).status_code == 428
    assert (await device.patch("a=end-of-candidates\r\n", if_match='"x"')).status_code == 412
    assert (await device.patch("hello", if_match="*")).status_code == 400
    assert (await device.patch("a" * (MAX_FRAGMENT + 1), if_match="*")).status_code == 413
    assert (await device.patch("x", if_match="*", content_type=SDP)).status_code == 415
    assert (await device.patch("x", if_match="*", authorization="Bearer nobodys")).status_code == 401
    assert (await device.ask("GET", device.location)).status_code == 405
    assert (await device.ask("DELETE", f"{device.base}/whep/{device.location.rpartition('/')[2]}")).status_code == 404
    monkeypatch.setattr("media.allowance.BURST", 5.0)
    monkeypatch.setattr("media.allowance.RATE", 0.1)
    statuses = [await post() for _ in range(8)]
    assert statuses[-1] == 429 and bench.node.refused["http_too_often"] > 0
    await device.vanish()


async def test_a_keeper_of_links_that_fails_lets_nobody_in(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    device = camera(bench)

    def broken(bearer: str) -> None:
        raise OSError(bearer)

    bench.tokens.look = broken  # type: ignore[method-assign]
    assert (await device.post()).status_code == 401
    assert device.token not in caplog.text


async def test_a_device_whose_media_falls_silent_is_gone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.peer.CONSENT_SECONDS", 0.4)
    device = camera(bench)
    await device.begin()
    device._tasks[0].cancel()
    await until(lambda: not bench.node.snapshot("room-1").participants)
    assert (await device.patch("a=end-of-candidates\r\n", if_match="*")).status_code == 404
    await device.vanish()


METHODS = ("POST", "POST", "POST", "PATCH", "DELETE", "OPTIONS", "GET", "PUT", "HEAD", "TRACE")
TYPES = (SDP, SDP, SDP, "application/trickle-ice-sdpfrag", "text/plain", "application/sdp; charset=utf-8", "")


def mangled(rng: random.Random, text: str) -> bytes:
    """An offer that is nearly one, or anything."""
    lines = text.split("\r\n")
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(lines))
        lines[at : at + 1] = rng.choice([[], [lines[at]] * 3, ["".join(rng.choices(string.printable, k=30))]])
    body = "\r\n".join(lines).encode()
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(300))
    return body * 60 if rng.random() < 0.03 else body


async def test_nothing_sent_by_http_brings_the_node_down(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.allowance.RATE", 100_000.0)
    monkeypatch.setattr("media.allowance.BURST", 100_000.0)
    monkeypatch.setattr("media.whip.DOOR_SECONDS", 0.01)
    rng, ends = random.Random(9725), time.monotonic() + 12
    patient, known = bench.bot("p1"), camera(bench, "known")
    await patient.connect()
    await known.begin()
    statuses = set[int]()
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        for number in range(400):
            if time.monotonic() > ends:
                break
            way = rng.choice(["whip", "whep"])
            device = DeviceBot(bench, f"x{number % 3}", rng.choice(list(RoomRole)), way, waits=rng.random() < 0.3)
            place = rng.choice([device.address, device.address, known.location, f"{device.base}/{way}/{'a' * 32}"])
            headers = {
                "authorization": f"Bearer {rng.choice([device.token, device.token, known.token, 'x', '-' * 5000])}"
            }
            headers |= {"content-type": rng.choice(TYPES), "if-match": rng.choice(["*", known.tag, '"x"', ""])}
            method = rng.choice(METHODS) if place != known.location else rng.choice(["PATCH", "GET", "POST"])
            body = mangled(rng, device.offered())
            statuses.add((await client.request(method, place, content=body, headers=headers)).status_code)
    assert not {status for status in statuses if status >= 500} - {503}, statuses
    assert {201, 400, 401, 405, 415} <= statuses
    state = bench.node.snapshot("room-1")
    assert state.open and len(state.participants) <= 6
    await patient.vanish()
    await known.vanish()
    await bench.node.close_room("room-1", "done")
    await until(lambda: bench.node.counters["ice_sessions"] == 0)
