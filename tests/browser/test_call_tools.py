"""What people do in a call: share a screen, write, send a file, change devices, mute others, choose a view."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.helpers_call_site import PHONE, Call, Caller, CallSite, call_of, running_call_site
from tests.browser.helpers_people import CHROMIUM, FAKE_MEDIA
from tests.records.helpers_blobs import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
PHOTO = {"name": "Zx9Canary.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(400, 300))}
LINK = "https://clinic.example/how-to?part=2"


@pytest.fixture(scope="module")
def call_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallSite]:
    with running_call_site(tmp_path_factory.mktemp("call")) as running:
        yield running


@pytest.fixture
async def media() -> AsyncIterator[Browser]:
    """A Chromium with two cameras and two microphones."""
    flags = [one.replace("fps=30", "device-count=2,fps=10") for one in FAKE_MEDIA]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


async def two(call_site: CallSite, media: Browser) -> tuple[Call, Caller, Caller]:
    """A clinician at a desk and a patient on a phone who see each other."""
    call, secret = call_of(call_site, media)
    provider, patient = await call.provider(), await call.patient(secret, PHONE, "es")
    await provider.enter()
    await patient.enter()
    await provider.sees(1)
    await patient.sees(1)
    return call, provider, patient


async def test_a_screen_is_shared_and_words_links_and_a_file_go_over_and_stay(
    call_site: CallSite, media: Browser
) -> None:
    call, provider, patient = await two(call_site, media)
    await provider.part("share").click()
    await patient.sees(2)
    await expect(patient.page.locator("[data-tiles]")).to_have_attribute("data-layout", "speaker")
    await expect(patient.page.locator(".call__tile--screen figcaption")).to_have_text(re.compile("pantalla"))
    await patient.looks("phone-with-screen")
    await provider.opens("chat")
    await provider.part("chat-form").locator("textarea").fill(f"Read this: {LINK}.")
    await provider.part("chat-form").locator("textarea").press("Enter")
    await expect(provider.part("chat-lines").locator("li")).to_have_count(1)
    await expect(patient.part("chat-count")).to_have_text("1")
    await patient.opens("chat")
    await expect(patient.part("chat-lines").get_by_role("link", name=LINK)).to_have_attribute("href", LINK)
    await expect(patient.part("chat-count")).to_be_hidden()
    await patient.page.set_input_files("#call-chat-file", PHOTO)  # type: ignore[arg-type]
    await patient.page.get_by_role("button", name="Enviar").click()
    await expect(provider.part("chat-lines").get_by_role("link", name="File 1")).to_be_visible()
    await provider.looks("desk-chat")
    await patient.looks("phone-chat")
    await provider.part("share").click()
    await expect(patient.page.locator(".call__tile--screen")).to_have_count(0)
    await patient.sees(1)
    await patient.part("leave").click()
    await patient.page.goto(f"{call_site.base}/messages")
    await patient.page.get_by_role("link", name=re.compile("Chat durante|Chat during")).click()
    await expect(patient.page.get_by_text("Read this:")).to_be_visible()
    assert call.trouble() == []


async def test_devices_are_changed_and_a_microphone_is_muted_and_a_lock_shut(
    call_site: CallSite, media: Browser
) -> None:
    call, provider, patient = await two(call_site, media)
    await patient.opens("settings")
    cameras = patient.page.locator("[data-now=video] option")
    await expect(cameras).to_have_count(2)
    other = await patient.page.locator("[data-now=video] option:not(:checked)").get_attribute("value")
    await patient.page.locator("[data-now=video]").select_option(other)
    await expect(patient.part("status")).to_have_text(re.compile("otra cámara"))
    await patient.page.wait_for_function(
        "id => document.querySelector('[data-self]').srcObject.getVideoTracks()[0].getSettings().deviceId === id",
        arg=other,
    )
    await moves_on(provider)
    await patient.part("volume").fill("40")
    await expect(patient.page.locator(".call__tile video")).to_have_js_property("volume", 0.4)
    await provider.opens("people")
    await provider.part("mute-all").click()
    await expect(patient.part("mic")).to_have_attribute("aria-pressed", "true")
    await expect(patient.part("status")).to_have_text(re.compile("apagó su micrófono"))
    await expect(provider.page.locator("figcaption")).to_have_text(re.compile("muted"))
    await patient.part("mic").click()
    await expect(provider.page.locator("figcaption")).not_to_have_text(re.compile("muted"))
    await provider.part("lock").press("Enter")
    await expect(provider.part("lock")).to_have_text("Unlock the call")
    await patient.page.locator(".call__help summary").click()
    await patient.page.get_by_role("button", name="No le oigo").click()
    await expect(provider.part("told-text")).to_have_text(re.compile("cannot hear you"))
    await provider.looks("desk-told")
    await patient.looks("phone-devices")
    assert call.trouble() == []


async def moves_on(caller: Caller) -> None:
    """The other's picture goes on after the change."""
    before = await caller.page.evaluate("document.querySelector('.call__tile video').currentTime")
    await caller.page.wait_for_function(
        "before => document.querySelector('.call__tile video').currentTime > before + 1", arg=before
    )
