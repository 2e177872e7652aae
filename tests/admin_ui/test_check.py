import json
import shutil
from pathlib import Path

import pytest

from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's content, to be broken."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    return tmp_path


def test_the_files_of_the_project_are_right(cli: Cli) -> None:
    said = cli("check")
    assert said.status == 0, said.out
    assert said.err.startswith("clinic: all right: ")


def test_a_broken_file_is_named_with_its_line_and_a_code(cli: Cli, copy: Path) -> None:
    clinic = next((copy / "clinics").glob("*.yaml"))
    clinic.write_text(clinic.read_text(encoding="utf-8") + "colur: red\n", encoding="utf-8")
    line = clinic.read_text(encoding="utf-8").count("\n")
    said = cli("check", str(copy))
    assert said.status == 2
    assert f"clinics/{clinic.name}:{line}:1: error SHAPE001" in said.out
    assert said.err == "clinic: 1 error\n"


def test_problems_can_be_read_by_programs(cli: Cli, copy: Path) -> None:
    (copy / "rules" / "vocabulary.yaml").write_text("a: [\n", encoding="utf-8")
    said = cli("check", str(copy), "--format", "json")
    assert said.status == 2
    assert [problem["code"][:4] for problem in json.loads(said.out)] == ["READ"]


def test_problems_can_be_shown_by_github(cli: Cli, copy: Path) -> None:
    (copy / "rules" / "vocabulary.yaml").write_text("a: [\n", encoding="utf-8")
    assert cli("check", str(copy), "--format", "github").out.startswith("::error file=rules/vocabulary.yaml")
