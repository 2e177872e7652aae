"""The three that forward a call, each behind the same door: started as a program, filled with rooms, taken down."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from admin_ui.cli.free_ports import pick
from engine.settings import HOME
from tests.bench.media_node import ORIGIN
from tests.media.helpers_load import Clip, Leg, Part, Voice, read_remote, section_head, write_offer
from tests.media.helpers_rooms import Member

JANUS = "janus"
PLUGIN = "janus.plugin.videoroom"


class Party(Protocol):
    """One participant in a room of whichever server: what they send, and the legs they receive by."""

    voice: Voice

    def legs(self) -> list[Leg]: ...
    async def receive(self, parties: int) -> None: ...
    async def close(self) -> None: ...


class Server(Protocol):
    """A running server."""

    name: str
    pid: int

    async def party(self, room: int, number: int, clip: Clip, *, video: bool) -> Party: ...


# --- ours ------------------------------------------------------------------------------------------------------------


class NodeParty:
    """A participant of our node."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.voice = member.voice

    def legs(self) -> list[Leg]:
        return [self._member.leg]

    async def receive(self, parties: int) -> None:
        await self._member.receive((parties - 1) * (2 if self.voice.with_video else 1))

    async def close(self) -> None:
        await self._member.close()


class NodeServer:
    """Our media node."""

    name = "clinicwright"

    def __init__(self, pid: int, endpoint: str) -> None:
        self.pid = pid
        self._endpoint = endpoint

    async def party(self, room: int, number: int, clip: Clip, *, video: bool) -> Party:
        return NodeParty(await Member.join(self._endpoint, f"{room}:p{number}", ORIGIN, clip, video=video))


@asynccontextmanager
async def _program(*words: str) -> AsyncIterator[tuple[int, str]]:
    """One of our programs: its process and the line it prints once it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, cwd=HOME, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield process.pid, (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def node_server(rooms: int) -> AsyncIterator[Server]:
    async with _program("tests.bench.media_node", str(rooms)) as (pid, endpoint):
        yield NodeServer(pid, endpoint)


# --- aiortc's relay --------------------------------------------------------------------------------------------------


class RelayParty:
    """A participant of aiortc's relay: one connection to send, one to receive."""

    def __init__(self, endpoint: str, room: int, number: int, voice: Voice) -> None:
        self.voice = voice
        self._endpoint, self._room, self._number = endpoint, room, number
        self._sockets: list[ClientConnection] = []
        self._legs = [voice.leg]

    def legs(self) -> list[Leg]:
        return self._legs[1:]

    async def send(self) -> None:
        kinds = ("audio", "video") if self.voice.with_video else ("audio",)
        await self._ask(self.voice.leg, [Part(kind, kind[0], self.voice) for kind in kinds], sends=True)

    async def receive(self, parties: int) -> None:
        kinds = ("audio", "video") if self.voice.with_video else ("audio",)
        leg = Leg("127.0.0.1", server=True)
        self._legs.append(leg)
        parts = [Part(kind, f"{kind[0]}{other}") for other in range(parties - 1) for kind in kinds]
        await self._ask(leg, parts, sends=False)

    async def _ask(self, leg: Leg, parts: list[Part], *, sends: bool) -> None:
        socket = await connect(self._endpoint)
        self._sockets.append(socket)
        offer = write_offer(leg, parts)
        asked = {"room": str(self._room), "who": str(self._number), "sdp": offer, "sends": sends}
        await socket.send(json.dumps(asked))
        answer: str = json.loads(await socket.recv())["sdp"]
        await leg.connect(read_remote(answer))

    async def close(self) -> None:
        for leg in self._legs:
            await leg.close()
        for one in self._sockets:
            await one.close()


class RelayServer:
    """aiortc's decode-and-encode relay."""

    name = "aiortc relay"

    def __init__(self, pid: int, endpoint: str) -> None:
        self.pid = pid
        self._endpoint = endpoint

    async def party(self, room: int, number: int, clip: Clip, *, video: bool) -> Party:
        made = RelayParty(self._endpoint, room, number, Voice.of(Leg("127.0.0.1", server=True), clip, video=video))
        await made.send()
        return made


@asynccontextmanager
async def relay_server() -> AsyncIterator[Server]:
    async with _program("tests.bench.media_relay") as (pid, endpoint):
        yield RelayServer(pid, endpoint)


# --- Janus -----------------------------------------------------------------------------------------------------------


class JanusTalk:
    """Janus's own protocol over one WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._session = 0
        self._count = itertools.count()

    async def open(self) -> None:
        self._session = (await self._ask({"janus": "create"}, "success"))["data"]["id"]

    async def attach(self) -> int:
        handle: int = (await self._ask({"janus": "attach", "plugin": PLUGIN}, "success"))["data"]["id"]
        return handle

    async def message(
        self, handle: int, body: Mapping[str, Any], wanted: str, jsep: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The plugin's answer: ``success`` at once, or an ``event``."""
        asked = {"janus": "message", "handle_id": handle, "body": dict(body)}
        return await self._ask({**asked, "jsep": dict(jsep)} if jsep else asked, wanted)

    async def _ask(self, message: dict[str, Any], wanted: str) -> dict[str, Any]:
        name = f"t{next(self._count)}"
        session = {"session_id": self._session} if self._session else {}
        await self._socket.send(json.dumps({**message, **session, "transaction": name}))
        async with asyncio.timeout(20):
            while True:
                said: dict[str, Any] = json.loads(await self._socket.recv())
                if said["janus"] == "error" or "error" in said.get("plugindata", {}).get("data", {}):
                    raise RuntimeError(f"janus: {said}")
                if said.get("transaction") == name and said["janus"] == wanted:
                    return said

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self._ask({"janus": "destroy"}, "success")
        await self._socket.close()


