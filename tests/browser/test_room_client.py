"""Two ordinary Chromium pages in one room: both decode the other's picture and sound, also who comes late."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from engine.relays import Relay
from engine.rooms import RoomRole
from media.node import MediaConfig, MediaNode, NodePorts
from tests.browser.helpers_people import CHROMIUM
from tests.media.helpers_bot import STEADY, FakeTokens, spec

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
STATIC = ROOT / "portals" / "static"
FAKE_MEDIA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=30"]
EMPTY = {"video": {"framesDecoded": 0}}
PAGE = """<!doctype html><title>room</title>
<script type=module>
import {createRoomClient} from '/static/js/room_client.js';
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...rest) {
    super(...rest);
    window.pc = this;
    this.addEventListener('icecandidateerror', (event) => window.refusals.push(event.errorCode));
  }
};
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...rest) { super(...rest); window.sockets.push(this); }
};
const who = new URLSearchParams(location.search).get('who');
window.log = [];
window.refusals = [];
const show = ({participant, stream}) => {
  let video = document.getElementById(participant);
  if (!video) {
    video = Object.assign(document.createElement('video'), {id: participant, autoplay: true, playsInline: true});
    document.body.append(video);
  }
  video.srcObject = stream;
};
window.begin = async (media) => {
  const localStream = media ? await navigator.mediaDevices.getUserMedia(media) : null;
  window.local = localStream;
  window.room = createRoomClient({
    getAccess: async () => await (await fetch('/access?who=' + who)).json(),
    localStream,
    on: (event) => {
      window.log.push({type: event.type, what: event.state ?? event.reason ?? event.participant});
      if (event.type === 'level') (window.levels ??= {})[event.direction] = event;
      if (event.type === 'track') show(event);
    },
  });
  return await window.room.join();
};
</script>"""


class Site:
    """A page's server and a node that can be stopped and started again."""

    def __init__(self, relay: Relay | None = None) -> None:
        self.relay = relay
        self.tokens = FakeTokens()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.closed = False
        self.process_endpoint = ""
        self.node = self.new_node()

    async def spawn_node(self) -> asyncio.subprocess.Process:
        """A node in its own process; the page is sent there from now on."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.media.helpers_node", self.origin, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        self.process_endpoint = (await process.stdout.readline()).decode().strip()
        return process

    def new_node(self) -> MediaNode:
        return MediaNode(
            MediaConfig(allowed_origins=(self.origin,), relay=self.relay, ladder=STEADY), NodePorts(verify=self.tokens)
        )

    async def access(self, request: Request) -> JSONResponse:
        if self.closed:
            return JSONResponse(None)
        who = request.query_params["who"]
        role = RoomRole.PROVIDER if who.startswith("d") else RoomRole.PATIENT
        if self.process_endpoint:
            return JSONResponse({"endpoint": self.process_endpoint, "token": f"{who}:{role}"})
        return JSONResponse({"endpoint": self.node.endpoint, "token": self.tokens.issue(who, role)})

    def app(self) -> Starlette:
        async def page(_: Request) -> HTMLResponse:
            return HTMLResponse(PAGE)

        return Starlette(
            routes=[Route("/", page), Route("/access", self.access), Mount("/static", StaticFiles(directory=STATIC))]
        )


class QuietServer(uvicorn.Server):
    """Leaves the test run's signals alone."""

    def capture_signals(self) -> Any:
        return pytest.MonkeyPatch.context()


@asynccontextmanager
async def served(made: Site) -> AsyncIterator[Site]:
    """The site and its node, from start to stop."""
    await made.node.start()
    await made.node.open_room(spec())
    server = QuietServer(uvicorn.Config(made.app(), loop="none", log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[made.listener]))
    yield made
    server.should_exit = True
    await serving
    await made.node.stop()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with served(Site()) as made:
        yield made


