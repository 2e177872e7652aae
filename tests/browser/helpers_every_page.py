"""A clinic with something on every page, everybody who uses it, and a browser that goes wherever its links lead."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page
from starlette.testclient import TestClient

from engine.ports import Effect, VisitChange
from portals.base.visitor import COOKIES, LANGUAGE_COOKIE
from records.sessions import PATIENT_PORTAL, STAFF_PORTAL
from records.work import Actor
from tests.browser.helpers_people import AXE, AXE_RULES
from tests.browser.helpers_site import Site
from tests.portals.helpers_clinic import PORT, SLUG, Clinic, post
from tests.portals.helpers_crawl import PARAMETER, tell_visit
from tests.portals.helpers_journey import HERE, answer_page, booked, fill_intake, held, ref

MOST_BYTES = 100_000
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
NARROWEST = 320
CALLED, OPENED = "who is in a call", "who opened a chart"
# Of pages that each visit, file or person has: how many of them are looked at; the others are the same page again.
SAME_PAGE = 1
SAME_PAGE_OF_VISITS = 5
NOT_PAGES = re.compile(r"\.(ics|pdf|csv|json|css|js|svg|png|jsonl|zip)$|/files/|/changes$|/waiting/state$")
LOOK = """
() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const seen = one => one.getClientRects().length > 0;
  const stops = 'a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex]';
  const shown = one => one.outerHTML.slice(0, 90);
  const wrong = [];
  const heads = all('h1').filter(seen);
  if (heads.length !== 1 || !heads[0].textContent.trim()) wrong.push(heads.length + ' h1');
  if (!/^[^|]*\\S[^|]* \\| \\S/.test(document.title)) wrong.push('title ' + document.title);
  const first = all(stops).find(one => one.tabIndex >= 0);
  const main = first?.matches('.skip') && document.querySelector(first.getAttribute('href'));
  if (main?.tagName !== 'MAIN') wrong.push('the first stop of the Tab key is not the way to the content');
  wrong.push(...all('[tabindex]').filter(one => one.tabIndex > 0).map(one => 'an order of its own: ' + shown(one)));
  wrong.push(...all('[aria-hidden=true]').flatMap(one => all(stops, one)).filter(one => seen(one) && one.tabIndex >= 0)
    .map(one => 'a stop that is not read: ' + shown(one)));
  const ids = all('[id]').map(one => one.id);
  wrong.push(...ids.filter((one, at) => ids.indexOf(one) !== at).map(one => 'the same id twice: ' + one));
  const parts = ['navigation', 'resource'].flatMap(one => performance.getEntriesByType(one))
    .filter(one => !/\\/(room_\\w+|call\\w*|level)\\./.test(one.name));
  return {
    wrong, lang: document.documentElement.lang, axe: typeof window.axe !== 'undefined',
    bytes: parts.reduce((sum, one) => sum + one.encodedBodySize, 0),
    links: all('a[href]').map(one => one.getAttribute('href')),
  };
}
"""
BARRIERS = """
rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']}).then(
  found => found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 120)).join('; ')))
