"""A participant without a browser: WebSocket, ICE, DTLS client and synthetic Opus and VP8 packets over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import struct
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from aioice import stun
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from engine.rooms import DeviceEntry, RoomClaims, RoomEvent, RoomRole, RoomSpec
from media import rtcp
from media.aio_adapter import DtlsSession
from media.node import MediaConfig, MediaNode, NodePorts
from media.rtp import FIXED, BadPacket, parse_header, undo_rtx

# Pictures stay as they are however busy the machine is.
STEADY = Path(__file__).with_name("steady.yaml")
ORIGIN = "http://lakeside.localhost:8080"
OPUS, VP8, RTX = 111, 96, 97
Kind = TypeVar("Kind", bound=rtcp.Message)
KEY_FRAME = b"\x10\x00\x00\x00\x9d\x01\x2a" + bytes(20)
DELTA_FRAME = b"\x10\x01" + bytes(20)


class FakeTokens:
    """Tokens that tests make up; a token is known until it is taken away, and who is `gone` may not stay."""

    def __init__(self) -> None:
        self.known: dict[str, RoomClaims] = {}
        self.gone: set[str] = set()
        self.silent, self.unanswered = False, 0
        self.used: set[str] = set()
        self.elsewhere = ""

    def admits(self, claims: RoomClaims) -> bool:
        if self.silent:
            self.unanswered += 1
            raise OSError("nobody answers")
        return claims.participant_id not in self.gone

    def issue(
        self,
        participant: str,
        role: RoomRole = RoomRole.PATIENT,
        *,
        room: str = "room-1",
        life: int = 60,
        waits: bool = False,
    ) -> str:
        token = secrets.token_hex(8)
        self.known[token] = RoomClaims(
            clinic="lakeside",
            visit_id="visit-1",
            room_id=room,
            participant_id=participant,
            role=role,
            expires_at=datetime.now(UTC) + timedelta(seconds=life),
            guest=waits,
            waits=waits,
        )
        return token

    def __call__(self, token: str) -> RoomClaims | None:
        return self.known.get(token)

    def look(self, bearer: str) -> DeviceEntry | None:
        claims = self.known.get(bearer)
        return DeviceEntry(claims=claims, endpoint=self.elsewhere) if claims and bearer not in self.used else None

    def use(self, bearer: str) -> bool:
        if bearer in self.used:
            return False
        self.used.add(bearer)
        return True


def spec(room: str = "room-1", **changes: Any) -> RoomSpec:
    return RoomSpec(room_id=room, clinic="lakeside", visit_id="visit-1", **changes)


@dataclass
class Bench:
    """A running node with its fake tokens and the events it told."""

    node: MediaNode
    tokens: FakeTokens
    events: list[RoomEvent]

    def bot(self, participant: str, role: RoomRole = RoomRole.PATIENT, **more: Any) -> Bot:
        return Bot(self.node.endpoint, self.tokens.issue(participant, role), **more)

    def guest(self, participant: str, role: RoomRole, **more: Any) -> Bot:
        """Somebody who came by an invitation and waits to be let in."""
        return Bot(self.node.endpoint, self.tokens.issue(participant, role, waits=True), **more)


def new_bench(**config: Any) -> Bench:
    tokens = FakeTokens()
    events: list[RoomEvent] = []
    ports = NodePorts(verify=tokens, sink=events.append, admits=tokens.admits, devices=tokens)
    return Bench(MediaNode(MediaConfig(allowed_origins=("http://*.localhost:8080",), **config), ports), tokens, events)


@dataclass
class Stream:
    """One stream a bot sends."""

    ssrc: int = field(default_factory=lambda: secrets.randbelow(1 << 31) + 2)
    sequence: int = field(default_factory=lambda: secrets.randbelow(1 << 16))
    timestamp: int = 1000


class Bot(asyncio.DatagramProtocol):
    """One participant. ``offer`` publishes microphone and camera and subscribes to what is announced."""

    def __init__(self, endpoint: str, token: str, *, publish: bool = True, origin: str = ORIGIN) -> None:
        self.endpoint = endpoint
        self.token = token
        self.publish = publish
        self.origin = origin
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.publications: dict[str, dict[str, Any]] = {}
        self.audio, self.video = Stream(), Stream()
        self.rtx_ssrc = secrets.randbelow(1 << 31) + 2
        self.received: Counter[int] = Counter()
        self.payloads: dict[int, list[tuple[int, bytes]]] = {}
        self.repaired: list[int] = []
        self.control: list[rtcp.Message] = []
        self.raw_control: list[bytes] = []
        self.out_ssrc: dict[str, int] = {}
        self.close_code: int | None = None
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.server: dict[str, str] = {}
        self.socket: ClientConnection | None = None
        self.send_key_on_pli = True
        self.video_on = False
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._offer_id = 0
        self._dtls = DtlsSession(self._out, server=False)
        self._checked = asyncio.Event()

    # --- signalling

    async def join(self) -> dict[str, Any]:
        """Connects and joins; returns the first message (welcome or error)."""
        self.socket = await connect(self.endpoint, origin=self.origin)  # type: ignore[arg-type]
        self._tasks.append(asyncio.create_task(self._read()))
        await self.say({"type": "join", "version": 1, "token": self.token})
        first = await self.next()
        for publication in first.get("publications", []):
            self.publications[publication["id"]] = publication
        return first

    async def say(self, message: dict[str, Any]) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    async def next(self, kind: str | None = None, seconds: float = 15.0) -> dict[str, Any]:
        """The next message, or the next of a kind."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self.inbox.get()
                if kind is None or message["type"] == kind:
                    return message

    async def _read(self) -> None:
        assert self.socket is not None
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self._heard(json.loads(text))
        self.close_code = self.socket.close_code
        self.inbox.put_nowait({"type": "closed", "code": self.close_code})

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] == "published":
            self.publications[message["publication"]["id"]] = message["publication"]
        elif message["type"] == "unpublished":
            self.publications.pop(message["publication"], None)
        self.inbox.put_nowait(message)

    async def negotiate(self) -> dict[str, Any]:
        """Offers what is published and everything announced, and applies the answer."""
        self._offer_id += 1
        subscribe = [
            {"mid": f"s{pub['id'][:6]}", "publication": pub["id"], "kind": pub["kind"]}
            for pub in self.publications.values()
        ]
        publish = [{"mid": "0", "label": "microphone"}, {"mid": "1", "label": "camera"}] if self.publish else []
        await self.say(
            {
                "type": "offer",
                "id": self._offer_id,
                "sdp": self.sdp(subscribe),
                "publish": publish,
                "subscribe": [{"mid": item["mid"], "publication": item["publication"]} for item in subscribe],
            }
        )
        answer = await self.next("answer")
        self._apply(answer["sdp"], subscribe)
        return answer

    async def applied(self) -> None:
        await self.say({"type": "applied", "id": self._offer_id})

    async def connect(self) -> None:
        """The whole way: join, negotiate, ICE, DTLS."""
        await self.join()
        await self.negotiate()
        await self.media()
        await self.applied()

    async def renegotiate(self) -> None:
        await self.negotiate()
        await self.applied()

    def sdp(self, subscribe: list[dict[str, Any]]) -> str:
        sections = [("audio", "0", "sendonly"), ("video", "1", "sendonly")] if self.publish else []
        sections += [(item["kind"], item["mid"], "recvonly") for item in subscribe]
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        lines.append("a=group:BUNDLE " + " ".join(mid for _, mid, _ in sections))
        for kind, mid, direction in sections:
            lines += self._section(kind, mid, direction)
        return "\r\n".join(lines) + "\r\n"

    def _section(self, kind: str, mid: str, direction: str) -> list[str]:
        head = f"m={kind} 9 UDP/TLS/RTP/SAVPF " + ("111" if kind == "audio" else "96 97")
        lines = [head, "c=IN IP4 0.0.0.0", f"a=mid:{mid}", f"a={direction}", "a=rtcp-mux", "a=setup:actpass"]
        lines += [f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.password}"]
        lines += [f"a=fingerprint:{self._dtls.fingerprint}", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
        lines += [
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            *(
                ["a=rtpmap:111 opus/48000/2"]
                if kind == "audio"
                else [
                    "a=rtpmap:96 VP8/90000",
                    "a=rtcp-fb:96 nack",
                    "a=rtcp-fb:96 nack pli",
                    "a=rtcp-fb:96 transport-cc",
                ]
            ),
            *([] if kind == "audio" else ["a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]),
        ]
        if direction == "sendonly" and kind == "audio":
            lines.append(f"a=ssrc:{self.audio.ssrc} cname:bot")
        if direction == "sendonly" and kind == "video":
            lines.append(f"a=ssrc-group:FID {self.video.ssrc} {self.rtx_ssrc}")
            lines += [f"a=ssrc:{self.video.ssrc} cname:bot", f"a=ssrc:{self.rtx_ssrc} cname:bot"]
        return lines

    def _apply(self, answer: str, subscribe: list[dict[str, Any]]) -> None:
        by_mid = {item["mid"]: item for item in subscribe}
        mid = ""
        for line in answer.split("\r\n"):
            name, _, value = line[2:].partition(":")
            if name == "mid":
                mid = value
            elif name in ("ice-ufrag", "ice-pwd", "fingerprint"):
                self.server[name] = value
            elif name == "candidate":
                self.server["host"], self.server["port"] = value.split(" ")[4:6]
            elif name == "ssrc" and mid in by_mid:
                # The media stream's line comes before that of its retransmissions.
                self.out_ssrc.setdefault(by_mid[mid]["publication"], int(value.split(" ")[0]))

    # --- media

    async def media(self) -> None:
        """Opens the UDP socket, checks the path and completes the handshake."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            address = (self.server["host"], int(self.server["port"]))
            await loop.create_datagram_endpoint(lambda: self, remote_addr=address)
            self._tasks.append(asyncio.create_task(self._check_path()))
            await asyncio.wait_for(self._checked.wait(), 15)
            await self._dtls.connect(*self.server["fingerprint"].split(" "))

    async def move(self) -> None:
        """Goes to another network: new ICE credentials, a new socket, the same DTLS session."""
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        await self.renegotiate()
        old, self._transport = self._transport, None
        self._checked.clear()
        address = (self.server["host"], int(self.server["port"]))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=address)
        self._out(self.stun_request())
        await asyncio.wait_for(self._checked.wait(), 15)
        if old is not None:
            old.close()

    async def _check_path(self) -> None:
        while True:
            self._out(self.stun_request())
            await asyncio.sleep(1.0)

    def stun_request(self, password: str | None = None) -> bytes:
        request = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self.server['ice-ufrag']}:{self.ufrag}",
                "ICE-CONTROLLING": 1,
                "PRIORITY": 1,
                "USE-CANDIDATE": None,
            },
        )
        request.add_message_integrity((password or self.server["ice-pwd"]).encode())
        return bytes(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def _out(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)

    raw = _out

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] < 4:
            message = stun.parse_message(data)
            if message.check_message_integrity(self.server["ice-pwd"].encode()):
                self._checked.set()
        elif data[0] < 64:
            self._dtls.feed(data)
        elif self._dtls.connected:
            try:
                self._on_protected(data)
            except BadPacket:
                self.received[-1] += 1

    def _on_protected(self, data: bytes) -> None:
        if 192 <= data[1] <= 223:
            plain = self._dtls.unprotect_rtcp(data)
            self.raw_control.append(plain)
            for message in rtcp.parse_compound(plain):
                self.control.append(message)
                if isinstance(message, rtcp.KeyFrameWanted) and self.send_key_on_pli and self._transport:
                    self.send_video(key=True)
            return
        packet = self._dtls.unprotect(data)
        header = parse_header(packet)
        payload = packet[header.payload_at : header.payload_end]
        self.received[header.ssrc] += 1
        if header.payload_type == RTX:
            original = undo_rtx(payload)
            assert original is not None
            self.repaired.append(original[0])
        self.payloads.setdefault(header.ssrc, []).append((header.sequence, payload))

    def send_audio(self, payload: bytes = b"opus" * 20) -> None:
        self._send(self.audio, OPUS, payload, 960)

    def send_video(self, *, key: bool = False) -> None:
        self._send(self.video, VP8 | 0x80, KEY_FRAME if key else DELTA_FRAME, 3000)

    def skip_video(self) -> int:
        """Leaves one video packet out, as if it had been lost; returns its sequence number."""
        self.video.sequence = (self.video.sequence + 1) & 0xFFFF
        return self.video.sequence

    def resend_video(self, sequence: int) -> None:
        payload = struct.pack("!H", sequence) + DELTA_FRAME
        self.send_plain(FIXED.pack(0x80, RTX, sequence, self.video.timestamp, self.rtx_ssrc) + payload)

    def _send(self, stream: Stream, kind: int, payload: bytes, step: int) -> None:
        stream.sequence = (stream.sequence + 1) & 0xFFFF
        stream.timestamp += step
        twcc = b"\xbe\xde\x00\x01" + b"\x31" + struct.pack("!H", stream.sequence) + b"\x00"
        self.send_plain(FIXED.pack(0x90, kind, stream.sequence, stream.timestamp, stream.ssrc) + twcc + payload)

    def send_plain(self, packet: bytes) -> None:
        if self._dtls.connected:
            self._out(self._dtls.protect(packet))

    def send_control(self, packet: bytes) -> None:
        self._out(self._dtls.protect_rtcp(packet))

    async def talk(self, seconds: float) -> None:
        """Sends sound and picture at 50 packets a second each."""
        for _ in range(int(seconds * 50)):
            self.send_audio()
            self.send_video()
            await asyncio.sleep(0.02)

    def seen(self, message: type[Kind]) -> list[Kind]:
        return [found for found in self.control if isinstance(found, message)]

    async def close(self, *, leave: bool = True) -> None:
        if leave and self.socket is not None and self.close_code is None:
            with contextlib.suppress(OSError):
                await self.say({"type": "leave"})
        await self.vanish()

    async def vanish(self) -> None:
        """Goes without a word on any layer but TCP's own."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        transport, self._transport = self._transport, None
        await self._dtls.close()
        if transport is not None:
            transport.close()
        if self.socket is not None:
            await self.socket.close()
