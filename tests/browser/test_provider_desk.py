"""The clinician's pages in Chromium: keys, autosave, parts exchanged in place, dark mode, a phone; no barriers."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, Route, expect

from engine.ports import VisitChange
from tests.browser.helpers_people import AXE, AXE_RULES, DESK, PHONE, chromium
from tests.portals.helpers_provider import SECRETS, Portal, build_portal, opened
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class QuietServer(uvicorn.Server):
    """Leaves the test run's signals alone."""

    def capture_signals(self) -> Any:
        return pytest.MonkeyPatch.context()


@dataclass
class Desk:
    """A clinician's browser at a clinic with one patient waiting."""

    portal: Portal
    base: str
    browser: Any

    async def page(self, **look: Any) -> Page:
        context = await self.browser.new_context(**(look or DESK))
        secret = next(secret for name, secret in SECRETS if name == "staff")
        await context.add_cookies([{"name": "cw_staff", "value": secret, "url": self.base}])
        context.set_default_timeout(20_000)
        page: Page = await context.new_page()
        return page

    @property
    def visit(self) -> str:
        return self.base + self.portal.at


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = open_database(tmp_path, HandClock())
    portal = build_portal(build_world(database), HandClock(), tmp_path)
    portal.world.store.change(portal.world.effect(), VisitChange(event="arrived", stage="waiting"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = QuietServer(uvicorn.Config(portal.app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        async with chromium() as browser:
            yield Desk(portal, f"http://{portal.world.clinic}.localhost:{listener.getsockname()[1]}", browser)
    finally:
        server.should_exit = True
        await serving
        database.close()


async def barriers(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text())
    found: list[str] = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(r => r.violations"
        ".map(v => [v.id, ...v.nodes.map(n => n.html.slice(0, 200))].join(' ')))",
        AXE_RULES,
    )
    return found


async def test_the_queue_is_worked_with_the_keyboard_alone(desk: Desk) -> None:
    page = await desk.page()
    await page.goto(desk.base + "/staff")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.keyboard.press("j")
    await expect(page.locator("[data-row] a").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/staff/visits/"))
    await page.keyboard.press("n")
    await expect(page.locator("#note-form textarea").first).to_be_focused()
    await page.keyboard.type("n p l s ?")
    await expect(page.locator("#note-form textarea").first).to_have_value("n p l s ?")


async def test_a_patient_who_arrives_shows_up_by_itself_and_is_announced(desk: Desk) -> None:
    portal = desk.portal
    portal.world.store.change(portal.world.effect(), VisitChange(event="left", stage="ready"))
    page = await desk.page()
    await page.goto(desk.base + "/staff")
    await expect(page.locator("#queue")).to_contain_text("Nobody is waiting")
    portal.world.store.change(portal.world.effect(), VisitChange(event="arrived", stage="waiting"))
    await expect(page.locator("#queue")).to_contain_text("0 min", timeout=12_000)
    await expect(page.locator("[data-announce]")).to_have_text("One patient is waiting.")


async def test_the_note_saves_itself_and_survives_everything_else_on_the_page(desk: Desk) -> None:
    desk.portal.visits.gates["join"] = opened()
    page = await desk.page()
    await page.goto(desk.visit)
    await page.evaluate("window.stayed = true")
    await page.get_by_label("History").fill("Sore throat for three days")
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
    await page.get_by_label("History").fill("Sore throat for four days")
    await page.get_by_role("button", name="Let the patient in").click()
    await expect(page.locator("#law [data-gate=join]")).to_have_attribute("data-open", "true")
    await expect(page.get_by_label("History")).to_have_value("Sore throat for four days")
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
    assert await page.evaluate("window.stayed") is True
    await page.reload()
    await expect(page.get_by_label("History")).to_have_value("Sore throat for four days")


async def test_two_windows_on_one_note_lose_neither_text(desk: Desk) -> None:
    first, second = await desk.page(), await desk.page()
    for page in (first, second):
        await page.goto(desk.visit)
    await first.get_by_label("History").fill("written in the first window")
    await expect(first.locator("[data-saved]")).to_have_text(re.compile("^Saved"))
    await second.get_by_label("History").fill("written in the second window")
    await expect(second.locator("#note")).to_contain_text("Somebody saved this note in the meantime.")
    await expect(second.get_by_label("History")).to_have_value("written in the first window")
    await expect(second.locator(".kept").first).to_have_text("written in the second window")


async def test_an_answer_never_writes_over_what_is_being_looked_for(desk: Desk) -> None:
    page = await desk.page()
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        asked.set()
        await answered.wait()
        await route.continue_()

    await page.goto(desk.visit)
    box = page.locator("#drug-query")
    await box.fill("zzzz")
    await expect(page.locator("#drug-found .desk-empty")).to_be_visible()
    await page.route(re.compile(r"drug=zzzz"), slow)
    await page.evaluate("document.querySelector('#drug-query').dataset.old = '1'")
    await box.press("Enter")
    await asked.wait()
    await box.press("Control+a")
    answered.set()
    await expect(page.locator("#drug-query[data-old]")).to_have_count(0)  # its part came anew
    await page.keyboard.type("amoxicillin")
    await expect(box).to_have_value("amoxicillin")
    await expect(page.locator("#drug-found")).to_contain_text("moxicillin")


async def test_a_lost_connection_keeps_the_text_and_saves_it_later(desk: Desk) -> None:
    page = await desk.page()
    await page.goto(desk.visit)
    await page.context.set_offline(True)
    await page.get_by_label("History").fill("typed without a network")
    await expect(page.locator("[data-saved]")).to_contain_text("Could not save")
    await page.context.set_offline(False)
    await expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"), timeout=15_000)


async def test_a_prescription_is_written_without_leaving_the_page(desk: Desk) -> None:
    desk.portal.visits.gates["prescribe"] = opened("prescribing")
    desk.portal.move("documenting")
    page = await desk.page()
    await page.goto(desk.visit)
    await page.evaluate("window.stayed = true")
    await page.locator("[data-search]").fill("amox")
    await page.locator("#drug-found a").first.click()
    await expect(page.locator(".rx-form [name=quantity]")).to_have_value("20")
    await page.locator(".rx-form [name=days]").fill("ten")
    await page.get_by_role("button", name="Save the prescription").click()
    await expect(page.locator(".summary-box")).to_contain_text("Days: a whole number")
    await page.locator(".rx-form [name=days]").fill("10")
    await page.get_by_role("button", name="Save the prescription").click()
    await page.get_by_role("button", name=re.compile("Send to pharmacy")).click()
    await expect(page.locator("#prescribe [data-notice]")).to_contain_text("Sent to the simulated pharmacy network")
    assert await page.evaluate("window.stayed") is True


@pytest.mark.parametrize("look", [DESK, PHONE, {**DESK, "color_scheme": "dark"}], ids=["desk", "phone", "dark"])
async def test_no_barrier_and_no_sideways_scrolling(desk: Desk, look: dict[str, Any]) -> None:
    desk.portal.world.store.raise_alert(desk.portal.world.effect(), "red_flag")
    page = await desk.page(**look)
    for path in ("/staff", desk.portal.at, f"{desk.portal.at}?pick=list:0:0", f"{desk.portal.at}?pick=base:oxycodone"):
        await page.goto(desk.base + path)
        assert await barriers(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
