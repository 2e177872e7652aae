"""Chromium sends its camera in three layers, or in H264, and what the other side sees follows the node's choice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser

from media.forward import Forwarder
from tests.browser.test_room_client import Site, browser, enter, numbers, sees_and_hears, site

__all__ = ["browser", "site"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURE = {"audio": True, "video": {"width": 960, "height": 540, "frameRate": 15}}
LAYERS = """
const plain = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (what, init) {
  if (what.kind !== 'video') return plain.call(this, what, init);
  const sendEncodings = [
    {rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}, {rid: 'f', scaleResolutionDownBy: 1}];
  return plain.call(this, what, {...init, sendEncodings});
};
"""
H264_FIRST = """
const plain = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (what, init) {
  const made = plain.call(this, what, init);
  if (what.kind !== 'video') return made;
  const codecs = RTCRtpReceiver.getCapabilities('video').codecs;
  const first = codecs.filter((codec) => codec.mimeType === 'video/H264');
  made.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
  return made;
};
"""


async def enter_with(browser: Browser, site: Site, who: str, script: str) -> Any:
    """A page on which the script has run before any other."""
    plain = browser.new_context

    async def scripted(**more: Any) -> Any:
        context = await plain(**more)
        await context.add_init_script(script)
        return context

    browser.new_context = scripted  # type: ignore[method-assign]
    try:
        return await enter(browser, site, who, PICTURE)
    finally:
        browser.new_context = plain  # type: ignore[method-assign]


def camera_of(site: Site, publisher: str, subscriber: str) -> Forwarder:
    """The subscription of one participant to another's camera."""
    present = site.node._rooms["room-1"]._present
    publications = present[publisher].publications.values()
    camera = next(publication for publication in publications if publication.label == "camera")
    peer = present[subscriber].peer
    assert peer is not None
    found = peer.subscription(camera.id)
    assert found is not None
    return found


async def height_becomes(page: Any, wanted: int, seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while (await numbers(page))["video"]["frameHeight"] != wanted:
            await asyncio.sleep(0.1)


async def test_the_layer_that_is_sent_follows_what_is_wanted_without_a_freeze(browser: Browser, site: Site) -> None:
    patient = await enter_with(browser, site, "p1", LAYERS)
    provider = await enter(browser, site, "d1", {"audio": True, "video": False})
    await height_becomes(provider, 540)
    camera = camera_of(site, "p1", "d1")
    for wanted, height in ((0, 135), (1, 270), (2, 540)):
        camera.wanted_layer = wanted
        await height_becomes(provider, height)
        await sees_and_hears(provider, frames=5)
    assert camera.switches >= 3
    assert (await numbers(provider))["video"]["freezeCount"] <= 1
    await patient.context.close()


async def test_a_browser_that_prefers_h264_is_seen_in_it(browser: Browser, site: Site) -> None:
    await enter_with(browser, site, "p1", H264_FIRST)
    provider = await enter(browser, site, "d1", {"audio": True, "video": False})
    await sees_and_hears(provider, frames=5)
    assert camera_of(site, "p1", "d1").out.codec == "h264"
