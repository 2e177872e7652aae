"""One camera, two who watch over different links: each gets its own layer, and no layer is made that nobody takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from media.forward import Forwarder
from media.ladder import Ladder, shipped_rules
from media.node import MediaConfig, MediaNode, NodePorts
from tests.browser.test_room_client import Site, browser, enter, numbers, sees_and_hears, served
from tests.browser.test_simulcast import camera_of
from tests.media.helpers_bot import STEADY
from tests.media.helpers_proxy import ADDRESS, Manners, Proxy

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
CAMERA = {"audio": True, "video": {"width": 960, "height": 540, "frameRate": 10}}


class SteadySite(Site):
    """Reached through the proxy only. Its ladders stay where they are, so that a busy machine is no thin link; a test
    gives a participant the shipped one."""

    def new_node(self) -> MediaNode:
        config = MediaConfig(allowed_origins=(self.origin,), advertise=(ADDRESS,), ladder=STEADY)
        return MediaNode(config, NodePorts(verify=self.tokens))


@pytest.fixture
async def far() -> AsyncIterator[tuple[Site, Proxy]]:
    async with served(SteadySite()) as site:
        proxy = Proxy(site.node.udp_port)
        await proxy.start()
        yield site, proxy
        await proxy.close()


SENT = """() => window.pc.getSenders().filter(one => one.track?.kind === 'video')
  .flatMap(one => one.getParameters().encodings).filter(one => one.active).map(one => one.rid ?? '')"""


async def sends(page: Page, *rids: str, seconds: float = 30.0) -> None:
    """Waits until these layers of its camera, and no others, are switched on."""
    async with asyncio.timeout(seconds):
        while (found := await page.evaluate(SENT)) != list(rids):
            await asyncio.sleep(0.2)
    assert found == list(rids)


async def until(test: Callable[[], bool], seconds: float = 90.0) -> None:
    async with asyncio.timeout(seconds):
        while not test():
            await asyncio.sleep(0.02)


async def height_of(page: Page) -> int:
    return int((await numbers(page))["video"]["frameHeight"])


class Watched:
    """How long a subscription waits for the key frame of a layer that comes already, in pictures and in seconds."""

    def __init__(self, camera: Forwarder) -> None:
        self.waits: list[float] = []
        self._camera = camera
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        loop, since = asyncio.get_running_loop(), None
        while True:
            await asyncio.sleep(0.01)
            moving = self._camera.target is not self._camera.source and not self._camera.paused
            if moving and since is None:
                since = loop.time()
            elif not moving and since is not None:
                self.waits.append(loop.time() - since)
                since = None

    def stop(self) -> None:
        self._watching.cancel()


@pytest.mark.soak  # three browsers, one of which encodes two layers: that needs a machine with time to spare
async def test_a_thin_link_gets_a_smaller_layer_while_the_other_keeps_the_best(
    browser: Browser, far: tuple[Site, Proxy]
) -> None:
    site, proxy = far
    patient = await enter(browser, site, "p1", CAMERA)
    await sends(patient, "f")
    provider = await enter(browser, site, "d1", {"audio": True, "video": False})
    await sees_and_hears(provider, frames=5)
    thin = await enter(browser, site, "p2", {"audio": True, "video": False})
    await sees_and_hears(thin, frames=5)
    await sends(patient, "f")
    best, small = camera_of(site, "p1", "d1"), camera_of(site, "p1", "p2")
    line, watched = proxy.lines[-1], Watched(small)
    site.node._rooms["room-1"]._present["p2"].quality.down = Ladder(shipped_rules())
    # Lossy too: a browser that has no time to encode sends so little that it fits through anything.
    line.down.manners = Manners(rate=200_000.0, loss=0.3)
    await until(lambda: small.wanted_layer < best.wanted_layer)
    try:
        await until(lambda: small.source is not best.source and small.target is small.source, 30.0)
    except TimeoutError:
        asked = set(await patient.evaluate(SENT))
        assert "f" in asked and len(asked) > 1
        pytest.skip("asked for two layers, but this machine is so busy that the browser sends one")
    assert small.wanted_layer < best.wanted_layer == 2
    line.down.manners = Manners(rate=200_000.0)
    async with asyncio.timeout(90):
        while await height_of(thin) >= await height_of(provider):
            await asyncio.sleep(0.2)
    await sees_and_hears(thin, frames=5)
    await sees_and_hears(provider, frames=5)
    line.down.manners = Manners()
    await until(lambda: small.source is best.source and small.wanted_layer == 2, 120.0)
    watched.stop()
    assert watched.waits, "no change of layer was seen"
    assert max(watched.waits) < 1.0, f"a key frame took {max(watched.waits):.2f} s"
    await patient.context.close()


SWITCH = """async (wish) => {
  const other = await navigator.mediaDevices.getUserMedia({video: wish});
  await window.room.replaceTrack('video', other.getVideoTracks()[0]);
}"""


async def test_another_camera_mute_and_a_shared_screen_keep_their_own_sizes(browser: Browser, far: Any) -> None:
    site, _ = far
    patient = await enter(browser, site, "p1", CAMERA)
    provider = await enter(browser, site, "d1", {"audio": True, "video": False})
    await sees_and_hears(provider, frames=5)
    room = site.node._rooms["room-1"]._present
    peer = room["p1"].peer
    assert peer is not None
    for width, height in ((320, 180), (640, 360)):
        await patient.evaluate(SWITCH, {"width": width, "height": height})
        await sends(patient, "")
        await until(partial(lambda lines: peer.camera_lines == lines, height))
        await sees_and_hears(provider, frames=5)
    for on in (False, True):
        await patient.evaluate("on => window.room.setVideo(on)", on)
        await provider.wait_for_function("on => window.room.participants()[0].video === on", arg=on)
    await sees_and_hears(provider, frames=5)
    await patient.evaluate(
        """() => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 1600, height: 900});
          const pen = canvas.getContext('2d');
          setInterval(() => pen.fillRect(Math.random() * 1600, 0, 9, 900), 100);
          return window.room.share(canvas.captureStream(10));
        }"""
    )
    await until(lambda: any(one.label == "screen" and one.lines for one in room["p1"].publications.values()))
    limits = await patient.evaluate(
        "() => window.pc.getSenders().filter(one => one.track?.kind === 'video')"
        ".map(one => one.getParameters().encodings.map(({maxBitrate, maxFramerate}) => [maxBitrate, maxFramerate]))"
    )
    assert limits[-1] == [[1_500_000, 15]]


TABLE = """async ({cases, levels}) => {
  const {applyLevel, encodingsOf, layersOf} = await import('/static/js/level.js');
  return Promise.all(cases.map(async ([width, height, level, rids]) => {
    const track = {getSettings: () => ({width, height})};
    const encodings = encodingsOf(track, levels);
    const sender = {track, getParameters: () => ({encodings}), setParameters: async () => undefined};
    const told = level === null ? null : {height: level, frame_rate: 15, bitrate: 1};
    await applyLevel(sender, {level: told, rids, levels});
    return encodings.filter(({active = true}) => active)
      .map(({rid = '', scaleResolutionDownBy = 1, maxBitrate = 0}) => [rid, Math.round(Math.min(width, height)
        / scaleResolutionDownBy), maxBitrate / 1000]);
  }));
}"""
LEVELS = [
    {"height": level.height, "frame_rate": level.frame_rate, "bitrate": level.spends}
    for level in shipped_rules().levels
    if level.height
]


async def test_what_a_camera_sends_goes_from_the_top_as_its_own_link_gets_thin(browser: Browser, far: Any) -> None:
    site, _ = far
    page = await browser.new_page()
    await page.goto(f"{site.origin}/?who=p1")
    table: list[tuple[list[Any], list[Any]]] = [
        ([1280, 720, None, None], [["f", 720, 1500]]),
        ([1280, 720, 720, ["f"]], [["f", 720, 1500]]),
        ([1280, 720, 720, ["q", "f"]], [["q", 180, 180], ["f", 720, 1500]]),
        ([1280, 720, 480, ["f"]], [["f", 480, 700]]),
        ([1280, 720, 480, ["h", "f"]], [["h", 360, 400], ["f", 480, 700]]),
        ([1280, 720, 360, ["h", "f"]], [["h", 360, 400]]),
        ([1280, 720, 180, ["f"]], [["q", 180, 180]]),
        ([1280, 720, 0, ["f"]], []),
        ([720, 1280, 720, ["f"]], [["f", 720, 1500]]),
        ([640, 360, 180, ["f"]], [["h", 180, 180]]),
        ([640, 360, 360, ["f"]], [["f", 360, 400]]),
        ([320, 240, 360, []], [["", 240, 0.001]]),
        ([320, 240, 180, []], [["", 180, 0.001]]),
        ([320, 240, 0, []], []),
    ]
    found = await page.evaluate(TABLE, {"cases": [case for case, _ in table], "levels": LEVELS})
    assert found == [sent for _, sent in table]
