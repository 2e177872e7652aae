import json
import re
import shutil
from pathlib import Path

import pytest

from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli, Said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's content, to be broken."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    return tmp_path


def test_the_files_of_the_project_are_right(cli: Cli) -> None:
    said = cli("check", "--no-cases")
    assert said.status == 0, said.out
    assert said.err.startswith("clinic: all right: ")
    assert "cases" not in said.err


def test_a_broken_file_is_named_with_its_line_and_a_code(cli: Cli, copy: Path) -> None:
    clinic = next((copy / "clinics").glob("*.yaml"))
    clinic.write_text(clinic.read_text(encoding="utf-8") + "colur: red\n", encoding="utf-8")
    line = clinic.read_text(encoding="utf-8").count("\n")
    said = cli("check", str(copy))
    assert said.status == 2
    assert f"clinics/{clinic.name}:{line}:1: error SHAPE001" in said.out
    assert said.err == "clinic: 1 error; the law's cases are asked once there is none\n"


def test_problems_can_be_read_by_programs(cli: Cli, copy: Path) -> None:
    (copy / "rules" / "vocabulary.yaml").write_text("a: [\n", encoding="utf-8")
    said = cli("check", str(copy), "--format", "json")
    assert said.status == 2
    assert [problem["code"][:4] for problem in json.loads(said.out)] == ["READ"]


def test_problems_can_be_shown_by_github(cli: Cli, copy: Path) -> None:
    (copy / "rules" / "vocabulary.yaml").write_text("a: [\n", encoding="utf-8")
    assert cli("check", str(copy), "--format", "github").out.startswith("::error file=rules/vocabulary.yaml")


def codes(said: Said) -> list[str]:
    return [problem["code"] for problem in json.loads(said.out) if problem["severity"] == "error"]


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_form_that_is_not_there_is_the_only_problem_told(cli: Cli, copy: Path) -> None:
    replace_in(copy / "specialties/urgent_care/specialty.yaml", "form: urgent_care/intake", "form: urgent_care/absent")
    assert codes(cli("check", str(copy), "--format", "json")) == ["VISIT005"]


def test_what_stands_on_a_form_that_does_not_load_is_not_told(cli: Cli, copy: Path) -> None:
    (copy / "forms/urgent_care/intake.yaml").write_text("form: [\n", encoding="utf-8")
    assert codes(cli("check", str(copy), "--format", "json")) == ["READ001"]


def test_what_others_stand_on_is_told_first(cli: Cli, copy: Path) -> None:
    clinic = next((copy / "clinics").glob("*.yaml"))
    clinic.write_text(clinic.read_text(encoding="utf-8") + "colur: red\n", encoding="utf-8")
    replace_in(copy / "specialties/urgent_care/specialty.yaml", "form: urgent_care/intake", "form: urgent_care/absent")
    assert codes(cli("check", str(copy), "--format", "json")) == ["VISIT005", "SHAPE001"]


def test_where_nothing_can_be_named_no_empty_list_is_offered(cli: Cli, copy: Path) -> None:
    shutil.rmtree(copy / "specialties" / "urgent_care")
    said = cli("check", str(copy))
    assert "error CLINIC001" in said.out
    assert not [line for line in said.out.splitlines() if line.rstrip().endswith("use one of:")]


def test_a_bulk_case_and_the_example_it_starts_from_are_checked(cli: Cli, copy: Path) -> None:
    folder = copy / "tests" / "rules"
    folder.mkdir(parents=True)
    words = (
        "{name: A case, start: ordinary_visti, on: 2026-12-01, expect: {outcome: permitted, duties: {gaurdian: met}}}"
    )
    (folder / "more.yaml").write_text(f"jurisdiction: us/fl\ntopic: consent\ncases: [{words}]\n", encoding="utf-8")
    said = cli("check", str(copy))
    assert said.status == 2
    assert said.out.count("tests/rules/more.yaml:3:") == 2
    assert "unknown example `ordinary_visti`; did you mean `ordinary_visit`?" in said.out
    assert "unknown duty `gaurdian`; did you mean `guardian`?" in said.out


@pytest.mark.slow
def test_a_source_cannot_have_been_checked_on_a_day_to_come(cli: Cli, copy: Path) -> None:
    for path in (copy / "rules" / "us").glob("*/*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("checked: '2026-11-21'", "checked: '2099-01-01'"), encoding="utf-8")
    said = cli("check", str(copy))
    assert said.status == 2
    assert "LAW031" in said.out


@pytest.mark.parametrize(
    "place",
    [
        "rules/us/fl/recording.yml",
        "rules/us/fl/board/prescribing.yaml",
        "rules/us/notes.yaml",
        "rules/us/FL/recording.yaml",
        "forms/intake.yaml",
        "specialties/urgent_care/more/specialty.yaml",
        "clinics/marigold.yml",
    ],
)
def test_a_file_that_nobody_reads_is_told(cli: Cli, copy: Path, place: str) -> None:
    (copy / place).parent.mkdir(parents=True, exist_ok=True)
    (copy / place).write_text("jurisdiction: us/fl\n", encoding="utf-8")
    said = cli("check", str(copy))
    assert (said.status, f"{place}:1:1: error READ008" in said.out) == (2, True)


def test_pictures_and_hidden_files_may_stand_beside_content(cli: Cli, copy: Path) -> None:
    for place in ("clinics/logo.svg", "rules/README.md", "rules/us/.draft.yaml"):
        (copy / place).write_text("x", encoding="utf-8")
    assert cli("check", str(copy), "--no-cases").status == 0


@pytest.mark.slow
def test_a_case_that_does_not_hold_is_told_at_what_it_expects_unless_cases_are_left_out(cli: Cli, copy: Path) -> None:
    path = copy / "rules/us/fl/recording.yaml"
    right, wrong = "duties: {recording_consent: met}", "duties: {recording_consent: unmet}"
    before = path.read_text(encoding="utf-8")
    line = before.partition(right)[0].count("\n") + 1
    replace_in(path, right, wrong)
    said = cli("check", str(copy))
    assert (said.status, said.err) == (2, "clinic: 1 error\n")
    assert said.out.startswith(
        f"rules/us/fl/recording.yaml:{line}:40: error LAW032: the case `With a recording consent"
    )
    assert 'does not hold: expected duties {"recording_consent": "unmet"}, got {"recording_consent": "met"}' in said.out
    assert cli("check", str(copy), "--no-cases").status == 0
    path.write_text(before, encoding="utf-8")
    assert re.search(r", [1-9][0-9]+ cases hold\nclinic: the law .* release.*\n\Z", cli("check", str(copy)).err)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_program_that_fails_says_so_with_the_file_and_all_other_problems(
    cli: Cli, copy: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("typed by a person")

    monkeypatch.setattr("engine.content.compile_clauses", fails)
    replace_in(copy / "specialties/urgent_care/specialty.yaml", "form: urgent_care/intake", "form: urgent_care/absent")
    said = cli("check", str(copy), "--format", form)
    assert said.status == 1
    for told in ("READ009", "forms/consent/clauses.yaml", "VISIT005", "ValueError at test_check.py:"):
        assert told in said.out
    assert "typed by a person" not in said.out + said.err
