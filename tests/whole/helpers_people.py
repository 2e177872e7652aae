"""Sixty patients and their clinicians, who click through a visit each and remember what the pages told them."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from records.seed import DEMO_PASSWORD
from tests.whole.helpers_pages import Browser, Form, Page

KIND = "/book/urgent_care/video_visit"
PASSWORD = "a long enough password"
CARD = {"number": "4242424242424242", "expires": "12/29", "code": "123"}
# Calm answers; where an item is not named, the last choice (none of these).
ANSWERS = {
    "chief_complaint": "cough_cold",
    "fever_measured": "false",
    "severity": "4",
    "pregnant": "not_for_me",
    "care_place": "everyday",
}
LOOK_SECONDS = 1.0
STAGE_SECONDS = 240.0
ASK_AGAIN = frozenset({"unreachable"})


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that a page said was saved: as typed, and the version it was saved as."""

    raw: tuple[str, ...]
    version: int


@dataclass
class Patient:
    """Signs up, books, pays, answers, says where they are, consents, waits and joins."""

    browser: Browser
    number: int
    visit: str = ""
    provider: str = ""
    acknowledged: dict[str, Kept] = field(default_factory=dict)

    @property
    def at(self) -> str:
        return f"/visits/{self.visit}"

    @property
    def email(self) -> str:
        return f"patient{self.number}@patients.example"

    async def sign_up(self) -> None:
        """Makes an account; one that is there already (the answer was lost) is signed in to."""
        form = (await self.browser.get("/sign-up")).the_form("/sign-up")
        about = {"given": "Pat", "family": f"Number{self.number}", "email": self.email, "phone": "+1 305 555 0100"}
        born = {"birth_date-y": "1980", "birth_date-m": "2", "birth_date-d": "3", "sex": "female"}
        page = await self.browser.post("/sign-up", form.filled(**about, **born, password=PASSWORD))
        if page.status == 409:
            form = (await self.browser.get("/sign-in")).the_form("/sign-in")
            page = await self.browser.post("/sign-in", form.filled(email=self.email, password=PASSWORD))
        assert page.status == 200, (page.path, page.status)

    async def book(self) -> None:
        """Takes a time, another one when somebody was faster, and holds it."""
        for turn in range(20):
            place = (await self.browser.get(KIND)).the_form("video_visit")
            times = await self.browser.post(KIND, place.filled(state="FL", postal_code="33132"))
            offered = times.the_form("/times").options["time"]
            chosen = offered[(self.number * 2 + turn * 7) % len(offered)]
            review = await self.browser.post(times.path, times.the_form("/times").filled(time=chosen))
            page = await self.browser.post("/book/review", review.the_form("/book/review").filled())
            found = re.fullmatch(r"/visits/(vis_\w+)(/pay)?", page.path)
            if found:
                self.visit, self.provider = found[1], chosen.partition("|")[0]
                return
            assert page.status == 409, (page.path, page.status)
        raise AssertionError("no time could be had")

    async def pay(self) -> None:
        page = await self.browser.get(f"{self.at}/pay")
        while (form := page.form("/pay")) is not None:
            page = await self.browser.post(f"{self.at}/pay", form.filled(name="Pat", **CARD))
            assert page.status in (200, 402), (page.path, page.status)
        assert page.path == self.at, page.path

    async def answer_everything(self) -> None:
        """Answers each question as its page's script does, then hands the form in."""
        page = await self.browser.get(f"{self.at}/intake")
        for _ in range(60):
            if page.path.endswith("/review"):
                break
            kept = await self._answer(page)
            number = int(page.path.rpartition("/")[2])
            page = await self.browser.get(f"{self.at}/intake/{number + 1}" if kept else f"{self.at}/intake")
        page = await self.browser.post(f"{self.at}/intake/submit", page.the_form("/submit").filled())
        assert page.path == self.at, (page.path, page.status)

    async def _answer(self, page: Page) -> bool:
        """Whether all that was typed was said to be saved."""
        form = page.the_form(page.path)
        item = form.one("item")
        typed = self._typed(form, item)
        for words in typed:
            version = str(self.acknowledged[item].version) if item in self.acknowledged else form.one("version")
            key = secrets.token_hex(12)
            told = await self.browser.json(page.path, form.filled(answer=list(words), version=version, key=key))
            if told.status_code == 409:  # saved before, and the answer was lost: the page is loaded again
                return False
            assert told.status_code == 200, (page.path, item, told.status_code)
            assert told.json()["emergency"] == ""
            self.acknowledged[item] = Kept(words, int(told.json()["version"]))
        return True

    def _typed(self, form: Form, item: str) -> list[tuple[str, ...]]:
        """What is typed or chosen; a text is typed in two goes."""
        if item in ANSWERS:
            return [(ANSWERS[item],)]
        if "answer" in form.options:
            return [(form.options["answer"][-1],)]
        if form.values["answer"] == ["true"]:
            return [("true",)]
        return [(f"Since Monday, {self.number}",), (f"Since Monday, {self.number}, and it got worse",)]

    async def say_place(self) -> None:
        form = (await self.browser.get(f"{self.at}/place")).the_form("/place")
        where = {"street": "5 Sable Court", "city": "Miami", "state": "FL", "postal_code": "33132", "here": "yes"}
        page = await self.browser.post(f"{self.at}/place", form.filled(**where))
        assert page.path == self.at, (page.path, page.status)

    async def consent(self) -> None:
        page = await self.browser.get(f"{self.at}/consent")
        while (form := page.form("/consent")) is not None:
            page = await self.browser.post(
                f"{self.at}/consent", form.filled(signature=f"Pat Number{self.number}", agree="yes")
            )
            assert page.status == 200, (page.path, page.status)
        assert page.path == self.at, (page.path, page.status)

    async def arrive(self) -> None:
        """Enters the waiting room as soon as its door is open."""
        page = await self._until_form(f"{self.at}/waiting", "/arrive")
        while (form := page.form("/arrive")) is not None:
            page = await self.browser.post(f"{self.at}/arrive", form.filled())

    async def join(self) -> str:
        """Joins once let in, through the link's own page; returns the room's address."""
        page = await self._until_form(f"{self.at}/waiting", "/join")
        for _ in range(10):
            page = await self.browser.post(f"{self.at}/join", page.the_form("/join").filled())
            if page.form(page.path) is not None:
                page = await self.browser.post(page.path, page.the_form(page.path).filled())
            if page.path == f"{self.at}/call":
                break
            # The link was used and the answer lost (410), or the gate could not be asked: back to the waiting room.
            page = await self._until_form(f"{self.at}/waiting", "/join")
        assert page.path == f"{self.at}/call", (page.path, page.status)
        return await room_access(self.browser, self.at, page)

    async def until(self, stage: str) -> None:
        deadline = time.monotonic() + STAGE_SECONDS
        while (now := (await self.browser.state(f"{self.at}/waiting/state"))["stage"]) != stage:
            assert time.monotonic() < deadline, f"{self.visit} is {now}, not {stage}"
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_form(self, path: str, ending: str) -> Page:
        return await until_form(self.browser, path, ending)


