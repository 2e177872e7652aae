"""A patient on a phone, from the front page to the waiting room: no barrier, no error, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
NARROW = {"viewport": {"width": 320, "height": 640}}
GO = "main form button.button"


async def test_the_whole_way_to_the_waiting_room_on_a_phone(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, **PHONE)
    watch = Watch(page, site.base)
    await page.goto(site.base)
    await watch.barriers()
    visit = await _book(site, page, watch)
    await page.locator("main a.button").first.click()
    await _answer_all(page, watch)
    await _attest_and_sign(site, page, watch, visit)
    await page.goto(f"{site.base}/visits/{visit}/waiting")
    await watch.barriers()
    await page.click(GO)
    await page.get_by_text("You are next").wait_for()
    await watch.barriers()
    assert watch.trouble == []


async def test_the_way_to_a_booked_visit_without_scripts_in_spanish_at_320_pixels(
    site: Site, chromium: Browser
) -> None:
    page = await _page(chromium, java_script_enabled=False, locale="es-US", **NARROW)
    watch = Watch(page, site.base)
    await page.goto(site.base)
    visit = await _book(site, page, None)
    await page.goto(f"{site.base}/visits/{visit}/intake")
    await page.click(GO)
    await page.locator("input[value=skin]").check(force=True)
    await page.click(GO)
    await page.wait_for_url("**/intake/3")
    assert await page.locator("html").get_attribute("lang") == "es"
    assert watch.trouble == []


async def test_pages_with_mistakes_and_dark_pages_have_no_barriers(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, color_scheme="dark", **NARROW)
    watch = Watch(page, site.base)
    for path in ("/sign-up", "/sign-in", "/book/urgent_care/video_visit"):
        await page.goto(site.base + path)
        await page.click(GO)
        await page.locator(".summary-box, #email").first.wait_for()
        await watch.barriers()
    barriers = [line for line in watch.trouble if "console: Failed to load" not in line]  # the refusals themselves
    assert barriers == []


async def test_a_mistake_moves_the_focus_to_the_summary_and_its_link_to_the_field(
    site: Site, chromium: Browser
) -> None:
    page = await _page(chromium, **PHONE)
    await page.goto(f"{site.base}/sign-up")
    await page.click(GO)
    await expect(page.locator(".summary-box")).to_be_focused()
    await page.locator(".summary-box a").first.click()
    await page.wait_for_url("**#given")


@pytest.mark.parametrize("scripts", [True, False])
async def test_back_after_a_refused_card_leads_to_pages_of_ours(site: Site, chromium: Browser, scripts: bool) -> None:
    page = await _page(chromium, java_script_enabled=scripts, **PHONE)
    await _held_demo(site, page)
    await _pay(page, number="4242 4242 4242 4241")
    await expect(page.locator(".summary-box")).to_be_visible()
    await expect(page.locator("#name")).to_have_value("Demo")
    await page.goto(f"{site.base}/visits")
    await page.go_back()
    await expect(page.locator("#number")).to_be_visible()
    await _pay(page, number="4242 4242 4242 4242")
    await page.wait_for_url("**new=booked")
    await page.go_back()
    await expect(page.locator("h1")).to_contain_text("Visit with")


async def test_an_answer_is_saved_as_it_is_given(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, **PHONE)
    visit = await _booked_demo(site, page)
    await page.goto(f"{site.base}/visits/{visit}/intake/2")
    await page.locator("input[value=skin]").check(force=True)
    await expect(page.locator("[data-saved]")).to_have_text(re.compile(r"^Saved"))
    await page.reload()
    await expect(page.locator("input[value=skin]")).to_be_checked()


async def test_a_red_flag_warns_at_once_and_claims_nothing_until_the_server_has_answered(
    site: Site, chromium: Browser
) -> None:
    page = await _page(chromium, **PHONE)
    visit = await _booked_demo(site, page, "mateo_villareal")
    await page.goto(f"{site.base}/visits/{visit}/intake/3")
    await page.context.set_offline(True)
    await page.locator("input[value=stroke]").check(force=True)
    await page.locator("[data-emergency]").wait_for()
    await expect(page.locator("[data-call]")).to_have_attribute("href", "tel:911")
    await expect(page.locator("[data-question]")).to_be_hidden()
    told = page.locator("[data-told]")
    assert "This visit has stopped" not in await told.inner_text()
    await page.locator("[data-confirm]").click()
    await page.get_by_text("We are still trying to tell your clinicians").wait_for()
    await page.context.set_offline(False)
    await page.get_by_text("This visit has stopped").wait_for()
    await _stopped(site, page, visit)


async def test_a_stray_tick_is_corrected_and_the_visit_goes_on(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, **PHONE)
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page, "agnes_tollefsen")
    await page.goto(f"{site.base}/visits/{visit}/intake/3")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.locator("input[value=stroke]").check(force=True)
    await watch.barriers()
    await page.locator("[data-correct]").click()
    await expect(page.locator("input[value=stroke]")).not_to_be_checked()
    assert sent == []
    await page.locator("input[value=none]").check(force=True)
    await page.click(GO)
    await page.wait_for_url("**/intake/4")
    assert watch.trouble == []


@pytest.mark.parametrize("way", ["confirmed", "called", "nothing done", "page left"])
async def test_a_red_flag_that_is_not_corrected_reaches_the_server(site: Site, chromium: Browser, way: str) -> None:
    page = await _page(chromium, **PHONE)
    await page.clock.install()
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page, "agnes_tollefsen")
    await page.goto(f"{site.base}/visits/{visit}/intake/3")
    await page.locator("input[value=stroke]").check(force=True)
    await watch.barriers()
    if way == "confirmed":
        await page.locator("[data-confirm]").click()
    elif way == "called":
        await page.locator("[data-call]").click()
    elif way == "nothing done":
        await page.clock.fast_forward(21_000)
    if way != "page left":
        await page.get_by_text("This visit has stopped").wait_for()
    await _stopped(site, page, visit)
    await watch.barriers()
    assert [line for line in watch.trouble if not line.endswith("tel:911")] == []


async def test_the_law_that_stops_a_visit_is_on_its_page(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, **PHONE)
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page)
    elsewhere = await page.context.new_page()
    await elsewhere.goto(f"{site.base}/visits/{visit}")
    await page.goto(f"{site.base}/visits/{visit}/place")
    await page.fill("#street", "12 Main Street")
    await page.fill("#city", "New York")
    await page.select_option("#state", "NY")
    await page.fill("#postal_code", "10001")
    await page.locator("#here").check(force=True)
    await page.click(GO)
    await page.locator(".law").wait_for()
    await watch.barriers()
    assert watch.trouble == []
    await expect(elsewhere.locator(".law"), "the answer reaches a page that is open already").to_be_visible()


async def test_the_living_page_has_no_barriers_in_either_direction(site: Site, chromium: Browser) -> None:
    for settings in (PHONE, {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}):
        page = await _page(chromium, **settings)
        watch = Watch(page, site.base)
        for direction in ("ltr", "rtl"):
            await page.goto(f"{site.base}/design?dir={direction}")
            await watch.barriers()
        assert watch.trouble == []


async def test_a_signed_in_page_fits_the_narrowest_phone(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, **NARROW)
    watch = Watch(page, site.base)
    visit = await _booked_demo(site, page)
    for path in ("/visits", f"/visits/{visit}", "/privacy", "/accesses", f"/visits/{visit}/cancel"):
        await page.goto(site.base + path)
        await watch.barriers()
    assert watch.trouble == []


async def test_booking_by_keyboard_alone(site: Site, chromium: Browser) -> None:
    page = await _page(chromium, viewport={"width": 1280, "height": 800})
    await page.goto(site.base)
    await _tab_to(page, "a.button", "See times")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/book/**")
    await _tab_to(page, "#state", "")
    await page.keyboard.type("Florida")
    await page.keyboard.press("Tab")
    await page.keyboard.type("33132")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/times")
    await _tab_to(page, ".slots button", "")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sign-up")


async def _stopped(site: Site, page: Page, visit: str) -> None:
    """Looks until the visit has stopped: its workflow hears of the flag a moment after records do."""
    for _ in range(25):
        await page.goto(f"{site.base}/visits/{visit}")
        if page.url.endswith("/emergency"):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the visit never stopped")


async def _page(chromium: Browser, **settings: Any) -> Page:
    context = await chromium.new_context(**settings)
    context.set_default_timeout(20_000)
    return await context.new_page()


async def _tab_to(page: Page, selector: str, words: str) -> None:
    """Presses Tab until the focus is on a matching element; it must be visible there."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "([s, w]) => { const e = document.activeElement; return e.matches(s) && e.textContent.includes(w) }",
            [selector, words],
        )
        if focused:
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"the keyboard never reached {selector}")


