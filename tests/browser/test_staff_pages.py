"""The pages of administrators, support and compliance, and a chart in an emergency, in Chromium: without barriers."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from records.agreements import AgreementDraft
from records.hours import ExceptionDraft
from records.work import Actor
from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG
from tests.portals.helpers_crawl import tell_visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}


@pytest.mark.parametrize(("screen", "language", "options"), [("desk", "en", DESK), ("phone", "es", PHONE)])
async def test_no_page_of_the_staff_has_barriers(
    site: Site, chromium: Browser, screen: str, language: str, options: dict[str, Any]
) -> None:
    ids = tell_visit(site.clinic, SLUG, f"Aaa{screen}").ids
    helper = helper_of(site)
    supervise(site, "rosalind_achebe")
    pages = {
        "clinic_admin": ("schedule", "schedule?day=2020-01-01", "credentials", "hours"),
        "support": ("connections", f"connections/{ids['visit']}"),
        "compliance": ("oversight", f"oversight/{ids['emergency']}", "access", "audit"),
        helper: (
            "hours",
            "emergency",
            f"emergency/{ids['emergency']}",
            f"emergency/{ids['emergency']}/visits/{ids['visit']}",
        ),
    }
    trouble = []
    for person, paths in pages.items():
        context = await chromium.new_context(locale=language, **options)
        page = await context.new_page()
        watch = Watch(page, site.base)
        await page.goto(f"{site.base}/staff/sign-in")
        await page.locator(f"button[value={person}]").click()
        await expect(page.locator("form[action='/staff/sign-out']")).to_be_attached()
        for path in paths:
            await page.goto(f"{site.base}/staff/{path}")
            if shots := os.environ.get("CLINICWRIGHT_SHOTS"):
                name = path.split("/")[0].partition("?")[0] + str(path.count("/"))
                await page.screenshot(path=Path(shots) / f"staff-{screen}-{name}.png", full_page=True)
            await watch.barriers()
        trouble += watch.trouble
        await context.close()
    assert trouble == []


def helper_of(site: Site) -> str:
    """Whose chart `tell_visit` opens in an emergency."""
    with site.clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return str(scope.people.providers()[1].seed_key)


def supervise(site: Site, supervisor: str) -> None:
    """An agreement that was changed, and time off, so that there is something of each to look at."""
    database, day = site.clinic.database, site.clinic.clock.now().date()
    with database.scope(SLUG, Actor.system("tests")) as scope:
        by_seed = {one.seed_key: one.person for one in scope.people.providers()}
        draft = AgreementDraft(
            supervisee=by_seed["tomas_ibarra"],
            supervisor=by_seed[supervisor],
            state="FL",
            kind="collaboration",
            since=day,
            schedules=("III",),
        )
        scope.agreements.end(scope.agreements.add(draft), day + timedelta(days=30), 1)
        off = ExceptionDraft(kind="off", first_day=day, last_day=day + timedelta(days=2))
        scope.hours.add_exception(by_seed[supervisor], off)
