"""How browsers reach their room: one WebSocket each, the token in its first message, everything bounded.

What a connection may cost before and after it has shown a token is limited here: time, size, rate, waiting messages.
Refusals are counted by code; nothing that a client sent is ever logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.echoes import TICKET
from engine.rooms import RoomClaims
from media import protocol, sdp
from media.allowance import Allowance
from media.echo import EchoHall
from media.line import Line, Resumes
from media.metrics import CONTENT_TYPE, asks_from_here
from media.origins import origin_allowed
from media.participant import Participant, Refused
from media.room import Room

JOIN_SECONDS = 5.0
MAX_STRANGERS = 64
OUTBOX = 256
MAX_MISTAKES = 5
PATH = "/room"
log = logging.getLogger(__name__)
Obey = Callable[[protocol.ClientMessage], Awaitable[None]]


class WebChannel:
    """The outgoing half of one WebSocket: a bounded queue drained by one task."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._queue: asyncio.Queue[protocol.Outbound] = asyncio.Queue(OUTBOX)
        self.closing: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def send(self, message: protocol.Outbound) -> None:
        if self.closing.done():
            return
        if self._queue.full():
            self.close(protocol.FLOOD, "slow_reader")
            return
        self._queue.put_nowait(message)

    def close(self, code: int, reason: str) -> None:
        """Closes after what is queued has been sent."""
        if not self.closing.done():
            self.closing.set_result((code, reason))

    async def drain(self) -> None:
        """Sends until closed, then closes the socket."""
        try:
            while not (self.closing.done() and self._queue.empty()):
                getter = asyncio.ensure_future(self._queue.get())
                watched: list[asyncio.Future[Any]] = [getter, self.closing]
                await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                if not getter.done():
                    getter.cancel()
                    continue
                await self._socket.send_text(json.dumps(getter.result(), separators=(",", ":")))
            await self._socket.close(*self.closing.result())
        except (WebSocketDisconnect, RuntimeError, OSError):
            # The other side has gone first; the reader notices the same and tells the room.
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What signalling needs of its node: which pages may come, who a token is, which room they go to; and where a
    browser tries its way here before a call."""

    origins: tuple[str, ...]
    verify: Callable[[str], Awaitable[RoomClaims]]
    find: Callable[[RoomClaims], Awaitable[Room]]
    stays: Callable[[RoomClaims], Awaitable[bool | None]]
    refused: Counter[str]
    resumes: Resumes
    echoes: EchoHall
    strangers: set[WebSocket] = field(default_factory=set)


def build_app(
    door: Door, health: Callable[[], Awaitable[str]], metrics: Callable[[], bytes], more: Sequence[BaseRoute] = ()
) -> Starlette:
    """The node's HTTP application: ``/healthz``, ``/metrics`` for this machine alone, the WebSocket at `PATH`, and
    ``more`` for those who come without one."""

    async def healthz(_: Request) -> PlainTextResponse:
        return PlainTextResponse(await health())

    async def counted(request: Request) -> Response:
        if not asks_from_here(request):
            return Response(status_code=404)
        return Response(metrics(), media_type=CONTENT_TYPE)

    async def room(socket: WebSocket) -> None:
        await _Connection(door, socket).run()

    own: list[BaseRoute] = [Route("/healthz", healthz), Route("/metrics", counted), WebSocketRoute(PATH, room)]
    return Starlette(routes=[*own, *more])


class _Connection:
    """One WebSocket from its first byte to its last."""

    def __init__(self, door: Door, socket: WebSocket) -> None:
        self._door = door
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._allowance = Allowance(at=self._loop.time())
        self._mistakes = 0

    async def run(self) -> None:
        door = self._door
        if not origin_allowed(self._socket.headers.get("origin", ""), door.origins):
            door.refused["ws_origin"] += 1
            await self._socket.close(protocol.REFUSED)
            return
        if len(door.strangers) >= MAX_STRANGERS:
            door.refused["ws_strangers"] += 1
            await self._socket.close(protocol.FULL)
            return
        await self._socket.accept()
        channel = WebChannel(self._socket)
        sender = self._loop.create_task(channel.drain())
        try:
            await self._serve(channel)
        finally:
            channel.close(protocol.LEFT, "")
            await asyncio.wait({sender}, timeout=2.0)
            sender.cancel()

    async def _serve(self, channel: WebChannel) -> None:
        door = self._door
        door.strangers.add(self._socket)
        try:
            obey, gone = await self._enter(channel)
        except Refused as refusal:
            door.refused[f"join_{refusal.reason}"] += 1
            channel.send(protocol.error(refusal.reason))
            channel.close(refusal.code, refusal.reason)
            return
        except WebSocketDisconnect:
            return
        finally:
            door.strangers.discard(self._socket)
        try:
            await self._converse(channel, obey)
        except WebSocketDisconnect:
            pass
        finally:
            gone()

    async def _enter(self, channel: WebChannel) -> tuple[Obey, Callable[[], None]]:
        """Lets whoever has a token in: how their messages are obeyed, and what is done when they have gone."""
        door, first = self._door, await self._introduce()
        if isinstance(first, protocol.Resume):
            return await self._take_up(channel, first)
        if first.token.startswith(TICKET):
            echo = await door.echoes.enter(first.token, channel)
            return echo.obey, lambda: door.echoes.leave(echo)
        claims = await door.verify(first.token)
        room = await door.find(claims)
        return self._inside(room, room.admit(claims, Line(channel)), channel)

    async def _take_up(self, channel: WebChannel, first: protocol.Resume) -> tuple[Obey, Callable[[], None]]:
        """Goes on with a participant whose WebSocket broke, if they may still be here."""
        room, participant = self._door.resumes.use(first.token)
        if await self._door.stays(participant.claims) is False:
            raise Refused(protocol.REFUSED, "removed")
        room.take_up(participant, channel, first.heard)
        return self._inside(room, participant, channel)

    def _inside(self, room: Room, participant: Participant, channel: WebChannel) -> tuple[Obey, Callable[[], None]]:
        line = participant.channel

        def gone() -> None:
            # A room that has closed this line itself has taken it from the participant, and one WebSocket may have
            # taken the place of another.
            if isinstance(line, Line) and participant.channel is line and line.lost(channel):
                room.channel_lost(participant)

        return lambda message: self._obey(room, participant, message), gone

    async def _introduce(self) -> protocol.Join | protocol.Resume:
        try:
            message = await asyncio.wait_for(self._receive(), JOIN_SECONDS)
        except TimeoutError as error:
            raise Refused(protocol.LATE, "join_timeout") from error
        except protocol.BadMessage as bad:
            raise Refused(protocol.BAD_MESSAGE, str(bad)) from bad
        if not isinstance(message, protocol.Join | protocol.Resume):
            raise Refused(protocol.BAD_MESSAGE, "message_order")
        return message

    async def _receive(self) -> protocol.ClientMessage:
        event = await self._socket.receive()
        if event["type"] != "websocket.receive":
            raise WebSocketDisconnect(event.get("code", 1006))
        text = event.get("text")
        if not isinstance(text, str):
            raise protocol.BadMessage("message_binary")
        return protocol.parse(text)

    async def _converse(self, channel: WebChannel, obey: Obey) -> None:
        while not channel.closing.done():
            try:
                message = await self._receive_or_closed(channel)
            except protocol.BadMessage as bad:
                self._mistake(channel, str(bad), None)
                continue
            if message is None:
                return
            if not self._allowance.take(self._loop.time()):
                self._door.refused["flood"] += 1
                channel.close(protocol.FLOOD, "flood")
                return
            await self._obey_or_refuse(channel, obey, message)

    async def _obey_or_refuse(self, channel: WebChannel, obey: Obey, message: protocol.ClientMessage) -> None:
        about = message.id if isinstance(message, protocol.Offer) else None
        try:
            await obey(message)
        except Refused as refusal:
            self._door.refused[refusal.reason] += 1
            channel.send(protocol.error(refusal.reason, about))
        except (protocol.BadMessage, sdp.BadOffer) as bad:
            self._mistake(channel, str(bad), about)

    async def _receive_or_closed(self, channel: WebChannel) -> protocol.ClientMessage | None:
        """The next message; None once the channel is closed from our side."""
        reader = self._loop.create_task(self._receive())
        try:
            watched: list[asyncio.Future[Any]] = [reader, channel.closing]
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            return reader.result() if reader.done() else None
        finally:
            if not reader.done():
                reader.cancel()

    def _mistake(self, channel: WebChannel, code: str, about: int | None) -> None:
        self._door.refused[code] += 1
        self._mistakes += 1
        channel.send(protocol.error(code, about))
        if self._mistakes >= MAX_MISTAKES:
            channel.close(protocol.BAD_MESSAGE, "too_many_mistakes")

    async def _obey(self, room: Room, participant: Participant, message: protocol.ClientMessage) -> None:
        if not room.is_inside(participant) and not isinstance(message, protocol.Leave | protocol.Ping):
            raise Refused(protocol.REFUSED, "not_let_in")
        match message:
            case protocol.Offer():
                answer = room.offer(participant, message)
                participant.send({"type": "answer", "id": message.id, "sdp": answer})
            case protocol.Applied():
                room.applied(participant)
            case protocol.MuteState():
                room.mute(participant, message)
            case protocol.Stats():
                room.stats(participant, message.measures)
            case protocol.Leave():
                room.leave(participant, "left")
            case protocol.End():
                await room.end(participant)
            case protocol.Ping():
                participant.send({"type": "pong"})
            case protocol.Join() | protocol.Resume():
                raise protocol.BadMessage("message_order")
            case _:
                _do_to_others(room, participant, message)


def _do_to_others(room: Room, participant: Participant, message: protocol.ClientMessage) -> None:
    """What one participant does to others or tells them."""
    match message:
        case protocol.Admit():
            room.leading.answer_knock(participant, message)
        case protocol.Remove():
            room.leading.remove(participant, message.participant)
        case protocol.Lock():
            room.leading.lock(participant, message.locked)
        case protocol.Mute():
            room.leading.silence(participant, message.participant)
        case protocol.Record():
            room.recording.switch(participant, message.on)
        case protocol.RecordingSaid():
            room.recording.said(participant, message)
        case protocol.Signal():
            room.leading.signal(participant, message)
        case protocol.Written():
            room.leading.written(participant)
        case protocol.Extend():
            room.clock.extend(participant)
