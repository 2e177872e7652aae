"""Two people press for one time at once: one has it, the other is offered the next best on the same page."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
KIND = "/book/urgent_care/video_visit"
GO = "main form button.button"


async def test_of_two_who_press_at_once_one_has_the_time_and_the_other_the_next_best(
    site: Site, chromium: Browser
) -> None:
    first, second = await _person(site, chromium, "june_hartley"), await _person(site, chromium, "mateo_villareal")
    wanted = await _times(site, first)
    await _times(site, second)
    for page in (first, second):
        await _choose(page, wanted)
    await asyncio.gather(*(page.locator(GO).first.click() for page in (first, second)))
    for page in (first, second):
        await page.wait_for_url(re.compile(r"/pay$|/times$"))
    winners = [page for page in (first, second) if page.url.endswith("/pay")]
    assert len(winners) == 1
    loser = second if winners == [first] else first
    watch = Watch(loser, site.base)
    await expect(loser.locator(".summary-box")).to_contain_text("no longer free")
    await expect(loser.get_by_role("heading", name="The nearest time that is free")).to_be_visible()
    await expect(loser.get_by_text("Central Time")).to_be_visible()
    await expect(loser.locator(f"button[value='{wanted}']")).to_have_count(0)
    await watch.barriers()
    await loser.locator("form#times button[name=time]").first.click()
    await loser.wait_for_url("**/book/review")
    await loser.locator(GO).first.click()
    await loser.wait_for_url("**/pay")
    assert watch.trouble == []


async def _person(site: Site, chromium: Browser, who: str) -> Page:
    page = await (await chromium.new_context(**PHONE)).new_page()
    await page.goto(f"{site.base}/sign-in")
    await page.locator(f"button[value={who}]").click()
    await page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


async def _times(site: Site, page: Page) -> str:
    """The times of Pensacola, which goes by another clock than the clinic; returns the first of another day."""
    await page.goto(site.base + KIND)
    await page.locator("select[name=state]").select_option("FL")
    await page.locator("input[name=postal_code]").fill("32501")
    await page.locator(GO).first.click()
    await page.wait_for_url("**/times")
    value = await page.locator("main details button[name=time]").nth(30).get_attribute("value")
    assert value
    return value


async def _choose(page: Page, wanted: str) -> None:
    await page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    await page.locator(f"button[value='{wanted}']").first.click()
    await page.wait_for_url("**/book/review")
