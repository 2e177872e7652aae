"""A whole visit with the keyboard alone: taken from the queue, written, prescribed, signed; no barrier on the way."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_provider_desk import Desk, barriers, desk
from tests.portals.helpers_provider import opened

__all__ = ["desk"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def tab_to(page: Page, selector: str, most: int = 25) -> None:
    """Presses Tab until the control has the focus, as somebody without a mouse does."""
    for _ in range(most):
        if await page.locator(f"{selector}:focus").count():
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} was not reached")


async def take(page: Page, desk: Desk) -> None:
    """From the queue into the visit, and the patient let in."""
    await page.goto(desk.base + "/staff")
    await page.keyboard.press("j")
    await expect(page.locator("[data-row] a").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/staff/visits/"))
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_contain_text("to the search for a drug")
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await expect(page.get_by_role("button", name="Let the patient in")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#law [data-gate=join]")).to_have_attribute("data-open", "true")


async def write(page: Page) -> None:
    """The note: text, a flag, a number; saved by itself. Letters are keys again once a button has the focus."""
    await page.keyboard.press("n")
    await expect(page.get_by_label("History")).to_be_focused()
    await page.keyboard.type("Sore throat for three days")
    await tab_to(page, "#note-subjective-reviewed")
    await page.keyboard.press("Space")
    await tab_to(page, "#note-plan-minutes")
    await page.keyboard.type("15")
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
    await expect(page.locator("[data-ago]")).to_have_text(re.compile(r"^\d+ s ago"))
    await tab_to(page, "#note-form button")


async def prescribe(page: Page) -> None:
    """Found by name, picked with the arrow keys, saved with the usual directions, sent."""
    await tab_to(page, "#note-form button")
    await page.keyboard.press("r")
    await expect(page.locator("#drug-query")).to_be_focused()
    await page.keyboard.type("amox")
    await expect(page.locator("#drug-found a").first).to_contain_text("amoxicillin")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#drug-found a").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#rx-form-title")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#rx-sig")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#notices")).to_contain_text("Nothing has been sent")
    await page.keyboard.press("p")
    await expect(page.get_by_role("button", name=re.compile("Send to pharmacy"))).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#prescribe [data-notice]")).to_contain_text("Sent to the simulated pharmacy network")
    await expect(page.locator("[data-order]").first).to_be_focused()


async def test_a_visit_is_taken_written_prescribed_and_signed_without_a_mouse(desk: Desk) -> None:
    visits = desk.portal.visits
    visits.gates |= {"join": opened(), "prescribe": opened("prescribing"), "sign": opened()}
    page = await desk.page()
    await take(page, desk)
    await write(page)
    assert await barriers(page) == []
    desk.portal.move("documenting")
    await page.keyboard.press("s")
    await expect(page.get_by_role("button", name="Sign")).to_be_visible(timeout=15_000)
    await prescribe(page)
    assert await barriers(page) == []
    await page.keyboard.press("s")
    await expect(page.locator("#sign form button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#note")).to_contain_text("Signed")
    await page.keyboard.press("q")
    await page.wait_for_url(re.compile("/staff$"))
