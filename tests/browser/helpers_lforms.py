"""A page with the National Library of Medicine's form renderer in it, and a hand that fills in what it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from playwright.sync_api import Page, Route, TimeoutError, sync_playwright

from engine.forms import Form, Item
from integrations.fhir.elements import choice_code
from integrations.fhir.questionnaires import questionnaire
from tests.browser.helpers_people import CHROMIUM

LFORMS = Path(__file__).parent / "node_modules" / "lforms" / "dist" / "lforms"
BASE = "https://clinic.example/fhir"
PAGE = """<!doctype html><html lang="en"><title>Form</title><div id="form"></div>
<script src="/webcomponent/assets/lib/zone.min.js"></script>
<script type="module" src="/webcomponent/lhc-forms.js"></script>
<script type="module" src="/fhir/R4/lformsFHIR.min.js"></script></html>"""
SHOWN = """[...document.querySelectorAll("#form lhc-item")].filter((e) => e.offsetParent !== null)
  .map((e) => e.id.slice("item-".length, -"/1".length))"""
WORDS = """Object.fromEntries([...document.querySelectorAll("#form lhc-item")].map((e) => [
  e.id.slice("item-".length, -"/1".length),
  [e.querySelector("label[id^='label-']").textContent.trim(),
   ...[...e.querySelectorAll("label[id*='/1|http']")].map((one) => one.textContent)]]))"""
RENDER = """async ([asked, answered]) => {
  const form = document.getElementById("form");
  let shape = LForms.Util.convertFHIRQuestionnaireToLForms(asked, "R4");
  if (answered) shape = LForms.Util.mergeFHIRDataIntoLForms("QuestionnaireResponse", answered, shape, "R4");
  await LForms.Util.addFormToPage(shape, form, {});
}"""
TOLD = """LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", document.getElementById("form"))"""
MOST_MS = 3000


class Renderer:
    """One page that renders one form after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda message: self._said(message.type, message.text))

    def render(self, form: Form, response: Mapping[str, Any] | None = None) -> None:
        """Shows a form, with the answers of a response already in it."""
        self._page.evaluate(RENDER, [questionnaire(form, BASE), response])

    def shown(self, expected: list[str]) -> list[str]:
        """The items shown, as soon as they are the expected ones, else after a while."""
        try:
            self._page.wait_for_function(
                f"JSON.stringify({SHOWN}) === {json.dumps(json_text(expected))}", timeout=MOST_MS
            )
        except TimeoutError:
            found: list[str] = self._page.evaluate(SHOWN)
            return found
        return expected

    def words(self) -> dict[str, list[str]]:
        """Each item's question, marked with a star where it must be answered, and its choices, as on the page."""
        found: dict[str, list[str]] = self._page.evaluate(WORDS)
        return found

    def told(self, expected: Mapping[str, Any]) -> dict[str, Any]:
        """What it hands out of the items named, as soon as it is the expected, else after a while: it adds up late."""
        until = monotonic() + MOST_MS / 1000
        while (found := self._handed_out(expected)) != expected and monotonic() < until:
            self._page.wait_for_timeout(50)
        return found

    def _handed_out(self, expected: Mapping[str, Any]) -> dict[str, Any]:
        kept = self.all_told()
        return {key: kept.get(key) for key in expected}

    def all_told(self) -> dict[str, Any]:
        """The answers the renderer hands out, by item, in plain values; several of them sorted."""
        response = self._page.evaluate(TOLD)
        return {
            item["linkId"]: sorted(_plain(answer) for answer in item["answer"])
            for item in response.get("item", ())
            if "answer" in item
        }

    def answer(self, form: Form, item: Item, value: Any, before: Any = None) -> None:
        """Fills in an answer as a person does; `before` is what stands there already."""
        if item.type in ("boolean", "choice", "multi_choice"):
            wanted, there = _several(value), _several(before)
            unticked = there if item.type == "multi_choice" else []
            for choice in [*wanted, *unticked]:
                if (choice in wanted) != (choice in there):
                    self._page.locator(f'[id="{_option(form, item, choice)}"]').click()
        elif item.type == "date":
            year, month, day = str(value).split("-")
            field = self._page.locator(f'[id="{item.id}/1"] input')
            field.fill(f"{month}/{day}/{year}")
            field.press("Enter")
        elif item.type != "info":
            field = self._page.locator(f'[id="{item.id}/1"]')
            field.fill(str(value))
            field.press("Tab")

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" or "did not resolve" in text:
            self.trouble.append(text)


@contextmanager
def renderer() -> Iterator[Renderer]:
    """A renderer in Chromium; every file comes from the package's folder, and nothing else can be asked for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.route("**/*", _serve)
            page.goto("http://clinic.test/")
            page.wait_for_function("window.LForms?.Util && LForms.FHIR?.R4")
            yield Renderer(page)
        finally:
            browser.close()


def json_text(value: Any) -> str:
    """JSON as a browser writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _serve(route: Route) -> None:
    place = route.request.url.removeprefix("http://clinic.test/")
    if not place:
        route.fulfill(content_type="text/html", body=PAGE)
    elif (LFORMS / place).is_file():
        route.fulfill(path=LFORMS / place)
    else:
        route.abort()


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _option(form: Form, item: Item, choice: Any) -> str:
    if item.type == "boolean":
        return f"{item.id}/1|{str(choice).lower()}"
    named = choice_code(form, item, next(one for one in item.choices if one.id == choice), BASE)
    return f"{item.id}/1|{named.system}|{named.code}"


def _plain(answer: Mapping[str, Any]) -> Any:
    (value,) = answer.values()
    return value["code"] if isinstance(value, Mapping) else value
