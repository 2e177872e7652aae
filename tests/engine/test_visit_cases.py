"""Cases of whole visits are read with their faults on their lines, and what comes out otherwise is told there."""

import shutil
from functools import lru_cache
from pathlib import Path

import pytest

from engine.diagnostics import Problems
from engine.evaluators import ClosuresOnly
from engine.library import Library, load_library, with_law_alone
from engine.visit_case_gates import Asking, report_gates
from engine.visit_cases import Outcome, report_outcome
from engine.visit_cases_reading import read_visit_cases
from tests.engine.helpers_content import ROOT
from workflows.gatekeeper import LawGateKeeper

CASES = "specialties/telepsychiatry/cases.yaml"
TEXT = (ROOT / CASES).read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


@lru_cache
def library() -> Library:
    return with_law_alone(load_library(ROOT))


def told(folder: Path, text: str) -> list[tuple[str, int, str]]:
    """What a changed file of cases is told: codes, lines and words."""
    path = folder / CASES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    problems, evaluator = Problems(), ClosuresOnly()
    keeper = LawGateKeeper(library, evaluator)
    cases = read_visit_cases(folder, library().content, problems)
    report_gates(cases, Asking(content=library().content, keeper=keeper, evaluator=evaluator), problems)
    return [(one.code, one.location.line, one.what) for one in problems]


def changed(folder: Path, old: str, new: str) -> list[tuple[str, int, str]]:
    assert old in TEXT
    found = told(folder, TEXT.replace(old, new, 1))
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    return [(code, at - line, what) for code, at, what in found]


def test_every_case_of_the_project_holds_at_its_gates() -> None:
    problems, evaluator = Problems(), ClosuresOnly()
    cases = read_visit_cases(ROOT, library().content, problems)
    asking = Asking(content=library().content, keeper=LawGateKeeper(library, evaluator), evaluator=evaluator)
    assert report_gates(cases, asking, problems) == len(cases)
    assert list(problems) == []
    assert {case.plan.specialty for case in cases} >= {"urgent_care", "telepsychiatry", "therapy"}


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("because: [no_authority]", "because: [pdmp_check]", "CASE002", "got book: shut, because: [no_authority]"),
        ("gates: {book: open, join: unasked}", "gates: {book: open, join: open}", "CASE002", "got join unasked"),
        ("flags: ['telepsychiatry/intake:commanding_voices']", "flags: []", "CASE002", "commanding_voices"),
        ("provider: lapsed", "provider: lapsd", "CASE001", "`lapsd`; did you mean `lapsed`?"),
        ("voices_command: true", "voices_comand: true", "CASE001", "an unknown item `voices_comand`"),
        ("pregnant: 'no'", "pregnant: perhaps", "CASE001", "no answer to `pregnant` (not_a_choice)"),
        ("'2026-12-01T10:00:00-05:00'", "'2026-12-01T10:00:00'", "CASE001", "no instant with its offset"),
        ("{prescribe: stimulant}", "{prescribe: stimulants}", "CASE001", "`stimulants`; did you mean `stimulant`?"),
        ("earlier_care: [none], ", "", "CASE003", "`earlier_care`"),
        ("when: [book, pay", "when: [boook, pay", "SHAPE003", "expected"),
        ("then:\n", "than:\n", "SHAPE001", "than"),
    ],
)
def test_what_is_wrong_is_told_with_a_number(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    found = changed(tmp_path, old, new)
    assert [(one, words in what) for one, _, what in found if one == code][:1] == [(code, True)], found


def test_a_case_that_does_not_hold_is_told_at_its_line(tmp_path: Path) -> None:
    old = "gates: {prescribe: {is: shut, because: [pdmp_check]}}"
    assert [(code, line) for code, line, _ in changed(tmp_path, old, "gates: {prescribe: open}")] == [("CASE002", 0)]


def test_an_act_that_was_turned_away_must_be_said(tmp_path: Path) -> None:
    problems = Problems()
    shutil.copytree(ROOT / "specialties/therapy", tmp_path / "specialties/therapy")
    case = next(iter(read_visit_cases(tmp_path, library().content, problems)))
    report_outcome(case, Outcome(refused={"join": "not_now"}), problems, ("refused",))
    assert [one.code for one in problems] == ["CASE002"]
