"""A clinician's day at a desk: hours changed and undone, the queue, a case taken, handed over, taken back, answered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from engine.ports import Effect, VisitRef
from records.scope import Actor
from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG
from tests.portals.test_cases import in_inbox
from workflows.contracts import Answer, Ask

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}


async def test_a_day_at_the_desk(site: Site, chromium: Browser) -> None:
    _, visit = await asyncio.to_thread(in_inbox, site.clinic)
    _answer_at_once(site)
    page = await (await chromium.new_context(locale="en-US", **DESK)).new_page()
    watch = Watch(page, site.base)
    await page.goto(f"{site.base}/staff/sign-in")
    await page.locator(f"button[value={_clinician(site, visit)}]").click()
    await expect(page.locator("form[action='/staff/sign-out']")).to_be_attached()
    await _hours(site, page, watch)
    await page.goto(f"{site.base}/staff")
    await expect(page.locator("#queue")).to_be_visible()
    await watch.barriers()
    await _take(site, page, watch)
    await _hand_over_and_back(page, watch)
    await _answer(site, page, watch, visit)
    assert watch.trouble == []


async def _hours(site: Site, page: Page, watch: Watch) -> None:
    """Every second Tuesday until a day: looked at, kept, and undone; a day off, and undone."""
    await page.goto(f"{site.base}/staff/hours")
    await watch.barriers()
    await page.get_by_text("Add recurring hours").click()
    await page.locator("input[name=weekdays][value=tue]").check(force=True)
    day = site.clinic.clock.now().date() + timedelta(days=2)
    fields = {"begins": "18:00", "ends": "20:30", "from_day": day.isoformat()}
    for name, value in {**fields, "to_day": (day + timedelta(days=50)).isoformat()}.items():
        await page.locator(f"#{name}").fill(value)
    form = page.locator("form[action='/staff/hours/recurring']")
    await form.get_by_role("button", name="Show in the calendar").click()
    await expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    await expect(page.locator(".hours-week").get_by_text("6:00\u00a0PM to 8:30\u00a0PM").first).to_be_visible()
    await watch.barriers()
    await form.get_by_role("button", name="Add these hours").click()
    await expect(page.locator(".hours-rule", has_text="Every second Tuesday")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("The change is undone.")).to_be_visible()
    await expect(page.locator(".hours-rule", has_text="Every second Tuesday")).to_have_count(0)
    await page.locator("#first_day").fill(day.isoformat())
    await page.locator("form[action='/staff/hours/exceptions'] button[value=save]").click()
    await expect(page.locator(".hours-rule", has_text="Time off:")).to_be_visible()
    await watch.barriers()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".hours-rule", has_text="Time off:")).to_have_count(0)


async def _take(site: Site, page: Page, watch: Watch) -> None:
    await page.goto(f"{site.base}/staff/inbox")
    await watch.barriers()
    await page.get_by_role("link", name="June Hartley").first.click()
    await page.get_by_role("button", name="Open the case").click()
    await expect(page.get_by_text("Ask the patient for more")).to_be_visible()
    await watch.barriers()


async def _hand_over_and_back(page: Page, watch: Watch) -> None:
    await page.locator("a[href$='/hand-off']").first.click()
    await watch.barriers()
    await page.locator("input[name=to][value=anyone]").check(force=True)
    await page.locator("#hand-off textarea").fill("I have to leave at noon.")
    await page.get_by_role("button", name="Offer the visit").click()
    await page.locator("a[href$='/hand-off']").first.click()
    await page.get_by_role("button", name="Keep the visit").click()
    await expect(page.locator("#note-form")).to_be_visible()


async def _answer(site: Site, page: Page, watch: Watch, visit: str) -> None:
    for box in await page.locator("#note-form textarea, #note-form input:not([type], [inputmode])").all():
        await box.fill("A harmless spot; no treatment is needed.")
    for number in await page.locator("#note-form input[inputmode=numeric]").all():
        await number.fill("15")
    for check in await page.locator("#note-form input[type=checkbox]").all():
        await check.check()
    for choice in await page.locator("#note-form select").all():
        await choice.select_option(index=1)
    await expect(page.locator("[data-saved]")).to_contain_text("Saved")
    await page.get_by_role("button", name="Sign the note").click()
    await expect(page.get_by_text("Signed. The visit is complete")).to_be_visible()
    await watch.barriers()
    with site.clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        assert scope.visits.get(visit).stage == "completed"


def _clinician(site: Site, visit: str) -> str:
    with site.clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return scope.people.provider(scope.visits.get(visit).provider).seed_key or ""


def _answer_at_once(site: Site) -> None:
    """What the case's workflow would do of the clinician's acts, at once."""
    visits = site.clinic.visits

    def moving(stage: str) -> Any:
        def act(visit: VisitRef, ask: Ask) -> Answer:
            if ask.act == "sign":
                effect = Effect(ref=visit, step="sign", key=ask.request, actor=ask.actor)
                visits.store.sign_note(effect, ask.subject)
            visits.move(visit, stage)
            return Answer(done=True)

        return act

    for name, stage in (("admit", "in_review"), ("end_call", "documenting"), ("sign", "completed")):
        object.__setattr__(visits, f"_{name}", moving(stage))
