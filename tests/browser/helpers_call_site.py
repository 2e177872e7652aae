"""A visit in its call without the rest of the product: real pages, records and media node, people already let in."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, TimeoutError, expect

from engine.ports import Effect, RoomPlace, VisitChange, VisitRef
from engine.room_places import NodeState
from engine.rooms import RoomEvent, RoomSpec
from media.node import MediaConfig, MediaNode, NodePorts
from portals.app import create_app
from records.database import Database
from records.echo_tickets import EchoTickets
from records.room_desk import RecordsRoomDesk
from records.room_tokens import RoomTokens
from records.scope import Actor
from records.visit_records import RecordsVisitStore
from tests.browser.helpers_site import Watch
from tests.media.helpers_bot import STEADY
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic, sign_in
from tests.portals.helpers_files import clinician_at, visit_of
from workflows.worker import _keep_event, _keep_guest

# Several browsers share a test machine: their fake cameras give small pictures, whatever the page asks for.
SMALL = """
const devices = navigator.mediaDevices, ask = devices?.getUserMedia.bind(devices);
if (ask) devices.getUserMedia = (wish) => ask(wish.video ? {...wish, video: {...(wish.video === true ? {} : wish.video),
  width: {ideal: 320}, height: {ideal: 180}, frameRate: {ideal: 10}}} : wish);
"""
# For a failing test: what each tile shows.
SHOWN = """() => JSON.stringify([...document.querySelectorAll('.call__tile')].map((tile) => {
  const video = tile.querySelector('video'), tracks = video.srcObject?.getTracks() ?? [];
  const live = tracks.map((one) => one.kind + one.readyState + one.muted);
  return [tile.className, video.videoWidth, video.currentTime, live];
}))"""
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@dataclass
class CallSite:
    """A running web program with a media node beside it."""

    clinic: Clinic
    port: int
    node: MediaNode
    loop: asyncio.AbstractEventLoop
    events: list[RoomEvent] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://{SLUG}.localhost:{self.port}"

    def announce(self, *, takes: bool = True) -> None:
        """What the node's pulse tells the others: that it is there, and whether it takes another room."""
        state = NodeState(node="n", queue="q", endpoint=self.node.endpoint, takes=takes)
        RecordsRoomDesk(self.clinic.database).announce(state)


