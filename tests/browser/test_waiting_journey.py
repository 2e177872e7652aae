"""A patient on a phone, in Spanish: the waiting room, leaving and being called back, another time, and canceling."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from records.messages import MessageQueue
from tests.browser.helpers_people import PHONE
from tests.browser.helpers_site import Site, Watch
from tests.browser.test_patient_pages import _booked_demo
from tests.portals.helpers_journey import ref
from workflows.contracts import Ask

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_patient_leaves_is_called_back_moves_and_cancels_in_spanish(site: Site, chromium: Browser) -> None:
    settings: dict[str, Any] = {**PHONE, "locale": "es-US"}
    page = await (await chromium.new_context(**settings)).new_page()
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page)
    await _is_called_back(site, page, watch, visit)
    await page.get_by_text("Tengo que irme").click()
    await page.get_by_role("button", name="Salir de la sala de espera").click()
    await page.wait_for_url(f"**/visits/{visit}")
    await _moves_and_takes_it_back(site, page, watch, visit)
    await page.goto(f"{site.base}/visits/{visit}/cancel")
    await watch.barriers()
    await page.locator("form button.button-danger").click()
    await page.get_by_text("Esta consulta fue cancelada").wait_for()
    await _look(page, watch, "canceled")
    assert watch.trouble == []


async def _is_called_back(site: Site, page: Page, watch: Watch, visit: str) -> None:
    visits = site.clinic.visits
    visits.move(ref(visit), "ready")
    await page.goto(f"{site.base}/visits/{visit}/waiting")
    await watch.barriers()
    await page.get_by_role("button", name="Entrar a la sala de espera").click()
    await page.locator("[data-interval]").wait_for()
    await _look(page, watch, "waiting")
    await page.get_by_text("Tengo que irme").click()
    await page.get_by_role("button", name="Salir y que me avisen").click()
    await page.get_by_role("heading", name="Usted salió de la sala de espera").wait_for()
    await _look(page, watch, "away")
    await visits.ask(ref(visit), Ask(request="c" * 24, act="call_back", actor="clinician"))
    await page.get_by_role("heading", name="Es su turno").wait_for()  # the open page learns it by itself
    await _look(page, watch, "called-back")
    mail = next(one for one in MessageQueue(site.clinic.database).pending(100) if one.link)
    await page.goto(f"{site.base}/visits/back/{mail.link}")
    await watch.barriers()
    await page.get_by_role("button", name="Volver ahora").click()
    await page.wait_for_url(f"**/visits/{visit}/waiting")
    await expect(page.locator("[data-position]")).to_be_visible()


async def _moves_and_takes_it_back(site: Site, page: Page, watch: Watch, visit: str) -> None:
    before = site.clinic.visits.store.standing(ref(visit)).starts_at
    await page.goto(f"{site.base}/visits/{visit}/move")
    await watch.barriers()
    await page.locator("button[name=time]:visible").last.click()
    await page.wait_for_url("**new=moved")
    await _look(page, watch, "moved")
    await page.get_by_role("button", name=re.compile("^Deshacer")).click()
    await page.get_by_text("Su consulta tiene otra vez la hora de antes").wait_for()
    await _look(page, watch, "undone")
    assert site.clinic.visits.store.standing(ref(visit)).starts_at == before


async def _look(page: Page, watch: Watch, name: str) -> None:
    await watch.barriers()
    if folder := os.environ.get("CLINICWRIGHT_SHOTS"):
        await page.screenshot(path=Path(folder) / f"waiting-es-{name}.png", full_page=True)
