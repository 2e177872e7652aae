"""A new patient on a phone, all in Spanish and booked by keyboard alone: from the first price to a message after."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_journeys import ANY_VISIT, SAID, Walker, close_visit, foreign
from tests.browser.helpers_people import PHONE
from tests.browser.helpers_site import Site
from tests.browser.test_keyboard_visit import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

NAME = "Ada Arroyo"
MOST = 60  # presses of Tab on a page before its control counts as out of reach


async def test_a_whole_visit_in_spanish_with_no_sentence_of_another_language(site: Site, media: Browser) -> None:
    assert foreign(["Your message was sent"], "es"), "a sentence of the other language is seen"
    settings: dict[str, Any] = {**PHONE, "locale": "es-US"}
    context = await media.new_context(**settings)
    page = await context.new_page()
    await _starts(page, site)
    ada = Walker(page, site, "patient-es", language="es")
    time = await _sees_prices_and_times(ada)
    await _signs_up_and_keeps(ada, time)
    await _pays(ada)
    await _prepares(ada)
    await ada.tries_devices()
    await ada.waits_and_is_let_in()
    close_visit(site, ada.visit, diagnosis="Sinusitis", instructions="Descanse.", sig="Una cápsula dos veces al día")
    await _reads(ada)
    await _writes(ada)
    await context.close()
    assert ada.trouble == []


async def _starts(page: Page, site: Site) -> None:
    """From the page of all clinics to this one's, by keyboard, as somebody who has no account."""
    await page.goto(f"http://localhost:{site.port}")
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    assert foreign(await page.evaluate(SAID), "es") == []
    await _press(page, f"a[href='{site.base}/']")
    await expect(page.locator(".price").first).to_contain_text("$")


async def _sees_prices_and_times(ada: Walker) -> str:
    """From the clinic's home to its times, by keyboard and before anybody asked who she is; returns the time taken."""
    page = ada.page
    await ada.look("home")
    await _press(page, "a[href='/book/urgent_care/video_visit']")
    await page.wait_for_url("**/book/urgent_care/video_visit")
    await ada.look("place-first")
    await tab_to(page, "#state", MOST)
    await page.keyboard.type("Florida")
    await page.keyboard.press("Tab")
    await expect(page.locator("#postal_code")).to_be_focused()
    await page.keyboard.type("33132")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/times")
    await ada.look("times")
    time = await page.locator(".slots button time strong").first.inner_text()
    assert time
    await _press(page, ".slots button")
    await page.wait_for_url("**/sign-up")
    return time


async def _signs_up_and_keeps(ada: Walker, time: str) -> None:
    page = ada.page
    await ada.look("sign-up")
    told = {"given": "Ada", "family": "Arroyo", "birth_date-m": "4", "birth_date-d": "27", "birth_date-y": "1990"}
    await _type(page, told)
    await tab_to(page, "input[name=sex]", MOST)
    await page.keyboard.press("Space")
    email = f"{secrets.token_hex(4)}@patients.example"
    await _type(page, {"email": email, "phone": "305 555 0100", "password": "cuatro palabras muy calladas"})
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/book/review")
    await expect(page.locator("main .card")).to_contain_text(time)
    await ada.look("review")
    await _press(page, "main form button.button")
    await page.wait_for_url("**/pay")


async def _pays(ada: Walker) -> None:
    page = ada.page
    await ada.look("pay")
    await _type(page, {"name": NAME, "number": "4242 4242 4242 4242", "expires": "12/29", "code": "123"})
    await page.keyboard.press("Enter")
    await page.wait_for_url("**new=booked")
    await ada.look("booked")
    ada.visit = page.url.rpartition("/")[2].partition("?")[0]


async def _prepares(ada: Walker) -> None:
    page = ada.page
    await ada.answer_all()
    await ada.look("intake-review")
    await ada.press()
    await page.wait_for_url(ANY_VISIT)
    await ada.at_visit("/place")
    await ada.fill(street="5 Sable Court", city="Miami")
    await page.locator("#here").check(force=True)
    await ada.look("place")
    await ada.press()
    await page.wait_for_url(ANY_VISIT)
    await ada.at_visit("/consent")
    await ada.fill(signature=NAME)
    await page.locator("#agree").check(force=True)
    await ada.look("consent")
    await ada.press()
    await page.wait_for_url(ANY_VISIT)
    await ada.at_visit("/consent/signed")
    await ada.look("signed")


async def _reads(ada: Walker) -> None:
    """The summary with its prescription, the record, and who read it."""
    page = ada.page
    await ada.at_visit()
    await ada.look("over")
    await ada.at_visit("/summary")
    for words in ("Sinusitis", "Descanse.", "Una cápsula dos veces al día", "20 cápsulas"):
        await expect(page.locator("main")).to_contain_text(words)
    await ada.look("summary")
    await ada.at_visit("/receipt")
    await ada.look("receipt")
    await page.locator("details.menu summary").click()
    await page.locator("details.menu a[href='/record']").click()
    await expect(page.get_by_role("heading", name="Mi expediente", level=1)).to_be_visible()
    await expect(page.locator("main")).to_contain_text("Una cápsula dos veces al día")
    await ada.look("record")
    for path in ("/visits", "/accesses", "/record/download"):
        await ada.go(path)
        await ada.look(path.strip("/").replace("/", "-"))


async def _writes(ada: Walker) -> None:
    page = ada.page
    await ada.go(f"/messages/new?visit={ada.visit}")
    await ada.look("message-about")
    await ada.press()
    await page.get_by_label("Asunto").fill("Otra vez fiebre")
    await page.get_by_label("Su mensaje").fill("¿Me quedo en casa?")
    await ada.look("message")
    await page.get_by_role("button", name="Enviar el mensaje").click()
    await expect(page.get_by_text("Su mensaje se envió")).to_be_visible()
    await ada.look("message-sent")
    await ada.go("/messages")
    await expect(page.get_by_role("link", name="Otra vez fiebre")).to_be_visible()
    await ada.look("messages")


async def _press(page: Page, control: str) -> None:
    """Reaches it with Tab, and Enter."""
    await tab_to(page, control, MOST)
    await page.keyboard.press("Enter")


async def _type(page: Page, values: dict[str, str]) -> None:
    """Each field in the order of the page."""
    for name, value in values.items():
        await tab_to(page, f"#{name}", MOST)
        await page.keyboard.type(value)