"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who looks: where they begin, in which language, on which screen first.

    ``key`` names them in the clinic's file, ``account`` is of who is not in it; a visitor has neither.
    """

    name: str
    homes: tuple[str, ...]
    key: str = ""
    account: str = ""
    language: str = "en"
    screen: str = "phone"

    @property
    def portal(self) -> str:
        return STAFF_PORTAL if self.homes[0].startswith("/staff") else PATIENT_PORTAL


@dataclass(slots=True, kw_only=True)
class Walk:
    """What one person's walk over all pages found: where it led by the routes' own names, and every trouble."""

    site: Site
    routes: tuple[tuple[str, re.Pattern[str]], ...]
    person: Person
    barriers: bool = True
    reached: dict[str, int] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    async def everywhere(self, context: BrowserContext) -> None:
        """Opens every page that a link leads to, each kind of page as often as it may differ."""
        page = await context.new_page()
        page.on("console", lambda told: self._heard(page, told.type, told.text))
        page.on("pageerror", lambda error: self.trouble.append(f"{page.url} script: {error}"))
        page.on("request", lambda asked: self._asked(page, asked.url))
        known = set(self.person.homes)
        waiting = deque(self.person.homes)
        while waiting:
            path = waiting.popleft()
            if not self._wanted(path):
                continue
            links = await self._look(page, path)
            for link in (urlsplit(one)._replace(fragment="").geturl() for one in links):
                if link not in known and link.startswith("/") and not NOT_PAGES.search(urlsplit(link).path):
                    known.add(link)
                    waiting.append(link)
        await page.close()

    def _wanted(self, path: str) -> bool:
        name = self._name(path)
        most = SAME_PAGE_OF_VISITS if name == "/visits/{visit_id}" else SAME_PAGE if PARAMETER.search(name) else 1
        self.reached[name] = self.reached.get(name, 0) + 1
        return self.reached[name] <= most

    def _name(self, path: str) -> str:
        bare = urlsplit(path).path
        return next((name for name, shape in self.routes if shape.fullmatch(bare)), bare)

    async def _look(self, page: Page, path: str) -> list[str]:
        answer = await page.goto(self.site.base + path, wait_until="load")
        assert answer is not None, path
        led = urlsplit(page.url).path
        self.reached.setdefault(self._name(led), 1)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            self.trouble.append(f"{self.person.name} {path}: {answer.status} {answer.headers.get('content-type')}")
            return []
        found: dict[str, Any] = await page.evaluate(LOOK)
        told = [*found["wrong"], *(await self._barriers(page, found["axe"])), *(await self._too_wide(page))]
        told += [f"lang {found['lang']}"] if found["lang"] != self.person.language else []
        told += [f"{found['bytes']} bytes"] if found["bytes"] >= MOST_BYTES else []
        self.trouble += [f"{self.person.name} {path}: {one}" for one in told]
        return [str(one) for one in found["links"]]

    async def _barriers(self, page: Page, there: bool) -> list[str]:
        if not self.barriers:
            return []
        if not there:
            await page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = await page.evaluate(BARRIERS, AXE_RULES)
        return found

    async def _too_wide(self, page: Page) -> list[str]:
        """At the narrowest phone, at the usual one and at a desk; ends at the width that the walk began with."""
        told = []
        widths = sorted({NARROWEST, *(wide for wide, _ in WIDTHS.values())} - {WIDTHS[self.person.screen][0]})
        for width in (*widths, WIDTHS[self.person.screen][0]):
            await page.set_viewport_size({"width": width, "height": WIDTHS[self.person.screen][1]})
            more = await page.evaluate(WIDER)
            told += [f"{more} px wider than a screen of {width}"] if more > 0 else []
        return told

    def _heard(self, page: Page, kind: str, text: str) -> None:
        if kind == "error":
            self.trouble.append(f"{self.person.name} {page.url} console: {text}")

    def _asked(self, page: Page, url: str) -> None:
        if not url.startswith((self.site.base, "data:", "blob:")):
            self.trouble.append(f"{self.person.name} {page.url}: a request elsewhere: {url}")


def shapes(paths: Iterable[str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The routes' paths and what addresses of them look like, those without parameters first."""
    ordered = sorted(paths, key=lambda path: (len(PARAMETER.findall(path)), path))
    return tuple((path, re.compile(PARAMETER.sub("[^/]+", path.replace(".", r"\.")))) for path in ordered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """What the clinic holds: accounts of who is not in its file, and pages that forms lead to, by whose they are."""

    accounts: Mapping[str, str]
    pages: Mapping[str, tuple[str, ...]]


def living_clinic(clinic: Clinic) -> Living:
    """June with a visit of each kind: held, booked, waiting, stopped, over. Somebody else's call goes on, and their
    chart is open elsewhere in an emergency."""
    browser = clinic.browser()
    over, stopped, ready = (booked(clinic, browser) for _ in range(3))
    _finish(clinic, over)
    _write(clinic, browser, over)
    clinic.visits.move(ref(stopped), "blocked")
    fill_intake(clinic, browser, ready)
    answer_page(browser, f"/visits/{ready}/place", HERE)
    clinic.visits.pump()
    clinic.visits.move(ref(ready), "waiting")
    fresh = booked(clinic, browser)
    unpaid = held(clinic, browser)
    told = tell_visit(clinic, SLUG, "Aaa")
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        found = {name: scope.accounts.of_person(one) for name, one in ((CALLED, told.patient), (OPENED, told.helper))}
    chart = f"/staff/emergency/{told.ids['emergency']}"
    visit = f"/visits/{told.ids['visit']}"
    pages = {
        "the patient": (f"/visits/{ready}/waiting", f"/visits/{fresh}/consent", f"/visits/{unpaid}/pay"),
        CALLED: (f"{visit}/call", f"{visit}/consent/signed", f"{visit}/consent/take-back"),
        OPENED: (chart, f"{chart}{visit}"),
        "support": (f"/staff/connections/{told.ids['visit']}",),
    }
    return Living(accounts={name: one.account for name, one in found.items() if one}, pages=pages)


def _write(clinic: Clinic, browser: TestClient, visit: str) -> None:
    """June has written about the visit, and the clinician who walks answers it."""
    at = str(post(browser, "/messages/new", {"about": visit}).url).partition(f":{PORT}")[2]
    post(browser, at, {"subject": "A question", "text": "Is it fine?", "act": "send", "request": "f" * 24})
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        person = next(one.person for one in scope.people.providers() if one.seed_key == "rosalind_achebe")
        scope.conversations.hand_over(at.rpartition("/")[2], person)


def _finish(clinic: Clinic, visit: str) -> None:
    effect = Effect(ref=ref(visit), step="tests", key="end", actor="system")
    clinic.visits.store.write_summary(effect)
    clinic.visits.store.change(effect, VisitChange(event="completed", stage="completed"))


def token_of(clinic: Clinic, person: Person) -> str:
    """The session of somebody of the clinic's file, who signs in with one click, or of who only has an account."""
    if person.account:
        with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
            token: str = scope.sessions.open(person.account, person.portal)[0]
            return token
    browser, door = clinic.browser(), "/staff" if person.portal == STAFF_PORTAL else ""
    answer = post(browser, f"{door}/sign-in", {"person": person.key}, to=f"{door}/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return next(str(one.value) for one in browser.cookies.jar if one.name == COOKIES[person.portal])


async def signed_in(context: BrowserContext, site: Site, person: Person) -> None:
    """The cookies of that person's session, and of the language that they chose."""
    cookies = [{"name": LANGUAGE_COOKIE, "value": person.language, "url": site.base}]
    if person.key or person.account:
        cookies.append({"name": COOKIES[person.portal], "value": token_of(site.clinic, person), "url": site.base})
    await context.add_cookies(cookies)  # type: ignore[arg-type]
