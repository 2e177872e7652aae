"""The technical check in Chromium: what works is found to work, and each failure is told with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from media import echo
from records.scope import Actor
from records.tech_checks import KeptCheck
from tests.browser.helpers_call_site import DESK, Call, CallSite, call_of, running_call_site
from tests.browser.helpers_people import PHONE
from tests.browser.helpers_shots import shots
from tests.browser.helpers_site import Site, Watch
from tests.browser.test_patient_pages import _booked_demo
from tests.media.helpers_relay import own_relay
from tests.portals.helpers_clinic import SLUG
from tests.portals.helpers_files import clinician_at

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
# A network that carries no UDP of its own, and one that shuts web sockets.
NO_DIRECT = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(wish) { super(wish.iceTransportPolicy === 'all' ? {...wish, iceTransportPolicy: 'relay'} : wish); }
};
"""
NO_SOCKET = """
window.WebSocket = class {
  constructor() { setTimeout(() => this.onclose?.({code: 1006}), 50); }
  send() {}
  close() {}
};
"""


@pytest.fixture(scope="module")
def call_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallSite]:
    with running_call_site(tmp_path_factory.mktemp("check")) as running:
        yield running


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
    # There is no media node at this site: that is told as our trouble, not theirs.
    await expect(page.locator("[data-part=network] [data-why=untested]")).to_be_visible()
    await watch.barriers()
    await _shot(page, "device-check-es")
    await page.get_by_role("button", name="Guardar y seguir").click()
    await page.get_by_text("Regular: su consulta funcionará, con límites").wait_for()
    await watch.barriers()
    await _shot(page, "device-checked-es")
    assert [one for one in watch.trouble if "503" not in one] == []
    with site.clinic.database.scope("marigold", Actor.system("test")) as scope:
        kept = scope.checks.latest(visit)
    assert kept is not None
    assert kept.check.verdicts == {"browser": "ok", "camera": "ok", "microphone": "ok", "speaker": "ok",
                                   "network": "untested"}  # fmt: skip
    assert (kept.check.device, kept.check.ways) == ("phone", {})


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
    assert [one for one in watch.trouble if "503" not in one] == []


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


# --- the way to the calls ---------------------------------------------------------------------------------------------


async def test_the_real_way_is_tried_and_its_figures_are_kept(call_site: CallSite, media: Browser) -> None:
    call, secret = call_of(call_site, media)
    before = len(call_site.events)
    caller = await call.tries(secret, DESK)
    await caller.part("begin").press("Enter")
    await expect(caller.page.locator("form[data-result] input[name=network]")).to_have_value("ok", timeout=30_000)
    await expect(caller.page.locator("[data-way=direct]")).to_contain_text("works, connected in")
    for relay in ("udp", "tcp", "tls"):
        await expect(caller.page.locator(f"[data-way={relay}]")).to_have_text("not set up")
    await expect(caller.part("numbers")).to_contain_text("Mbit/s")
    await caller.watch.barriers()
    await _shot(caller.page, "check-way-1280")
    await caller.page.get_by_role("button", name="Save and go on").click()
    await caller.page.get_by_text("The numbers, for whoever helps you").click()
    await caller.watch.barriers()
    await _shot(caller.page, "check-way-told-1280")
    check = _kept(call).check
    # On loopback nothing is lost and nothing waits; how much a busy machine encodes is its own affair.
    assert check.ways["direct"].state == "works" and 0 < check.ways["direct"].ms < 9000
    assert check.up_kbps > 300 and check.kbps > 300 and check.lines >= 180
    assert check.loss_up < 50 and check.loss_down < 50 and check.latency_ms < 500
    assert call_site.events[before:] == [], "nobody joined anything"
    assert call_site.node.counters["checks"] == 0
    assert ("visits:check:modified", "{}") in call.audited()
    assert call.trouble() == []


