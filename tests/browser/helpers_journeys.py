"""A patient's way on a phone at the quick site: every page looked at and read, and the clinician's side by stand-in."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from playwright.async_api import Page, expect

from engine.ports import DispatchReceipt, Effect
from portals.base.i18n import catalogue
from records.access import Role
from records.notes import NoteDraft
from records.work import Actor
from tests.browser.helpers_shots import shots
from tests.browser.helpers_site import Site, Watch
from tests.portals.helpers_clinic import SLUG
from tests.portals.helpers_journey import ref
from tests.records.helpers_journey import gate_record, order_of

GO = "main form button.button"
ANY_INTAKE = re.compile(r"/visits/vis_\w+/intake/")
ANY_VISIT = re.compile(r"/visits/vis_\w+(\?new=\w+)?$")
LONGER_THAN = 12
ENGLISH = re.compile(r"\b(the|your|you|and|with|this|are|was)\b")  # what forms, law and clinics say is in no catalogue
# Everything a page says or would say to a screen reader, but what is marked as being in another language.
SAID = """
() => {
  const said = [], attributes = ['aria-label', 'alt', 'title', 'placeholder'];
  const read = root => {
    for (const one of root.childNodes) {
      if (one.nodeType === Node.TEXT_NODE) said.push(one.data);
      if (one.nodeType !== Node.ELEMENT_NODE || one.matches('script, style')) continue;
      if (one.lang && one.lang !== document.documentElement.lang) continue;
      said.push(...attributes.map(name => one.getAttribute(name)), ...Object.values(one.dataset));
      read(one);
      if (one.content instanceof DocumentFragment) read(one.content);
    }
  };
  read(document.documentElement);
  return said.filter(Boolean).map(one => one.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}
"""


@dataclass
class Walker:
    """Somebody on a phone; ``look`` at every page collects what is wrong with it in ``watch.trouble``."""

    page: Page
    site: Site
    name: str
    language: str = "en"
    visit: str = ""
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(self.page, self.site.base)

    @property
    def trouble(self) -> list[str]:
        """Whatever was wrong but what the technical check tells by itself: there is no media node at this site."""
        no_node = ("/check", "503 (Service Unavailable)")
        told = [one for one in self.watch.trouble if "/room" not in one]
        return [one for one in told if not all(part in one for part in no_node)]

    async def go(self, path: str) -> None:
        await self.page.goto(self.site.base + path)

    async def at_visit(self, part: str = "") -> None:
        await self.go(f"/visits/{self.visit}{part}")

    async def look(self, part: str) -> None:
        """No barriers here, in the right language and no other; a picture of it is kept."""
        await expect(self.page.locator("html")).to_have_attribute("lang", self.language)
        await expect(self.page.get_by_role("heading", level=1).first).to_be_visible()
        await self.watch.barriers()
        for one in foreign(await self.page.evaluate(SAID), self.language):
            self.watch.trouble.append(f"{self.page.url} says {one}")
        await self.page.screenshot(path=shots() / f"{self.name}-{part}.png", full_page=True)

    async def fill(self, **values: str) -> None:
        for name, value in values.items():
            await self.page.fill(f"#{name}", value)

    async def press(self) -> None:
        await self.page.locator(GO).first.click()

    async def answer_all(self) -> None:
        """The calmest answer to each question until the review, whose send is left to the caller."""
        await self.at_visit("/intake")
        number = 0
        while "review" not in await self._asked():
            number += 1
            await self.look(f"intake-{number}")
            before = self.page.url
            await self._answer()
            await self.press()
            await self.page.wait_for_function("before => location.href !== before", arg=before)

    async def _asked(self) -> str:
        await self.page.wait_for_url(ANY_INTAKE)
        return self.page.url.rpartition("/")[2]

    async def _answer(self) -> None:
        form = self.page.locator("[data-intake]")
        await form.wait_for()
        choices = form.locator("input[type=radio], input[type=checkbox]")
        calm = form.locator("input[value=false], input[value=none], input[value=no], input[value=not_applicable]")
        if await calm.count():
            await calm.first.check(force=True)
        elif await choices.count():
            await choices.first.check(force=True)
        elif await form.locator("#answer-m").count():
            await self.fill(**{"answer-m": "11", "answer-d": "20", "answer-y": "2026"})
        elif await form.locator("textarea, input.input").count():
            number = await form.locator("textarea").count() == 0
            await form.locator("textarea, input.input").first.fill("3" if number else "38.5 C")

    async def tries_devices(self) -> None:
        """The technical check with the browser's own pictures and beeps; what it found is kept."""
        await self.at_visit("/check")
        await self.look("check")
        await self.page.locator("[data-begin]").press("Enter")
        for part in ("camera", "microphone"):
            verdict = self.page.locator(f"[data-part={part}] [data-verdict]")
            await expect(verdict).to_have_attribute("data-tone", "good")
        await self.page.locator("[data-play]").press("Enter")
        await self.page.locator("[data-heard=ok]").press("Enter")
        await expect(self.page.locator("[data-part=network] [data-why=untested]")).to_be_visible()  # no node runs
        await self.look("checking")
        await self.page.locator("form[data-result] button").click()
        await expect(self.page.locator("main dl.facts")).to_be_visible()
        await self.look("checked")

    async def waits_and_is_let_in(self) -> None:
        """The waiting room, and the link into the call once the clinician lets the patient in."""
        await self.at_visit("/waiting")
        await self.look("waiting-enter")
        await self.page.locator("form[action$='/arrive'] button").click()
        await expect(self.page.locator("[data-position]")).to_be_visible()
        await self.look("waiting")
        self.site.clinic.visits.move(ref(self.visit), "in_call")
        join = self.page.locator("form[action$='/join'] button")
        await expect(join).to_be_visible()  # the open page learns it by itself
        await self.look("let-in")
        await join.click()
        await self.page.wait_for_url("**/visits/join/*")
        await self.look("join")


@cache
def _sentences(language: str) -> tuple[tuple[str, str], ...]:
    """Pieces of the other languages' own sentences between their values, with the message's name."""
    ours = catalogue(language)
    own = " ".join(ours.values())
    others = catalogue("en") if language != "en" else catalogue("es")
    found = []
    for key, text in others.items():
        for piece in (one.strip() for one in re.split(r"\{\w*\}", text)):
            if len(piece) > LONGER_THAN and " " in piece and text != ours[key] and piece not in own:
                found.append((key, piece))
    return tuple(found)


def foreign(said: list[str], language: str) -> list[str]:
    """What of the page's words is a sentence of the other language's catalogue, with that message's name, and whatever
    else has English in it."""
    page = "\n".join(said)
    found = [f"{piece!r} ({key})" for key, piece in _sentences(language) if piece in page]
    return found + [repr(one) for one in said if language != "en" and ENGLISH.search(one)]


def close_visit(site: Site, visit: str, **words: str) -> None:
    """What the clinician does: a prescription that the pharmacy takes, a signed note, and the summary it leaves.

    ``words`` are the note's ``instructions`` and ``diagnosis`` and the prescription's ``sig``.
    """
    store, database = site.clinic.visits.store, site.clinic.database
    with database.scope(SLUG, Actor.system("tests")) as scope:
        provider = scope.visits.get(visit).provider

    def effect() -> Effect:
        return Effect(ref=ref(visit), step="tests", key=secrets.token_hex(6), actor=provider)

    site.clinic.visits.move(ref(visit), "documenting")
    fields = {"assessment.diagnosis": words["diagnosis"], "plan.instructions": words["instructions"]}
    with database.scope(SLUG, Actor(person=provider, role=Role.PROVIDER)) as scope:
        draft: dict[str, Any] = {"visit": visit, "template": "urgent_care/note", "version": 0, "key": "k"}
        note = scope.notes.save(NoteDraft(fields=fields, **draft)).note
        order = scope.orders.draft(replace(order_of(visit), sig=words["sig"]))
    written = store.order_version(ref(visit), order)
    store.record_gate(effect(), replace(gate_record("prescribe"), subject=order, order=written))
    store.begin_dispatch(effect(), order, written.version)
    store.record_dispatch(effect(), order, DispatchReceipt(state="accepted", message_id="m1", simulated=True))
    store.sign_note(effect(), note)
    store.write_summary(effect())
    site.clinic.visits.move(ref(visit), "completed")
