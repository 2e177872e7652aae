"""The cases beside the law and under this folder, with the examples that they start from."""

from collections.abc import Mapping
from pathlib import Path

from engine.diagnostics import Problems
from engine.law import Case
from engine.law_cases import bulk_cases, expected, nested, question, seen, started
from engine.law_cases import examples as examples_of
from engine.reading import Node
from engine.rulebook import Rulebook

__all__ = ["ROOT", "ZONE", "all_cases", "examples", "expected", "nested", "question", "seen", "started"]

ROOT = Path(__file__).resolve().parents[2]
ZONE = "patient.location.time_zone"


def examples(country: str = "us") -> Mapping[str, Node]:
    """The named questions that cases start from."""
    problems = Problems()
    found = examples_of(ROOT, problems, country)
    assert found
    assert not problems.found
    return found


def all_cases(rulebook: Rulebook) -> list[Case]:
    """Every case, those beside the law first."""
    problems = Problems()
    bulk = bulk_cases(ROOT, rulebook.vocabulary, rulebook.topics, problems)
    assert not problems.found, [str(problem) for problem in problems]
    return [*(case for file in rulebook.law.files for case in file.cases), *bulk]
