"""A whole call between bots: real UDP and WebSocket sockets, real DTLS-SRTP, a node in the same loop."""

from __future__ import annotations

import asyncio
import itertools

from engine.rooms import RoomEventKind, RoomRole
from media import rtcp
from tests.media.helpers_bot import Bench
from tests.media.helpers_call import close, out, two, until


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
    assert not bench.node._rooms["room-1"]._present["p1"].publications["1"].layers[""].source._key_wanted
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