@dataclass
class Clinician:
    """Lets in, joins, writes, prescribes, ends and signs; one browser, with a tab for each visit."""

    browser: Browser
    email: str
    notes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    screens: dict[str, Page] = field(default_factory=dict)

    async def sign_in(self) -> None:
        form = (await self.browser.get("/staff/sign-in")).the_form("/sign-in")
        page = await self.browser.post("/staff/sign-in", form.filled(email=self.email, password=DEMO_PASSWORD))
        assert page.path == "/staff", (page.path, page.status)

    async def let_in(self, visit: str) -> None:
        """Lets the patient in and joins them."""
        await self._press(visit, "/admit", done="/join")
        page = await self._press(visit, "/join", done="/end")
        await room_access(self.browser, _desk(visit), page)

    async def write(self, visit: str) -> None:
        """Writes the note, in two goes."""
        form = self.screens[visit].the_form("/note")
        version = form.one("version")
        for words in ("Sore throat", "Sore throat, tonsils red"):
            fields = {name: words for name in form.values if "." in name and name not in form.options}
            fields |= {name: "15" for name in fields if name.endswith(".minutes")}
            fields |= {name: next(one for one in options if one) for name, options in form.options.items()}
            sent = form.filled(**fields, version=version, key=secrets.token_hex(12))
            told = await self.browser.json(f"{_desk(visit)}/note", sent)
            assert told.status_code == 200, told.status_code
            version, self.notes[visit] = str(told.json()["version"]), fields

    async def prescribe(self, visit: str) -> None:
        """Writes one prescription and sends it."""
        at = _desk(visit)
        key = re.search(r'\?pick=([^"#]+)#prescribe"[^>]*><span><strong>amoxicillin', self.screens[visit].text)
        assert key, at
        form = (await self.browser.get(f"{at}?pick={key[1]}")).the_form("/orders")
        filled = form.filled(purpose="other", pharmacy=[one for one in form.options["pharmacy"] if one][:1])
        page = await self.browser.post(f"{at}/orders", filled)
        assert page.query == "said=drafted", (page.path, page.query, page.status)
        while (unsent := page.form("/send")) is not None:
            page = await self._send(unsent.action, unsent)
        self.screens[visit] = page

    async def end(self, visit: str) -> None:
        await self._press(visit, "/end", done="/sign")

    async def sign(self, visit: str) -> None:
        await self._press(visit, "/sign", done="/addendum")

    async def _press(self, visit: str, ending: str, done: str) -> Page:
        """Presses a button until its work shows on the screen: the next form is there."""
        at = _desk(visit)
        page = self.screens.get(visit) or await self.browser.get(at)
        deadline = time.monotonic() + STAGE_SECONDS
        while page.form(done) is None:
            assert time.monotonic() < deadline, f"{at}: no {done} after {ending} ({page.query})"
            form = page.form(ending)
            if form is None:
                await asyncio.sleep(LOOK_SECONDS)
                page = await self.browser.get(at)
                continue
            page = await self._send(at + ending, form)
        self.screens[visit] = page
        return page

    async def _send(self, path: str, form: Form) -> Page:
        """The same form again while the answer is that nobody answered."""
        page = await self.browser.post(path, form.filled())
        for _ in range(20):
            if page.query.removeprefix("said=") not in ASK_AGAIN:
                break
            await asyncio.sleep(LOOK_SECONDS)
            page = await self.browser.post(path, form.filled())
        assert "gate_shut" not in page.query, path
        return page


def _desk(visit: str) -> str:
    return f"/staff/visits/{visit}"


async def until_form(browser: Browser, path: str, ending: str) -> Page:
    deadline = time.monotonic() + STAGE_SECONDS
    while (page := await browser.get(path)).form(ending) is None:
        assert time.monotonic() < deadline, f"{path}: no form {ending}, but {page.path}"
        await asyncio.sleep(LOOK_SECONDS)
    return page


async def room_access(browser: Browser, at: str, page: Page) -> str:
    """Fetches what the call's script fetches before it connects."""
    csrf = re.search(r'name="csrf" (?:value|content)="(\w+)"', page.text)
    assert csrf, page.path
    told = await browser.json(f"{at}/room-access", {"csrf": [csrf[1]]})
    assert told.status_code == 200, (at, told.status_code)
    assert told.json()["token"]
    return str(told.json()["endpoint"])
