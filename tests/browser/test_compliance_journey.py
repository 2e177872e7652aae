"""Compliance follows a gate of a walk-through to the law, goes back in time, and sees a licence attested."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK = {"viewport": {"width": 1280, "height": 900}}
STIMULANT = "/staff/law?topic=prescribing&state=FL&on=2026-12-01&start=stimulant"
ELSEWHERE = "/staff/studio/specialties/urgent_care?state=FL&licence=elsewhere"


async def signed_in(site: Site, chromium: Browser, person: str, **options: Any) -> tuple[Page, Watch]:
    context = await chromium.new_context(**options)
    page = await context.new_page()
    watch = Watch(page, site.base)
    await page.goto(f"{site.base}/staff/sign-in")
    await page.locator(f"button[value={person}]").click()
    await expect(page.locator("form[action='/staff/sign-out']")).to_be_attached()
    return page, watch


async def picture(page: Page, name: str) -> None:
    if shots := os.environ.get("CLINICWRIGHT_SHOTS"):
        await page.screenshot(path=Path(shots) / f"compliance-{name}.png", full_page=True)


async def test_the_officer_asks_why_a_visit_is_refused_and_what_the_law_was_before(
    site: Site, chromium: Browser
) -> None:
    page, watch = await signed_in(site, chromium, "compliance", **DESK)
    await page.goto(f"{site.base}{ELSEWHERE}")
    booking = page.locator("details", has_text="Booking: The visit must not be booked.")
    await expect(booking).to_be_visible()
    await booking.get_by_role("link", name=re.compile("Licensing")).click()
    verdict = page.locator("#answer [data-open='false']")
    await expect(verdict).to_be_visible()
    await watch.barriers()
    await page.goto(f"{site.base}{STIMULANT}")
    border = page.locator(".ask-borders a").first
    day = await border.get_attribute("href")
    assert day is not None
    await picture(page, "law")
    await border.click()
    await expect(page).to_have_url(re.compile(re.escape(dict(parse_qsl(urlsplit(day).query))["on"])))
    await expect(page.locator("#answer")).to_be_visible()
    await watch.barriers()
    await page.goto(f"{site.base}/staff/studio")
    await page.get_by_role("link", name="Check results").click()
    await expect(page.get_by_role("button", name="Run the check")).to_be_visible()
    await watch.barriers()
    assert watch.trouble == []
    await page.context.close()


async def test_a_licence_that_the_administrator_attests_stands_in_the_officers_list(
    site: Site, chromium: Browser
) -> None:
    page, watch = await signed_in(site, chromium, "clinic_admin", **DESK)
    await page.goto(f"{site.base}/staff/credentials/new")
    someone = await page.locator("#person option", has_text="Achebe").get_attribute("value")
    assert someone is not None
    await page.locator("#person").select_option(someone)
    await page.locator("label.choice", has=page.locator("input[name=kind][value=license]")).click()
    for name, value in (("state", "GA"), ("profession", "MD"), ("type", "full")):
        await page.locator(f"#{name}").select_option(value)
    for name, value in (("number", "GA-4711"), ("issued", "2020-01-31"), ("expires", "2028-01-31")):
        await page.locator(f"#{name}").fill(value)
    await watch.barriers()
    await page.locator("main form button").last.click()
    await expect(page.get_by_text("GA-4711")).to_be_visible()
    officer, seen = await signed_in(site, chromium, "compliance", viewport={"width": 390, "height": 844})
    await officer.goto(f"{site.base}/staff/credentials")
    await expect(officer.get_by_text("GA-4711").first).to_be_visible()
    await expect(officer.locator("a[href='/staff/credentials/new']")).to_have_count(0)
    await picture(officer, "licences")
    await seen.barriers()
    assert watch.trouble + seen.trouble == []
    await page.context.close()
    await officer.context.close()
