"""Calls through the clinic's relay: where only it is allowed, by choice during a call; by UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_room_client import Site, browser, enter, launched, sees_and_hears, served
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
    async with own_relay(tmp_path, certified="127.0.0.1") as relay:
        yield relay


@pytest.fixture
async def trusting() -> AsyncIterator[Browser]:
    """A browser that takes the relay's certificate, which signs itself."""
    async with launched("--ignore-certificate-errors") as browser:
        yield browser


async def goes(page: Page, way: str) -> None:
    """Waits until media of the page goes that way."""
    async with asyncio.timeout(20):
        while not await page.evaluate(WAY, way):
            await asyncio.sleep(0.1)


async def refused(page: Page) -> set[int]:
    """Waits until the page has been told that it gets no place on the relay; the codes it was told, by STUN."""
    codes = await page.wait_for_function("() => window.refusals.length && window.refusals")
    await asyncio.sleep(1.0)
    assert await page.evaluate("() => window.room.state()") != "connected"
    return set(await codes.json_value())


def addresses(site: Site) -> set[int]:
    """The ports that media comes to the node from."""
    peers = site.node._started.port.table._by_ufrag.values()
    return {peer.selected[1] for peer in peers if peer.selected}


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_where_only_the_relay_is_allowed_everything_goes_by_it_however_it_is_reached(
    trusting: Browser, coturn: OwnRelay, way: str
) -> None:
    async with served(Site(coturn.relay(transport=way))) as site:
        patient, provider = await enter(trusting, site, "p1"), await enter(trusting, site, "d1")
        for page in (patient, provider):
            await sees_and_hears(page)
            assert await page.evaluate("() => window.room.mayRelay()") is False
            assert await page.evaluate("() => window.room.way()") == way
            candidates = await page.evaluate("() => window.pc.localDescription.sdp.match(/typ (\\w+)/g) ?? []")
            assert set(candidates) == {"typ relay"}
        assert all(30_000 <= port < 31_000 for port in addresses(site))


async def test_a_relay_whose_certificate_nobody_vouches_for_carries_nothing(browser: Browser, coturn: OwnRelay) -> None:
    async with served(Site(coturn.relay(transport="tls"))) as site:
        await refused(await enter(browser, site, "p1"))


async def test_credentials_that_have_ended_open_no_relay(
    browser: Browser, coturn: OwnRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.relays.LIFE", timedelta(minutes=-1))
    async with served(Site(coturn.relay(transport="udp"))) as site:
        assert await refused(await enter(browser, site, "p1")) == {401}


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
