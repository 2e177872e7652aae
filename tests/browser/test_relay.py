"""Calls through the clinic's relay: where only it is allowed, by choice in the middle of a call, and by TCP alone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_room_client import Site, browser, enter, sees_and_hears, served
from tests.media.helpers_relay import OwnRelay, own_relay

__all__ = ["browser"]  # a fixture
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)"),
]
WAY = "async way => await window.room.way() === way"


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[OwnRelay]:
    async with own_relay(tmp_path) as relay:
        yield relay


async def goes(page: Page, way: str) -> None:
    """Waits until media of the page goes that way."""
    async with asyncio.timeout(20):
        while not await page.evaluate(WAY, way):
            await asyncio.sleep(0.1)


def addresses(site: Site) -> set[int]:
    """The ports that media comes to the node from."""
    peers = site.node._started.port.table._by_ufrag.values()
    return {peer.selected[1] for peer in peers if peer.selected}


async def test_where_only_the_relay_is_allowed_everything_goes_by_it(browser: Browser, coturn: OwnRelay) -> None:
    async with served(Site(coturn.relay())) as site:
        patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
        for page in (patient, provider):
            await sees_and_hears(page)
            assert await page.evaluate("() => window.room.mayRelay()") is False
            assert await page.evaluate("() => window.room.way()") in ("udp", "tcp")
            candidates = await page.evaluate("() => window.pc.localDescription.sdp.match(/typ (\\w+)/g) ?? []")
            assert set(candidates) == {"typ relay"}
        assert all(30_000 <= port < 31_000 for port in addresses(site))


async def test_who_wishes_goes_by_the_relay_in_the_middle_of_a_call_and_back(
    browser: Browser, coturn: OwnRelay
) -> None:
    async with served(Site(coturn.relay(is_only=False, transport="tcp"))) as site:
        patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
        await sees_and_hears(provider)
        await goes(patient, "direct")
        assert await patient.evaluate("() => window.room.mayRelay()") is True
        await patient.evaluate("() => window.room.setRelayed(true)")
        await goes(patient, "tcp")
        await sees_and_hears(provider)
        await sees_and_hears(patient)
        await patient.evaluate("() => window.room.setRelayed(false)")
        await goes(patient, "direct")
        await sees_and_hears(provider)
        assert site.node.counters["ice_sessions"] == 2
