"""The start page on a phone and a desk: five doors on the screen in both languages, and one click lets somebody in."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("locale", "role"), [("en-US", "Clinical ops"), ("es-US", "Operaciones clínicas")])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_every_door_is_seen_without_scrolling_sideways(
    site: Site, chromium: Browser, width: int, locale: str, role: str
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 844}, locale=locale)
    page = await context.new_page()
    base = f"http://127.0.0.1:{site.port}"
    watch = Watch(page, base)
    await page.goto(base)
    await watch.barriers()
    await expect(page.locator(".kind")).to_have_count(5)
    box = await page.locator(".kind", has_text=role).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    assert watch.trouble == []


async def test_one_click_on_the_start_page_lets_a_clinician_in(site: Site, chromium: Browser) -> None:
    """The form leads to another host, which the page's policy has to allow."""
    page = await (await chromium.new_context(locale="en-US")).new_page()
    await page.goto(f"http://localhost:{site.port}")
    await page.get_by_role("button", name="Rosalind Achebe").click()
    await page.wait_for_url(f"{site.base}/staff")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
