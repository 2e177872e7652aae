"""The next question, the progress, and which answers count."""

import random
from typing import Any

import pytest

from engine.forms import Form
from engine.forms_answers import CODES, AnswerProblem, check_answer, check_submission, read_answer, submission_schema
from engine.forms_intake import filled_facts, form_facts, missing_items, next_item, progress, shown_items
from engine.forms_walk import live_answers
from tests.browser.helpers_intake import EVERY_OPERATOR, generated_walks
from tests.engine.helpers_content import form, intake
from tests.engine.helpers_instruments import screening

SHORT = """\
- {id: hurt, type: boolean, text: {en: Does it hurt?}}
- {id: where, type: choice, text: {en: Where?}, show_when: {hurt: true},
   choices: [{id: arm, text: {en: Arm}}, {id: leg, text: {en: Leg}}]}
- {id: walk, type: boolean, text: {en: Can you walk?}, show_when: {where: leg}}
- {id: more, type: text, text: {en: More?}, required_when: {walk: false}, max_length: 20}
"""
CHEST = {"welcome": True, "chief_complaint": "chest_pain", "danger_signs": ["none"]}


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


def next_id(compiled: Any, answers: dict[str, Any]) -> str | None:
    item = next_item(compiled, answers)
    return item.id if item else None


def test_questions_come_one_by_one_and_only_those_that_fit() -> None:
    compiled, answers = form(SHORT), dict[str, Any]()
    asked = []
    for value in (True, "leg", True, None):
        item = next_item(compiled, answers)
        assert item is not None
        asked.append(item.id)
        answers[item.id] = value
    assert asked == ["hurt", "where", "walk", "more"]
    assert next_item(compiled, answers) is None


def test_a_hidden_answer_leaves_everything_that_stood_on_it() -> None:
    compiled = form(SHORT)
    answers = {"hurt": False, "where": "leg", "walk": False}
    assert ids(shown_items(compiled, answers)) == ["hurt", "more"]
    assert live_answers(compiled, answers) == {"hurt": False}
    assert form_facts(compiled, answers) == {"form.test_form.hurt": False}


def test_a_blank_is_enough_where_blanks_may_be_and_not_where_they_may_not() -> None:
    compiled = form(SHORT)
    assert next_id(compiled, {"hurt": False, "more": None}) is None
    must = {"hurt": True, "where": "leg", "walk": False, "more": None}
    assert next_id(compiled, must) == "more"
    assert ids(missing_items(compiled, must)) == ["more"]


def test_progress_counts_what_may_still_come_half() -> None:
    compiled = form(SHORT)
    start, middle = progress(compiled, {}), progress(compiled, {"hurt": False})
    assert (start.answered, start.remaining) == (0, 3)
    assert (middle.answered, middle.remaining, middle.percent) == (1, 1, 50)
    assert middle.seconds_left < start.seconds_left
    assert progress(compiled, {"hurt": False, "more": None}).percent == 100


def test_chest_pain_opens_the_cardiac_questions_and_a_cough_does_not() -> None:
    cardiac = {"chest_now", "chest_signs", "chest_feel", "heart_history"}
    assert cardiac <= set(ids(shown_items(intake(), CHEST)))
    assert not cardiac & set(ids(shown_items(intake(), {**CHEST, "chief_complaint": "cough_cold"})))
    assert next_id(intake(), CHEST) == "chest_now"


def test_answers_fill_the_shared_facts_in_their_words() -> None:
    answers = {"pregnant": "not_for_me", "allergies": ["none"], "medications": ["opioid", "other"], "conditions": []}
    assert filled_facts(intake(), answers) == {
        "patient.pregnant": False,
        "patient.allergies": [],
        "patient.medications": ["opioid", "other"],
        "patient.conditions": [],
    }


def test_not_knowing_whether_one_is_pregnant_tells_nothing() -> None:
    assert "patient.pregnant" not in filled_facts(intake(), {"pregnant": "maybe"})


