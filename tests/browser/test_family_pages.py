"""A mother books for her child on a phone: no barrier on the way, and whom she acts for stands on every page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
GO = "main form button.button"


async def test_a_mother_books_for_her_child_and_a_grandmother_is_not_asked_to_consent(
    site: Site, chromium: Browser
) -> None:
    page = await _signed_in(site, chromium, "june_hartley")
    watch = Watch(page, site.base)
    for path in ("/family", "/family/child", "/family/share/me"):
        await page.goto(site.base + path)
        await watch.barriers()
    await page.goto(f"{site.base}/book/urgent_care/video_visit")
    await watch.barriers()
    await page.get_by_label("For Leo Hartley").check(force=True)
    await page.select_option("#state", "FL")
    await page.fill("#postal_code", "33132")
    await page.click(GO)
    await expect(page.locator(".acting")).to_contain_text("You are acting for Leo Hartley")
    await watch.barriers()
    await page.locator(".slots button").first.click()
    await page.wait_for_url("**/book/review")
    await page.click(GO)
    await page.wait_for_url("**/pay")
    for name, value in (("name", "June"), ("number", "4242 4242 4242 4242"), ("expires", "12/29"), ("code", "123")):
        await page.fill(f"#{name}", value)
    await page.click(GO)
    await page.wait_for_url("**new=booked")
    await expect(page.locator(".acting")).to_contain_text("Leo Hartley")
    await watch.barriers()
    assert watch.trouble == []
    visit = re.search(r"/visits/vis_\w+", page.url)
    assert visit
    agnes = await _signed_in(site, chromium, "agnes_tollefsen")
    await agnes.goto(site.base + visit[0])
    await expect(agnes.locator("main")).to_contain_text("Somebody else has to do this")
    refused = await agnes.goto(f"{site.base}{visit[0]}/consent")
    assert refused is not None
    assert refused.status == 404


async def _signed_in(site: Site, chromium: Browser, person: str) -> Page:
    context = await chromium.new_context(**PHONE)
    page = await context.new_page()
    await page.goto(f"{site.base}/sign-in")
    await page.click(f"button[value={person}]")
    await page.wait_for_url("**/visits")
    return page
