"""What the studio reckons by itself: grades, missing words, lines around a problem, what a check starts with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from admin_ui.studio.checks import Run, environment_of, result_of
from admin_ui.studio.findings import excerpt, findings_of, is_anothers
from admin_ui.studio.tried import SAMPLE, Offered, Tried, query_of, read_tried, settled
from admin_ui.studio.wording import Said, grade_of, missing, reading_grade
from engine.diagnostics import Diagnostic, Location, Severity
from engine.settings import parse_settings

EASY = "You can stop and come back. We keep what you said."
HARD = "Individuals experiencing psychological agitation should immediately communicate with emergency professionals."


def problem(file: str, line: int = 2, severity: Severity = Severity.ERROR, code: str = "SHAPE001") -> Diagnostic:
    return Diagnostic(code, severity, Location(file, line, 1), "what", "why", "fix")


@pytest.mark.parametrize("language", ["en", "es"])
def test_long_words_in_long_sentences_ask_for_more_years_of_school(language: str) -> None:
    assert reading_grade(EASY, language) < 5
    assert reading_grade(HARD, language) > reading_grade(EASY, language) + 3


def test_what_a_language_lacks_is_named_and_what_is_hard_stands_first() -> None:
    said = (
        Said(file="a.yaml", what="one", texts={"en": EASY, "es": " "}),
        Said(file="a.yaml", what="two", texts={"en": HARD, "es": "Hola."}),
        Said(file="a.yaml", what="nothing", texts={}),
    )
    assert [one.what for one in missing(said, "es")] == ["one"]
    graded = grade_of(said, "en")
    assert graded is not None
    assert [one.what for one, _ in graded.hard] == ["two"]
    assert grade_of(said, "fr") is None


def test_the_lines_around_a_place_are_of_files_under_the_root_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.yaml").write_text("one\ntwo\nthree\n", encoding="utf-8")
    (tmp_path / "secret.yaml").write_text("hidden\n", encoding="utf-8")
    lines = excerpt(root, Location("a.yaml", 2, 1))
    assert [(line.number, line.text, line.is_meant) for line in lines] == [
        (1, "one", False),
        (2, "two", True),
        (3, "three", False),
    ]
    assert excerpt(root, Location("../secret.yaml", 1, 1)) == ()
    assert excerpt(root, Location("gone.yaml", 1, 1)) == ()


def test_another_clinics_problems_are_counted_and_warnings_of_other_files_left_out(tmp_path: Path) -> None:
    told = [
        problem("clinics/theirs.yaml"),
        problem("clinics/ours.yaml"),
        problem("forms/x/y.yaml", severity=Severity.WARNING),
        problem("rules/us/drugs.yaml"),
    ]
    found = findings_of(told, {"clinics/ours.yaml"}, tmp_path, "ours")
    assert [one.problem.location.file for one in found.own] == ["clinics/ours.yaml"]
    assert [one.problem.location.file for one in found.elsewhere] == ["rules/us/drugs.yaml"]
    assert (found.hidden, found.errors) == (1, 3)
    assert is_anothers("/elsewhere/clinics/theirs.yaml", "ours")


def test_results_are_by_file_and_a_filter_leaves_the_counts(tmp_path: Path) -> None:
    run = Run(
        visits=False,
        began_at=datetime.now(UTC),
        problems=(problem("b.yaml", severity=Severity.WARNING), problem("c.yaml", code="CASE002")),
    )
    everything = result_of(run, tmp_path, "ours")
    assert [one.file for one in everything.files] == ["c.yaml", "b.yaml"]
    cases = result_of(run, tmp_path, "ours", "cases")
    assert [one.file for one in cases.files] == ["c.yaml"]
    assert (cases.errors, cases.warnings, cases.cases) == (1, 1, 1)


def test_a_check_is_started_without_any_setting_but_the_clinics_files(tmp_path: Path) -> None:
    settings = parse_settings({"CLINIC_ROOT": str(tmp_path), "CLINIC_CLINICS": str(tmp_path / "a.yaml")})
    given = environment_of(settings, {"PATH": "/bin", "CLINIC_DATABASE_URL": "postgresql://secret", "CLINIC_DEMO": "1"})
    assert given == {"PATH": "/bin", "CLINIC_CLINICS": str(tmp_path / "a.yaml")}


def test_choices_come_back_from_their_address_and_what_is_no_longer_known_is_replaced() -> None:
    tried = Tried(kind="gone", state="FL", age=7, at="a/b:c", told={"a/b:c": ("x", "y"), "a/b:d": (SAMPLE,)})
    assert read_tried(parse_qsl(query_of(tried))) == tried
    offered = Offered(kinds=("visit",), states=("GA",), languages=("en",), professions={"visit": ("MD",)})
    chosen = settled(tried, offered)
    assert (chosen.kind, chosen.state, chosen.profession, chosen.told) == ("visit", "GA", "MD", tried.told)