@dataclass
class Caller:
    """Somebody in front of the call, and what was amiss there."""

    page: Page
    watch: Watch

    def part(self, name: str) -> Any:
        return self.page.locator(f"[data-{name}]")

    async def enter(self, state: str = "connected") -> None:
        """From the preview into the room, or to its door."""
        await self.page.locator("[data-call][data-preview=ready]").wait_for(timeout=40_000)
        await self.part("enter").click()
        await self.page.locator(f"[data-call][data-state={state}]").wait_for(timeout=60_000)

    async def sees(self, count: int) -> None:
        """As many pictures of others are shown, and decoded."""
        await expect(self.page.locator(".call__tile")).to_have_count(count)
        try:
            await self.page.wait_for_function(
                "count => [...document.querySelectorAll('.call__tile video')]"
                ".filter(one => one.videoWidth && one.currentTime > 0).length >= count",
                arg=count,
                timeout=60_000,
            )
        except TimeoutError as error:
            raise AssertionError(f"not all pictures are shown: {await self.page.evaluate(SHOWN)}") from error

    async def looks(self, name: str) -> None:
        """Looks for barriers, and keeps a picture where pictures are wanted."""
        await self.watch.barriers()
        if folder := os.environ.get("PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"call-{name}.png", full_page=True)

    async def opens(self, panel: str) -> None:
        await self.page.locator(f"[data-{panel}-panel] > summary").click()


@dataclass
class Call:
    """One visit in its call: its clinician, its patient, whoever comes by a link."""

    site: CallSite
    visit: str
    browser: Browser
    callers: list[Caller] = field(default_factory=list)

    async def provider(self, look: dict[str, Any] = DESK, language: str = "en") -> Caller:
        secret = clinician_at(self.site.clinic, self.visit).cookies.get("cw_staff", domain=f"{SLUG}.localhost")
        caller = await self._caller(look, {"cw_staff": str(secret), "cw_language": language})
        self._let_in("staff", str(secret))
        await caller.page.goto(f"{self.site.base}/staff/visits/{self.visit}")
        return caller

    async def patient(self, secret: str, look: dict[str, Any] = PHONE, language: str = "en") -> Caller:
        caller = await self._caller(look, {"cw_patient": secret, "cw_language": language})
        self._let_in("patient", secret)
        await caller.page.goto(f"{self.site.base}/visits/{self.visit}/call")
        return caller

    async def tries(self, secret: str, look: dict[str, Any] = PHONE, language: str = "en", script: str = "") -> Caller:
        """The patient at the technical check, as ``script`` lets their browser be."""
        caller = await self._caller(look, {"cw_patient": secret, "cw_language": language})
        if script:
            await caller.page.add_init_script(script)
        self.site.announce()
        await caller.page.goto(f"{self.site.base}/visits/{self.visit}/check?again=1")
        return caller

    async def guest(self, link: str, look: dict[str, Any] = DESK, language: str = "en") -> Caller:
        caller = await self._caller(look, {"cw_language": language})
        await caller.page.goto(link)
        return caller

    def audited(self) -> list[tuple[str, str]]:
        """What the audit has of the visit, the newest first."""
        with self.site.clinic.database.scope(SLUG, Actor.system("tests")) as scope:
            return [(one.act, one.detail) for one in scope.audit.entries(visit=self.visit)]

    def trouble(self) -> list[str]:
        return [one for caller in self.callers for one in caller.watch.trouble]

    async def _caller(self, look: dict[str, Any], cookies: dict[str, str]) -> Caller:
        context: BrowserContext = await self.browser.new_context(
            **look, permissions=["camera", "microphone", "clipboard-read", "clipboard-write"]
        )
        told = [{"name": name, "value": value, "url": self.site.base} for name, value in cookies.items()]
        await context.add_cookies(told)  # type: ignore[arg-type]
        await context.add_init_script(SMALL)
        page = await context.new_page()
        self.callers.append(Caller(page, Watch(page, self.site.base)))
        return self.callers[-1]

    def _let_in(self, portal: str, secret: str) -> None:
        """What the workflow and the page of the link do: a link is issued and this session uses it up."""
        clinic = self.site.clinic
        session = clinic.app.state.deps.sessions.find(SLUG, portal, secret)
        assert session is not None
        with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
            part = scope.visits.participant_of(self.visit, session.person).id
        until = datetime.now(UTC) + timedelta(minutes=10)
        link = clinic.visits.store.issue_join_link(effect_of(self.visit), part, until)
        actor = Actor(person=session.person, role=session.role, session=session.id)
        with clinic.database.scope(SLUG, actor) as scope:
            scope.links.consume(scope.links.address(link))


@contextmanager
def running_call_site(folder: Path) -> Iterator[CallSite]:
    """Serves the demo clinic and a media node, each in a thread of its own."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    clinic = build_clinic(folder, port=port)
    node, loop, events = _started_node(clinic.database, port)
    media_port = int(node.endpoint.rsplit(":", 1)[1].split("/")[0])
    deps = clinic.app.state.deps
    app = create_app(replace(deps, settings=replace(deps.settings, media_http_port=media_port)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    serving.start()
    try:
        yield CallSite(clinic=clinic, port=port, node=node, loop=loop, events=events)
    finally:
        server.should_exit = True
        serving.join(10)
        asyncio.run_coroutine_threadsafe(node.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        clinic.database.close()


def call_of(site: CallSite, browser: Browser) -> tuple[Call, str]:
    """A new visit that is in its call, and the secret of its patient's session."""
    quick = site.clinic.browser()
    sign_in(quick)
    visit = visit_of(site.clinic, quick)
    ref, room = VisitRef(clinic=SLUG, visit=visit), f"room_{secrets.token_hex(6)}"
    spec = RoomSpec(room_id=room, clinic=SLUG, visit_id=visit)
    asyncio.run_coroutine_threadsafe(site.node.open_room(spec), site.loop).result(10)
    store = site.clinic.visits.store
    store.place_room(effect_of(visit), RoomPlace(room=room, node="n", endpoint=site.node.endpoint))
    store.change(Effect(ref=ref, step="t", key="begin"), VisitChange(event="to_in_call", stage="in_call"))
    secret = quick.cookies["cw_patient"]
    return Call(site, visit, browser), secret


def effect_of(visit: str) -> Effect:
    return Effect(ref=VisitRef(clinic=SLUG, visit=visit), step="test", key=secrets.token_hex(6))


def _started_node(database: Database, port: int) -> tuple[MediaNode, asyncio.AbstractEventLoop, list[RoomEvent]]:
    """A node that keeps its events as the worker does."""
    loop, events, tokens = asyncio.new_event_loop(), list[RoomEvent](), RoomTokens(database)
    store = RecordsVisitStore(database)

    async def keep(event: RoomEvent) -> None:
        events.append(event)
        await asyncio.to_thread(_keep_event, store, event)
        await asyncio.to_thread(_keep_guest, database, event)

    tickets = EchoTickets(database)
    ports = NodePorts(verify=tokens.verify, sink=keep, admits=tokens.admits, tickets=tickets.verify)
    config = MediaConfig(allowed_origins=(f"http://*.localhost:{port}",), review_seconds=1.0, ladder=STEADY)
    node = MediaNode(config, ports)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(node.start(), loop).result(20)
    return node, loop, events
