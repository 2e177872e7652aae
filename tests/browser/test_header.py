"""The head of every page is one quiet line: on a phone what leads elsewhere is a menu, with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "locale": "en"}
SMALL: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "locale": "es"}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en"}
DOORS = ("", "/staff")
ROLES = [("", "patient"), ("/staff", "clinic_admin"), ("/staff", "clinical_ops"), ("/staff", "compliance")]
# Whatever of the head lies on something else of it.
OVERLAPS = """() => {
    const all = [...document.querySelectorAll("header.head .tool, header.head .mark")]
        .filter((one) => one.checkVisibility());
    const boxes = all.map((one) => one.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b)).map(() => all[i].textContent.trim()));
}"""
LOWEST_PX = 80
TWO_LINES_PX = 120  # at a desk: the mark above, the pages below
# What waits is counted beside its page: the longest line there is.
MANY_WAIT = """() => {
    const link = document.querySelector(".menu-list a[href='/staff/reviews']");
    link?.querySelector(".nav-count")?.remove();
    link?.insertAdjacentHTML("beforeend", ' <span class="nav-count nav-count-late">128</span>');
}"""


async def signed_in(page: Page, site: Site, door: str, role: str = "clinic_admin") -> None:
    await page.goto(f"{site.base}{door}/sign-in")
    person = role if door else "June Hartley"
    button = page.locator(f"button[value={person}]") if door else page.get_by_role("button", name=person)
    await button.first.click()
    await expect(page.locator(f"form[action='{door}/sign-out']")).to_be_attached()
    await page.goto(f"{site.base}{door}/security")


async def height(page: Page) -> float:
    box = await page.locator("header.head").bounding_box()
    assert box is not None
    return box["height"]


@pytest.mark.parametrize("door", DOORS, ids=["patient", "staff"])
async def test_on_a_phone_the_menu_opens_by_keyboard_and_goes_away_when_left(
    site: Site, chromium: Browser, door: str
) -> None:
    page = await (await chromium.new_context(**PHONE)).new_page()
    watch = Watch(page, site.base)
    await signed_in(page, site, door)
    leave = page.get_by_role("button", name="Sign out", exact=True).first
    menu = page.locator("details.menu > summary")
    await expect(leave).to_be_hidden()
    assert await height(page) <= LOWEST_PX
    await menu.focus()
    await page.keyboard.press("Enter")
    await expect(leave).to_be_visible()
    await watch.barriers()
    await page.keyboard.press("Escape")
    await expect(leave).to_be_hidden()
    await expect(menu).to_be_focused()
    await menu.click()
    await expect(leave).to_be_visible()
    await page.mouse.click(4, 820)  # the margin, beside everything
    await expect(leave).to_be_hidden()
    assert watch.trouble == []


async def test_without_scripts_the_menu_opens_all_the_same_and_leads_on(site: Site, chromium: Browser) -> None:
    page = await (await chromium.new_context(java_script_enabled=False, **SMALL)).new_page()
    await signed_in(page, site, "")
    await expect(page.get_by_role("link", name="Mis consultas")).to_be_hidden()
    await page.locator("details.menu > summary").click()
    await page.get_by_role("link", name="Mis consultas").click()
    await expect(page).to_have_url(f"{site.base}/visits")


@pytest.mark.parametrize(("door", "role"), ROLES)
async def test_where_there_is_room_nothing_needs_to_be_opened(
    site: Site, chromium: Browser, door: str, role: str
) -> None:
    page = await (await chromium.new_context(**DESK)).new_page()
    await signed_in(page, site, door, role)
    await expect(page.locator("details.menu > summary")).to_be_hidden()
    await expect(page.get_by_role("button", name="Sign out", exact=True).first).to_be_visible()
    await page.evaluate(MANY_WAIT)
    assert await height(page) <= TWO_LINES_PX
    over = await page.evaluate(OVERLAPS)
    assert over == []
