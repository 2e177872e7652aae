"""The list of keys that `?` shows and the keys that scripts listen to: each is in the other, on the page it is for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portals.base.i18n import catalogue

PORTALS = Path(__file__).parents[2] / "portals"
SCRIPTS = PORTALS / "static" / "js"
TEMPLATES = PORTALS / "provider" / "templates"
STAGE = PORTALS / "call" / "templates" / "stage.html"
_KEYS = re.compile(r"parts\.keys\((.*)\)")
_NAMES = re.compile(r'"(\w+)"')
_PRESSED = re.compile(r'event\.key === "([^"]+)"')
_JUMPS = re.compile(r'\b(\w): \["([^"]+)", ')
# How the list writes what a script calls otherwise, or with another key held.
WRITTEN = {"ArrowDown": "↑ ↓", "ArrowUp": "↑ ↓", "Enter": "Ctrl+Enter"}
# What each key of the call needs on the page, and the rows that others walk through.
NEEDS = {"m": "data-mic", "v": "data-cam", "x": "data-share", "h": "data-chat-panel"}
LISTS = ("visit", "queue", "inbox", "messages")
# Esc stands beside ?; Enter on a row is the browser's own, and told all the same.
TOLD_ELSEWHERE, BROWSERS_OWN = {"Escape"}, {"Enter"}


def listed(page: str) -> set[str]:
    found = _KEYS.search((TEMPLATES / f"{page}.html").read_text())
    assert found is not None
    texts = catalogue("en")
    return {texts[f"provider.key.{name}.key"] for name in _NAMES.findall(found[1])}


def jumps() -> dict[str, str]:
    return dict(_JUMPS.findall((SCRIPTS / "provider.js").read_text().partition("const JUMPS")[2].partition("};")[0]))


def pressed(script: str) -> set[str]:
    keys = _PRESSED.findall((SCRIPTS / script).read_text())
    return {WRITTEN.get(key, key) for key in keys} - TOLD_ELSEWHERE


def test_every_key_of_the_scripts_is_in_a_list_and_every_listed_key_in_a_script() -> None:
    working = pressed("provider.js") | pressed("call.js") | set(jumps())
    assert {"m", "v", "x", "h"} <= pressed("call.js")
    assert len(jumps()) == 10
    told = set[str]().union(*(listed(page) for page in LISTS))
    assert told - BROWSERS_OWN == working


def test_a_visits_list_has_all_that_works_there_and_nothing_else() -> None:
    whole = "".join(path.read_text() for path in TEMPLATES.glob("visit*.html"))
    here = {key for key, place in jumps().items() if any(f'id="{one[1:]}"' in whole for one in place.split(", "))}
    assert here == set(jumps()) - {"f"}
    assert listed("visit") == here | pressed("call.js") | {"↑ ↓", "Ctrl+Enter", "q", "?"}


@pytest.mark.parametrize("key", NEEDS)
def test_a_key_of_the_call_does_what_a_button_of_it_does(key: str) -> None:
    assert NEEDS[key] in STAGE.read_text()


@pytest.mark.parametrize("page", ["queue", "inbox", "messages"])
def test_a_page_of_rows_says_how_to_walk_through_them(page: str) -> None:
    text = (TEMPLATES / f"{page}.html").read_text()
    assert "data-row" in text and {"j", "k", "Enter", "?"} <= listed(page)
    assert ("f" in listed(page)) is ("queue_filters(" in text)
    assert ("q" in listed(page)) is (page != "queue"), "every page but the queue has a way back to it"


def test_the_list_says_the_same_in_both_languages() -> None:
    english, spanish = (
        {name for name in catalogue(language) if name.startswith("provider.key.")} for language in ("en", "es")
    )
    assert english == spanish
    assert catalogue("en")["provider.key.question.does"].endswith("Esc hides them")
