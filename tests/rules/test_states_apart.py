"""A state's law reaches nobody else: a decision stands on the files of the places it names, and on no others."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.evaluators import ClosuresOnly
from engine.law_cases import asked_alone
from engine.rulebook import Rulebook, join, load_rulebook
from tests.rules.helpers_cases import ROOT, all_cases, examples, question

pytestmark = pytest.mark.slow

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
STATES = frozenset(place.split("/")[1].upper() for place in RULEBOOK.jurisdictions() if "/" in place)
Asked = tuple[str, Question]


def test_without_the_files_of_every_other_state_each_case_is_decided_alike() -> None:
    alike, others = 0, []
    for states, asked in by_states().items():
        small = of_states(states)
        for alone, one in asked:
            whole, part = (told(book.alone(alone), one) for book in (RULEBOOK, small))
            alike += whole == part
            if whole != part:
                others.append((sorted(states), one.topic, one.facts))
    assert others == []
    assert alike > 3000


def test_every_state_is_among_them_and_its_own_files_do_count() -> None:
    groups = by_states()
    assert {state for states in groups for state in states} == STATES
    for state in sorted(STATES):
        without = of_states(STATES - {state})
        asked = (pair for states, pairs in groups.items() if state in states for pair in pairs)
        assert any(told(RULEBOOK.alone(alone), one) != told(without.alone(alone), one) for alone, one in asked), state


def by_states() -> dict[frozenset[str], list[Asked]]:
    """Every case's question, by the states that it names anywhere."""
    found = defaultdict(list)
    for case in all_cases(RULEBOOK):
        one = question(case, EXAMPLES)
        found[frozenset(words(one.facts)) & STATES].append((asked_alone(case), one))
    return found


def words(value: Any) -> Iterable[str]:
    """Every text within a question's facts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from words(part)


def of_states(states: frozenset[str]) -> Rulebook:
    """The law of the country and of these states, all others' files taken away."""
    places = {"us", "us/common", *(f"us/{state.lower()}" for state in states)}
    return join(replace(RULEBOOK.law, files=tuple(file for file in RULEBOOK.law.files if file.jurisdiction in places)))


def told(book: Rulebook, one: Question) -> Any:
    """A decision, but for which law pack it was read in."""
    said = decide(book, one, ClosuresOnly()).as_json()
    return {key: value for key, value in said.items() if key not in ("law", "rulebook")}
