"""Ops edits a form in an editor of their own and watches the studio: the problem with its line, then the new words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch, running_site
from tests.portals.helpers_studio import Desk, copied, desk_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORM = "forms/urgent_care/intake.yaml"
WHOLE = "What is the main reason for your visit?"
CHECK_MS = 240_000
"""The whole check is a program of its own, and machines are busy."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Desk]]:
    folder = tmp_path_factory.mktemp("studio-site")
    with running_site(folder) as running:
        yield running, desk_of(running.clinic, copied(folder / "files"))


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
        await page.screenshot(path=Path(shots) / f"studio-{name}.png", full_page=True)


async def test_ops_breaks_a_form_reads_what_is_wrong_mends_it_and_sees_the_new_words(
    studio: tuple[Site, Desk], chromium: Browser
) -> None:
    site, desk = studio
    page, watch = await signed_in(site, chromium, "clinical_ops", viewport={"width": 1280, "height": 900})
    await page.goto(f"{site.base}/staff/studio")
    await watch.barriers()
    await page.get_by_role("link", name="Urgent care").click()
    screen = page.frame_locator("iframe")
    await expect(screen.get_by_role("heading", name="Video visit")).to_be_visible()
    await page.get_by_role("link", name=WHOLE).click()
    await screen.get_by_text("Fever", exact=True).click()
    await screen.get_by_role("button", name="Continue").click()
    await expect(screen.get_by_role("heading", name="Do you have any of these right now?")).to_be_visible()
    await page.get_by_role("link", name="Back", exact=True).click()
    await expect(screen.get_by_role("radio", name="Fever")).to_be_checked()
    await watch.barriers()

    line = desk.line_of(FORM, "alone: none") - 1
    desk.edit(FORM, "type: multi_choice\n    alone: none", "type: multi_choise\n    alone: none")
    problem = page.locator(".finding").filter(has_text=f"{FORM}:{line}:11")
    await expect(problem).to_be_visible()
    await expect(problem.locator("mark")).to_have_text("multi_choise")
    await expect(page.get_by_text("last good version")).to_be_visible()
    await expect(screen.get_by_role("heading", name=WHOLE)).to_be_visible()
    await picture(page, "desk-broken")
    await watch.barriers()

    desk.edit(FORM, "multi_choise", "multi_choice")
    desk.edit(FORM, WHOLE, "What brings you here today?")
    await expect(screen.get_by_role("heading", name="What brings you here today?")).to_be_visible()
    await expect(screen.get_by_role("radio", name="Fever")).to_be_checked()
    await expect(page.locator(".finding")).to_have_count(0)
    assert watch.trouble == []
    await page.context.close()


async def test_the_screens_of_a_walk_through_have_no_barriers_on_a_phone_in_spanish(
    studio: tuple[Site, Desk], chromium: Browser
) -> None:
    site, _ = studio
    phone = {"width": 390, "height": 844}
    page, watch = await signed_in(site, chromium, "clinical_ops", viewport=phone, locale="es")
    base = f"{site.base}/staff/studio/specialties"
    await page.goto(f"{base}/telepsychiatry?state=FL&licence=elsewhere&language=es&at=consent")
    await expect(page.locator("iframe")).to_be_visible()
    await picture(page, "phone-psychiatry")
    await watch.barriers()
    for at in ("offer", "book", "urgent_care/intake:danger_signs", "consent", "summary", "notices"):
        await page.goto(f"{base}/urgent_care/screen?language=es&at={at}")
        await picture(page, f"phone-screen-{at.replace('/', '-').replace(':', '-')}")
        await watch.barriers()
    assert watch.trouble == []
    await page.context.close()


async def test_the_check_runs_when_asked_and_its_results_stand_by_file(
    studio: tuple[Site, Desk], chromium: Browser
) -> None:
    site, desk = studio
    desk.edit("specialties/urgent_care/specialty.yaml", "duration: 20 min", "duration: 20 minutes")
    page, watch = await signed_in(site, chromium, "compliance", viewport={"width": 1280, "height": 900})
    await page.goto(f"{site.base}/staff/studio/checks")
    await page.get_by_role("button", name="Run the check").click()
    file = page.get_by_role("region", name="specialties/urgent_care/specialty.yaml")
    await expect(file).to_be_visible(timeout=CHECK_MS)
    await expect(file.locator("mark")).to_have_text("20 minutes")
    await picture(page, "desk-checks")
    await watch.barriers()
    await page.get_by_role("link", name="Failing cases").click()
    await expect(page.get_by_text("Nothing of this kind was found.")).to_be_visible()
    async with page.expect_download() as told:
        await page.get_by_role("link", name="Download as JSON").click()
    assert '"VISIT009"' in (await (await told.value).path()).read_text()
    desk.edit("specialties/urgent_care/specialty.yaml", "duration: 20 minutes", "duration: 20 min")
    await expect(page.get_by_text("The files have changed since")).to_be_visible()
    assert watch.trouble == []
    await page.context.close()
