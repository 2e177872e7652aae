"""The technical check in Chromium: what works is found to work, and each failure is told with what to do about it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from records.scope import Actor
from tests.browser.helpers_people import PHONE
from tests.browser.helpers_shots import shots
from tests.browser.helpers_site import Site, Watch
from tests.browser.test_patient_pages import _booked_demo
from tests.media.helpers_relay import own_relay

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What a browser does that was told not to let the page use anything, and one with a camera that is taken.
REFUSED = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') }"
NO_CAMERA = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (wish.video) throw new DOMException('', wish.audio ? 'NotReadableError' : 'NotFoundError');
  return open(wish);
};
"""


async def test_a_phone_in_spanish_is_tried_by_keyboard_and_what_works_is_told(site: Site, media: Browser) -> None:
    page, watch, visit = await _begun(site, media, "es-US")
    for name in ("browser", "camera", "microphone"):
        await expect(_verdict(page, name)).to_have_attribute("data-tone", "good")
    await expect(_verdict(page, "camera")).to_have_text("Su cámara funciona.")
    await expect(page.locator("[data-device=camera] option")).not_to_have_count(0)
    await page.locator("[data-play]").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="No, no oí nada").press("Enter")
    await expect(page.locator("[data-part=speaker] [data-why=not_heard]")).to_be_visible()
    await page.get_by_role("button", name="Sí, los oí").press("Enter")
    # There is no media node at this site: that is told, too.
    await expect(page.locator("[data-part=network] [data-why=unreachable]")).to_be_visible()
    await watch.barriers()
    await _shot(page, "device-check-es")
    await page.get_by_role("button", name="Guardar y seguir").click()
    await page.get_by_text("Puede que algo no funcione todavía").wait_for()
    await watch.barriers()
    await _shot(page, "device-checked-es")
    assert [one for one in watch.trouble if "/room" not in one] == []
    with site.clinic.database.scope("marigold", Actor.system("test")) as scope:
        kept = scope.checks.latest(visit)
    assert kept is not None
    assert kept.check.verdicts == {"browser": "ok", "camera": "ok", "microphone": "ok", "speaker": "ok",
                                   "network": "unreachable"}  # fmt: skip
    assert (kept.check.device, kept.check.kbps > 0) == ("phone", True)


@pytest.mark.parametrize(("script", "told"), [(REFUSED, ("blocked", "blocked")), (NO_CAMERA, ("none", "ok"))])
async def test_each_failure_is_told_with_what_to_do(
    site: Site, media: Browser, script: str, told: tuple[str, str]
) -> None:
    page, watch, _ = await _begun(site, media, "en-US", script)
    for name, verdict in zip(("camera", "microphone"), told, strict=True):
        await expect(page.locator(f"form[data-result] input[name={name}]")).to_have_value(verdict)
    await expect(page.locator(f"[data-part=camera] [data-why={told[0]}]")).to_be_visible()
    if told[0] == "blocked":
        steps = page.locator("[data-part=camera] ol:visible")
        await expect(steps).to_have_count(1)
        await expect(steps).to_have_attribute("data-browser", "chrome")
    await watch.barriers()
    await _shot(page, f"device-check-{told[0]}")
    assert [one for one in watch.trouble if "/room" not in one] == []


async def _begun(site: Site, media: Browser, locale: str, script: str = "") -> tuple[Page, Watch, str]:
    settings: dict[str, Any] = {**PHONE, "locale": locale}
    context = await media.new_context(**settings)
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page, "agnes_tollefsen")
    await page.goto(f"{site.base}/visits/{visit}")
    await page.locator(f'a[href="/visits/{visit}/check"]').click()
    await watch.barriers()
    await page.locator("[data-begin]").press("Enter")
    return page, watch, visit


def _verdict(page: Page, name: str) -> Locator:
    return page.locator(f"[data-part={name}] [data-verdict]")


async def _shot(page: Page, name: str) -> None:
    await page.screenshot(path=shots() / f"{name}.png", full_page=True)


@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)")
async def test_the_clinics_relay_is_tried_and_kept(site: Site, media: Browser, tmp_path: Path) -> None:
    deps = site.clinic.app.state.deps
    async with own_relay(tmp_path) as relay:
        named = {"turn_urls": relay.settings.turn_urls, "turn_secret_file": relay.settings.turn_secret_file}
        site.clinic.app.state.deps = replace(deps, settings=replace(deps.settings, **named))
        page, _, visit = await _begun(site, media, "en-US")
        await expect(page.locator("form[data-result] input[name=relay]")).to_have_value("works")
        await expect(page.locator("[data-part=network] [data-why=unreachable]")).to_be_visible()
        await page.get_by_role("button", name="Save and go on").click()
        await page.wait_for_url("**/check")
    site.clinic.app.state.deps = deps
    with site.clinic.database.scope("marigold", Actor.system("test")) as scope:
        kept = scope.checks.latest(visit)
    assert kept is not None and kept.check.relay == "works"
