"""Photos and papers of a visit in Chromium, on a phone and at a desk, with scripts and without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG, sign_in
from tests.portals.helpers_files import clinician_at, visit_of
from tests.records.helpers_blobs import PDF, picture

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
PHOTO = {"name": "Zx9Canary.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(400, 300), turned=True)}
PAPER = {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": PDF}
NOT_ONE = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"MZ not a picture at all, whatever it is called"}


async def patient_on(site: Site, context: BrowserContext, language: str) -> tuple[Page, str]:
    """A page of a signed-in patient with a visit that was begun."""
    quick = site.clinic.browser()
    sign_in(quick)
    visit = visit_of(site.clinic, quick)
    cookies = [
        {"name": "cw_patient", "value": quick.cookies["cw_patient"], "url": site.base},
        {"name": "cw_language", "value": language, "url": site.base},
    ]
    await context.add_cookies(cookies)  # type: ignore[arg-type]
    return await context.new_page(), visit


async def picture_of(page: Page, name: str) -> None:
    """Keeps a picture where somebody asked for them."""
    folder = os.environ.get("PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_a_photo_is_sent_from_a_phone_refused_sent_and_taken_back(site: Site, chromium: Browser) -> None:
    context = await chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page, visit = await patient_on(site, context, "en")
    watch = Watch(page, site.base)
    await page.goto(f"{site.base}/visits/{visit}/files")
    await expect(page.get_by_text("Take a photo", exact=True)).to_be_visible()
    await watch.barriers()
    await picture_of(page, "phone-empty")
    await page.set_input_files("#file", NOT_ONE)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#file-error")).to_contain_text("This kind of file cannot be sent")
    await watch.barriers()
    await picture_of(page, "phone-refused")
    watch.trouble = [one for one in watch.trouble if "415" not in one]  # the browser logs the refusal itself
    await page.set_input_files("#camera", PHOTO)  # type: ignore[arg-type]
    await expect(page.get_by_role("heading", name="It was sent")).to_be_visible()
    await expect(page.get_by_role("img", name="Photo 1")).to_be_visible()
    await watch.barriers()
    await picture_of(page, "phone-sent")
    await page.get_by_role("button", name="Remove Photo 1").click()
    await expect(page.get_by_text("You have not sent anything yet.")).to_be_visible()
    assert watch.trouble == []


async def test_without_scripts_it_works_the_same_in_spanish(site: Site, chromium: Browser) -> None:
    context = await chromium.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page, visit = await patient_on(site, context, "es")
    await page.goto(f"{site.base}/visits/{visit}/files")
    await page.set_input_files("#file", NOT_ONE)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.locator("#file-error")).to_contain_text("Este tipo de archivo no se puede enviar")
    await picture_of(page, "plain-refused")
    await page.set_input_files("#file", PAPER)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_role("link", name="Guardarlo Papel 1")).to_be_visible()
    await picture_of(page, "plain-sent")


async def test_the_clinician_opens_it_on_the_visits_page(site: Site, chromium: Browser) -> None:
    sending, context = await chromium.new_context(), await chromium.new_context()
    page, visit = await patient_on(site, sending, "en")
    await page.goto(f"{site.base}/visits/{visit}/files")
    await page.set_input_files("#file", PHOTO)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="It was sent")).to_be_visible()
    secret = clinician_at(site.clinic, visit).cookies.get("cw_staff", domain=f"{SLUG}.localhost")
    await context.add_cookies([{"name": "cw_staff", "value": str(secret), "url": site.base}])
    desk = await context.new_page()
    watch = Watch(desk, site.base)
    await desk.goto(f"{site.base}/staff/visits/{visit}")
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    await expect(desk.locator(".chart-files summary")).to_have_count(1)
    assert not any("/files/" in url for url in asked), "nothing is looked at before it is opened"
    await desk.locator(".chart-files summary").click()
    image = desk.get_by_role("img", name="Photo 1")
    await expect(image).to_have_js_property("naturalWidth", 300)
    await watch.barriers()
    await picture_of(desk, "desk-chart")
    assert watch.trouble == []