async def _book(site: Site, page: Page, watch: Watch | None) -> str:
    async def look() -> None:
        if watch is not None:
            await watch.barriers()

    await page.locator("main a.button").first.click()
    await look()
    await page.select_option("#state", "FL")
    await page.fill("#postal_code", "33132")
    await page.click(GO)
    await look()
    await page.locator(".slots button").nth(secrets.randbelow(6)).click()
    await look()
    await _sign_up(page)
    await look()
    await page.click(GO)
    await look()
    for name, value in (
        ("name", "Ada Brook"),
        ("number", "4242 4242 4242 4242"),
        ("expires", "12/29"),
        ("code", "123"),
    ):
        await page.fill(f"#{name}", value)
    await page.click(GO)
    await page.wait_for_url("**new=booked")
    await look()
    found = re.search(r"vis_\w+", page.url)
    assert found
    return found[0]


async def _sign_up(page: Page) -> None:
    values = {"given": "Ada", "family": "Brook", "birth_date-m": "4", "birth_date-d": "27", "birth_date-y": "1990"}
    values |= {"email": f"{secrets.token_hex(4)}@patients.example", "phone": "305 555 0100"}
    for name, value in {**values, "password": "four quiet words here"}.items():
        await page.fill(f"#{name}", value)
    await page.locator("input[value=female]").check(force=True)
    await page.click(GO)


