"""Clinical ops finds a stopped visit, replays it, reads the statute, takes what waits; a second person decides."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from engine.dossier import License, Place
from engine.ports import Effect, GateRecord, VisitChange, VisitRef
from records.access import Role
from records.expiries import RecordsExpiryBook
from records.reviews import ReviewQuery
from records.visits import VisitDraft
from records.work import Actor
from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG
from tests.portals.helpers_crawl import _patient

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
KIND = "urgent_care/video_visit"
REASON = "The board's letter of last week says so"


def stopped_visit(site: Site) -> str:
    """A visit with a clinician who holds no license where its patient is, and a gate that only a person can decide."""
    clinic, system = site.clinic, Actor.system("tests")
    with clinic.database.scope(SLUG, system) as scope:
        by_key = {one.seed_key: one.person for one in scope.people.providers()}
        patient = scope.people.create_patient(_patient("Zz"))
        draft = VisitDraft(
            patient=patient,
            provider=by_key["emeric_lindqvist"],
            plan=clinic.content.visit_type(KIND).plan,
            starts_at=datetime.now(UTC) + timedelta(hours=2),
            booked_place=Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York"),
            price_cents=7900,
            currency="USD",
            reason="Zzreason",
        )
        ref = VisitRef(clinic=SLUG, visit=scope.visits.draft(draft))
    store = clinic.visits.store

    def effect(key: str) -> Effect:
        return Effect(ref=ref, step="license", key=key)

    store.change(effect("held"), VisitChange(event="visit_held", stage="held", detail={"step": "book"}))
    store.record_gate(effect("gate"), clinic.visits.gates.ask(store.dossier(ref), "book", clinic.clock.now()))
    store.change(effect("stop"), VisitChange(event="visit_blocked", stage="blocked", detail={"step": "license"}))
    unclear = {"recording": {"topic": "recording", "outcome": "review", "review": [{"why": "uncarried", "rule": ""}]}}
    now = clinic.clock.now()
    store.record_gate(effect("ask"), GateRecord(gate="join", open=False, asked_at=now, decisions=unclear))
    return ref.visit


def license_that_ends(site: Site, day: date) -> None:
    """A clinician's license ends in ten days, and the day's round has seen it."""
    ends = License(state="FL", profession="MD", kind="full", status="active", number="N-1", expires=day + timedelta(10))
    with site.clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        by_key = {one.seed_key: one.person for one in scope.people.providers()}
        scope.people.set_credentials(by_key["ines_marchetti"], (ends,), ())
    RecordsExpiryBook(site.clinic.database).due(SLUG, day)


@asynccontextmanager
async def signed_in(
    site: Site, chromium: Browser, who: str, options: dict[str, Any]
) -> AsyncIterator[tuple[Page, Watch]]:
    context = await chromium.new_context(**options)
    page = await context.new_page()
    watch = Watch(page, site.base)
    await page.goto(f"{site.base}/staff/sign-in")
    await page.locator(f"button[value={who}]").click()
    await expect(page.locator("form[action='/staff/sign-out']")).to_be_attached()
    yield page, watch
    await context.close()
    assert watch.trouble == []


async def look(page: Page, watch: Watch, name: str) -> None:
    if shots := os.environ.get("CLINICWRIGHT_SHOTS"):
        await page.screenshot(path=Path(shots) / f"ops-{name}.png", full_page=True)
    await watch.barriers()


async def test_from_a_stopped_visit_to_a_decision_of_two(site: Site, chromium: Browser) -> None:
    visit = stopped_visit(site)
    license_that_ends(site, site.clinic.clock.now().date())
    async with signed_in(site, chromium, "clinical_ops", DESK) as (page, watch):
        await page.goto(f"{site.base}/staff/ops/visits")
        await page.get_by_label("Stopped by law").check()
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_text(visit)).to_be_visible()
        await look(page, watch, "visits")
        await page.locator(f"a[href='/staff/ops/visits/{visit}']").click()
        await expect(page.get_by_role("link", name=re.compile("Stat")).first).to_be_visible()
        await expect(page.get_by_text("Zz")).to_have_count(0)
        await step_through(page)
        await look(page, watch, "replay")
        await decide_first(page, watch, site)
        await page.goto(f"{site.base}/staff/people?soon=1")
        await expect(page.get_by_role("heading", name=re.compile("Marchetti"))).to_be_visible()
        await expect(page.get_by_text("10 days left").or_(page.locator(".tag-warning")).first).to_be_visible()
        await look(page, watch, "people")
    async with signed_in(site, chromium, "compliance", DESK) as (page, watch):
        await agree(page, watch, site)


async def step_through(page: Page) -> None:
    """Forward and back by keyboard; each moment has an address."""
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#m-1:target")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page).to_have_url(re.compile("#m-2$"))
    await page.keyboard.press("ArrowLeft")
    await expect(page).to_have_url(re.compile("#m-1$"))


async def decide_first(page: Page, watch: Watch, site: Site) -> None:
    """Takes what the law leaves open and decides it; the same person is not asked to agree."""
    await page.goto(f"{site.base}/staff/reviews")
    await look(page, watch, "reviews")
    await page.get_by_role("link", name="The law is not clear enough").click()
    await expect(page.locator(".lawcard")).to_be_visible()
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_text("It is yours.")).to_be_visible()
    await look(page, watch, "review")
    await page.get_by_label("The law is clear and its files shall say so").check()
    await page.get_by_label("Why").fill(REASON)
    await page.get_by_role("button", name="Decide").click()
    await expect(page.get_by_text("Somebody else has to agree.").first).to_be_visible()
    await expect(page.get_by_role("button", name="Say so")).to_have_count(0)


async def agree(page: Page, watch: Watch, site: Site) -> None:
    await page.goto(f"{site.base}/staff/reviews?state=decided")
    await page.get_by_role("link", name="The law is not clear enough").click()
    await expect(page.locator("#confirm").get_by_text(REASON)).to_be_visible()
    await page.get_by_label("I read it and agree").check()
    await page.get_by_label("Why").fill("I read the letter, too")
    await look(page, watch, "confirm")
    await page.get_by_role("button", name="Say so").click()
    await expect(page.get_by_text("You agreed. It is closed.")).to_be_visible()


async def test_the_same_pages_fit_a_phone_in_spanish(site: Site, chromium: Browser) -> None:
    visit = stopped_visit(site)
    with site.clinic.database.scope(SLUG, Actor(person="t", role=Role.CLINICAL_OPS)) as scope:
        review = scope.reviews.listed(ReviewQuery(visit=visit))[0][0].id
    paths = ("ops/visits", f"ops/visits/{visit}", "reviews", f"reviews/{review}", "people", "reviews?kind=takeover")
    async with signed_in(site, chromium, "clinical_ops", {**PHONE, "locale": "es"}) as (page, watch):
        for number, path in enumerate(paths):
            await page.goto(f"{site.base}/staff/{path}")
            await look(page, watch, f"phone-{number}")
