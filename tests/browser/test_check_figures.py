"""What the technical check says of links whose rate, loss and delay are known, and of a node at an IPv6 address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser
from starlette.requests import Request
from starlette.responses import JSONResponse

from engine.echoes import EchoClaims
from engine.settings import parse_settings
from media.node import MediaConfig, MediaNode, NodePorts
from portals.app import _media_addresses
from tests.browser.test_room_client import Site, browser, enter, sees_and_hears, served
from tests.media.helpers_proxy import ADDRESS, Line, Manners, Proxy
from tests.media.test_ipv6 import has_ipv6

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
TRY = """async () => {
  const { tryEcho } = await import('/static/js/echo.js');
  return tryEcho(async () => (await fetch('/access?who=check')).json());
}"""


class TriedSite(Site):
    """A site whose node takes tickets; at ``host``, told to browsers as ``advertise``."""

    def __init__(self, host: str, advertise: str) -> None:
        self.host, self.advertise = host, advertise
        self.tickets = 0
        super().__init__()

    def new_node(self) -> MediaNode:
        config = MediaConfig(allowed_origins=(self.origin,), host=self.host, advertise=(self.advertise,))
        return MediaNode(config, NodePorts(verify=self.tokens, tickets=self.believe))

    def believe(self, ticket: str) -> EchoClaims:
        until = datetime.now(UTC) + timedelta(seconds=60)
        return EchoClaims(id=ticket, clinic="c", who=ticket, endpoint=self.node.endpoint, expires_at=until)

    async def access(self, request: Request) -> JSONResponse:
        if request.query_params["who"] != "check":
            return await super().access(request)
        self.tickets += 1
        return JSONResponse({"endpoint": self.node.endpoint, "token": f"check.{self.tickets}"})


class ThinProxy(Proxy):
    """Every line has the same manners from its first packet on."""

    def __init__(self, port: int, manners: Manners) -> None:
        super().__init__(port)
        self.manners = manners

    async def _open(self, client: tuple[str, int]) -> Line:
        line = await super()._open(client)
        line.behave(self.manners)
        return line


@asynccontextmanager
async def behind(manners: Manners) -> AsyncIterator[TriedSite]:
    """A site whose node is reached by a link of these manners."""
    async with served(TriedSite("127.0.0.1", ADDRESS)) as site:
        assert isinstance(site, TriedSite)
        proxy = ThinProxy(site.node.udp_port, manners)
        await proxy.start()
        yield site
        await proxy.close()


async def tried(browser: Browser, site: TriedSite) -> dict[str, Any]:
    page = await browser.new_page()
    await page.goto(f"{site.origin}/?who=check")
    async with asyncio.timeout(40):
        found: dict[str, Any] = await page.evaluate(TRY)
    await page.close()
    return found


async def test_a_thin_link_is_told_as_thin_as_it_is(browser: Browser) -> None:
    async with behind(Manners(rate=400_000.0)) as site:
        found = await tried(browser, site)
    figures = found["figures"]
    assert found["ways"]["direct"]["state"] == "works"
    assert 180_000 < figures["up"] < 480_000 and 120_000 < figures["down"] < 480_000
    assert figures["height"] in (180, 360) and figures["word"] in ("fair", "poor")


async def test_a_link_for_sound_alone_is_poor(browser: Browser) -> None:
    async with behind(Manners(rate=90_000.0)) as site:
        figures = (await tried(browser, site))["figures"]
    assert (figures["height"], figures["word"]) == (0, "poor")
    assert min(one for one in (figures["up"], figures["down"]) if one) < 150_000


async def test_loss_and_delay_are_measured_and_are_not_good(browser: Browser) -> None:
    async with behind(Manners(loss=0.05, delay=0.17)) as site:
        figures = (await tried(browser, site))["figures"]
    assert 0.33 < figures["round_trip"] < 0.7
    assert 0.01 < max(figures["loss_up"], figures["loss_down"]) < 0.2
    assert figures["word"] != "good"


async def test_where_nothing_comes_through_no_way_is_found_and_the_page_is_told_soon(browser: Browser) -> None:
    async with behind(Manners(dark=True)) as site:
        found = await tried(browser, site)
        assert site.node.counters["checks"] == 0
    assert found["outcome"] == "no_way"
    assert {name: way["state"] for name, way in found["ways"].items()} == {
        "direct": "fails", "udp": "not_set_up", "tcp": "not_set_up", "tls": "not_set_up"}  # fmt: skip


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_the_way_and_a_call_work_over_ipv6(browser: Browser) -> None:
    async with served(TriedSite("::1", "::1")) as site:
        assert isinstance(site, TriedSite)
        found = await tried(browser, site)
        assert found["ways"]["direct"]["state"] == "works" and found["figures"]["up"] > 0
        patient, provider = await enter(browser, site, "p1"), await enter(browser, site, "d1")
        for page in (patient, provider):
            await sees_and_hears(page)


def test_pages_may_connect_to_a_node_at_an_ipv6_address() -> None:
    settings = parse_settings({"CLINIC_MEDIA_HOST": "::1", "CLINIC_MEDIA_HTTP_PORT": "8090"})
    assert _media_addresses(settings) == ["ws://[::1]:8090"]