TYPES = form(
    """\
- {id: flag, type: boolean, text: {en: A}}
- {id: one, type: choice, text: {en: A}, choices: [{id: x, text: {en: X}}, {id: y, text: {en: Y}}]}
- {id: many, type: multi_choice, alone: none, text: {en: A},
   choices: [{id: x, text: {en: X}}, {id: y, text: {en: Y}}, {id: none, text: {en: N}}]}
- {id: count, type: integer, least: 1, most: 9, text: {en: A}}
- {id: heat, type: decimal, unit: Cel, least: 30, most: 45, places: 1, text: {en: A}}
- {id: words, type: text, max_length: 5, text: {en: A}}
- {id: day, type: date, earliest: 2020-01-01, latest: 2026-12-31, text: {en: A}}
- {id: pain, type: scale, least: 0, most: 10, text: {en: A}}
- {id: note, type: info, text: {en: A}}
- {id: maybe, type: text, optional: true, text: {en: A}}
"""
)
READ = [
    ("flag", ["true"], True),
    ("flag", ["yes"], "not_a_flag"),
    ("one", ["x"], "x"),
    ("one", ["z"], "not_a_choice"),
    ("one", [], "required"),
    ("many", ["x", "y"], ["x", "y"]),
    ("many", ["x", "none"], "alone"),
    ("many", ["x", "x"], "not_a_choice"),
    ("many", ["x", "q"], "not_a_choice"),
    ("count", [" 7 "], 7),
    ("count", ["7.5"], "not_whole"),
    ("count", ["0"], "too_low"),
    ("count", ["10"], "too_high"),
    ("count", ["1e1"], "not_whole"),
    ("heat", ["38,4"], 38.4),
    ("heat", ["38.45"], "too_precise"),
    ("heat", ["hot"], "not_a_number"),
    ("heat", ["nan"], "not_a_number"),
    ("words", ["hello"], "hello"),
    ("words", ["hello!"], "too_long"),
    ("words", ["   "], "required"),
    ("day", ["2026-02-28"], "2026-02-28"),
    ("day", ["2026-02-30"], "not_a_date"),
    ("day", ["20260228"], "not_a_date"),
    ("day", ["2019-12-31"], "too_early"),
    ("day", ["2027-01-01"], "too_late"),
    ("pain", ["10"], 10),
    ("pain", ["11"], "too_high"),
    ("note", [], True),
    ("maybe", [], None),
]


@pytest.mark.parametrize(("name", "raw", "expected"), READ)
def test_a_field_is_read_as_its_type_or_refused_with_a_code(name: str, raw: list[str], expected: Any) -> None:
    item = TYPES.item(name)
    assert item is not None
    checked = read_answer(item, raw)
    if checked.problem:
        assert checked.problem.code in CODES
        assert checked.problem.code == expected
    else:
        assert checked.value == expected


WRONG = [
    ("flag", 1),
    ("one", ["x"]),
    ("many", "x"),
    ("many", [1]),
    ("many", []),
    ("count", True),
    ("count", 7.5),
    ("heat", "38"),
    ("heat", float("nan")),
    ("heat", float("inf")),
    ("words", 5),
    ("day", 20260228),
    ("pain", "7"),
    ("note", False),
    ("flag", None),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_json_value_of_another_type_is_no_answer(name: str, value: Any) -> None:
    item = TYPES.item(name)
    assert item is not None
    assert check_answer(item, value) is not None


def test_a_submission_names_every_item_that_keeps_it_back() -> None:
    problems = check_submission(form(SHORT), {"hurt": True, "where": "head", "walk": True, "other": 1})
    assert {name: problem.code for name, problem in problems.items()} == {
        "where": "not_a_choice",
        "other": "unknown_item",
    }
    assert check_submission(form(SHORT), {"hurt": True}) == {"where": AnswerProblem(code="required")}


def test_a_submission_ignores_what_is_hidden() -> None:
    assert check_submission(form(SHORT), {"hurt": False, "where": "head"}) == {}


def test_a_submission_has_one_schema_that_asks_for_what_is_shown() -> None:
    schema = submission_schema(form(SHORT), {"hurt": True, "where": "leg"})
    assert {name: rules["required"] for name, rules in schema.items()} == {
        "hurt": True,
        "where": True,
        "walk": True,
        "more": False,
    }
    assert not submission_schema(form(SHORT), {"hurt": False})["where"]["required"]
    assert submission_schema(form(SHORT), {"hurt": True, "where": "leg", "walk": False})["more"]["required"]


def one_by_one(compiled: Form, answers: dict[str, Any]) -> dict[str, str]:
    """The problems of a submission found without its schema: each shown answer by itself, and what is missing."""
    found = {name: "unknown_item" for name in answers if compiled.item(name) is None}
    missing = {item.id for item in missing_items(compiled, answers)}
    for item in shown_items(compiled, answers):
        value = answers.get(item.id)
        problem = check_answer(item, value) if value is not None else None
        if item.id in missing or problem is not None:
            found[item.id] = "required" if item.id in missing or problem is None else problem.code
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["intake", "screening", "every operator", "types"])
def test_the_schema_of_a_submission_finds_what_its_answers_show_one_by_one(name: str) -> None:
    forms = {"intake": intake(), "screening": screening(), "every operator": form(EVERY_OPERATOR), "types": TYPES}
    compiled, dice, broken = forms[name], random.Random(41), 0
    for answers in generated_walks(compiled, 80, seed=19):
        sent = {**answers, "elsewhere": True} if dice.random() < 0.1 else answers
        found = {item: problem.code for item, problem in check_submission(compiled, sent).items()}
        assert found == one_by_one(compiled, sent)
        broken += bool(found)
    assert broken > 30