class JanusParty:
    """A participant of Janus's video room: one connection to send, one to receive."""

    def __init__(self, talk: JanusTalk, room: int, number: int, voice: Voice) -> None:
        self.voice = voice
        self._talk, self._room, self._number = talk, room, number
        self._legs = [voice.leg]

    def legs(self) -> list[Leg]:
        return self._legs[1:]

    async def send(self) -> None:
        handle = await self._talk.attach()
        me = self._number + 1
        await self._talk.message(
            handle, {"request": "join", "ptype": "publisher", "room": self._room, "id": me}, "event"
        )
        kinds = ("audio", "video") if self.voice.with_video else ("audio",)
        offer = write_offer(self.voice.leg, [Part(kind, kind[0], self.voice) for kind in kinds])
        said = await self._talk.message(handle, {"request": "publish"}, "event", {"type": "offer", "sdp": offer})
        await self.voice.leg.connect(read_remote(said["jsep"]["sdp"]))

    async def receive(self, parties: int) -> None:
        handle = await self._talk.attach()
        streams = [{"feed": other + 1} for other in range(parties) if other != self._number]
        body = {"request": "join", "ptype": "subscriber", "room": self._room, "streams": streams}
        said = await self._talk.message(handle, body, "event")
        offer: str = said["jsep"]["sdp"]
        leg = Leg(self.voice.leg.host)
        self._legs.append(leg)
        answer = {"type": "answer", "sdp": _write_answer(leg, offer)}
        await self._talk.message(handle, {"request": "start"}, "event", answer)
        await leg.connect(read_remote(offer))

    async def close(self) -> None:
        for leg in self._legs:
            await leg.close()
        await self._talk.close()


def _write_answer(leg: Leg, offer: str) -> str:
    """Receives every section of Janus's offer."""
    heads = [line.split(" ")[0][2:] for line in offer.splitlines() if line.startswith("m=")]
    mids = [line[6:] for line in offer.splitlines() if line.startswith("a=mid:")]
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + " ".join(mids)]
    for kind, mid in zip(heads, mids, strict=True):
        lines += [*section_head(kind, mid, "recvonly"), *leg.transport_lines("active")]
    return "\r\n".join(lines) + "\r\n"


class JanusServer:
    """Janus with its video room."""

    name = "janus"

    def __init__(self, pid: int, endpoint: str, host: str) -> None:
        self.pid = pid
        self._endpoint, self._host = endpoint, host
        self._rooms: set[int] = set()

    async def party(self, room: int, number: int, clip: Clip, *, video: bool) -> Party:
        talk = JanusTalk(await connect(self._endpoint, subprotocols=[Subprotocol("janus-protocol")]))
        await talk.open()
        if number == 0:
            handle = await talk.attach()
            if room in self._rooms:
                await talk.message(handle, {"request": "destroy", "room": room + 1}, "success")
            self._rooms.add(room)
            body = {"request": "create", "room": room + 1, "publishers": 6, "bitrate": 4_000_000}
            codecs = {"audiocodec": "opus", "videocodec": "vp8"}
            await talk.message(handle, {**body, **codecs}, "success")
        leg = Leg(self._host, server=True)
        made = JanusParty(talk, room + 1, number, Voice.of(leg, clip, video=video))
        await made.send()
        return made


def janus_is_here() -> bool:
    """Debian's package puts it on the path."""
    return shutil.which(JANUS) is not None


@asynccontextmanager
async def janus_server(folder: Path) -> AsyncIterator[Server]:
    """Janus with nothing but its video room and WebSockets, on an address of this machine."""
    host, [port] = _own_address(), pick(1)
    plugins = _only(folder / "plugins", "plugins", "videoroom")
    transports = _only(folder / "transports", "transports", "websockets")
    (folder / "janus.jcfg").write_text(
        f"""general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}"
  transports_folder = "{transports}"
  events_folder = "{folder}"
  loggers_folder = "{folder}"
  debug_level = 2
}}
nat: {{
  ice_enforce_list = "{host}"
  ice_lite = true
}}
"""
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{\n  json = "compact"\n  ws = true\n  ws_port = {port}\n  ws_ip = "127.0.0.1"\n  wss = false\n}}\n'
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {\n}\n")
    words = ("-F", str(folder), "--disable-colors")
    with (folder / "janus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(JANUS, *words, stdout=log, stderr=log)
    try:
        await _listening(port)
        yield JanusServer(process.pid, f"ws://127.0.0.1:{port}", host)
    finally:
        process.terminate()
        await process.wait()


def _only(folder: Path, kind: str, name: str) -> Path:
    """A folder with one of Janus's modules: every other would be loaded and started."""
    folder.mkdir()
    [home] = Path("/usr/lib").glob(f"*/janus/{kind}")
    (folder / f"libjanus_{name}.so").symlink_to(home / f"libjanus_{name}.so")
    return folder


def _own_address() -> str:
    """An address of this machine that is not the loopback, which Janus gathers no candidate for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
