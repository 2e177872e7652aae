"""A jurisdiction that did not exist takes only YAML: its files, its code in the list of states, its time zone."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly, Evaluator
from engine.law import Case
from engine.law_cases import asked_alone, examples, expected, question, seen
from engine.law_ordinary import read_ordinary
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, join, load_rulebook
from tests.rules import helpers_cases as cases
from tests.rules.helpers_cases import all_cases
from tests.rules.helpers_made_facts import Maker

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "new_state"
ROOT = Path(__file__).resolve().parents[2]
PLACE = "us/xj"
BEFORE = load_rulebook(ROOT)
KNOWN = cases.examples()
LAW_TOPICS = {file.topic for file in BEFORE.law.files}
STATES = sorted(place.split("/")[1].upper() for place in BEFORE.jurisdictions() if "/" in place)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose country has one state more."""
    root = tmp_path_factory.mktemp("country")
    copytree(ROOT / "rules", root / "rules")
    copytree(HERE / "us", root / "rules" / "us", dirs_exist_ok=True)
    put_in(root / "rules" / "vocabulary.yaml", after="states: [", text="XJ, ")
    put_in(root / "rules" / "us" / "zones.yaml", after="zones:\n", text="  XJ: [America/Los_Angeles]\n")
    more = (HERE / "examples.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    put_in(root / "rules" / "us" / "examples.yaml", after="examples:\n", text="".join(f"  {line}" for line in more))
    return root


@pytest.fixture(scope="module")
def rulebook(root: Path) -> Rulebook:
    return load_rulebook(root)


def put_in(path: Path, after: str, text: str) -> None:
    """One change of a person in an editor."""
    before = path.read_text(encoding="utf-8")
    assert before.count(after) == 1, path
    path.write_text(before.replace(after, after + text), encoding="utf-8")


def test_it_carries_every_topic_of_a_state(rulebook: Rulebook) -> None:
    topics = {name for name, topic in rulebook.topics.topics.items() if topic.carried_by == "state"} - {"billing"}
    assert {name for name in topics if rulebook.carries(name, PLACE)} == topics
    assert {file.topic for file in rulebook.law.files if file.jurisdiction == PLACE} == topics | {"privacy"}


@pytest.mark.parametrize("evaluator", [ClosuresOnly(), ReteEvaluator()], ids=["closures", "durable_rules"])
def test_its_cases_hold_in_both_engines(root: Path, rulebook: Rulebook, evaluator: Evaluator) -> None:
    problems = Problems()
    known = examples(root, problems)
    assert not problems.found

    def holds(case: Case) -> bool:
        wanted = expected(case)
        decision = decide(rulebook.alone(asked_alone(case)), question(case, known), evaluator)
        return seen(decision, wanted) == wanted

    own = [case for file in rulebook.law.files if file.jurisdiction == PLACE for case in file.cases]
    assert len(own) >= 15
    assert [case.name for case in own if not holds(case)] == []


def test_every_other_state_has_the_rules_that_it_had(rulebook: Rulebook) -> None:
    for topic in BEFORE.topics.topics:
        for place in sorted(BEFORE.jurisdictions()):
            then, now = (
                [(one.id, one.period, one.condition, one.effects) for one in book.instances(topic, place)]
                for book in (BEFORE, rulebook)
            )
            assert now == then, (topic, place)


def test_every_other_state_decides_the_cases_as_it_did(rulebook: Rulebook) -> None:
    """Of the cases of each topic and place the first and every tenth: all of them are too many for one test."""
    asked: dict[tuple[str, str], list[tuple[str, Question]]] = defaultdict(list)
    for case in all_cases(BEFORE):
        one = cases.question(case, KNOWN)
        asked[case.topic, one.facts["patient"]["location"].get("state", "")].append((asked_alone(case), one))
    others, compared = [], 0
    for where, found in asked.items():
        for alone, one in found[::10]:
            compared += 1
            then, now = (told(book.alone(alone), one) for book in (BEFORE, rulebook))
            if now != then:
                others.append((where, one.on, one.facts))
    assert others == []
    assert compared > 700
    assert {topic for topic, _ in asked} >= LAW_TOPICS
    assert {state for _, state in asked} >= set(STATES)


@pytest.mark.parametrize("topic", sorted(LAW_TOPICS))
def test_every_other_state_decides_made_questions_as_it_did(rulebook: Rulebook, topic: str) -> None:
    """Two of each state and topic, made by chance over the whole vocabulary; a seed makes the same ones again."""
    maker = Maker(BEFORE, read_ordinary(ROOT, BEFORE.topics.gates, Problems()), Random(topic))
    for home in STATES:
        for _ in range(2):
            one = maker.question(home, maker.chance.sample(STATES, 2), topic)
            assert answer(rulebook, one) == answer(BEFORE, one), (home, one.on, one.facts)


def test_the_fictional_state_does_decide_its_own(rulebook: Rulebook) -> None:
    """So that the tests above compare two laws that are not one: there a question is answered by its files."""
    maker = Maker(rulebook, read_ordinary(ROOT, rulebook.topics.gates, Problems()), Random(52))
    without = join(replace(rulebook.law, files=tuple(one for one in rulebook.law.files if one.jurisdiction != PLACE)))
    made = [maker.question("XJ", ("FL", "NY"), topic) for topic in sorted(LAW_TOPICS) for _ in range(3)]
    assert any(answer(rulebook, one) != answer(without, one) for one in made)


def answer(book: Rulebook, one: Question) -> Any:
    """The decision, or the numbers of what is wrong with the question."""
    try:
        return told(book, one)
    except BrokenInput as error:
        return " ".join(sorted({problem.code for problem in error.diagnostics}))


def told(book: Rulebook, one: Question) -> Any:
    """A decision, but for which law it was read in."""
    said = decide(book, one, ClosuresOnly()).as_json()
    return {key: value for key, value in said.items() if key not in ("law", "rulebook", "known_time")}
