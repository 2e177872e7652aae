"""The browser asks the same next question as the server, and shows the same emergency."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, sync_playwright

from engine.forms import Form
from engine.forms_browser import browser_form
from tests.browser.helpers_intake import DRIVE, SCRIPT, differences, generated_walks, in_node
from tests.engine.helpers_content import content, form
from tests.engine.helpers_instruments import screening

EVERY_OPERATOR = """\
- {id: yes_no, type: boolean, text: {en: A}}
- {id: color, type: choice, text: {en: A},
   choices: [{id: red, text: {en: R}}, {id: blue, text: {en: B}}, {id: green, text: {en: G}}]}
- {id: many, type: multi_choice, alone: none, text: {en: A},
   choices: [{id: p, text: {en: P}}, {id: q, text: {en: Q}}, {id: r, text: {en: R}}, {id: none, text: {en: N}}]}
- {id: count, type: integer, text: {en: A}}
- {id: other, type: integer, text: {en: A}, optional: true}
- {id: heat, type: decimal, unit: Cel, least: 30, most: 45, places: 2, text: {en: A}}
- {id: first, type: date, text: {en: A}}
- {id: last, type: date, text: {en: A}}
- {id: words, type: text, optional: true, text: {en: A}}
- {id: is_not, type: boolean, text: {en: A}, show_when: {color: {not: red}}}
- {id: is_in, type: boolean, text: {en: A}, show_when: {color: [red, blue]}}
- {id: has_one, type: boolean, text: {en: A}, show_when: {many: {has: p}}}
- {id: has_any, type: boolean, text: {en: A}, show_when: {many: {has_any: [p, q]}}}
- {id: has_all, type: boolean, text: {en: A}, show_when: {not: {many: {has_all: [p, q]}}}}
- {id: numbers, type: boolean, text: {en: A}, show_when: {count: {at_least: 3, less: 12}}}
- {id: against, type: boolean, text: {en: A}, show_when: {count: {greater: {fact: other}}}}
- {id: at_most, type: boolean, text: {en: A}, show_when: {any: [{heat: {at_most: 37.25}}, {heat: {greater: 41}}]}}
- {id: days, type: boolean, text: {en: A}, show_when: {first: {before: 2024-03-01}}}
- {id: months, type: boolean, text: {en: A}, show_when: {last: {on_or_after: {fact: first, plus: 13 months}}}}
- {id: back, type: boolean, text: {en: A}, show_when: {last: {after: {fact: first, minus: 45 days}}}}
- {id: early, type: boolean, text: {en: A}, show_when: {last: {on_or_before: {fact: first}}}}
- {id: told, type: boolean, text: {en: A}, show_when: {words: {told: true}}}
- {id: untold, type: boolean, text: {en: A}, show_when: {words: {told: false}}}
- {id: exists, type: boolean, text: {en: A}, show_when: {many: {exists: true}}}
- {id: words_is, type: boolean, text: {en: A}, show_when: {words: some words}}
- {id: nor, type: boolean, text: {en: A}, show_when: {none: [{yes_no: true}, {color: red}]}}
- {id: deep, type: boolean, text: {en: A},
   show_when: {is_in: true, any: [{has_one: true}, {all: [{numbers: true}, {not: {days: true}}]}]}}
- {id: last_words, type: text, text: {en: A}, required_when: {any: [{deep: true}, {nor: false}]}}
flags:
- {id: urgent_one, severity: urgent, when: {any: [{deep: true}, {numbers: false}]}, text: {en: U}, advice: {en: U}}
- {id: emergency_one, severity: emergency, when: {color: blue, not: {heat: {less: 38.5}}},
   text: {en: E}, advice: {en: E}}
"""


def forms() -> dict[str, Form]:
    return {**content().forms, "every operator": form(EVERY_OPERATOR), "screening": screening()}


@pytest.mark.parametrize("name", forms())
def test_browser_and_server_agree_on_generated_walks(name: str) -> None:
    compiled = forms()[name]
    walks = generated_walks(compiled, 1200, seed=11)
    assert differences(compiled, walks, in_node(compiled, walks)) == []


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
