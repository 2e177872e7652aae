"""A prescription is taken back in Chromium: the page that asks why, with nothing chosen, and then cancelled."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from engine.ports import DispatchReceipt, Effect
from records.pharmacy_book import RecordsPharmacyBook
from tests.browser.helpers_people import PHONE
from tests.browser.test_provider_desk import Desk, barriers
from tests.browser.test_provider_desk import desk as desk
from tests.portals.test_provider_pages import RX

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CANCELLED = DispatchReceipt(state="cancelled", message_id="", simulated=True)


def send(desk: Desk) -> str:
    """Sends one prescription and returns it."""
    portal = desk.portal
    portal.sign_in()
    portal.move("documenting")
    portal.post(f"{portal.at}/orders", **RX)
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        (order,) = scope.orders.for_visit(portal.world.visit)
    portal.post(f"{portal.at}/orders/{order.order}/send", request="s" * 24)
    return str(order.order)


def answered(desk: Desk) -> None:
    """The time to undo it is over, and the pharmacy cancels it."""
    book = RecordsPharmacyBook(desk.portal.world.database)
    (asked,) = book.asked()
    assert book.let_go(asked)
    effect = Effect(ref=asked.ref, step="cancel_rx", key=asked.key, actor=asked.actor)
    receipt = replace(CANCELLED, message_id=f"cancel-{asked.key}", relates_to=asked.message_id)
    desk.portal.world.store.record_dispatch(effect, asked.order, receipt)


async def ask(page: Page, desk: Desk) -> None:
    """From the visit's screen to the question why."""
    await page.goto(desk.visit)
    await page.get_by_role("link", name=re.compile("Cancel it at the pharmacy")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Cancel a prescription")


async def test_a_prescription_is_taken_back_on_a_phone_and_the_answer_is_read(desk: Desk) -> None:
    order = send(desk)
    page = await desk.page(**PHONE)
    await ask(page, desk)
    assert await barriers(page) == []
    await page.get_by_role("button", name="Cancel the prescription").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose why you cancel it")
    assert await barriers(page) == []
    await page.get_by_text("Allergy or intolerance").click()
    await page.get_by_role("button", name="Cancel the prescription").click()
    article = page.locator(f"[data-order={order}]")
    await expect(article).to_contain_text("Until then you can undo it.")
    await expect(article).to_be_focused()
    await expect(page).to_have_title(re.compile("Ana Reyes"))
    assert await barriers(page) == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(article.get_by_role("button", name=re.compile("Undo"))).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(article).to_contain_text("Undone. The pharmacy was not asked")
    await ask(page, desk)
    await page.get_by_text("Allergy or intolerance").click()
    await page.get_by_role("button", name="Cancel the prescription").click()
    await expect(article).to_contain_text("To be canceled shortly")
    answered(desk)
    await expect(article).to_contain_text("The pharmacy canceled it")
    await expect(page.get_by_role("link", name=re.compile("Cancel it at the pharmacy"))).to_have_count(0)
    assert await barriers(page) == []
