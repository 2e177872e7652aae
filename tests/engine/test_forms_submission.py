"""The server takes what a form allows and nothing else, whatever is sent: an oracle written apart from the schema."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.forms import Form, Item
from engine.forms_answers import CODES, check_answer, check_submission, read_answer
from engine.forms_intake import missing_items, shown_items
from engine.forms_walk import is_required, live_answers, walk
from tests.browser.helpers_intake import EVERY_OPERATOR, ODD, as_asked, with_leftovers
from tests.engine.helpers_content import content, form

FORMS = {
    "every operator": form(EVERY_OPERATOR),
    "intake": content().form("urgent_care/intake"),
    "phq9": content().form("instruments/phq9"),
}
NAMES = st.sampled_from(sorted(FORMS))
SCRAPS = st.sampled_from([*ODD, 1e300, -0.0, 37.123456, "2026-13-01", ["p", "p"], ["none", "p"], "no\x00", "ñ" * 700])
ANYTHING = st.one_of(
    SCRAPS, st.text(max_size=12), st.integers(), st.floats(allow_nan=True), st.lists(st.text(max_size=3))
)


def fits(item: Item, value: Any) -> bool:
    """Whether a value is an answer to an item, by the words of the guide."""
    if item.type in ("boolean", "info"):
        return isinstance(value, bool) and (item.type == "boolean" or value)
    if item.type == "choice":
        return isinstance(value, str) and value in item.choice_ids
    if item.type == "multi_choice":
        chosen = isinstance(value, list) and value and all(isinstance(v, str) and v in item.choice_ids for v in value)
        return bool(chosen) and len(set(value)) == len(value) and (item.alone not in value or len(value) == 1)
    if item.type == "text":
        return isinstance(value, str) and 0 < len(value) <= item.max_length
    if item.type == "date":
        return isinstance(value, str) and is_day(value) and (item.earliest or value) <= value <= (item.latest or value)
    return fits_number(item, value)


def fits_number(item: Item, value: Any) -> bool:
    kinds = (int, float) if item.type == "decimal" else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds) or value != value:
        return False
    if abs(value) > 10**12:
        return False
    low, high = item.least is None or value >= item.least, item.most is None or value <= item.most
    return low and high and (isinstance(value, int) or round(value, item.places) == value)


def is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def sent(asked: Form, seed: int, scraps: list[Any]) -> dict[str, Any]:
    """A lawful walk, with some answers replaced by what nobody asked for."""
    dice = random.Random(seed)
    answers = (as_asked if dice.random() < 0.5 else with_leftovers)(asked, dice)
    for scrap in scraps:
        answers[dice.choice(asked.items).id] = scrap
    return answers


def expected(asked: Form, answers: dict[str, Any]) -> set[str]:
    """The items that keep a submission back: shown and wrong, blank where no blank will do, or not there."""
    seen = walk(asked, answers)
    wrong = set()
    for item in seen.shown:
        needed = item.type != "info" and is_required(item, seen.facts)
        blank = answers.get(item.id) is None
        if (blank and needed) or (not blank and not fits(item, answers[item.id])):
            wrong.add(item.id)
    return wrong | (answers.keys() - {item.id for item in asked.items})


@pytest.mark.slow
@given(name=NAMES, seed=st.integers(0, 10**6), scraps=st.lists(ANYTHING, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_submission_is_kept_back_by_exactly_what_is_wrong_with_it(name: str, seed: int, scraps: list[Any]) -> None:
    answers = sent(FORMS[name], seed, scraps)
    found = check_submission(FORMS[name], answers)
    assert found.keys() == expected(FORMS[name], answers)
    assert {problem.code for problem in found.values()} <= set(CODES)


@pytest.mark.slow
@given(name=NAMES, seed=st.integers(0, 10**6), scraps=st.lists(ANYTHING, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_sent_to_a_hidden_question_changes_nothing(name: str, seed: int, scraps: list[Any]) -> None:
    asked = FORMS[name]
    answers = sent(asked, seed, [])
    shown = {item.id for item in shown_items(asked, answers)}
    hidden = [item.id for item in asked.items if item.id not in shown]
    dice = random.Random(seed)
    more = {**answers, **{dice.choice(hidden): scrap for scrap in scraps if hidden}}
    assert check_submission(asked, more) == check_submission(asked, answers)
    assert live_answers(asked, more) == live_answers(asked, answers)
    assert missing_items(asked, more) == missing_items(asked, answers)


@given(name=NAMES, seed=st.integers(0, 10**6), value=ANYTHING)
@settings(max_examples=60, deadline=None)
def test_one_answer_is_taken_exactly_where_it_fits(name: str, seed: int, value: Any) -> None:
    item = random.Random(seed).choice(FORMS[name].items)
    taken = check_answer(item, value) is None
    assert taken == (item.optional if value is None else fits(item, value))


@given(name=NAMES, seed=st.integers(0, 10**6), typed=st.lists(st.text(max_size=12), max_size=3))
@settings(max_examples=40, deadline=None)
def test_whatever_is_typed_into_a_field_becomes_an_answer_that_fits_or_a_problem(
    name: str, seed: int, typed: list[str]
) -> None:
    item = random.Random(seed).choice(FORMS[name].items)
    read = read_answer(item, typed)
    if read.problem is None:
        assert (item.optional if read.value is None else fits(item, read.value)) or item.type == "info"
    else:
        assert read.problem.code in CODES
        assert not any(word in map(str, read.problem.values.values()) for word in typed if len(word) > 5)


def test_the_oracle_can_fail() -> None:
    scale = form("- {id: s, type: scale, least: 0, most: 10, text: {en: S}}\n").items[0]
    assert [fits(scale, value) for value in (0, 10, 11, 2.0, True, "3", None)] == [True, True, *[False] * 5]


def test_an_unknown_question_is_refused() -> None:
    problems = check_submission(FORMS["phq9"], {"nobody_asked": 1})
    assert problems["nobody_asked"].code == "unknown_item"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "1e5"])
def test_no_number_beyond_all_numbers_is_an_answer(value: Any) -> None:
    weight = form("- {id: w, type: decimal, unit: kg, text: {en: W}}\n").items[0]
    assert check_answer(weight, value) is not None
