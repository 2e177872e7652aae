"""A patient answers one question in two windows and on two devices: both answers are shown, the person chooses."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch
from tests.browser.test_files_page import patient_on

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def choose(page: Page, value: str) -> None:
    await page.locator(f"input[value={value}]").check(force=True)


async def saved(page: Page) -> None:
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("Saved"))


async def test_a_second_window_overwrites_nothing_until_the_person_has_chosen(site: Site, chromium: Browser) -> None:
    context = await chromium.new_context(viewport={"width": 390, "height": 844})
    first, visit = await patient_on(site, context, "en")
    second, address = await context.new_page(), f"{site.base}/visits/{visit}/intake/2"
    watch = Watch(second, site.base)
    for page in (first, second):
        await page.goto(address)
    await choose(first, "skin")
    await saved(first)
    await choose(second, "fever")
    both = second.locator("[data-both]")
    await expect(both.locator("[data-other]")).to_have_text("Rash or allergic reaction")
    await expect(both.locator("[data-mine]")).to_have_text("Fever")
    await watch.barriers()
    await second.locator("form[data-intake] button").click()
    await expect(both).to_be_focused()
    await first.reload()
    await expect(first.locator("input[value=skin]")).to_be_checked()
    await second.locator("[data-use-mine]").click()
    await second.wait_for_url("**/intake/3")
    await first.reload()
    await expect(first.locator("input[value=fever]")).to_be_checked()
    assert [one for one in watch.trouble if "409" not in one] == []  # the browser notes the refusal itself
    await context.close()


async def test_on_two_devices_without_scripts_the_other_answer_can_be_kept(site: Site, chromium: Browser) -> None:
    phone = await chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page, visit = await patient_on(site, phone, "es")
    desk = await chromium.new_context()
    await desk.add_cookies(await phone.cookies())  # type: ignore[arg-type]
    other = await desk.new_page()
    for one in (page, other):
        await one.goto(f"{site.base}/visits/{visit}/intake/2")
    await choose(other, "skin")
    await other.locator("form[data-intake] button").click()
    await other.wait_for_url("**/intake/3")
    await choose(page, "fever")
    await page.locator("form[data-intake] button").click()
    await expect(page.locator("[data-both]")).to_contain_text("Otra ventana tiene otra respuesta")
    await page.get_by_role("link", name="Conservar la otra respuesta").click()
    await expect(page.locator("[data-both]")).to_be_hidden()
    await expect(page.locator("input[value=skin]")).to_be_checked()
    for context in (phone, desk):
        await context.close()
