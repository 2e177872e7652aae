"""One media process: its UDP port, its signalling listener, its rooms, and the door that the visit's activity uses.

A node runs inside an event loop that exists already (beside a Temporal worker, under uvloop or not). Give it a verifier
of session tokens, which is called in the loop's thread pool, and, if wanted, a sink for events and somebody to ask
again and again whether a helper may stay; all belong to somebody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from engine.echoes import EchoVerifier
from engine.recordings import RecordingDesk
from engine.relays import Relay
from engine.rooms import (
    EMPTY,
    NODE_STOPPED,
    TIME_OVER,
    Admission,
    DeviceLinks,
    EventSink,
    RoomClaims,
    RoomEvent,
    RoomKept,
    RoomReport,
    RoomsFull,
    RoomSpec,
    RoomState,
    RoomUnknown,
    TokenVerifier,
)
from engine.settings import check_listener
from media import protocol
from media.echo import EchoHall, EchoServices
from media.ladder import read_rules, shipped_rules
from media.line import Resumes
from media.metrics import NodeFigures, NodeMeter
from media.mux import MediaPort
from media.participant import Refused, Services
from media.room import Room
from media.server import HttpServer, listen
from media.signal import PATH, Door, build_app
from media.whip import HttpDoor, HttpDoors

TICK_SECONDS = 0.04
SAMPLE_SECONDS = 1.0
KEPT_REPORTS = 1024
EVENT_QUEUE = 4096
STOP_SECONDS = 3
VERIFY_SECONDS = 5.0
REVIEW_SECONDS = 15.0
SILENCE_SECONDS = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConfig:
    """Where a node listens and whom it lets in.

    Port 0 takes a free one. ``advertise`` are the addresses that browsers send media to (default: ``host``).
    ``allowed_origins`` are page origins, ``*.`` before the host for one label. ``public_endpoint`` replaces the
    WebSocket address that clients are told (behind a proxy). TLS files are needed beyond loopback. ``relay`` is offered
    to every participant, with credentials made for each time they join. ``ladder`` is read in place of the shipped one.
    """

    allowed_origins: tuple[str, ...]
    host: str = "127.0.0.1"
    http_port: int = 0
    udp_port: int = 0
    advertise: tuple[str, ...] = ()
    public_endpoint: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    relay: Relay | None = None
    max_rooms: int = 50
    ladder: Path | None = None
    review_seconds: float = REVIEW_SECONDS
    silence_seconds: float = SILENCE_SECONDS


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePorts:
    """What others lend the node: the token verifier, the event sink, the clock that visits go by, and who says
    whether a participant may stay. Without a desk for recordings nothing is ever recorded; ``held`` gives the room that
    this node is to open when somebody comes for it (:mod:`engine.room_places`); ``tickets`` believes who tries the way
    here before a call (:mod:`media.echo`). Without ``devices`` nobody comes by HTTP (:mod:`media.whip`)."""

    verify: TokenVerifier
    sink: EventSink | None = None
    visit_time: Callable[[], datetime] = _utc_now
    admits: Admission | None = None
    recordings: RecordingDesk | None = None
    held: Callable[[str], RoomSpec | None] | None = None
    tickets: EchoVerifier | None = None
    devices: DeviceLinks | None = None


@dataclass(slots=True, kw_only=True)
class _Running:
    """What exists only between start and stop."""

    port: MediaPort
    server: HttpServer
    tasks: list[asyncio.Task[None]]
    endpoint: str
    echoes: EchoHall
    events: asyncio.Queue[RoomEvent]
    spawned: set[asyncio.Task[None]] = field(default_factory=set)


class MediaNode:
    """A `RoomHost` on one UDP port and one HTTP port."""

    def __init__(self, config: MediaConfig, ports: NodePorts) -> None:
        self._config = config
        self._ladder = read_rules(config.ladder) if config.ladder else shipped_rules()
        self._ports = ports
        self._rooms: dict[str, Room] = {}
        self._running: _Running | None = None
        self._resumes = Resumes()
        self.refused: Counter[str] = Counter()
        self._meter = NodeMeter()

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Opens both ports. Raises `OSError` when one is taken, `SettingsError` for a listener without TLS."""
        config = self._config
        tls = config.tls_certificate is not None and config.tls_key is not None
        check_listener("CLINIC_MEDIA_HOST", config.host, tls=tls)
        listener = listen(config.host, config.http_port)
        port = MediaPort()
        port.refused = self.refused
        try:
            await port.open(config.host, config.udp_port)
        except BaseException:
            listener.close()
            raise
        host = f"[{config.host}]" if ":" in config.host else config.host
        local = f"{'wss' if tls else 'ws'}://{host}:{listener.getsockname()[1]}{PATH}"
        loop = asyncio.get_running_loop()
        echoes = self._hall(port, config.public_endpoint or local)
        server = HttpServer(self._server_config(self._app(echoes)))
        self._running = _Running(
            port=port,
            server=server,
            tasks=[],
            endpoint=config.public_endpoint or local,
            echoes=echoes,
            events=asyncio.Queue(EVENT_QUEUE),
        )
        serving = loop.create_task(server.serve(sockets=[listener]))
        others = (self._tick(), self._review(), self._hand_over())
        self._running.tasks = [serving, *(loop.create_task(one) for one in others)]
        await server.listening.wait()

    def _hall(self, port: MediaPort, endpoint: str) -> EchoHall:
        addresses = self._config.advertise or (self._config.host,)
        return EchoHall(
            EchoServices(
                port=port,
                addresses=addresses,
                verify=self._ports.tickets,
                ice=self._ice,
                ladder=self._ladder,
                endpoint=endpoint,
            )
        )

    def _app(self, echoes: EchoHall) -> Starlette:
        door = Door(
            origins=self._config.allowed_origins,
            verify=self._verify,
            find=self._find,
            refused=self.refused,
            stays=self._may_stay,
            resumes=self._resumes,
            echoes=echoes,
        )
        return build_app(door, self._health, self.metrics, self._http_doors().routes())

    def _server_config(self, app: Callable[..., Awaitable[None]]) -> uvicorn.Config:
        config = self._config
        return uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=protocol.MAX_MESSAGE,
            ws_ping_interval=10.0,
            ws_ping_timeout=10.0,
            timeout_graceful_shutdown=STOP_SECONDS,
            ssl_certfile=config.tls_certificate,
            ssl_keyfile=config.tls_key,
        )

    def _http_doors(self) -> HttpDoors:
        door = HttpDoor(
            origins=self._config.allowed_origins,
            links=self._ports.devices,
            find=self._find,
            endpoint=lambda: self.endpoint,
            ice=self._ice,
            refused=self.refused,
        )
        return HttpDoors(door)

    async def stop(self) -> None:
        """Closes every room (browsers are told to come back elsewhere), then both ports. Safe to call twice."""
        running = self._running
        if running is None:
            return
        await asyncio.gather(running.echoes.close(), *(room.close(NODE_STOPPED) for room in self._rooms.values()))
        running.server.should_exit = True
        serving, ticking, reviewing, handing = running.tasks
        await asyncio.gather(serving, return_exceptions=True)
        ticking.cancel()
        reviewing.cancel()
        if running.spawned:
            await asyncio.wait(set(running.spawned), timeout=STOP_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.events.join(), STOP_SECONDS)
        handing.cancel()
        await asyncio.gather(ticking, reviewing, handing, return_exceptions=True)
        running.port.close()
        self._running = None

    @property
    def endpoint(self) -> str:
        return self._started.endpoint

    @property
    def udp_port(self) -> int:
        """The UDP port in use."""
        return self._started.port.port

    @property
    def counters(self) -> Mapping[str, int]:
        """Counts for metrics: rooms, participants' ICE sessions, dropped datagrams, refusals by code."""
        port = self._started.port
        totals = {"rooms": sum(room.open for room in self._rooms.values()), "ice_sessions": len(port.table)}
        totals |= {"ice_addresses": port.table.addresses, "dropped": port.dropped, "checks": len(self._started.echoes)}
        return totals | {f"refused_{code}": count for code, count in self.refused.items()}

    def metrics(self) -> bytes:
        """The same and more as Prometheus reads it."""
        port = self._started.port
        figures = NodeFigures(
            cpu_seconds=time.process_time(),
            dropped=port.dropped,
            ice_sessions=len(port.table),
            refused=self.refused,
            takes_rooms=self.has_space(),
        )
        return self._meter.page(self._rooms.values(), figures)

    @property
    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the media node is not running")
        return self._running

    # --- rooms -------------------------------------------------------------------------------------------------------

    async def open_room(self, spec: RoomSpec) -> None:
        room = self._rooms.get(spec.room_id)
        if room is not None:
            room.spec = spec
            return
        if not self.has_space():
            raise RoomsFull(spec.room_id)
        self._rooms[spec.room_id] = Room(spec, self._services())
        self._forget_old()

    def has_space(self) -> bool:
        """Whether another room may be opened."""
        return sum(room.open for room in self._rooms.values()) < self._config.max_rooms

    def states(self) -> tuple[RoomState, ...]:
        """Every room that is remembered, as it is now or closed."""
        return tuple(room.state() for room in self._rooms.values())

    def kept(self) -> Mapping[str, RoomKept]:
        """What of each open room outlives this node."""
        return {room_id: room.kept() for room_id, room in self._rooms.items() if room.open}

    def reason_of(self, room_id: str) -> str | None:
        """Why a room closed; None while it is open or not known."""
        room = self._rooms.get(room_id)
        return room.report.result().reason if room is not None and room.report.done() else None

    def snapshot(self, room_id: str) -> RoomState:
        return self._room(room_id).state()

    async def wait_closed(self, room_id: str) -> RoomReport:
        return await asyncio.shield(self._room(room_id).report)

    async def close_room(self, room_id: str, reason: str) -> RoomReport:
        return await self._room(room_id).close(reason)

    def _room(self, room_id: str) -> Room:
        room = self._rooms.get(room_id)
        if room is None:
            raise RoomUnknown(room_id)
        return room

    def _forget_old(self) -> None:
        closed = [room_id for room_id, room in self._rooms.items() if room.report.done()]
        for room_id in closed[: max(0, len(closed) - KEPT_REPORTS)]:
            del self._rooms[room_id]

    def _services(self) -> Services:
        running = self._started
        return Services(
            port=running.port,
            addresses=self._config.advertise or (self._config.host,),
            ice=self._ice,
            ladder=self._ladder,
            emit=self._emit,
            wall=_utc_now,
            visit_time=self._ports.visit_time,
            spawn=self._keep,
            resumes=self._resumes,
            recordings=self._ports.recordings,
        )

    def _ice(self) -> protocol.Outbound:
        """How a browser's connection is made: the relays it may use, and whether it must."""
        relay = self._config.relay
        servers = relay.ice_servers(_utc_now(), secrets.token_hex(4)) if relay else []
        return {"ice_servers": servers, "ice_policy": "relay" if relay and relay.is_only else "all"}

    # --- the door ----------------------------------------------------------------------------------------------------

    async def _verify(self, token: str) -> RoomClaims:
        """Asks the verifier in a thread: it may look into a database, and media must not wait for that."""
        try:
            claims = await asyncio.wait_for(asyncio.to_thread(self._ports.verify, token), VERIFY_SECONDS)
        except TimeoutError as error:
            raise Refused(protocol.FULL, "verifier_busy") from error
        except Exception:
            # Fail closed, whatever went wrong in the verifier; its message could hold the token.
            log.error("the token verifier failed")
            claims = None
        if claims is None or claims.expires_at <= _utc_now():
            raise Refused(protocol.REFUSED, "token")
        return claims

    async def _find(self, claims: RoomClaims) -> Room:
        """The room of the claims; one that is leased to this node and not open yet opens for who comes first."""
        room = self._rooms.get(claims.room_id)
        if room is None and self._ports.held is not None:
            spec = await asyncio.to_thread(self._ports.held, claims.room_id)
            if spec is not None:
                await self._open_for(spec)
            room = self._rooms.get(claims.room_id)
        if room is None:
            raise Refused(protocol.NOT_OPEN, "not_open")
        return room

    async def _open_for(self, spec: RoomSpec) -> None:
        try:
            await self.open_room(spec)
        except RoomsFull as full:
            raise Refused(protocol.FULL, "node_full") from full

    async def _health(self) -> str:
        return f"ok rooms={sum(room.open for room in self._rooms.values())} udp={self.udp_port}"

    # --- time and events ---------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        """One timer for all rooms: what a peer has to repeat, report and watch."""
        loop = asyncio.get_running_loop()
        sampled = 0.0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if loop.time() > sampled + SAMPLE_SECONDS:
                sampled = loop.time()
                self._meter.sample(self._rooms.values())
            self._tick_echoes(loop.time())
            for room in list(self._rooms.values()):
                if not room.open:
                    continue
                try:
                    room.tick(loop.time())
                    if room.overdue or room.clock.empty:
                        self._keep(loop.create_task(_close(room, TIME_OVER if room.overdue else EMPTY)))
                except Exception as fault:
                    log.error("tick of room %s failed: %s", room.spec.room_id, type(fault).__name__)

    def _tick_echoes(self, now: float) -> None:
        try:
            self._started.echoes.tick(now)
        except Exception as fault:
            log.error("tick of a check failed: %s", type(fault).__name__)

    async def _review(self) -> None:
        """Asks again whether those may stay who are here by what somebody else granted; the others never wait.

        A helper about whom nobody answers stays, since a slow database cuts off no call, and goes when that has lasted
        for ``silence_seconds``: what was granted to them may have ended meanwhile.
        """
        loop, silent = asyncio.get_running_loop(), dict[tuple[str, str], float]()
        while self._ports.admits is not None:
            await asyncio.sleep(self._config.review_seconds)
            before, silent = silent, {}
            for room in list(self._rooms.values()):
                for participant in room.asked_again():
                    who = (room.spec.room_id, participant.id)
                    stays = await self._may_stay(participant.claims)
                    if stays is None:
                        silent[who] = before.get(who, loop.time())
                        stays = loop.time() - silent[who] < self._config.silence_seconds
                    if not stays:
                        room.leave(participant, "removed", protocol.REFUSED)

    async def _may_stay(self, claims: RoomClaims) -> bool | None:
        """Whether they may; None while nobody answers."""
        if self._ports.admits is None:
            return True
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._ports.admits, claims), VERIFY_SECONDS)
        except Exception as fault:
            log.error("nobody says who may stay in room %s: %s", claims.room_id, type(fault).__name__)
            return None

    def _emit(self, event: RoomEvent) -> None:
        if self._ports.sink is None or self._running is None:
            return
        if self._running.events.full():
            self.refused["event_queue"] += 1
            return
        self._running.events.put_nowait(event)

    async def _hand_over(self) -> None:
        """Hands events to the sink one after another, in order; a failing sink costs its event only."""
        queue = self._started.events
        while True:
            event = await queue.get()
            try:
                result = self._ports.sink(event) if self._ports.sink else None
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                # Its class only: a database's message may quote what it was given.
                self.refused["event_sink"] += 1
                log.error("the event sink failed for room %s: %s", event.room_id, type(error).__name__)
            finally:
                queue.task_done()

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Holds a task that closes something until it is done."""
        spawned = self._started.spawned
        spawned.add(task)
        task.add_done_callback(spawned.discard)


async def _close(room: Room, reason: str) -> None:
    await room.close(reason)
