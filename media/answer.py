"""What of an offer a node takes, and the answer it gives: Opus, VP8 or H264, simulcast, ICE-lite, DTLS server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from media.sdp import Codec, Offer, Section

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
TWCC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
START_KBPS = 1200
_WANTED = {"audio": (("opus", 48000),), "video": (("vp8", 90000), ("h264", 90000))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """The stream that we send in one section of the answer."""

    stream: str
    track: str
    cname: str
    codec: Codec
    ssrc: int
    rtx_ssrc: int | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Transport:
    """Our side of the transport: ICE credentials, fingerprint, and the addresses and port to send to."""

    ufrag: str
    password: str
    fingerprint: str
    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a section we use: the media codec, its retransmission payload type, the extension ids, the layers."""

    codec: Codec
    rtx: int | None
    mid_id: int | None
    twcc_id: int | None
    rid_id: int | None
    repaired_id: int | None
    rids: tuple[str, ...]


def choose(section: Section, sent: Codec | None = None) -> Choice | None:
    """The first codec of the offer that rooms forward; for a subscription the one that is ``sent``. None without one.

    The order of an offer is the browser's preference: a phone that encodes H264 in hardware lists it first.
    """
    codec = next((found for found in section.codecs if _taken(section.kind, found) and _same(found, sent)), None)
    if codec is None:
        return None
    rtx = next((found.payload_type for found in section.codecs if found.apt == codec.payload_type), None)
    known = section.extensions
    rid_id = known.get(RID_URI)
    return Choice(
        codec=codec,
        rtx=rtx,
        mid_id=known.get(MID_URI),
        twcc_id=known.get(TWCC_URI),
        rid_id=rid_id,
        repaired_id=known.get(REPAIRED_RID_URI),
        rids=section.rids if rid_id is not None and section.kind == "video" else (),
    )


def _taken(kind: str, codec: Codec) -> bool:
    if (codec.name, codec.clock) not in _WANTED.get(kind, ()):
        return False
    # Every browser decodes baseline in packetisation mode 1 (RFC 7742, section 6.2); other profiles not everybody.
    return codec.name != "h264" or (codec.parameter("packetization-mode") == "1" and _profile(codec) == "42")


def _same(codec: Codec, sent: Codec | None) -> bool:
    return sent is None or (codec.name, codec.clock) == (sent.name, sent.clock)


def _profile(codec: Codec) -> str:
    return codec.parameter("profile-level-id")[:2]


def write_answer(offer: Offer, transport: Transport, outgoing: Mapping[str, Outgoing], receiving: set[str]) -> str:
    """The answer: we receive the sections named in ``receiving``, send ``outgoing`` by mid, and leave the rest idle."""
    used = [section for section in offer.sections if not section.rejected and choose(section)]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-lite"]
    lines.append(" ".join(["a=group:BUNDLE", *(section.mid for section in used)]))
    lines.append("a=msid-semantic: WMS *")
    for section in offer.sections:
        choice = choose(section) if section in used else None
        if choice is None:
            lines += _rejected(section)
        else:
            sent = outgoing.get(section.mid)
            choice = (choose(section, sent.codec) if sent else None) or choice
            lines += _accepted(section, choice, transport)
            lines += _flow(sent, section.mid in receiving)
            if sent is None and section.mid in receiving:
                lines += _layer_lines(choice, section.resting)
    return "\r\n".join(lines) + "\r\n"


def write_fragment(transport: Transport, section: Section) -> str:
    """Our side of an ICE session alone (RFC 8840), told by the first section of the bundle."""
    lines = [f"a=ice-ufrag:{transport.ufrag}", f"a=ice-pwd:{transport.password}", "a=ice-lite"]
    lines += [f"m={section.kind} 9 {section.protocol} 0", f"a=mid:{section.mid}"]
    return "\r\n".join([*lines, *_candidates(transport), "a=end-of-candidates"]) + "\r\n"


def _rejected(section: Section) -> list[str]:
    lines = [f"m={section.kind} 0 {section.protocol} {section.formats}", "c=IN IP4 0.0.0.0", "a=inactive"]
    return [*lines, f"a=mid:{section.mid}"] if section.mid else lines


def _accepted(section: Section, choice: Choice, transport: Transport) -> list[str]:
    codec = choice.codec
    types = [codec.payload_type] if choice.rtx is None else [codec.payload_type, choice.rtx]
    return [
        f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, types))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:{transport.fingerprint}",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *_codec_lines(section, choice),
        *_extension_lines(choice),
        *_candidates(transport),
        "a=end-of-candidates",
    ]


def _codec_lines(section: Section, choice: Choice) -> Iterator[str]:
    codec = choice.codec
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    name = "opus" if section.kind == "audio" else codec.name.upper()
    yield f"a=rtpmap:{number} {name}/{codec.clock}{channels}"
    if section.kind == "audio":
        yield f"a=fmtp:{number} minptime=10;useinbandfec=1"
    else:
        # Chromium otherwise starts at 300 kbit/s and takes half a minute to a clear picture.
        own = f"{codec.parameters};" if codec.name == "h264" else ""
        yield f"a=fmtp:{number} {own}x-google-start-bitrate={START_KBPS}"
    wanted = ["nack", "transport-cc"] + (["nack pli", "ccm fir"] if section.kind == "video" else [])
    yield from (f"a=rtcp-fb:{number} {name}" for name in wanted if name in codec.feedback or name == "nack")
    if choice.rtx is not None:
        yield f"a=rtpmap:{choice.rtx} rtx/{codec.clock}"
        yield f"a=fmtp:{choice.rtx} apt={number}"


def _extension_lines(choice: Choice) -> Iterator[str]:
    if choice.mid_id is not None:
        yield f"a=extmap:{choice.mid_id} {MID_URI}"
    if choice.twcc_id is not None:
        yield f"a=extmap:{choice.twcc_id} {TWCC_URI}"
    if choice.rids:
        yield f"a=extmap:{choice.rid_id} {RID_URI}"
        if choice.repaired_id is not None:
            yield f"a=extmap:{choice.repaired_id} {REPAIRED_RID_URI}"


def _layer_lines(choice: Choice, resting: frozenset[str]) -> Iterator[str]:
    """What rests goes on resting: a browser takes an answer without that for the wish to send everything."""
    yield from (f"a=rid:{rid} recv" for rid in choice.rids)
    if choice.rids:
        yield f"a=simulcast:recv {';'.join(('~' if rid in resting else '') + rid for rid in choice.rids)}"


def _candidates(transport: Transport) -> Iterator[str]:
    for index, address in enumerate(transport.addresses):
        priority = 126 << 24 | (65535 - index) << 8 | 255
        yield f"a=candidate:{index + 1} 1 udp {priority} {address} {transport.port} typ host"


def _flow(outgoing: Outgoing | None, receiving: bool) -> Iterator[str]:
    if outgoing is None:
        yield "a=recvonly" if receiving else "a=inactive"
        return
    yield "a=sendonly"
    yield f"a=msid:{outgoing.stream} {outgoing.track}"
    if outgoing.rtx_ssrc is not None:
        yield f"a=ssrc-group:FID {outgoing.ssrc} {outgoing.rtx_ssrc}"
    # The media stream comes first: Chromium takes the first SSRC for the primary one, whatever the group says.
    yield f"a=ssrc:{outgoing.ssrc} cname:{outgoing.cname}"
    if outgoing.rtx_ssrc is not None:
        yield f"a=ssrc:{outgoing.rtx_ssrc} cname:{outgoing.cname}"
