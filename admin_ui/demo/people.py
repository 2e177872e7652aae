"""What the people of a demonstration do on pages: a patient until the call, a clinician, who decides, the clock."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from admin_ui.demo.answers import answer_to, fields_of
from admin_ui.demo.pages import PATIENCE_SECONDS, PAUSE_SECONDS, Browser, Form, Page, Unexpected
from engine.forms import Form as DemoForm
from records.seed import DEMO_PASSWORD

CARD = {"number": "4242424242424242", "expires": "12/29", "code": "123"}  # the simulated processor's own good card
MOST_QUESTIONS = 80


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Role:
    """Who somebody is and what they say: fields of the sign-up form, answers by item, and where they are.

    ``forms`` are those that the visit may ask.
    """

    about: Mapping[str, str]
    answers: Mapping[str, Any]
    place: Mapping[str, str]
    words: str
    forms: tuple[DemoForm, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.about['given']} {self.about['family']}"


@dataclass(repr=False)
class Patient:
    """Books, pays, answers, says where they are, consents, waits and joins."""

    browser: Browser
    role: Role
    visit: str = ""
    starts: datetime | None = None

    @property
    def at(self) -> str:
        return f"/visits/{self.visit}"

    async def sign_in_as(self, person: str) -> None:
        """One of the file's demo patients, with one click."""
        form = (await self.browser.get("/sign-in")).the_form("/demo/sign-in")
        _expect(await self.browser.post("/demo/sign-in", form.filled(person=person)), "/visits")

    async def sign_up(self) -> None:
        """Makes an account; one that is there already is signed in to."""
        page = await self.browser.get("/sign-up")
        page = await self.browser.post("/sign-up", page.the_form("/sign-up").filled(**self.role.about))
        if page.status == 409:
            form = (await self.browser.get("/sign-in")).the_form("/sign-in")
            page = await self.browser.post(
                "/sign-in", form.filled(email=self.role.about["email"], password=self.role.about["password"])
            )
        if page.status != 200:
            raise Unexpected(f"{page.path} ({page.status})")

    async def book(self, kind: str, clinician: str, place: Mapping[str, str]) -> None:
        """Takes the clinician's first free time, the next one when somebody was faster, and pays for it."""
        times, offered = await self.times(kind, clinician, place)
        for chosen in offered:
            review = await self.browser.post(times.path, times.the_form("/times").filled(time=chosen))
            page = await self.browser.post("/book/review", _agreeing(review.the_form("/book/review")))
            found = re.fullmatch(r"/visits/(vis_\w+)(/pay)?", page.path)
            if found:
                self.visit, self.starts = found[1], start_of(chosen)
                return await self._pay()
        raise Unexpected(f"no free time of the clinician at {times.path} ({times.status})")

    async def times(self, kind: str, clinician: str, place: Mapping[str, str]) -> tuple[Page, list[str]]:
        """The page of free times, and those of the clinician in the order of time."""
        at = f"/book/{kind}"
        form = (await self.browser.get(at)).the_form(at)
        choice = {"who": "self"} if "who" in form.options else {}
        page = await self.browser.post(at, form.filled(**place, **choice))
        shown = page.form("/times")
        found = shown.options.get("time", []) if shown else []
        return page, [one for one in found if one.startswith(f"{clinician}|")]

    async def answer_everything(self) -> None:
        """Answers each question as its page's script does, then hands the form in."""
        page = await self.browser.get(f"{self.at}/intake")
        for _ in range(MOST_QUESTIONS):
            if page.path.endswith("/review"):
                break
            form = page.the_form(page.path)
            sent = form.filled(**self._answer(form), key=secrets.token_hex(12))
            if (await self.browser.json(page.path, sent)).status_code not in (200, 409):
                raise Unexpected(f"the demo patient's answer to {self._asked(form)} was not taken ({page.path})")
            page = await self.browser.get(f"{self.at}/intake")
        page = await self.browser.post(f"{self.at}/intake/submit", page.the_form("/submit").filled())
        _expect(page, self.at)

    async def say_place(self) -> None:
        form = (await self.browser.get(f"{self.at}/place")).the_form("/place")
        _expect(await self.browser.post(f"{self.at}/place", form.filled(**self.role.place, here="yes")), self.at)

    async def consent(self) -> None:
        """Signs each paper that is asked for."""
        page = await self.browser.get(f"{self.at}/consent")
        while (form := page.form("/consent")) is not None and page.status == 200:
            page = await self.browser.post(f"{self.at}/consent", form.filled(signature=self.role.name, agree="yes"))
        _expect(page, self.at)

    async def arrive(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Enters the waiting room as soon as its door is open."""
        page = await self.browser.until_form(f"{self.at}/waiting", "/arrive", seconds)
        while (form := page.form("/arrive")) is not None:
            page = await self.browser.post(f"{self.at}/arrive", form.filled())

    async def is_let_wait(self, seconds: float) -> bool:
        """Whether the waiting room's door is open, or opens within so many seconds."""
        try:
            await self.browser.until_form(f"{self.at}/waiting", "/arrive", seconds)
        except Unexpected:
            return False
        return True

    async def join(self, seconds: float = PATIENCE_SECONDS) -> Mapping[str, str]:
        """Joins once let in, through the link's own page; returns the room's address and the token for it."""
        page = await self.browser.until_form(f"{self.at}/waiting", "/join", seconds)
        page = await self.browser.post(f"{self.at}/join", page.the_form("/join").filled())
        if page.form(page.path) is not None:
            page = await self.browser.post(page.path, page.the_form(page.path).filled())
        _expect(page, f"{self.at}/call")
        return await room_access(self.browser, self.at, page)

    async def stage(self) -> str:
        """How far the visit is."""
        return str((await self.browser.state(f"{self.at}/waiting/state"))["stage"])

    async def until(self, stage: str) -> None:
        """Waits until the visit is so far."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (now := await self.stage()) != stage:
            if time.monotonic() > deadline:
                raise Unexpected(f"{self.visit} is {now}, not {stage}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _pay(self) -> None:
        page = await self.browser.get(f"{self.at}/pay")
        if (form := page.form("/pay")) is not None:
            page = await self.browser.post(f"{self.at}/pay", form.filled(name=self.role.name, **CARD))
        _expect(page, self.at)

    def _answer(self, form: Form) -> dict[str, list[str]]:
        """What the role says to the question; else what its form takes. `Unexpected` where nothing said is taken."""
        name = form.values["item"][0]
        item = next((found for one in self.role.forms if (found := one.item(name)) is not None), None)
        raw = answer_to(item, self.role.answers, self.role.words) if item else None
        if item is None or raw is None:
            raise Unexpected(f"the demo patient has no answer to {self._asked(form)}")
        return fields_of(item, raw)

    def _asked(self, form: Form) -> str:
        """The question by its form's name and its own."""
        name = form.values["item"][0]
        return next((f"{one.id}, `{name}`" for one in self.role.forms if one.item(name)), f"`{name}`")


@dataclass(repr=False)
class Clinician:
    """Lets in, joins, writes, prescribes, ends and signs."""

    browser: Browser
    screens: dict[str, Page] = field(default_factory=dict)

    async def sign_in(self, email: str) -> None:
        form = (await self.browser.get("/staff/sign-in")).the_form("/sign-in")
        page = await self.browser.post("/staff/sign-in", form.filled(email=email, password=DEMO_PASSWORD))
        _expect(page, "/staff")

    async def let_in(self, visit: str) -> None:
        """Lets the patient in and joins them."""
        await self._press(visit, "/admit", done="/join")
        await self._press(visit, "/join", done="/end")

    async def write(self, visit: str, note: Mapping[str, str]) -> None:
        """Writes the note: what is given by field, the first choice of what is chosen, a short word elsewhere."""
        form = self.screens[visit].the_form("/note")
        fields = {name: note.get(name, note["else"]) for name in form.values if "." in name}
        fields |= {name: next(one for one in found if one) for name, found in form.options.items() if "." in name}
        told = await self.browser.json(f"{desk(visit)}/note", form.filled(**fields, key=secrets.token_hex(12)))
        if told.status_code != 200:
            raise Unexpected(f"{desk(visit)}/note ({told.status_code})")

    async def prescribe(self, visit: str, drug: str) -> None:
        """Writes one prescription out of the formulary and sends it; nothing where the drug is not in it."""
        key = re.search(rf'\?pick=([^"#]+)#prescribe"[^>]*><span><strong>{re.escape(drug)}', self.screens[visit].text)
        if key is None:
            return
        form = (await self.browser.get(f"{desk(visit)}?pick={key[1]}")).the_form("/orders")
        pharmacy = [one for one in form.options.get("pharmacy", []) if one][:1]
        page = await self.browser.post(f"{desk(visit)}/orders", form.filled(purpose="other", pharmacy=pharmacy))
        if (unsent := page.form("/send")) is not None:
            page = await self.browser.post(unsent.action, unsent.filled())
        self.screens[visit] = page

    async def end(self, visit: str) -> None:
        await self._press(visit, "/end", done="/sign")

    async def sign(self, visit: str) -> None:
        await self._press(visit, "/sign", done="/addendum")

    async def _press(self, visit: str, ending: str, done: str) -> None:
        """Presses a button until its work shows on the screen: the next form is there."""
        at, deadline = desk(visit), time.monotonic() + PATIENCE_SECONDS
        page = self.screens.get(visit) or await self.browser.get(at)
        while page.form(done) is None:
            if time.monotonic() > deadline or "gate_shut" in page.query:
                raise Unexpected(f"{at}: no {done} after {ending} ({page.query})")
            form = page.form(ending)
            if form is None:
                await asyncio.sleep(PAUSE_SECONDS)
                page = await self.browser.get(at)
                continue
            page = await self.browser.post(at + ending, form.filled())
        self.screens[visit] = page


@dataclass(repr=False)
class Colleague:
    """Somebody of the clinic who decides what waits."""

    browser: Browser

    async def sign_in(self, email: str) -> None:
        form = (await self.browser.get("/staff/sign-in")).the_form("/sign-in")
        page = await self.browser.post("/staff/sign-in", form.filled(email=email, password=DEMO_PASSWORD))
        if not page.path.startswith("/staff") or page.form("/staff/sign-in") is not None:
            raise Unexpected(f"{page.path} ({page.status})")

    async def decide(self, kind: str, decision: str, reason: str) -> None:
        """Takes the newest matter of a kind and decides it; where two people are asked for, it waits for another."""
        page = await self._the_matter(kind)
        page = await self.browser.post(f"{page.path}/take", page.the_form("/take").filled())
        form = page.the_form("/decide")
        page = await self.browser.post(form.action, form.filled(decision=decision, reason=reason))
        if page.query != "said=decided":
            raise Unexpected(f"{page.path} ({page.status}), not decided ({page.query})")

    async def _the_matter(self, kind: str) -> Page:
        """A matter comes into the inbox a moment after what raised it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            listed = await self.browser.get(f"/staff/reviews?kind={kind}&state=open")
            found = re.search(r'href="(/staff/reviews/rvw_\w+)"', listed.text)
            if found:
                return await self.browser.get(found[1])
            if time.monotonic() > deadline:
                raise Unexpected(f"no open matter of the kind {kind} at {listed.path} ({listed.status})")
            await asyncio.sleep(PAUSE_SECONDS)


@dataclass(repr=False)
class Hall:
    """The start page, where the clock of all clinics is moved; ``zone`` is the one in which it takes an hour."""

    browser: Browser
    zone: str

    async def show(self, instant: datetime) -> None:
        """Lets visits and the law go by that minute from now on."""
        typed = instant.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M")
        form = (await self.browser.get("/demo/clock")).the_form("/demo/clock")
        page = await self.browser.post("/demo/clock", form.filled(at=typed, act="move"))
        if page.query != "said=moved":
            raise Unexpected(f"{page.path} ({page.status}), not moved to {typed}")

    async def back(self) -> None:
        """Back to the computer's own time."""
        form = (await self.browser.get("/demo/clock")).the_form("/demo/clock")
        page = await self.browser.post("/demo/clock", form.filled(act="reset"))
        if page.query != "said=reset":
            raise Unexpected(f"{page.path} ({page.status}), not back")


def start_of(chosen: str) -> datetime:
    """When a time that was chosen begins. Raises `Unexpected` where its button says no instant."""
    try:
        return datetime.fromisoformat(chosen.partition("|")[2])
    except ValueError:
        raise Unexpected("a time without its instant") from None


def desk(visit: str) -> str:
    """The clinician's screen of a visit."""
    return f"/staff/visits/{visit}"


async def room_access(browser: Browser, at: str, page: Page) -> Mapping[str, str]:
    """What the call's script fetches before it connects: ``endpoint`` and ``token``."""
    csrf = re.search(r'name="csrf" (?:value|content)="(\w+)"', page.text)
    if csrf is None:
        raise Unexpected(page.path)
    told = await browser.json(f"{at}/room-access", {"csrf": [csrf[1]]})
    if told.status_code != 200:
        raise Unexpected(f"{at}/room-access ({told.status_code})")
    access: Mapping[str, str] = told.json()
    return access


def _agreeing(form: Form) -> dict[str, list[str]]:
    """A form with each of its boxes ticked."""
    ticked = {name: found[:1] for name, found in form.options.items() if name not in form.values}
    return form.filled(**ticked)


def _expect(page: Page, path: str) -> None:
    if page.path != path:
        raise Unexpected(f"{page.path} ({page.status}), not {path}")
