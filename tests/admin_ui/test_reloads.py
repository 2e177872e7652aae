"""What the terminal of `clinic up` says about changed files."""

import asyncio
import shutil
from pathlib import Path

import pytest

from admin_ui.cli.reloads import change_told, tell_changes
from engine.library import LibraryKeeper
from engine.settings import HOME


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's content, to be changed."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    return tmp_path


def add_line(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def test_a_refused_change_is_one_line_with_its_first_problem_and_a_good_one_is_told_too(copy: Path) -> None:
    clinic = next((copy / "clinics").glob("*.yaml"))
    before = clinic.read_text(encoding="utf-8")
    keeper = LibraryKeeper(copy)
    assert change_told(keeper) == ""
    add_line(clinic, "colur: red")
    line = before.count("\n") + 1
    told = change_told(keeper)
    assert told.startswith(f"a change of clinics/{clinic.name} was refused: clinics/{clinic.name}:{line}:1 SHAPE001: ")
    assert told.endswith("; the old rules keep running; run ./clinic check") and "\n" not in told
    assert change_told(keeper) == ""
    clinic.write_text(before + "# a remark\n", encoding="utf-8")
    assert change_told(keeper) == f"a change of clinics/{clinic.name} was taken and is in force"


async def test_changes_are_told_while_everything_runs(copy: Path) -> None:
    said: list[str] = []
    telling = asyncio.create_task(tell_changes(LibraryKeeper(copy), said.append, every=0.01))
    add_line(copy / "forms" / "urgent_care" / "intake.yaml", "oops: [")
    while not said:
        await asyncio.sleep(0.02)
    telling.cancel()
    assert said[0].startswith("a change of urgent_care/intake.yaml was refused: forms/urgent_care/intake.yaml:")
