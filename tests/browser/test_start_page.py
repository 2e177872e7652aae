"""The start page on a phone: everything about each demo person is on the screen, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("locale", "role"), [("en-US", "Clinical operations"), ("es-US", "Operaciones clínicas")])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_role_of_every_demo_person_is_seen_without_scrolling_sideways(
    site: Site, chromium: Browser, width: int, locale: str, role: str
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 844}, locale=locale)
    page = await context.new_page()
    base = f"http://127.0.0.1:{site.port}"
    watch = Watch(page, base)
    await page.goto(base)
    await watch.barriers()
    box = await page.locator("td", has_text=role).first.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    hidden = (
        "Array.from(document.querySelectorAll('.table-wrap')).filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert await page.evaluate(hidden) == 0
    assert watch.trouble == []
