"""How devices and test tools reach their room: WHIP (RFC 9725) to send, WHEP (draft-ietf-wish-whep) to be shown.

An offer comes by POST, with the device's link as its bearer; the answer makes it a participant as the WebSocket would
have, by the same roles, door, lock and limits. The session's own address takes PATCH (ICE) and DELETE. Whatever is
refused is counted by a code; nothing that a client sent is logged.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from engine.room_places import device_address
from engine.rooms import DeviceEntry, DeviceLinks
from media import protocol, sdp
from media.allowance import Allowance
from media.answer import write_fragment
from media.device import (
    Device,
    DeviceChannel,
    NothingToPlay,
    Unusable,
    Way,
    asked_for,
    bearer_hash,
    playable,
    published,
)
from media.origins import origin_allowed
from media.participant import Refused
from media.room import Room

SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
MAX_FRAGMENT = 16 << 10
BODY_SECONDS = 5.0
LINK_SECONDS = 5.0
# How long a POST stays open while its device stands at the door, and how long the device may stay there.
DOOR_SECONDS = 20.0
AT_DOOR_SECONDS = 60.0
MOST_AT_ONCE = 64
MOST_HOSTS = 1024
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,4096})", re.ASCII)
STATUS = {
    protocol.REFUSED: 403,
    protocol.TURNED_AWAY: 403,
    protocol.LOCKED: 403,
    protocol.NOT_OPEN: 503,
    protocol.FULL: 503,
    protocol.ENDED: 410,
    protocol.REPLACED: 409,
    protocol.RESTART: 503,
}
log = logging.getLogger(__name__)


class HttpRefused(Exception):
    """A request that is answered with a status and a code."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDoor:
    """What the endpoints need of their node."""

    origins: tuple[str, ...]
    links: DeviceLinks | None
    find: Callable[[Any], Awaitable[Room]]
    endpoint: Callable[[], str]
    ice: Callable[[], protocol.Outbound]
    refused: Counter[str]


@dataclass(slots=True)
class _AtDoor:
    """A device whose link is used up and that has no session yet: it waits to be let in, or for something to play."""

    device: Device
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Hosts:
    """How much each address may ask for; the longest unheard of are forgotten."""

    known: OrderedDict[str, Allowance] = field(default_factory=OrderedDict)

    def take(self, host: str, now: float) -> bool:
        allowance = self.known.setdefault(host, Allowance(at=now))
        self.known.move_to_end(host)
        if len(self.known) > MOST_HOSTS:
            self.known.popitem(last=False)
        return allowance.take(now)


