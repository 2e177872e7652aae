"""Pages without the call are light and hold still on a slow phone; every brand's living page has no barriers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from engine.library import load_library
from tests.browser.helpers_site import Site, Watch, running_site
from tests.browser.helpers_slow_phone import PHONE, on_a_slow_phone, signed_in, without_scripts
from tests.portals.helpers_clinic import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_BYTES = 100_000
MOST_SHIFT = 0.1
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
BRANDS = {"marigold": "june_hartley", "wrenfield": "beatriz_solano"}
# What a new patient opens first, and the heaviest sheets of the living page; `clinic bench pages` measures more.
GUEST_PAGES = ("/", "/book/urgent_care/video_visit", "/sign-up", "/design", "/design/content", "/design/talking")
SHEETS = ("", "/controls", "/ways", "/content", "/talking", "/law", "/code")
PATIENT_PAGES = ("/visits",)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project's two clinics at one port."""
    library = load_library(ROOT, tuple(ROOT / "clinics" / f"{slug}.yaml" for slug in BRANDS))
    with running_site(tmp_path_factory.mktemp("brands"), library) as running:
        yield running


def address(site: Site, slug: str) -> str:
    return f"http://{slug}.localhost:{site.port}"


async def test_pages_weigh_less_than_a_picture_and_do_not_jump_on_a_slow_phone(both: Site, chromium: Browser) -> None:
    base = address(both, "wrenfield")
    state = await signed_in(chromium, base, BRANDS["wrenfield"])
    measured = [await on_a_slow_phone(chromium, base, path) for path in GUEST_PAGES]
    measured += [await on_a_slow_phone(chromium, base, path, state) for path in PATIENT_PAGES]
    assert [one for one in measured if one.bytes >= MOST_BYTES or one.bytes == 0] == []
    assert [one for one in measured if one.shift >= MOST_SHIFT] == []
    for one in measured:
        first = await without_scripts(chromium, base, one.path, state if one.path in PATIENT_PAGES else None)
        words = " ".join(one.largest.split())
        assert words and words in first, f"{one.path}: a script brought the largest part of the page"


async def test_the_living_page_has_no_barriers_in_the_groups_colours_by_day_and_night(
    both: Site, chromium: Browser
) -> None:
    """The boutique's is looked at with the patients' pages."""
    base = address(both, "wrenfield")
    for settings in (PHONE, DESK):
        context = await chromium.new_context(**settings)
        page = await context.new_page()
        watch = Watch(page, base)
        for sheet in SHEETS:
            await page.goto(f"{base}/design{sheet}{'?dir=rtl' if settings is PHONE else ''}")
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await watch.barriers()
        assert watch.trouble == []
        await context.close()
