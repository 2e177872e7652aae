"""Every case beside the law holds, with both engines, and none is lost."""

from collections.abc import Iterator

import pytest

from engine.decide import decide
from engine.law import Case
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, all_cases, examples, expected, question, seen

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
CASES = all_cases(RULEBOOK)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[ReteEvaluator]:
    yield ReteEvaluator()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_the_case_holds(case: Case, evaluator: ReteEvaluator) -> None:
    decision = decide(RULEBOOK, question(case, EXAMPLES), evaluator)
    wanted = expected(case)
    assert seen(decision, wanted) == wanted, decision.as_json()


def test_every_written_case_is_collected() -> None:
    written = 0
    for path in sorted((ROOT / "rules").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        written += sum(line.lstrip().startswith("- name:") for line in text.splitlines() if path.name != "drugs.yaml")
    beside = [case for file in RULEBOOK.law.files for case in file.cases]
    assert len(beside) == written


def test_every_rule_of_a_state_or_of_the_country_is_named_by_a_case_file() -> None:
    without = [file.file for file in RULEBOOK.law.files if file.rules and not file.cases]
    assert all("/common/" in name for name in without)