class HttpDoors:
    """The endpoints of one node and the devices that came by them."""

    def __init__(self, door: HttpDoor) -> None:
        self.devices: dict[str, Device] = {}
        self._door = door
        self._waiting: dict[bytes, _AtDoor] = {}
        self._hosts = _Hosts()
        self._busy = 0

    def routes(self) -> list[Route]:
        """``/whip`` and ``/whep``, and each session's own address below."""
        found = []
        for way in Way:
            found.append(Route(f"/{way}", self._guarded(self._begin), methods=["POST", "OPTIONS"], name=way))
            path = f"/{way}/{{session}}"
            found.append(Route(path, self._guarded(self._session), methods=["PATCH", "DELETE", "OPTIONS"], name=way))
        return found

    def _guarded(self, handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                response = await self._admitted(request, handle)
            except HttpRefused as refusal:
                self._door.refused[f"http_{refusal.code}"] += 1
                response = Response(refusal.code, refusal.status, refusal.headers, media_type="text/plain")
            except ClientDisconnect:
                response = Response(status_code=400)
            return _cross_origin(request, response)

        return answer

    async def _admitted(self, request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        """The limits that hold for strangers too."""
        origin = request.headers.get("origin")
        if origin is not None and not origin_allowed(origin, self._door.origins):
            raise HttpRefused(403, "origin")
        if self._door.links is None:
            raise HttpRefused(404, "not_offered")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Accept-Post": SDP, "Accept-Patch": FRAGMENT})
        host = request.client.host if request.client else ""
        if not self._hosts.take(host, asyncio.get_running_loop().time()):
            raise HttpRefused(429, "too_often", Retry_After="2")
        if self._busy >= MOST_AT_ONCE:
            raise HttpRefused(503, "busy", Retry_After="2")
        self._busy += 1
        try:
            return await handle(request)
        finally:
            self._busy -= 1

    # --- a session begins --------------------------------------------------------------------------------------------

    async def _begin(self, request: Request) -> Response:
        way = Way(request.url.path.strip("/"))
        bearer = _bearer(request)
        if _type(request) != SDP:
            raise HttpRefused(415, "content_type", Accept_Post=SDP)
        if not _accepts(request, SDP):
            raise HttpRefused(406, "accept")
        text = await _body(request, sdp.MAX_BYTES)
        try:
            offer = sdp.parse_offer(text)
        except sdp.BadOffer as bad:
            raise HttpRefused(400, str(bad)) from bad
        try:
            device = await self._let_in(way, bearer, offer)
            answer = self._answer(device, offer, text)
        except NothingToPlay as none:
            raise HttpRefused(409, "nothing_to_play", Retry_After="2") from none
        except (Unusable, sdp.BadOffer) as bad:
            raise HttpRefused(422, str(bad)) from bad
        except Refused as refusal:
            raise _of(refusal) from refusal
        self.devices[device.id] = device
        device.channel.over = lambda: self._gone(device)
        headers = {"Location": f"/{way}/{device.id}", "ETag": f'"{device.tag}"', "Accept-Patch": FRAGMENT}
        response = Response(answer, 201, headers, media_type=SDP)
        for link in _relays(self._door.ice()):
            response.headers.append("Link", link)
        return response

    def _answer(self, device: Device, offer: sdp.Offer, text: str) -> str:
        try:
            return device.answer(offer, text)
        except NothingToPlay:
            self._keep_waiting(_AtDoor(device))
            raise
        except BaseException:
            device.room.leave(device.participant, "left")
            raise

    async def _let_in(self, way: Way, bearer: str, offer: sdp.Offer) -> Device:
        """The device as a participant inside its room; whoever has to wait is answered once they need not."""
        standing = self._waiting.get(bearer_hash(bearer))
        if standing is None:
            standing = await self._arrive(way, bearer, offer)
        device = standing.device
        if standing.timer is not None:
            standing.timer.cancel()
        inside = device.channel.inside
        await asyncio.wait({inside}, timeout=DOOR_SECONDS)
        if not inside.done():
            self._keep_waiting(standing)
            raise HttpRefused(503, "waiting", Retry_After="1")
        self._waiting.pop(device.bearer, None)
        if not inside.result():
            raise Refused(device.channel.code, "turned_away")
        if device.way is not way or device.id in self.devices:
            raise HttpRefused(409, "in_use")
        return device

    async def _arrive(self, way: Way, bearer: str, offer: sdp.Offer) -> _AtDoor:
        """Everything that can be refused without using the link up is refused before that."""
        links = self._door.links
        assert links is not None  # asked for in _admitted
        entry = await self._asked(lambda: links.look(bearer))
        if entry is None:
            raise _unknown_link()
        self._check_place(way, entry)
        room = await self._door.find(entry.claims)
        device = self._new_device(way, room, entry, bearer, offer)
        if not await self._asked(lambda: links.use(bearer)):
            raise _unknown_link()
        channel = device.channel
        device.participant = room.admit(entry.claims, channel)
        standing = self._waiting[device.bearer] = _AtDoor(device)
        return standing

    def _check_place(self, way: Way, entry: DeviceEntry) -> None:
        """Raises for a room that is not open yet, or is open elsewhere."""
        if not entry.claims.room_id:
            raise HttpRefused(503, "not_open", Retry_After="5")
        if entry.endpoint and entry.endpoint != self._door.endpoint():
            raise HttpRefused(307, "elsewhere", Location=device_address(entry.endpoint, way))

    def _new_device(self, way: Way, room: Room, entry: DeviceEntry, bearer: str, offer: sdp.Offer) -> Device:
        room.check(entry.claims)
        participant = room.stranger(entry.claims, channel := DeviceChannel())
        device = Device(way=way, room=room, participant=participant, channel=channel, bearer=bearer_hash(bearer))
        if way is Way.WHIP:
            published(offer, participant.rights)
        elif asked_for(offer) and not playable(room, participant):
            raise NothingToPlay
        return device

    async def _asked(self, work: Callable[[], Any]) -> Any:
        """Asks who keeps the links, in a thread: it may look into a database."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), LINK_SECONDS)
        except TimeoutError as error:
            raise HttpRefused(503, "verifier_busy", Retry_After="2") from error
        except Exception as fault:
            # Fail closed; the message could hold the link.
            log.error("the keeper of links failed: %s", type(fault).__name__)
            raise _unknown_link() from fault

    def _keep_waiting(self, standing: _AtDoor) -> None:
        """Its link is used up, so it may come again with the same one for a while."""
        self._waiting[standing.device.bearer] = standing
        standing.timer = asyncio.get_running_loop().call_later(AT_DOOR_SECONDS, self._give_up, standing)

    def _give_up(self, standing: _AtDoor) -> None:
        """They asked no more whether they may come in."""
        device = standing.device
        self._waiting.pop(device.bearer, None)
        device.room.leave(device.participant, "lost")

    def _gone(self, device: Device) -> None:
        self.devices.pop(device.id, None)

    # --- a session goes on and ends ----------------------------------------------------------------------------------

    async def _session(self, request: Request) -> Response:
        bearer = _bearer(request)
        device = self.devices.get(request.path_params["session"])
        if device is None or device.way != request.url.path.split("/")[1]:
            raise HttpRefused(404, "no_session")
        if not device.is_bearer(bearer):
            raise _unknown_link()
        if request.method == "DELETE":
            device.room.leave(device.participant, "left")
            return Response(status_code=200)
        return await self._patch(request, device)

    async def _patch(self, request: Request, device: Device) -> Response:
        """Candidates, which an ICE-lite node does not need, or another ICE session."""
        if _type(request) != FRAGMENT:
            raise HttpRefused(415, "content_type", Accept_Patch=FRAGMENT)
        matches = request.headers.get("if-match")
        if matches is None:
            raise HttpRefused(428, "if_match")
        if matches not in ("*", f'"{device.tag}"'):
            raise HttpRefused(412, "if_match")
        try:
            ufrag, _ = sdp.parse_fragment(await _body(request, MAX_FRAGMENT))
        except sdp.BadOffer as bad:
            raise HttpRefused(400, str(bad)) from bad
        peer = device.participant.peer
        if peer is None or device.first is None:
            raise HttpRefused(404, "no_session")
        if not ufrag or not peer.restart(ufrag):
            return Response(status_code=204)
        device.tag = bearer_hash(peer.transport.ufrag).hex()[:16]
        headers = {"ETag": f'"{device.tag}"'}
        return Response(write_fragment(peer.transport, device.first), 200, headers, media_type=FRAGMENT)


def _unknown_link() -> HttpRefused:
    return HttpRefused(401, "link", WWW_Authenticate='Bearer realm="room"')


def _of(refusal: Refused) -> HttpRefused:
    status = STATUS.get(refusal.code, 403)
    return HttpRefused(status, refusal.reason, **({"Retry_After": "5"} if status == 503 else {}))


def _bearer(request: Request) -> str:
    found = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise _unknown_link()
    return found[1]


def _type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _accepts(request: Request, wanted: str) -> bool:
    accepted = request.headers.get("accept", "*/*")
    ranges = {one.partition(";")[0].strip().lower() for one in accepted.split(",")}
    return bool(ranges & {wanted, "*/*", f"{wanted.partition('/')[0]}/*"})


async def _body(request: Request, most: int) -> str:
    """The request's text. Raises `HttpRefused` for one that is too long, comes too slowly or is no UTF-8."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise HttpRefused(413, "too_long")
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                parts += chunk
                if len(parts) > most:
                    raise HttpRefused(413, "too_long")
        return parts.decode()
    except TimeoutError as error:
        raise HttpRefused(408, "too_slow") from error
    except UnicodeDecodeError as error:
        raise HttpRefused(400, "no_text") from error


def _relays(ice: protocol.Outbound) -> list[str]:
    """The relays of a WebSocket's welcome, as the headers that RFC 9725 gives a client."""
    links = []
    for server in ice["ice_servers"]:
        urls = server["urls"]
        for url in [urls] if isinstance(urls, str) else urls:
            who = f'username="{server["username"]}"; credential="{server["credential"]}"'
            links.append(f'<{url}>; rel="ice-server"; {who}; credential-type="password"')
    return links


def _cross_origin(request: Request, response: Response) -> Response:
    """What a page of an allowed origin may see; for others there are no such headers."""
    origin = request.headers.get("origin")
    if origin is not None and response.status_code != 403:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Link, Accept-Patch, Retry-After"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
        response.headers["Access-Control-Allow-Methods"] = "POST, PATCH, DELETE, OPTIONS"
        response.headers["Vary"] = "Origin"
    return response
