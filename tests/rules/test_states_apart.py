"""A state's law reaches nobody else: a decision stands on the files of the places it names, and on no others."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly
from engine.law_cases import asked_alone
from engine.law_ordinary import read_ordinary
from engine.rulebook import Rulebook, join, load_rulebook
from tests.rules.helpers_cases import ROOT, all_cases, examples, question
from tests.rules.helpers_made_facts import Maker

pytestmark = pytest.mark.slow

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
STATES = frozenset(place.split("/")[1].upper() for place in RULEBOOK.jurisdictions() if "/" in place)
TOPICS_EACH, ANSWERED_AT_LEAST = 2, 40
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


@pytest.mark.parametrize("seed", range(6))
def test_without_the_files_of_half_of_the_states_made_questions_about_the_others_are_decided_alike(seed: int) -> None:
    """Of any two states some split takes one away: halves go by one binary digit of the place in the list."""
    topics = sorted({file.topic for file in RULEBOOK.law.files})
    maker = Maker(RULEBOOK, read_ordinary(ROOT, RULEBOOK.topics.gates, Problems()), Random(seed))
    order = sorted(STATES)
    others, ends, answered = [], Counter[str](), 0
    for side in (0, 1):
        half = [state for place, state in enumerate(order) if place >> seed & 1 == side]
        small = of_states(frozenset(half))
        for home in half:
            for topic in maker.chance.sample(topics, TOPICS_EACH):
                one = maker.question(home, maker.chance.sample(half, 2), topic)
                whole, part = answer(RULEBOOK, one), answer(small, one)
                if whole != part:
                    others.append((home, topic, one.on, one.facts))
                answered += not isinstance(whole, str)
                ends[str(whole["outcome"]) if not isinstance(whole, str) else whole] += 1
    assert others == []
    assert answered > ANSWERED_AT_LEAST, ends
    # What is forbidden is rare among made questions: not each of the splits has one.
    assert {"permitted", "review", "incomplete"} <= set(ends), ends


def test_made_questions_do_stand_on_the_files_of_the_patients_state() -> None:
    maker = Maker(RULEBOOK, read_ordinary(ROOT, RULEBOOK.topics.gates, Problems()), Random(52))
    for home in ("KS", "MD", "UT"):
        without = of_states(STATES - {home})
        made = [maker.question(home, ("FL", "NY"), topic) for topic in ("licensing", "prescribing") for _ in range(5)]
        assert any(answer(RULEBOOK, one) != answer(without, one) for one in made), home


def answer(book: Rulebook, one: Question) -> Any:
    """The decision, or the numbers of what is wrong with the question."""
    try:
        return told(book, one)
    except BrokenInput as error:
        return " ".join(sorted({problem.code for problem in error.diagnostics}))


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