def loopback_flags() -> list[str]:
    """Chromium reaches 127.0.0.1 from any network address it has; on a machine without one it needs this flag."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ["--allow-loopback-in-peer-connection"]
    return []


@asynccontextmanager
async def launched(*flags: str, program: str = CHROMIUM) -> AsyncIterator[Browser]:
    """Chromium with a camera and a microphone of its own making."""
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(
            executable_path=program, headless=True, args=[*FAKE_MEDIA, *loopback_flags(), *flags]
        )
        yield made
        await made.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with launched() as made:
        yield made


async def enter(browser: Browser, site: Site, who: str, media: Any = True) -> Page:
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(f"{site.origin}/?who={who}")
    await page.wait_for_function("() => Boolean(window.begin)")
    wanted: Any = {"audio": True, "video": {"width": 640, "height": 360}} if media is True else media
    assert await page.evaluate("media => window.begin(media)", wanted)
    return page


async def numbers(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate("() => window.room.stats()")
    return found


async def first_picture(page: Page, seconds: float = 20.0) -> None:
    """Waits until the page has decoded a picture of the other side."""
    async with asyncio.timeout(seconds):
        while ((await numbers(page)) or EMPTY)["video"]["framesDecoded"] == 0:
            await asyncio.sleep(0.05)


async def sees_and_hears(page: Page, frames: int = 15, seconds: float = 30.0) -> dict[str, Any]:
    """Waits until the page decodes more pictures and sound than it has now."""
    before = await numbers(page)
    async with asyncio.timeout(seconds):
        while True:
            now = await numbers(page)
            more_frames = now["video"]["framesDecoded"] - before["video"]["framesDecoded"]
            more_sound = now["audio"]["totalAudioEnergy"] - before["audio"]["totalAudioEnergy"]
            if more_frames >= frames and more_sound > 0:
                return now
            await asyncio.sleep(0.2)


async def stays_dark(page: Page, seconds: float = 20.0) -> None:
    """Waits until the page decodes no new picture for half a second: what was on its way has arrived."""
    async with asyncio.timeout(seconds):
        decoded, before = 0, -1
        while decoded != before:
            before = (await numbers(page))["video"]["framesDecoded"]
            await asyncio.sleep(0.5)
            decoded = (await numbers(page))["video"]["framesDecoded"]


async def test_both_sides_decode_picture_and_sound_and_a_latecomer_sees_soon(browser: Browser, site: Site) -> None:
    patient = await enter(browser, site, "p1")
    await asyncio.sleep(2.0)
    provider = await enter(browser, site, "d1")
    await first_picture(provider)
    for page in (patient, provider):
        seen = await sees_and_hears(page)
        # A busy machine drops a datagram now and then, on loopback too.
        assert seen["video"]["packetsLost"] <= seen["video"]["packetsReceived"] / 50
    state = site.node.snapshot("room-1")
    assert {person.participant_id for person in state.participants} == {"p1", "d1"}
    assert all(person.connected for person in state.participants)


async def test_a_new_node_takes_over_and_everybody_sees_again(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(patient)
    before = site.node
    site.node = site.new_node()
    await site.node.start()
    await site.node.open_room(spec())
    await before.stop()
    for page in (patient, provider):
        await page.wait_for_function("() => window.log.some(e => e.type === 'state' && e.what === 'reconnecting')")
        await page.wait_for_function("() => window.room.state() === 'connected'")
        await sees_and_hears(page)


async def test_a_node_that_is_killed_is_replaced_within_seconds(browser: Browser, site: Site) -> None:
    first = await site.spawn_node()
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(patient)
    second = await site.spawn_node()
    first.kill()
    began = asyncio.get_running_loop().time()
    for page in (patient, provider):
        await page.wait_for_function("() => window.log.some(e => e.type === 'state' && e.what === 'reconnecting')")
        await first_picture(page)
    took = asyncio.get_running_loop().time() - began
    # Half a second on a quiet machine; the bound says that nobody waited for a time-out.
    assert took < 15.0, f"both sides saw each other again after {took:.2f} s"
    await sees_and_hears(provider)
    second.terminate()
    await asyncio.gather(first.wait(), second.wait())


async def test_a_path_that_breaks_is_restarted_within_the_same_session(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(provider)
    before = await patient.evaluate("() => window.pc.localDescription.sdp.match(/ice-ufrag:(.*)/)[1]")
    await patient.evaluate(
        """() => {
          Object.defineProperty(window.pc, 'connectionState', {value: 'disconnected', configurable: true});
          window.pc.onconnectionstatechange();
          delete window.pc.connectionState;
        }"""
    )
    await patient.wait_for_function(
        "before => window.pc.localDescription.sdp.match(/ice-ufrag:(.*)/)[1] !== before", arg=before
    )
    await sees_and_hears(patient)
    await sees_and_hears(provider)
    states = [entry["what"] for entry in await patient.evaluate("() => window.log") if entry["type"] == "state"]
    assert "reconnecting" not in states
    assert site.node.counters["ice_sessions"] == 2


async def test_camera_off_and_on_again_and_another_device_in_its_place(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(provider)
    await patient.evaluate("() => window.room.replaceTrack('video', null)")
    await provider.wait_for_function("() => window.room.participants()[0].video === false")
    await stays_dark(provider)
    await patient.evaluate(
        """async () => {
          const other = await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 240}});
          await window.room.replaceTrack('video', other.getVideoTracks()[0]);
        }"""
    )
    seen = await sees_and_hears(provider)
    assert seen["video"]["frameWidth"] > 0


async def test_who_reloads_the_page_is_seen_again_and_again(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(provider)
    for _ in range(3):
        await patient.reload()
        await patient.wait_for_function("() => Boolean(window.begin)")
        await patient.evaluate("() => window.begin({audio: true, video: true})")
        await sees_and_hears(patient, frames=5)
        await sees_and_hears(provider, frames=5)
    state = site.node.snapshot("room-1")
    assert len(state.participants) == 2
    assert not [code for code in site.node.refused if code.startswith(("sdp_", "message_"))]


async def test_lost_sound_is_sent_again_by_agreement(browser: Browser, site: Site) -> None:
    patient = await enter(browser, site, "p1")
    await patient.wait_for_function("() => window.room.state() === 'connected'")
    peer = site.node._rooms["room-1"]._present["p1"].peer
    assert peer is not None
    assert "nack" in peer.incoming.sections["0"].choice.codec.feedback


async def test_the_provider_ends_for_all_and_nobody_comes_back(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(patient)
    await provider.evaluate("() => window.room.endForAll()")
    for page in (patient, provider):
        await page.wait_for_function("() => window.room.state() === 'ended'")
        assert {"type": "ended", "what": "ended_by_provider"} in await page.evaluate("() => window.log")
    report = await site.node.wait_closed("room-1")
    assert report.reason == "ended_by_provider"
    assert set(report.seconds) == {"p1", "d1"}


async def test_a_page_that_listens_only_sees_and_hears(browser: Browser, site: Site) -> None:
    provider = await enter(browser, site, "d1")
    patient = await enter(browser, site, "p1", media=False)
    await first_picture(patient)
    assert await provider.evaluate("() => window.room.participants()[0].video") is False


async def test_without_access_the_client_gives_up_instead_of_knocking(browser: Browser, site: Site) -> None:
    patient = await enter(browser, site, "p1")
    site.closed = True
    await site.node.stop()
    await patient.wait_for_function("() => window.room.state() === 'ended'")
    assert {"type": "ended", "what": "no_access"} in await patient.evaluate("() => window.log")


async def test_a_websocket_that_breaks_is_taken_up_and_nobody_sees_it(browser: Browser, site: Site) -> None:
    patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
    await sees_and_hears(provider)
    before = await patient.evaluate("() => { window.held = window.pc; return window.sockets.length; }")
    known = await patient.evaluate("() => window.log.length")
    seen = await provider.evaluate("() => window.log.length")
    for _ in range(2):
        await patient.evaluate("() => window.sockets.at(-1).close()")
        await patient.wait_for_function("count => window.sockets.length > count", arg=before)
        before = await patient.evaluate("() => window.sockets.length")
        await sees_and_hears(provider)
        await sees_and_hears(patient)
    await provider.evaluate("() => window.room.signal('hand')")
    await patient.wait_for_function("() => window.log.some(e => e.type === 'signal')")
    assert await patient.evaluate("() => window.pc === window.held && window.pc.connectionState === 'connected'")
    own = [entry["type"] for entry in (await patient.evaluate("() => window.log"))[known:]]
    assert not {"state", "track", "untrack", "ended"} & set(own), "the page has nothing to say about it"
    told = [entry["type"] for entry in (await provider.evaluate("() => window.log"))[seen:]]
    assert not {"left", "track", "untrack"} & set(told)
    assert len(site.node.snapshot("room-1").participants) == 2
    assert site.node.refused["join_resume_replayed"] == 0
