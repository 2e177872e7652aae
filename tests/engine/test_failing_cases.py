"""A case that does not hold is told with what was expected, what came, and where it was written."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.diagnostics import Diagnostic, Problems
from engine.evaluators import ClosuresOnly
from engine.failing_cases import report_failing
from engine.law_cases import bulk_cases
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
HEAD = "jurisdiction: us/fl\ntopic: licensing\n"
START = "- name: A full licence\n  start: ordinary_visit\n  on: 2026-12-01\n"


def told(folder: Path, cases: str, head: str = HEAD) -> list[Diagnostic]:
    problems = Problems()
    file = folder / "tests/rules/one.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"{head}cases:\n{cases}", encoding="utf-8")
    read = bulk_cases(folder, RULEBOOK.vocabulary, RULEBOOK.topics, problems)
    assert read and not problems.found
    report_failing(RULEBOOK, read, EXAMPLES, ClosuresOnly(), problems)
    return list(problems)


def shown(found: Iterable[Diagnostic]) -> list[tuple[str, str]]:
    return [(one.code, str(one.location)) for one in found]


def test_a_case_that_holds_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, f"{START}  expect: {{outcome: permitted, permits: [full_license]}}\n") == []


def test_each_case_that_fails_is_told_once_at_the_first_thing_that_differs(tmp_path: Path) -> None:
    wrong = "  expect:\n    outcome: permitted\n    permits: [compact]\n    review: [engine_fault]\n"
    right = "  expect: {outcome: permitted}\n"
    found = told(tmp_path, START + wrong + START.replace("A full", "Another") + right + START + wrong)
    assert shown(found) == [("LAW032", "tests/rules/one.yaml:9:14"), ("LAW032", "tests/rules/one.yaml:20:14")]
    assert found[0].what == (
        'the case `A full licence` does not hold: expected permits ["compact"], got ["full_license"]; '
        'expected review ["engine_fault"], got nothing'
    )


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("outcome: forbidden", "expected outcome forbidden, got permitted"),
        ("outcome: permitted, duties: {registration: met}", 'expected duties {"registration": "met"}, got nothing'),
        ("outcome: permitted, missing: [patient.age]", 'expected missing ["patient.age"], got nothing'),
    ],
)
def test_what_was_expected_and_what_came_are_said(tmp_path: Path, wanted: str, words: str) -> None:
    duty = next(iter(sorted(RULEBOOK.topics.topics["licensing"].duties)))
    (one,) = told(tmp_path, f"{START}  expect: {{{wanted.replace('registration', duty)}}}\n")
    assert one.what.endswith(f"does not hold: {words.replace('registration', duty)}")


def test_a_case_of_a_table_is_told_with_its_words_put_in(tmp_path: Path) -> None:
    head = f"{HEAD}each:\n- {{kind: full}}\n- {{kind: waiver}}\n"
    found = told(tmp_path, f"{START.replace('full', '<kind>')}  expect: {{outcome: review}}\n", head)
    assert sorted(one.what.split("`")[1] for one in found) == ["A full licence", "A waiver licence"]


def test_a_case_that_no_question_can_be_made_of_is_told(tmp_path: Path) -> None:
    given = "  given: {patient.location.postal_code: '10001'}\n"  # in another state than the example's
    (one,) = told(tmp_path, f"{START}{given}  expect: {{outcome: permitted}}\n")
    assert (one.code, str(one.location)) == ("LAW013", "tests/rules/one.yaml:4:3")
    assert "patient.location.postal_code" in one.what
