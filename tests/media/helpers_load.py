"""Many participants at the price of few: encoded once, sent over real sockets, received without being decrypted.

A `Leg` is one transport (UDP socket, ICE, DTLS-SRTP) to any server; a `Voice` sends a clip through it. What arrives is
counted by its header, which SRTP leaves in the clear; sound that carries its sending time is decrypted now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
from aioice import stun

from media import rtcp
from media.aio_adapter import DtlsSession
from media.cc import ArrivalRecorder
from media.rtp import FIXED, BadPacket, extension, extension_block, parse_header

OPUS, VP8, RTX = 111, 96, 97
TWCC_ID, FEEDBACK_EVERY = 3, 0.1
TWCC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
MTU = 1100
SAMPLED = 16
STEP = 0.01
FPS = 30
BLOCK = 16


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of VP8 in payloads without descriptors (the first frame is a key frame), and packets of Opus."""

    video: tuple[tuple[bytes, ...], ...]
    audio: tuple[bytes, ...]


def make_clip(*, size: tuple[int, int] = (1280, 720), kbps: int = 1500, seconds: float = 1.0) -> Clip:
    """A picture of drifting blocks at about this bit rate, and sound of a usual size; encoding takes about as long."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.bit_rate, codec.gop_size = kbps * 1000, int(seconds * FPS)
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    chance = random.Random(7)
    rows = [b"".join(bytes([chance.randrange(40, 216)]) * BLOCK for _ in range(size[0] // BLOCK)) for _ in range(99)]
    blocks = b"".join(row * BLOCK for row in rows)
    frames: list[bytes] = []
    for number in range(int(seconds * FPS)):
        frame = av.VideoFrame(*size, "yuv420p")
        for place, plane in enumerate(frame.planes):
            at = number * 3
            plane.update(bytes([128]) * plane.buffer_size if place else blocks[at : at + plane.buffer_size])
        frame.pts, frame.time_base = number, codec.time_base
        frames += [bytes(packet) for packet in codec.encode(frame)]
    frames += [bytes(packet) for packet in codec.encode(None)]
    video = tuple(tuple(one[at : at + MTU] for at in range(0, len(one), MTU)) for one in frames)
    return Clip(video, tuple(_sound()))


def _sound() -> Iterator[bytes]:
    """Half a second of Opus in frames of 20 ms; a decoder takes bytes after a frame for more of it."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, "stereo", "s16", 32_000
    codec.time_base = Fraction(1, 48_000)
    chance = random.Random(7)
    for number in range(25):
        frame = av.AudioFrame("s16", "stereo", 960)
        frame.planes[0].update(chance.randbytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
        yield from (bytes(packet) for packet in codec.encode(frame))


@dataclass(frozen=True, slots=True)
class Remote:
    """The other side of a transport, out of its SDP."""

    ufrag: str
    password: str
    fingerprint: str
    address: tuple[str, int]


def read_remote(sdp: str) -> Remote:
    """Whoever wrote this SDP: the first credentials, the first UDP candidate of IPv4."""
    found: dict[str, str] = {}
    for line in sdp.splitlines():
        name, _, value = line[2:].partition(":")
        words = value.split(" ")
        if name == "candidate":
            if words[2].lower() == "udp" and ":" not in words[4]:
                found.setdefault("host", words[4])
                found.setdefault("port", words[5])
        elif name != "fingerprint" or value.startswith("sha-256"):
            found.setdefault(name, value)
    return Remote(found["ice-ufrag"], found["ice-pwd"], found["fingerprint"], (found["host"], int(found["port"])))


@dataclass(slots=True)
class Flow:
    """One stream that arrives: packets, the last one's time, and the longest silence before one."""

    kind: str
    last: float
    packets: int = 0
    worst: float = 0.0


class Leg:
    """One transport; ``server`` is true where the other side sends the DTLS ClientHello."""

    def __init__(self, host: str, *, server: bool = False) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.flows: dict[int, Flow] = {}
        self.latencies: list[float] = []
        self.packets = 0
        self.unsent = 0
        self.lost_share = 0.0
        self.keys_wanted: set[int] = set()
        self.first_video: float | None = None
        self.remote: Remote | None = None
        self._arrivals: ArrivalRecorder | None = None
        self._heard_at = 0.0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((host, 0))
        self._dtls = DtlsSession(self._out, server=server)
        self._checked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def host(self) -> str:
        return str(self._socket.getsockname()[0])

    def transport_lines(self, setup: str) -> list[str]:
        """The lines of a section that say how to reach us."""
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self._dtls.fingerprint}",
            f"a=setup:{setup}",
            f"a=candidate:1 1 udp 2130706431 {self.host} {self.port} typ host",
            "a=rtcp-mux",
        ]

    async def connect(self, remote: Remote) -> None:
        """Checks the path and shakes hands."""
        self.remote = remote
        self._socket.connect(remote.address)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)
        self._task = asyncio.create_task(self._check())
        await asyncio.wait_for(self._checked.wait(), 20)
        await self._dtls.connect(*remote.fingerprint.split(" "))

    async def _check(self) -> None:
        due = 0.0
        while True:
            now = time.monotonic()
            if now >= due:
                due = now + (1.0 if self._checked.is_set() and now - self._heard_at < 1.0 else 0.3)
                self._out(self._request())
            self._tell_arrivals()
            await asyncio.sleep(FEEDBACK_EVERY)

    def tell_arrivals(self) -> None:
        """From now on the other side is told when its packets arrived, as a browser tells it."""
        self._arrivals = ArrivalRecorder()

    def _tell_arrivals(self) -> None:
        about = next(iter(self.flows), None)
        packet = self._arrivals.feedback(1, about) if self._arrivals is not None and about is not None else None
        if packet is not None:
            self.send_control(packet)

    def _request(self) -> bytes:
        assert self.remote is not None
        names = {"USERNAME": f"{self.remote.ufrag}:{self.ufrag}", "ICE-CONTROLLING": 1, "PRIORITY": 1}
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes={**names, "USE-CANDIDATE": None})
        request.add_message_integrity(self.remote.password.encode())
        return bytes(request)

    def _out(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError:
            self.unsent += 1

    def send(self, packet: bytes) -> None:
        if self.lost_share and random.random() < self.lost_share:
            return
        self._out(self._dtls.protect(packet))

    def send_control(self, packet: bytes) -> None:
        self._out(self._dtls.protect_rtcp(packet))

    def _readable(self) -> None:
        now = time.monotonic()
        for _ in range(64):
            try:
                data = self._socket.recv(2048)
            except OSError:
                return
            self._heard_at = now
            if data[0] >= 128:
                self._media(data, now)
            elif data[0] >= 20:
                self._dtls.feed(data)
            else:
                self._stun(data)

    def _stun(self, data: bytes) -> None:
        message = stun.parse_message(data)
        if message.message_class == stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == stun.Class.REQUEST and self.remote is not None:
            reply = stun.Message(
                stun.Method.BINDING,
                stun.Class.RESPONSE,
                transaction_id=message.transaction_id,
                attributes={"XOR-MAPPED-ADDRESS": self.remote.address},
            )
            reply.add_message_integrity(self.password.encode())
            self._out(bytes(reply))

    def _media(self, data: bytes, now: float) -> None:
        if self.lost_share and random.random() < self.lost_share:
            return
        kind = data[1] & 0x7F
        if 64 <= kind <= 95:
            self._control(data)
            return
        self.packets += 1
        if self._arrivals is not None:
            self._note_arrival(data, now)
        ssrc = int.from_bytes(data[8:12], "big")
        flow = self.flows.get(ssrc)
        if flow is None:
            flow = self.flows[ssrc] = Flow("audio" if kind == OPUS else "video" if kind == VP8 else "rtx", now)
            if kind == VP8 and self.first_video is None:
                self.first_video = now
        flow.worst = max(flow.worst, now - flow.last)
        flow.last = now
        flow.packets += 1
        if kind == OPUS and data[3] % SAMPLED == 0:
            self._sample(data)

    def _note_arrival(self, data: bytes, now: float) -> None:
        """The header is in the clear; how much padding there is at the end is not, so that it is left out."""
        assert self._arrivals is not None  # asked by the caller
        head = bytes((data[0] & 0xDF,)) + data[1:64]
        number = extension(head, parse_header(head), TWCC_ID) if data[0] & 0x10 else None
        if number is not None:
            self._arrivals.add(int.from_bytes(number, "big"), now)

    def _sample(self, data: bytes) -> None:
        try:
            packet = self._dtls.unprotect(data)
        except BadPacket:
            return
        [sent] = struct.unpack("!d", packet[-8:])
        took = time.monotonic() - sent
        # Who encodes anew sends other bytes.
        if 0 <= took < 60:
            self.latencies.append(took)

    def _control(self, data: bytes) -> None:
        with contextlib.suppress(BadPacket):
            for message in rtcp.parse_compound(self._dtls.unprotect_rtcp(data)):
                if isinstance(message, rtcp.KeyFrameWanted):
                    self.keys_wanted.add(message.ssrc)

    def forget(self) -> None:
        """Counts anew from here on."""
        now = time.monotonic()
        self.packets = 0
        self.latencies.clear()
        for flow in self.flows.values():
            flow.packets, flow.worst, flow.last = 0, 0.0, now

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._dtls.close()
        self._socket.close()


@dataclass(slots=True)
class Layer:
    """One picture that is sent: alone, or as the layer ``rid`` of a simulcast."""

    rid: str
    frames: tuple[tuple[bytes, ...], ...]
    ssrc: int = field(default_factory=lambda: _ssrc())
    rtx_ssrc: int = field(default_factory=lambda: _ssrc())
    number: int = field(default_factory=lambda: secrets.randbelow(1 << 16))
    frame: int = 0


@dataclass(slots=True)
class Voice:
    """What one participant sends through a leg: sound, and a picture in no, one or several layers."""

    leg: Leg
    clip: Clip
    layers: list[Layer]
    audio_ssrc: int = field(default_factory=lambda: _ssrc())
    phase: float = field(default_factory=lambda: random.random() / FPS)
    fps: int = FPS
    sent: int = 0
    pictures: int = 0
    camera_on: bool = True
    _audio_at: float = 0.0
    _video_at: float = 0.0
    _sounds: int = 0
    _packets: int = 0

    @classmethod
    def of(cls, leg: Leg, clip: Clip, *more: Clip, video: bool = True) -> Voice:
        """One picture of the clip's, or a layer for each of several, the lowest first."""
        clips = (clip, *more) if video else ()
        rids = ("q", "h", "f")[-len(clips) :] if more else ("",)
        return cls(leg, clip, [Layer(rid, one.video) for rid, one in zip(rids, clips, strict=False)])

    @property
    def with_video(self) -> bool:
        return bool(self.layers)

    def begin(self, now: float) -> None:
        self._audio_at, self._video_at = now + self.phase / 2, now + self.phase

    def due(self, now: float) -> None:
        """Sends what is due by ``now``."""
        while self._audio_at <= now:
            self._audio_at += 0.02
            self._sound()
        while self._video_at <= now:
            self._video_at += 1 / self.fps
            self.pictures += 1
            if self.camera_on:
                for layer in self.layers:
                    self._picture(layer)

    def _sound(self) -> None:
        self._sounds += 1
        payload = self.clip.audio[self._sounds % len(self.clip.audio)] + struct.pack("!d", time.monotonic())
        self._packet(OPUS, self._sounds, self._sounds * 960, self.audio_ssrc, payload, {})

    def _picture(self, layer: Layer) -> None:
        if layer.ssrc in self.leg.keys_wanted:
            self.leg.keys_wanted.discard(layer.ssrc)
            layer.frame = 0
        payloads = layer.frames[layer.frame % len(layer.frames)]
        layer.frame += 1
        number = struct.pack("!H", 0x8000 | self.pictures & 0x7FFF)
        names = {4: b"v", 10: layer.rid.encode()} if layer.rid else {}
        for count, payload in enumerate(payloads, 1):
            layer.number += 1
            head = (b"\x90\x80" if count == 1 else b"\x80\x80") + number
            kind = VP8 | 0x80 if count == len(payloads) else VP8
            self._packet(kind, layer.number, self.pictures * 3000, layer.ssrc, head + payload, names)

    def _packet(self, kind: int, number: int, stamp: int, ssrc: int, payload: bytes, names: dict[int, bytes]) -> None:
        self._packets += 1
        head = FIXED.pack(0x90, kind, number & 0xFFFF, stamp & 0xFFFF_FFFF, ssrc)
        block = extension_block({TWCC_ID: struct.pack("!H", self._packets & 0xFFFF), **names})
        self.leg.send(head + block + payload)
        self.sent += 1

    def report(self) -> None:
        """Says by the wall clock when its timestamps were, as a browser does each second or so."""
        wall = rtcp.ntp(time.time())
        times = [(self.audio_ssrc, self._sounds * 960), *((layer.ssrc, self.pictures * 3000) for layer in self.layers)]
        for ssrc, stamp in times:
            report = rtcp.SenderReport(ssrc, wall, stamp & 0xFFFF_FFFF, self._packets, 0)
            self.leg.send_control(rtcp.sender_report(report))


def _ssrc() -> int:
    return secrets.randbelow(1 << 31) + 2


@dataclass(slots=True)
class Talk:
    """Sends everybody's clip. ``stalled`` is the longest that the machine kept us from it: no gap is shorter."""

    voices: list[Voice]
    stalled: float = 0.0

    async def run(self, seconds: float) -> None:
        """Sends for so long."""
        now = time.monotonic()
        end, report_at, before = now + seconds, 0.0, now
        for voice in self.voices:
            voice.begin(now)
        while (now := time.monotonic()) < end:
            self.stalled, before = max(self.stalled, now - before), now
            for voice in self.voices:
                voice.due(now)
            if now >= report_at:
                report_at = now + 1.0
                for voice in self.voices:
                    voice.report()
            await asyncio.sleep(max(0.0, now + STEP - time.monotonic()))


async def talk(voices: Iterable[Voice], seconds: float) -> None:
    """Sends everybody's clip for so long."""
    await Talk(list(voices)).run(seconds)


@dataclass(frozen=True, slots=True)
class Part:
    """One section of an offer: ``voice`` where it sends."""

    kind: str
    mid: str
    voice: Voice | None = None


def write_offer(leg: Leg, parts: Iterable[Part]) -> str:
    """An offer of these sections, as a browser would make it."""
    wanted = list(parts)
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=msid-semantic: WMS *"]
    lines.append("a=group:BUNDLE " + " ".join(part.mid for part in wanted))
    for part in wanted:
        lines += [*section_head(part.kind, part.mid, "sendonly" if part.voice else "recvonly"), *_names(part)]
        lines += leg.transport_lines("actpass")
    return "\r\n".join(lines) + "\r\n"


def section_head(kind: str, mid: str, direction: str) -> list[str]:
    """Codecs, feedback and the transport-wide numbers of a section."""
    lines = [f"m={kind} 9 UDP/TLS/RTP/SAVPF " + ("111" if kind == "audio" else "96 97"), "c=IN IP4 0.0.0.0"]
    lines += [f"a=mid:{mid}", f"a={direction}", f"a=extmap:{TWCC_ID} {TWCC_URI}"]
    if kind == "audio":
        return [*lines, "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc"]
    feedback = [f"a=rtcp-fb:96 {name}" for name in ("nack", "nack pli", "ccm fir", "transport-cc")]
    return [*lines, "a=rtpmap:96 VP8/90000", *feedback, "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]


def _names(part: Part) -> list[str]:
    if part.voice is None:
        return []
    lines = [f"a=msid:bot {part.kind}"]
    if part.kind == "audio":
        return [*lines, f"a=ssrc:{part.voice.audio_ssrc} cname:bot"]
    rids = [layer.rid for layer in part.voice.layers if layer.rid]
    if rids:
        lines += ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
        lines += ["a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"]
        return [*lines, *(f"a=rid:{rid} send" for rid in rids), f"a=simulcast:send {';'.join(rids)}"]
    [only] = part.voice.layers
    lines += [f"a=ssrc-group:FID {only.ssrc} {only.rtx_ssrc}", f"a=ssrc:{only.ssrc} cname:bot"]
    return [*lines, f"a=ssrc:{only.rtx_ssrc} cname:bot"]
