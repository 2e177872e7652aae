"""A patient writes on a phone in Spanish, the clinician answers at a desk, and the record is taken home."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from engine.dossier import Place
from engine.ports import Effect, VisitChange, VisitRef
from records.access import Role
from records.tables.people import Person
from records.visits import VisitDraft
from records.work import Actor
from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "locale": "es-US"}
PLACE = Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York")


@dataclass
class Side:
    """One person's browser and what it did that it should not."""

    page: Page
    watch: Watch
    name: str

    async def look(self, part: str) -> None:
        """No barriers here; a picture where somebody asked for them."""
        await self.watch.barriers()
        if shots := os.environ.get("CLINICWRIGHT_SHOTS"):
            await self.page.screenshot(path=Path(shots) / f"messages-{self.name}-{part}.png", full_page=True)


def visit_of(site: Site, patient: str) -> tuple[str, str]:
    """A booked visit of a demo patient, and the clinician's own name in the clinic's file."""
    database = site.clinic.database
    with database.scope(SLUG, Actor.system("tests")) as scope:
        person = database_person(site, patient)
        provider = scope.people.providers()[0]
        plan = site.clinic.content.visit_type("urgent_care/video_visit").plan
    with database.scope(SLUG, Actor(person=person, role=Role.PATIENT)) as scope:
        visit = scope.visits.draft(
            VisitDraft(
                patient=person,
                provider=provider.person,
                plan=plan,
                starts_at=datetime.now(UTC) + timedelta(days=2),
                booked_place=PLACE,
                price_cents=7900,
                currency="USD",
            )
        )
    for stage in ("held", "booked"):
        effect = Effect(ref=VisitRef(clinic=SLUG, visit=visit), step="test", key=secrets.token_hex(6))
        site.clinic.visits.store.change(effect, VisitChange(event=f"to_{stage}", stage=stage))
    return visit, provider.seed_key or ""


def database_person(site: Site, key: str) -> str:
    with site.clinic.database.reading() as session:
        found = session.scalar(select(Person.id).where(Person.clinic == SLUG, Person.seed_key == key))
    assert found is not None
    return found


async def enter(site: Site, chromium: Browser, door: str, person: str, options: dict[str, Any]) -> Side:
    context = await chromium.new_context(**options)
    page = await context.new_page()
    side = Side(page=page, watch=Watch(page, site.base), name=person)
    await page.goto(f"{site.base}{door}/sign-in")
    await page.locator(f"button[value={person}]").click()
    await expect(page.locator("details.menu")).to_be_visible()
    return side


async def test_a_phone_in_spanish_and_a_desk_in_english_write_to_each_other(site: Site, chromium: Browser) -> None:
    visit, provider = visit_of(site, "june_hartley")
    june = await enter(site, chromium, "", "june_hartley", PHONE)
    await june.page.goto(f"{site.base}/messages/new?visit={visit}")
    await june.look("about")
    await june.page.get_by_role("button", name="Continuar").click()
    await june.page.get_by_label("Asunto").fill("Ibuprofeno")
    await june.page.get_by_label("Su mensaje").fill("¿Puedo tomarlo con esto?")
    await expect(june.page.get_by_role("status").filter(has_text="Guardado")).to_be_visible()
    await june.page.reload()
    await expect(june.page.get_by_label("Su mensaje")).to_have_value("¿Puedo tomarlo con esto?")
    await june.look("typed")
    await june.page.get_by_role("button", name="Enviar el mensaje").click()
    await expect(june.page.get_by_text("Su mensaje se envió")).to_be_visible()
    await june.look("sent")
    lena = await enter(site, chromium, "/staff", provider, DESK)
    await lena.page.goto(f"{site.base}/staff/messages")
    await lena.look("inbox")
    await lena.page.get_by_role("row").filter(has_text="Ibuprofeno").get_by_role("link").click()
    await expect(lena.page.get_by_text("¿Puedo tomarlo con esto?")).to_be_visible()
    await lena.look("opened")
    await lena.page.get_by_label("Your answer").fill("Sí, con comida.")
    await lena.page.get_by_role("button", name="Send the message").click()
    await expect(lena.page.get_by_text("Your message was sent")).to_be_visible()
    await lena.page.goto(f"{site.base}/staff/visits/{visit}")
    await expect(lena.page.locator("#messages")).to_contain_text("Ibuprofeno")
    await june.page.goto(f"{site.base}/messages")
    await june.look("list")
    await june.page.get_by_role("link", name=re.compile("Ibuprofeno")).click()
    await expect(june.page.get_by_text("Sí, con comida.")).to_be_visible()
    await june.page.goto(f"{site.base}/record")
    await june.look("record")
    await june.page.get_by_role("link", name="Descargar mi expediente").click()
    await june.look("download")
    async with june.page.expect_download() as taken:
        await june.page.get_by_role("button", name="Descargar").click()
    assert (await taken.value).suggested_filename == "record.zip"
    for side in (june, lena):
        await side.page.context.close()
        assert side.watch.trouble == []