@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed (clinic test all does)")
async def test_where_the_direct_way_is_blocked_the_relay_is_found_and_the_clinician_sees_it(
    call_site: CallSite, media: Browser, tmp_path: Path
) -> None:
    call, secret = call_of(call_site, media)
    config = call_site.node._config
    async with own_relay(tmp_path) as relay:
        plain = [url for url in relay.settings.turn_urls if url.startswith("turn:")]
        call_site.node._config = replace(config, relay=replace(relay.relay(is_only=False), urls=tuple(plain)))
        caller = await call.tries(secret, PHONE, "es", NO_DIRECT)
        await caller.part("begin").press("Enter")
        await expect(caller.page.locator("[data-part=network] [data-why=no_udp]")).to_be_visible(timeout=40_000)
        await _shot(caller.page, "check-relay-es-390")
        await caller.watch.barriers()
        await caller.page.get_by_role("button", name="Guardar y seguir").click()
        await caller.page.get_by_text("Regular: su consulta").wait_for()
        await caller.watch.barriers()
        await _shot(caller.page, "check-relay-told-es-390")
    call_site.node._config = config
    check = _kept(call).check
    assert {name: way.state for name, way in check.ways.items()} == {
        "direct": "fails", "udp": "works", "tcp": "works", "tls": "not_set_up"}  # fmt: skip
    assert check.up_kbps > 0 and check.relay == "works", check
    desk = clinician_at(call_site.clinic, call.visit).get(f"/staff/visits/{call.visit}").text
    assert "Direct way blocked, the clinic&#39;s relay works (UDP, TCP)." in desk
    assert call.trouble() == []


async def test_a_shut_web_socket_and_a_full_node_are_told_apart_and_the_visit_goes_on(
    call_site: CallSite, media: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, secret = call_of(call_site, media)
    shut = await call.tries(secret, PHONE, "en", NO_SOCKET)
    await shut.part("begin").press("Enter")
    await expect(shut.page.locator("[data-part=network] [data-why=unreachable]")).to_be_visible(timeout=20_000)
    await _shot(shut.page, "check-shut-390")
    monkeypatch.setattr(echo, "MOST", 0)
    full = await call.tries(secret)
    await full.part("begin").press("Enter")
    await expect(full.page.locator("[data-part=network] [data-why=untested]")).to_be_visible(timeout=20_000)
    await expect(_verdict(full.page, "network")).to_contain_text("on our side")
    monkeypatch.undo()
    await full.part("retry-network").press("Enter")
    await expect(full.page.locator("form[data-result] input[name=network]")).to_have_value("ok", timeout=30_000)
    await full.watch.barriers()
    await full.page.get_by_role("button", name="Skip the check").click()
    await full.page.wait_for_url(f"**/visits/{call.visit}")
    assert call.trouble() == []


async def test_a_guest_has_the_same_check_behind_their_link(call_site: CallSite, media: Browser) -> None:
    call, _ = call_of(call_site, media)
    with call_site.clinic.database.scope(SLUG, Actor.system("test")) as scope:
        clinician = scope.visits.get(call.visit).provider
    with call_site.clinic.database.scope(SLUG, Actor(person=clinician, role="provider")) as scope:
        token = scope.guests.invite(call.visit, "interpreter").token
    guest = await call.guest(f"{call_site.base}/guest/enter#{token}", PHONE)
    await guest.page.get_by_label("Your name").fill("Rosa Delgado")
    await guest.page.get_by_role("button", name="Go on").click()
    await guest.page.get_by_role("link", name="Try your camera, microphone and internet first").click()
    call_site.announce()
    await guest.part("begin").click()
    for name in ("camera", "microphone", "network"):
        await expect(guest.page.locator(f"form[data-result] input[name={name}]")).to_have_value("ok", timeout=30_000)
    await guest.watch.barriers()
    await _shot(guest.page, "check-guest-390")
    await guest.page.get_by_role("button", name="Save and go on").click()
    await guest.page.get_by_text("Good: you are ready").or_(guest.page.get_by_text("Fair: your")).wait_for()
    await guest.watch.barriers()
    await _shot(guest.page, "check-guest-told-390")
    with call_site.clinic.database.scope(SLUG, Actor.system("test")) as scope:
        (kept,) = scope.checks.of_guests(call.visit)
    assert (kept.role, kept.kept.check.ways["direct"].state) == ("interpreter", "works")
    await guest.page.get_by_role("link", name="Back to the call").first.click()
    await guest.page.wait_for_url("**/guest")
    assert call.trouble() == []


def _kept(call: Call) -> KeptCheck:
    with call.site.clinic.database.scope(SLUG, Actor.system("test")) as scope:
        kept = scope.checks.latest(call.visit)
    assert kept is not None
    return kept
