"""The offer parser accepts what browsers say and nothing that only looks like it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from media.answer import Outgoing, Transport, choose, write_answer
from media.sdp import BadOffer, Codec, parse_offer

CHROMIUM = (Path(__file__).parent / "chromium_offer.sdp").read_text().replace("\n", "\r\n")
TRANSPORT = Transport(
    ufrag="srvr", password="p" * 24, fingerprint="sha-256 AA", addresses=("127.0.0.1", "192.0.2.1"), port=5000
)
VP8 = Codec(payload_type=96, name="vp8", clock=90000)
SENT = Outgoing(stream="s1", track="t1", cname="s1", codec=VP8, ssrc=11, rtx_ssrc=12)


def test_a_chromium_offer_is_understood() -> None:
    offer = parse_offer(CHROMIUM)
    audio, video, receive = offer.sections[:3]
    assert [section.mid for section in offer.sections] == ["0", "1", "2"]
    assert (audio.direction, video.direction, receive.direction) == ("sendonly", "sendonly", "recvonly")
    assert len(audio.ssrcs) == 1 and len(video.ssrcs) == 2
    assert video.rtx_of == {video.ssrcs[1]: video.ssrcs[0]}
    chosen, sound = choose(video), choose(audio)
    assert chosen is not None and sound is not None
    assert (chosen.codec.name, chosen.codec.clock, sound.codec.name) == ("vp8", 90000, "opus")
    assert chosen.rtx is not None and chosen.twcc_id is not None and chosen.mid_id is not None
    assert offer.fingerprint[0] == "sha-256"


def test_the_answer_says_what_flows_where_and_aiortc_can_read_it() -> None:
    offer = parse_offer(CHROMIUM)
    answer = write_answer(offer, TRANSPORT, {"2": SENT}, {"0", "1"})
    theirs = SessionDescription.parse(answer)
    assert [media.direction for media in theirs.media] == ["recvonly", "recvonly", "sendonly"]
    assert [media.rtp.muxId for media in theirs.media] == ["0", "1", "2"]
    assert all(media.dtls and media.dtls.role == "server" for media in theirs.media)
    assert [candidate.ip for candidate in theirs.media[0].ice_candidates] == ["127.0.0.1", "192.0.2.1"]
    assert theirs.media[2].ssrc[0].ssrc == 11, "the media stream comes before its retransmissions"
    assert "a=ice-lite" in answer
    assert "x-google-start-bitrate=1200" in answer
    assert "transport-cc" in answer
    for kind in ("rtx", "VP8", "opus"):
        assert kind in answer
    for kind in ("H264", "VP9", "AV1", "red/", "ulpfec", "PCMU"):
        assert kind not in answer


def test_sections_without_use_are_inactive_and_rejected_ones_keep_their_place() -> None:
    data = CHROMIUM.replace("m=video 9", "m=video 0", 1).replace("BUNDLE 0 1 2", "BUNDLE 0 2")
    answer = write_answer(parse_offer(data), TRANSPORT, {}, {"0"})
    assert "a=group:BUNDLE 0 2\r\n" in answer
    heads = [line.split(" ")[:2] for line in answer.split("\r\n") if line.startswith("m=")]
    assert heads == [["m=audio", "9"], ["m=video", "0"], ["m=video", "9"]]
    assert answer.count("a=inactive") == 2


def test_a_data_channel_section_is_declined() -> None:
    head = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=sctp-port:5000\r\n"
    answer = write_answer(parse_offer(CHROMIUM + head), TRANSPORT, {}, set())
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answer


def simulcast(*lines: str, rids: str = "qhf") -> str:
    """The Chromium offer with its camera in layers."""
    own = [*(f"a=rid:{rid} send" for rid in rids), *lines, "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"]
    return CHROMIUM.replace("a=mid:1\r\n", "a=mid:1\r\n" + "".join(f"{line}\r\n" for line in own))


def test_the_layers_of_a_simulcast_are_taken_in_their_order() -> None:
    offer = parse_offer(simulcast("a=simulcast:send q;~h,x;f"))
    assert offer.sections[1].rids == ("q", "h", "f")
    answer = write_answer(offer, TRANSPORT, {"2": SENT}, {"0", "1"})
    assert "a=rid:h recv\r\n" in answer and "a=simulcast:recv q;~h;f\r\n" in answer
    assert answer.count("a=simulcast") == 1
    theirs = SessionDescription.parse(answer)
    assert [extension.uri for extension in theirs.media[1].rtp.headerExtensions][-1].endswith("rtp-stream-id")


@pytest.mark.parametrize("line", ["a=simulcast:send q;q", "a=simulcast:send q;h;z", "a=simulcast:send q;h;f;g"])
def test_layers_that_are_too_many_or_not_named_are_refused(line: str) -> None:
    with pytest.raises(BadOffer, match=r"^sdp_simulcast$"):
        parse_offer(simulcast(line, rids="qhfg"))


def test_layers_to_be_received_or_without_an_extension_are_none() -> None:
    assert parse_offer(simulcast("a=simulcast:recv q;h;f")).sections[1].rids == ()
    bare = simulcast("a=simulcast:send q;h;f").replace("rtp-stream-id", "other")
    choice = choose(parse_offer(bare).sections[1])
    assert choice is not None and choice.rids == ()


def test_h264_is_taken_where_the_browser_lists_it_first_and_in_a_form_that_everybody_decodes() -> None:
    first, *_ = [line for line in CHROMIUM.split("\r\n") if line.startswith("m=video")]
    types = list(dict.fromkeys(re.findall(r"a=rtpmap:(\d+) H264", CHROMIUM)))
    head, rest = first.rpartition("SAVPF ")[0] + "SAVPF ", first.rpartition("SAVPF ")[2].split(" ")
    ordered = [*types, *(one for one in rest if one not in types)]
    offer = parse_offer(CHROMIUM.replace(first, head + " ".join(ordered)))
    choice = choose(offer.sections[1])
    assert choice is not None and choice.codec.name == "h264" and choice.rtx is not None
    assert choice.codec.parameter("packetization-mode") == "1"
    assert choice.codec.parameter("profile-level-id").startswith("42")
    answer = write_answer(offer, TRANSPORT, {}, {"1"})
    assert "H264/90000" in answer and "packetization-mode=1;" in answer
    subscribed = choose(offer.sections[1], VP8)
    assert subscribed is not None and subscribed.codec.name == "vp8"


@pytest.mark.parametrize(
    ("pattern", "replacement", "code"),
    [
        (r"^v=0", "v=1", "sdp_version"),
        (r"a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1", "sdp_bundle"),
        (r"a=mid:1", "a=mid:0", "sdp_mid"),
        (r"a=mid:1", "a=mid:\u00e9", "sdp_mid"),
        (r"a=rtcp-mux\r\n", "", "sdp_profile"),
        (r"UDP/TLS/RTP/SAVPF", "RTP/AVP", "sdp_profile"),
        (r"a=setup:actpass", "a=setup:passive", "sdp_setup"),
        (r"a=ice-ufrag:\S+", "a=ice-ufrag:x", "sdp_ice-ufrag"),
        (r"a=ice-pwd:\S+\r\n", "", "sdp_ice-pwd"),
        (r"a=fingerprint:sha-256", "a=fingerprint:sha-1", "sdp_fingerprint"),
        (r"a=sendonly", "a=sendonly\r\na=recvonly", "sdp_direction"),
        (r"a=ssrc:\d+", "a=ssrc:99999999999", "sdp_ssrc"),
        (r"m=video 9", "m=video x", "sdp_media"),
        (r"s=-", "nonsense", "sdp_line"),
        (r"s=-", "s=\x00", "sdp_text"),
        (r"s=-", "s=" + "x" * 4000, "sdp_line"),
    ],
)
def test_what_is_not_exactly_so_is_refused_with_its_reason(pattern: str, replacement: str, code: str) -> None:
    changed = re.sub(pattern, lambda _: replacement, CHROMIUM, count=1, flags=re.MULTILINE)
    assert changed != CHROMIUM
    with pytest.raises(BadOffer, match=f"^{code}$"):
        parse_offer(changed)


def test_too_much_of_anything_is_refused() -> None:
    section = CHROMIUM[CHROMIUM.index("m=video") :]
    for text in (CHROMIUM + section * 60, "v=0\r\n" + "a=x\r\n" * 30000, ""):
        with pytest.raises(BadOffer):
            parse_offer(text)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mangled_offer_is_parsed_or_refused_and_never_more(data: st.DataObject) -> None:
    lines = CHROMIUM.split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "double", "cut", "noise", "number"]))
        if change == "drop":
            del lines[at]
        elif change == "double":
            lines.insert(data.draw(st.integers(0, len(lines))), lines[at])
        elif change == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, 40))]
        elif change == "noise":
            lines[at] = lines[at][:3] + data.draw(st.text(max_size=30))
        else:
            lines[at] = re.sub(r"\d+", str(data.draw(st.integers(-5, 1 << 70))), lines[at])
        if not lines:
            return
    try:
        offer = parse_offer("\r\n".join(lines))
    except BadOffer:
        return
    write_answer(offer, TRANSPORT, {"2": SENT}, {"0", "1"})


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with pytest.raises(BadOffer):
        parse_offer(text)
