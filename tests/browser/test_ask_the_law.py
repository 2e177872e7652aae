"""Ask the law in Chromium: every kind of answer without barriers, by keyboard alone, and without scripts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ON = {"state": "FL", "on": "2026-12-01"}
STARTS_BEFORE_THE_STIMULANT = 6
ANSWERS = {
    "first": {},
    "missing": {**ON, "topic": "prescribing", "start": "blank"},
    "allowed": {**ON, "topic": "prescribing", "start": "stimulant"},
    "forbidden": {**ON, "topic": "licensing", "start": "unlicensed_in_fl"},
    "review": {**ON, "topic": "licensing", "start": "ordinary_visit", "state": "GU"},
    "refused": {"topic": "licensing", "patient.birth_date": "1990-04-02"},
    "to_mend": {**ON, "topic": "prescribing", "patient.age": "170", "provider.licenses.0.issued": "x"},
}


async def signed_in(site: Site, chromium: Browser, **options: Any) -> Page:
    context = await chromium.new_context(**options)
    page = await context.new_page()
    await page.goto(f"{site.base}/staff/sign-in")
    await page.locator("button[value=compliance]").click()
    return page


def asked(site: Site, query: dict[str, str]) -> str:
    return f"{site.base}/staff/law" + (f"?{urlencode(query)}" if query else "")


async def picture(page: Page, name: str) -> None:
    if shots := os.environ.get("CLINICWRIGHT_SHOTS"):
        await page.screenshot(path=Path(shots) / f"law-{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("screen", "options", "names"),
    [
        ("desk", DESK, ("allowed", "to_mend")),
        ("phone", PHONE, ("first", "missing", "forbidden", "review", "refused")),
    ],
)
async def test_no_answer_has_barriers(
    site: Site, chromium: Browser, screen: str, options: dict[str, Any], names: tuple[str, ...]
) -> None:
    page = await signed_in(site, chromium, **options)
    watch = Watch(page, site.base)
    for name in names:
        await page.goto(asked(site, ANSWERS[name]))
        await picture(page, f"{screen}-{name}")
        await page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        await watch.barriers()
    await page.context.close()
    assert [line for line in watch.trouble if "console: Failed to load" not in line] == []


async def test_a_question_is_asked_and_changed_with_the_keyboard_alone(site: Site, chromium: Browser) -> None:
    page = await signed_in(site, chromium, **DESK)
    await page.goto(asked(site, {}))
    await page.focus("#topic")
    await page.keyboard.type("Pres")
    await page.focus("#start")
    for _ in range(STARTS_BEFORE_THE_STIMULANT):
        await page.keyboard.press("ArrowDown")
    assert await page.input_value("#start") == "stimulant"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text("The law allows it").first.wait_for()
    await page.focus("[id='treatment.purpose']")
    await page.keyboard.type("Something")
    await page.focus(".ask-send button")
    await page.keyboard.press("Enter")
    await page.get_by_text("The law forbids it.").wait_for()
    assert "treatment.purpose=other" in page.url and "=&" not in page.url
    await page.get_by_role("link", name=re.compile(r"2027")).first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"on=2027"))
    await page.context.close()


async def test_it_works_without_scripts_in_spanish(site: Site, chromium: Browser) -> None:
    page = await signed_in(site, chromium, java_script_enabled=False, locale="es-US", **PHONE)
    await page.goto(asked(site, {}))
    await page.select_option("#start", "unlicensed_in_fl")
    await page.click(".ask-go button")
    await page.get_by_text("La ley lo prohíbe.").wait_for()
    assert "=&" not in page.url
    await page.locator("[id='provider.licenses'] .ask-row summary").last.click()
    await page.select_option("[id='provider.licenses.1.state']", "FL")
    await page.select_option("[id='provider.licenses.1.profession']", "MD")
    await page.select_option("[id='provider.licenses.1.kind']", "full")
    await page.select_option("[id='provider.licenses.1.status']", "active")
    await page.fill("[id='provider.licenses.1.issued']", "2019-01-01")
    await page.fill("[id='provider.licenses.1.expires']", "2028-01-31")
    await page.click(".ask-send button")
    await page.get_by_text("La ley lo permite.").wait_for()
    shared = await page.input_value("#share")
    assert shared == page.url.partition("#")[0] and "provider.licenses.1.kind=full" in shared
    await picture(page, "phone-spanish")
    await page.context.close()
