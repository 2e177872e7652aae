"""A patient on a phone and a clinician at a desk, each in a Chromium context of their own, doing what people do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from records.seed import DEMO_PASSWORD
from tests.browser.helpers_stack import Stack

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM = "/usr/bin/chromium"
FAKE_MEDIA = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--no-sandbox",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1440, "height": 900}}

# Any answer that a patient with a sore throat gives; where an item is not named, the last choice (none of these).
ANSWERS = {
    "chief_complaint": "cough_cold",
    "fever_measured": "false",
    "severity": "4",
    "pregnant": "not_for_me",
    "care_place": "everyday",
}
WORDS = "Sore throat for three days, no fever"


@dataclass
class Person:
    """One person in front of one page; remembers every console error and every barrier found."""

    name: str
    page: Page
    stack: Stack
    shots: Path | None = None
    trouble: list[str] = field(default_factory=list)
    words: str = WORDS

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(f"{self.name}: {error}"))

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.trouble.append(f"{self.name} at {self.page.url}: {text}")

    async def go(self, path: str) -> None:
        await self.page.goto(self.stack.clinic + path)

    async def press(self, name: str | re.Pattern[str]) -> None:
        await self.page.get_by_role("button", name=name).first.click()

    async def follow(self, name: str | re.Pattern[str]) -> None:
        await self.page.get_by_role("link", name=name).first.click()

    async def says(self, words: str | re.Pattern[str], seconds: float = 40) -> None:
        """Waits until the page shows these words."""
        await self.page.get_by_text(words).first.wait_for(timeout=seconds * 1000)

    async def look(self, name: str) -> None:
        """A barrier check of the whole page, and a picture where pictures are wanted."""
        await self.page.wait_for_load_state()
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(r => r.violations.map(v =>"
            " v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', ')))",
            AXE_RULES,
        )
        self.trouble += [f"{self.name} {name}: {one}" for one in found]
        if self.shots is not None:
            await self.page.evaluate("window.scrollTo(0, 0)")
            await self.page.screenshot(path=self.shots / f"{self.name}-{name}.png", full_page=True)


class Patient(Person):
    """Books, answers, says where they are, consents, waits and joins."""

    visit = ""

    async def sign_in(self, email: str) -> None:
        await self.go("/sign-in")
        await self.page.locator("input[name=email]").fill(email)
        await self.page.locator("input[name=password]").fill(DEMO_PASSWORD)
        await self.page.locator("form[action='/sign-in'] button").click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def choose_time(self, provider: str, look: bool = False) -> None:
        """Chooses the soonest time of that clinician (by family name)."""
        await self.go("/book/urgent_care/video_visit")
        await self.page.locator("select[name=state]").select_option("FL")
        await self.page.locator("input[name=postal_code]").fill("33132")
        if look:
            await self.look("book-place")
        await self.page.locator("main form button").first.click()
        await self.page.wait_for_url("**/times")
        if look:
            await self.look("book-times")
        await self.page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
        await self.page.locator("button[name=time]", has_text=provider).first.click()

    async def book(self, provider: str, look: bool = False) -> None:
        """Books and pays with the simulator's good card."""
        await self.choose_time(provider, look)
        if look:
            await self.look("book-review")
        await self.page.locator("main form button").first.click()
        await self.page.wait_for_url("**/pay")
        self.visit = re.search(r"/visits/(vis_\w+)", self.page.url)[1]  # type: ignore[index]
        for name, text in {"name": "June Hartley", "number": "4242424242424242", "expires": "12/29"}.items():
            await self.page.locator(f"input[name={name}]").fill(text)
        await self.page.locator("input[name=code]").fill("123")
        if look:
            await self.look("pay")
        await self.page.locator("main form button").first.click()
        await self.page.wait_for_url(f"**/visits/{self.visit}?new=booked")
        if look:
            await self.look("booked")

    async def answer_everything(self, look: bool = False) -> None:
        """Answers each question as ANSWERS says, and submits."""
        await self.go(f"/visits/{self.visit}/intake")
        done = self.page.locator("form[action$='/submit']")
        for number in range(40):
            await done.or_(self.page.locator("form[data-intake]")).first.wait_for()
            if await done.count():
                break
            item = await self._answer_one()
            if look and number < 4:
                await self.look(f"intake-{item}")
        if look:
            await self.look("intake-review")
        await self.page.locator("form[action$='/submit'] button").click()
        await self.page.wait_for_url(f"**/visits/{self.visit}*")

    async def _answer_one(self) -> str:
        form = self.page.locator("form[data-intake]")
        item = await form.locator("input[name=item]").get_attribute("value") or ""
        choices = form.locator("input[name=answer][type=radio], input[name=answer][type=checkbox]")
        text = form.locator("textarea[name=answer]")
        if await choices.count():
            chosen = form.locator(f"input[name=answer][value='{ANSWERS[item]}']") if item in ANSWERS else choices.last
            await chosen.check(force=True)
        elif await text.count():
            await text.fill(self.words)
        await form.locator("button").first.click()
        await self.page.wait_for_function(
            "item => !document.querySelector(`form[data-intake] input[name=item][value='${item}']`)", arg=item
        )
        return item

    async def say_place(self, state: str = "FL", postal_code: str = "33132", look: bool = False) -> None:
        await self.go(f"/visits/{self.visit}/place")
        await self.page.locator("input[name=street]").fill("5 Sable Court")
        await self.page.locator("input[name=city]").fill("Springfield")
        await self.page.locator("select[name=state]").select_option(state)
        await self.page.locator("input[name=postal_code]").fill(postal_code)
        await self.page.locator("input[name=here]").check(force=True)
        if look:
            await self.look("place")
        await self.page.locator("main form button").first.click()
        await self.page.wait_for_url(lambda url: not url.endswith("/place"))

    async def consent(self, name: str, look: bool = False) -> None:
        await self.go(f"/visits/{self.visit}/consent")
        await self.page.locator("input[name=signature]").fill(name)
        await self.page.locator("input[name=agree]").check(force=True)
        if look:
            await self.look("consent")
        await self.page.locator("main form button").first.click()
        await self.page.wait_for_url(lambda url: not url.endswith("/consent"))

    async def wait(self, look: bool = False) -> None:
        """Enters the waiting room as soon as the visit is ready for it."""
        await self.go(f"/visits/{self.visit}/waiting")
        await self.page.locator("form[action$='/arrive'] button").click(timeout=60_000)
        await self.page.locator("[data-stage=waiting]").wait_for()
        if look:
            await self.look("waiting")

    async def join(self, look: bool = False) -> None:
        """Joins once the clinician let them in, through the link's own page."""
        await self.page.locator("form[action$='/join'] button").click(timeout=60_000)
        await self.page.wait_for_url("**/visits/join/*")
        if look:
            await self.look("join")
        await self.page.locator("form[action^='/visits/join/'] button").click()
        await self.page.wait_for_url("**/call")
        await enter_call(self, look)


