"""Every case beside the law and under this folder holds, with both engines, and none is lost."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision
from engine.evaluators import Evaluator
from engine.law import Case
from engine.law_cases import BULK_FOLDER, asked_alone
from engine.possibly import verdict
from engine.questions import read_question
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from engine.told_drugs import disputed
from tests.rules.helpers_cases import ROOT, all_cases, examples, expected, question, seen

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
BESIDE = [case for file in RULEBOOK.law.files for case in file.cases]
# Each case of these is a test of its own, in the fast suite too; those of the other places are one test a file.
EACH = ("us/ca", "us/common", "us/federal", "us/fl", "us/nj", "us/ny", "us/tx")
FOLDERS = tuple(f"rules/{place}/" for place in EACH)
BULK_FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / BULK_FOLDER).rglob("*.yaml"))


@cache
def by_file() -> Mapping[str, tuple[Case, ...]]:
    """Every case by its file; made where cases are asked, as every worker collects this file and one runs it."""
    return {file: tuple(cases) for file, cases in groupby(all_cases(RULEBOOK), attrgetter("file"))}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[ReteEvaluator]:
    yield ReteEvaluator()


def named(case: Case) -> str:
    return f"{case.file}: {case.name}"


def difference(case: Case, evaluator: Evaluator) -> tuple[Decision, bool]:
    wanted = expected(case)
    decision = decide(RULEBOOK.alone(asked_alone(case)), question(case, EXAMPLES), evaluator)
    return decision, seen(decision, wanted) != wanted


@pytest.mark.parametrize("case", [case for case in BESIDE if case.file.startswith(FOLDERS)], ids=named)
def test_the_case_holds(case: Case, evaluator: ReteEvaluator) -> None:
    decision, differs = difference(case, evaluator)
    assert not differs, decision.as_json()


def files() -> list[Any]:
    """The files of cases; those of the whole country are slow (`clinic check` asks them too)."""
    names = sorted({case.file for case in BESIDE if not case.file.startswith(FOLDERS)} | set(BULK_FILES))
    fast = [name for name in names if name.startswith("tests/") and "/country_" not in name]
    return [pytest.param(name, marks=() if name in fast else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("file", files())
def test_every_case_of_the_file_holds(file: str, evaluator: ReteEvaluator) -> None:
    assert [case.name for case in by_file()[file] if difference(case, evaluator)[1]] == []


def test_every_written_case_is_collected() -> None:
    assert sorted(file for file in by_file() if not file.startswith("rules/")) == BULK_FILES
    assert sum(map(len, by_file().values())) == len(all_cases(RULEBOOK))
    written = 0
    for path in sorted((ROOT / "rules").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        written += sum(line.lstrip().startswith("- name:") for line in text.splitlines() if path.name != "drugs.yaml")
    assert len(BESIDE) == written


def test_no_two_cases_of_a_file_go_by_one_name() -> None:
    names = Counter(named(case) for file in BULK_FILES for case in by_file()[file])
    assert sorted(name for name, times in names.items() if times > 1) == []


def test_every_rule_of_a_state_or_of_the_country_is_named_by_a_case_file() -> None:
    without = [file.file for file in RULEBOOK.law.files if file.rules and not file.cases]
    assert all("/common/" in name for name in without)


@pytest.mark.slow
def test_the_second_reading_of_the_language_agrees_on_every_condition_of_every_case() -> None:
    judged = 0
    for case in all_cases(RULEBOOK):
        asked = read_question(RULEBOOK, question(case, EXAMPLES))
        for day in asked.days if asked.jurisdiction else ():
            facts = asked.on(day)
            program = RULEBOOK.plan(case.topic, asked.jurisdiction or "", day, disputed(facts)).program
            assert tuple(verdict(one, facts) for one in program.conditions) == program.truths(facts), case.name
            judged += len(program.conditions)
    assert judged > 10_000
