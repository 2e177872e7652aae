"""The browser asks the same next question as the server, and shows the same emergency."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, sync_playwright

from engine.forms import Form
from engine.forms_browser import browser_form
from tests.browser.helpers_intake import (
    DRIVE,
    EVERY_OPERATOR,
    SCRIPT,
    differences,
    generated_walks,
    in_node,
    on_server,
)
from tests.engine.helpers_content import content, form
from tests.engine.helpers_instruments import screening

UNITS = """- {id: mass, type: decimal, unit: kg, least: 1, most: 200, places: 2, text: {en: M}}
- {id: heavy, type: boolean, text: {en: H}, show_when: {mass: {at_least: "150 [lb_av]"}}}
- {id: weeks, type: integer, unit: wk, least: 0, most: 60, text: {en: W}}
- {id: long, type: boolean, text: {en: L}, show_when: {not: {weeks: {at_most: 30 d}}}}
"""


def forms() -> dict[str, Form]:
    own = {"every operator": form(EVERY_OPERATOR), "units": form(UNITS), "screening": screening()}
    return {**content().forms, **own}


@pytest.mark.slow
@pytest.mark.parametrize("name", forms())
def test_browser_and_server_agree_on_generated_walks(name: str) -> None:
    compiled = forms()[name]
    walks = generated_walks(compiled, 1200, seed=11)
    assert differences(compiled, walks, in_node(compiled, walks)) == []


@pytest.mark.slow
def test_the_walks_reach_every_item_and_every_flag() -> None:
    for compiled in forms().values():
        seen = in_node(compiled, generated_walks(compiled, 1200, seed=11))
        assert {item.id for item in compiled.items} == {name for one in seen for name in one["shown"]}
        assert {flag.id for flag in compiled.flags} == {name for one in seen for name in one["flags"]}
        told = {name for one in seen for name, total, _ in one["scores"] if total is not None}
        assert {score.id for score in compiled.scores} == told


def test_a_planted_difference_is_noticed() -> None:
    compiled = forms()["every operator"]
    walks = generated_walks(compiled, 200, seed=3)
    theirs = in_node(form(EVERY_OPERATOR.replace("less: 12", "less: 11")), walks)
    assert differences(compiled, walks, theirs)


FAULTS = [
    ("an unknown that counts as false", "if (!told) return null;", "if (!told) return false;"),
    ("an unknown that is forgotten", "if (truth === null) answer = null;", ""),
    ("a denied unknown that is true", "return truth === null ? null : !truth;", "return !truth;"),
    ("a month too far", "year * 12 + month - 1 + by.months", "year * 12 + month + by.months"),
    ("a day that a month lacks", "Math.min(day, lastDay)", "day"),
    ("a border that is left out", "on_or_before: (a, b) => a <= b", "on_or_before: (a, b) => a < b"),
    ("one of all", "has_all: (a, b) => b.every", "has_all: (a, b) => b.some"),
    ("a choice that is none", "value.every((part) => isChoice(item, part))", "true"),
    ("an unreadable danger", "truth || (truth === null && flag.needs", "truth || (truth === 0 && flag.needs"),
    ("words required on an unknown", "facts) === true", "facts) !== false"),
]


@pytest.mark.slow
def test_every_planted_fault_of_the_browsers_module_is_noticed(tmp_path: Path) -> None:
    compiled, script, missed = forms()["every operator"], tmp_path / "intake.mjs", []
    walks = generated_walks(compiled, 400, seed=11)
    server = [on_server(compiled, answers) for answers in walks]
    for name, right, wrong in FAULTS:
        text = SCRIPT.read_text(encoding="utf-8")
        assert text.count(right) == 1, name
        script.write_text(text.replace(right, wrong), encoding="utf-8")
        if in_node(compiled, walks, script) == server:
            missed.append(name)
    assert missed == []


HALVES = """- {id: heat, type: decimal, unit: Cel, least: -45, most: 45, places: 4, text: {en: A}}
- {id: above, type: boolean, text: {en: A}, show_when: {heat: {greater: 38.507812}}}
- {id: below, type: boolean, text: {en: A}, show_when: {heat: {less: -38.507812}}}
"""
INHERITED = """- {id: constructor, type: boolean, text: {en: A}}
- {id: after, type: boolean, text: {en: A}, show_when: {constructor: true}}
"""
TIES = (38.5078125, 38.5078135, 38.5078126, -38.5078125, -38.5078126, 0.0000005, 38.507812500000007)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "walks"),
    [(HALVES, [{"heat": heat} for heat in TIES]), (INHERITED, [{}, {"constructor": True}, {"after": True}])],
    ids=["halves of a millionth", "names every object has"],
)
def test_browser_and_server_agree_where_the_two_languages_differ(items: str, walks: list[dict[str, Any]]) -> None:
    compiled = form(items)
    assert differences(compiled, walks, in_node(compiled, walks)) == []


@pytest.mark.browser
def test_the_module_runs_the_same_in_chromium() -> None:
    compiled = content().form("urgent_care/intake")
    walks = generated_walks(compiled, 300, seed=5)
    assert differences(compiled, walks, in_chromium(compiled, walks)) == []


def test_a_browser_form_is_small_and_speaks_one_language() -> None:
    compiled = content().form("urgent_care/intake")
    spanish = json.dumps(browser_form(compiled, "es"), ensure_ascii=False)
    assert "¿Cuál es el motivo" in spanish
    assert "main reason" not in spanish
    assert len(spanish.encode()) < 40_000


def in_chromium(compiled: Form, walks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def answer(route: Route) -> None:
        is_script = route.request.url.endswith(".js")
        kind = "text/javascript" if is_script else "text/html"
        route.fulfill(content_type=kind, body=SCRIPT.read_text() if is_script else "<!doctype html><title>Test</title>")

    chromium = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium if chromium.exists() else None)
        try:
            page = browser.new_page()
            page.route("http://clinic.test/**", answer)
            page.goto("http://clinic.test/")
            found: list[dict[str, Any]] = page.evaluate(
                f"async (input) => {{ const intake = await import('/intake.js'); {DRIVE} }}",
                {"form": browser_form(compiled, "en"), "walks": walks},
            )
            return found
        finally:
            browser.close()