class Clinician(Person):
    """Looks at the queue, lets in, writes, prescribes and signs."""

    async def sign_in(self, email: str) -> None:
        await self.go("/staff/sign-in")
        await self.page.locator("input[name=email]").fill(email)
        await self.page.locator("input[name=password]").fill(DEMO_PASSWORD)
        await self.page.locator("form[action='/staff/sign-in'] button").click()
        await self.page.wait_for_url("**/staff")

    async def open(self, visit: str) -> None:
        await self.go(f"/staff/visits/{visit}")

    async def write_note(self) -> None:
        """Fills in every required field of the template and waits until the page says that it is saved."""
        for box in await self.page.locator("#note-form textarea, #note-form input:not([type], [inputmode])").all():
            await box.fill(self.words)
        for number in await self.page.locator("#note-form input[inputmode=numeric]").all():
            await number.fill("15")
        for check in await self.page.locator("#note-form input[type=checkbox]").all():
            await check.check()
        for choice in await self.page.locator("#note-form select").all():
            await choice.select_option(index=1)
        await self.page.locator("[data-saved]", has_text=re.compile("^Saved")).wait_for(timeout=40_000)

    async def draft(self, drug: str, purpose: str, **fields: str) -> None:
        """Finds a drug, fills in what the list does not, and saves the prescription."""
        await self.page.locator("[data-search]").fill(drug)
        await self.page.locator("#drug-found a", has_text=drug).first.click()
        for name, text in fields.items():
            await self.page.locator(f".rx-form [name={name}]").fill(text)
        await self.page.locator(".rx-form [name=purpose]").select_option(purpose)
        await self.page.locator(".rx-form [name=pharmacy]").select_option(index=1)
        await self.press("Save the prescription")
        await self.says("Nothing has been sent")

    async def send(self, drug: str) -> None:
        await self.page.locator(".order", has_text=drug).get_by_role("button", name=re.compile("Send")).click()


async def enter_call(person: Person, look: bool = False) -> None:
    """From the preview into the room; done when encrypted media can flow."""
    await person.page.locator("[data-call][data-preview=ready]").wait_for(timeout=40_000)
    if look:
        await person.look("call-preview")
    await person.page.locator("[data-enter]").click()
    await person.page.locator("[data-call][data-state=connected]").wait_for(timeout=60_000)


async def frames_decoded(person: Person) -> int:
    """How many frames of the other side's picture this page has decoded, by getStats."""
    stats: dict[str, Any] | None = await person.page.evaluate(
        "document.querySelector('[data-call]').roomClient?.stats()"
    )
    return int(stats["video"]["framesDecoded"]) if stats else 0


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium whose camera and microphone are fake."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FAKE_MEDIA)
        try:
            yield browser
        finally:
            await browser.close()


async def context_of(browser: Browser, look: dict[str, Any]) -> BrowserContext:
    """A context that allows camera and microphone and blocks nothing else."""
    return await browser.new_context(**look, permissions=["camera", "microphone"])