async def _held_demo(site: Site, page: Page, person: str = "june_hartley") -> None:
    """The payment page of a demo person's visit, by the shortest way."""
    await page.goto(f"{site.base}/sign-in")
    await page.click(f"button[value={person}]")
    await page.goto(f"{site.base}/book/urgent_care/video_visit")
    await page.select_option("#state", "FL")
    await page.fill("#postal_code", "33132")
    await page.click(GO)
    await page.locator(".slots button").nth(secrets.randbelow(6)).click()
    await page.click(GO)
    await page.locator("#number").wait_for()


async def _pay(page: Page, number: str) -> None:
    for name, value in (("name", "Demo"), ("number", number), ("expires", "12/29"), ("code", "123")):
        await page.fill(f"#{name}", value)
    await page.click(GO)


async def _booked_demo(site: Site, page: Page, person: str = "june_hartley") -> str:
    """A paid visit of a demo person."""
    await _held_demo(site, page, person)
    await _pay(page, "4242424242424242")
    await page.wait_for_url("**new=booked")
    found = re.search(r"vis_\w+", page.url)
    assert found
    return found[0]


async def _answer_all(page: Page, watch: Watch) -> None:
    for _ in range(40):
        await page.wait_for_url("**/intake/*")
        if page.url.endswith("/review"):
            break
        await watch.barriers()
        before = page.url
        await _answer(page)
        await page.click(GO)
        await page.wait_for_function("before => location.href !== before", arg=before)
    await watch.barriers()
    await page.click(GO)
    await page.wait_for_url(re.compile(r"/visits/vis_\w+$"))
    await watch.barriers()


async def _answer(page: Page) -> None:
    """The calmest answer to the question shown."""
    form = page.locator("[data-intake]")
    await form.wait_for()
    for selector in ("input[value=false]", "input[value=none]", "input[value=no]"):
        if await form.locator(selector).count():
            await form.locator(selector).check(force=True)
            return
    if await form.locator("input[type=radio], input[type=checkbox]").count():
        await form.locator("input[type=radio], input[type=checkbox]").first.check(force=True)
    elif await form.locator("#answer-m").count():
        for part, value in (("m", "11"), ("d", "20"), ("y", "2026")):
            await form.locator(f"#answer-{part}").fill(value)
    elif await form.locator("textarea").count():
        await form.locator("textarea").fill("A sore throat")
    elif await form.locator("input.input").count():
        await form.locator("input.input").fill("3")


async def _attest_and_sign(site: Site, page: Page, watch: Watch, visit: str) -> None:
    await page.goto(f"{site.base}/visits/{visit}/place")
    await watch.barriers()
    await page.fill("#street", "12 Main Street")
    await page.fill("#city", "Miami")
    await page.locator("#here").check(force=True)
    await page.click(GO)
    await page.wait_for_url(re.compile(r"/visits/vis_\w+$"))
    await page.goto(f"{site.base}/visits/{visit}/consent")
    await watch.barriers()
    await page.fill("#signature", "Ada Brook")
    await page.locator("#agree").check(force=True)
    await page.click(GO)
    await page.wait_for_url(re.compile(r"/visits/vis_\w+$"))
