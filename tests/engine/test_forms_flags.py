"""Red flags stand by the word of both engines, and where they cannot say, the flag stands too."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import ClosuresOnly
from engine.faults import EngineFault
from engine.forms import Form, Item
from engine.forms_flags import red_flags
from engine.forms_paths import witness
from engine.forms_walk import walk
from engine.programs import Program, Sheet
from tests.engine.helpers_content import form, intake

CHEST = {"chief_complaint": "chest_pain", "danger_signs": ["none"], "chest_now": False, "chest_signs": ["sweating"]}


@pytest.fixture(scope="module")
def pool() -> Iterator[EvaluatorPool]:
    with EvaluatorPool(processes=1) as started:
        yield started


class Broken:
    """A second engine that never answers."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        raise EngineFault("timeout")


class DiesOnce:
    """A second engine whose first worker dies; the next one is well."""

    independent = True

    def __init__(self, well: EvaluatorPool) -> None:
        self._well, self._dead = well, False

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        if not self._dead:
            self._dead = True
            raise EngineFault("crash")
        return self._well.evaluate(program, sheet)


class Contrary:
    """A second engine that says the opposite of the first about one thing."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        return (True,) * len(program.conditions)


def raised(answers: dict[str, Any], evaluator: Any) -> dict[str, bool]:
    return {entry.flag.id: entry.decided for entry in red_flags(intake(), answers, evaluator)}


def test_chest_pain_with_a_cold_sweat_stops_the_visit(pool: EvaluatorPool) -> None:
    found = red_flags(intake(), CHEST, pool)
    assert [(entry.flag.id, entry.flag.stops, entry.flag.call, entry.decided) for entry in found] == [
        ("heart", True, "911", True)
    ]


def test_a_hidden_answer_raises_nothing(pool: EvaluatorPool) -> None:
    assert raised({**CHEST, "chief_complaint": "cough_cold"}, pool) == {}


@pytest.mark.parametrize("name", [flag.id for flag in intake().flags])
def test_every_red_flag_can_be_raised_by_both_engines(name: str, pool: EvaluatorPool) -> None:
    answers = witness(intake(), name)
    assert answers is not None
    assert raised(answers, pool)[name] is True


def test_thoughts_of_suicide_lead_to_988_with_and_without_a_plan(pool: EvaluatorPool) -> None:
    mood = {"chief_complaint": "mood", "danger_signs": ["none"]}
    assert raised({**mood, "self_harm": "plan"}, pool) == {"suicide": True}
    assert raised({**mood, "self_harm": "rather_not"}, pool) == {"thoughts_of_suicide": True}
    assert raised({**mood, "self_harm": "no_thoughts"}, pool) == {}


def test_emergencies_come_first(pool: EvaluatorPool) -> None:
    answers = {"chief_complaint": "stomach", "danger_signs": ["none"], "stomach_signs": ["blood"], "pregnant": "yes"}
    assert list(raised(answers, pool)) == ["pregnancy_pain", "belly"]


def test_without_an_answer_of_the_engines_every_flag_that_an_answer_touches_stands() -> None:
    found = raised(CHEST, Broken())
    assert found["heart"] is False
    assert "stroke" in found
    assert "high_fever" not in found


def test_a_worker_that_dies_sends_nobody_to_the_emergency_room(pool: EvaluatorPool) -> None:
    assert raised({**CHEST, "chest_signs": ["none"]}, DiesOnce(pool)) == {}


def test_engines_that_differ_raise_the_flag_undecided() -> None:
    assert raised({**CHEST, "chest_signs": ["none"]}, Contrary())["heart"] is False


def test_an_unreadable_answer_raises_its_flag_undecided(pool: EvaluatorPool) -> None:
    assert raised({"chief_complaint": "cough_cold", "danger_signs": ["strok"]}, pool)["stroke"] is False


def test_a_form_without_flags_asks_no_engine() -> None:
    plain = form("- {id: a, type: boolean, text: {en: A?}}\n")
    assert red_flags(plain, {"a": True}, Broken()) == ()


def answer_for(item: Item) -> st.SearchStrategy[Any]:
    if item.type == "boolean":
        return st.booleans()
    if item.type == "choice":
        return st.sampled_from(item.choice_ids)
    if item.type == "multi_choice":
        return st.lists(st.sampled_from(item.choice_ids), unique=True, max_size=3)
    if item.type in ("integer", "scale", "decimal"):
        return st.integers(int(item.least or 0), int(item.most or 99))
    return st.just(True) if item.type == "info" else st.sampled_from(["", "words"])


def walks(compiled: Form) -> st.SearchStrategy[dict[str, Any]]:
    """Any answers to any items, hidden ones among them."""
    return st.fixed_dictionaries({}, optional={item.id: answer_for(item) for item in compiled.items})


@pytest.mark.slow
@given(answers=walks(intake()))
@settings(max_examples=150, deadline=None)
def test_both_engines_agree_on_any_answers(answers: dict[str, Any], pool: EvaluatorPool) -> None:
    both, one = red_flags(intake(), answers, pool), red_flags(intake(), answers, ClosuresOnly())
    assert both == one
    assert all(entry.decided for entry in both)


@pytest.mark.slow
@given(answers=walks(intake()), more=walks(intake()))
@settings(max_examples=200, deadline=None)
def test_what_hidden_items_hold_changes_nothing_that_is_shown(answers: dict[str, Any], more: dict[str, Any]) -> None:
    seen = walk(intake(), answers)
    hidden = {name: value for name, value in more.items() if name not in {item.id for item in seen.shown}}
    assert walk(intake(), {**answers, **hidden}).shown == seen.shown
