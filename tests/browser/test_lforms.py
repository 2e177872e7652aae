"""Another program, which knows only the exported Questionnaire, asks what our own pages ask."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.forms import Choice, Form, Item
from engine.forms_intake import next_item, shown_items
from engine.forms_scores import tallies
from engine.forms_walk import live_answers
from integrations.fhir.responses import About, questionnaire_response
from tests.browser.helpers_intake import EVERY_OPERATOR, as_asked, proper
from tests.browser.helpers_lforms import BASE, Renderer, renderer
from tests.engine.helpers_content import content, form

# A photo is a file, and files come by uploads of their own: a form that asks for some is no other program's to fill in.
ASKED = {name: one for name, one in content().forms.items() if all(item.type != "photo" for item in one.items)}
FORMS: Mapping[str, Form] = {**ASKED, "every operator": form(EVERY_OPERATOR)}
WALKS, CHANGES = 6, 6


@pytest.fixture(scope="module")
def lforms() -> Iterator[Renderer]:
    with renderer() as running:
        yield running


def shown(asked: Form, answers: Mapping[str, Any]) -> list[str]:
    return [item.id for item in shown_items(asked, answers)]


def told(asked: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What a response of ours holds, in plain values, pieces of information and blanks left out."""
    live = {
        name: sorted(coded(item, one) for one in (value if isinstance(value, list | tuple) else [value]))
        for name, value in live_answers(asked, answers).items()
        if value is not None and (item := asked.item(name)) and item.type != "info"
    }
    for tally in tallies(asked, answers):
        if tally.total is not None and tally.band is not None:
            live |= {tally.score.id: [tally.total], tally.score.id + "_band": [tally.band.id]}
    return live


def coded(item: Item, value: Any) -> Any:
    """An answer as other programs name it: a choice by its public code, where it has one."""
    names = {choice.id: choice.codes[0].code for choice in item.choices if choice.codes}
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.browser
@pytest.mark.parametrize("name", FORMS)
def test_a_response_of_ours_opens_with_the_same_questions_and_answers(name: str, lforms: Renderer) -> None:
    asked, dice = FORMS[name], random.Random(17)
    about = About(subject="p", authored=datetime.now(UTC), status="in-progress", base=BASE)
    for _ in range(WALKS):
        answers = as_asked(asked, dice)
        lforms.render(asked, questionnaire_response(asked, answers, about))
        expected = shown(asked, answers)
        assert lforms.shown(expected) == expected
        assert lforms.told(told(asked, answers)) == lforms.all_told() == told(asked, answers)
    assert lforms.trouble == []


@pytest.mark.browser
@pytest.mark.parametrize("name", FORMS)
def test_filled_in_by_hand_it_asks_the_same_questions_and_adds_up_the_same_scores(name: str, lforms: Renderer) -> None:
    asked, dice, answers = FORMS[name], random.Random(23), dict[str, Any]()
    lforms.render(asked)
    while (item := next_item(asked, answers)) is not None:
        answers[item.id] = proper(item, dice)
        lforms.answer(asked, item, answers[item.id])
        assert lforms.shown(shown(asked, answers)) == shown(asked, answers), item.id
    for _ in range(CHANGES):
        item = dice.choice([item for item in shown_items(asked, answers) if item.type != "info"])
        before, answers[item.id] = answers.get(item.id), proper(item, dice)
        lforms.answer(asked, item, answers[item.id], before)
        assert lforms.shown(shown(asked, answers)) == shown(asked, answers), item.id
    assert lforms.told(told(asked, answers)) == told(asked, answers)
    assert lforms.trouble == []


@pytest.mark.browser
@pytest.mark.parametrize("name", FORMS)
def test_it_words_every_question_and_choice_as_we_do(name: str, lforms: Renderer) -> None:
    asked = FORMS[name]
    lforms.render(asked)
    expected = shown(asked, {})
    assert lforms.shown(expected) == expected
    assert lforms.words() == {item.id: [worded(item), *map(weighed, item.choices)] for item in shown_items(asked, {})}


def weighed(choice: Choice) -> str:
    """A choice as the renderer words it: with what it counts in a score."""
    return choice.text["en"] + ("" if choice.weight is None else f" - {choice.weight}")


def worded(item: Item) -> str:
    if item.type == "info":
        return " ".join(filter(None, (item.text["en"], item.help.get("en"))))
    return item.text["en"] + ("" if item.optional else " *")


@pytest.mark.browser
def test_a_condition_that_went_out_otherwise_is_noticed(lforms: Renderer) -> None:
    asked = form(EVERY_OPERATOR)
    lforms.render(form(EVERY_OPERATOR.replace("color: {not: red}", "color: red")))
    item = next(item for item in asked.items if item.id == "color")
    lforms.answer(asked, item, "red")
    assert lforms.shown(shown(asked, {"color": "red"})) != shown(asked, {"color": "red"})


def test_the_renderer_is_installed_as_it_was_built_and_drags_nothing_along() -> None:
    lock = json.loads((Path(__file__).parent / "package-lock.json").read_text(encoding="utf-8"))
    assert set(lock["packages"]) == {"", "node_modules/axe-core", "node_modules/lforms"}
    assert "dependencies" not in lock["packages"]["node_modules/lforms"]
