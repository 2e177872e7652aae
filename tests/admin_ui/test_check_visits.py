"""The cases of whole visits are walked through the real workflow, and one that comes out otherwise is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli

pytestmark = pytest.mark.slow

THERAPY = "specialties/therapy/cases.yaml"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's content with the cases of therapy alone."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    for path in tmp_path.glob("specialties/*/cases.yaml"):
        if path != tmp_path / THERAPY:
            path.unlink()
    return tmp_path


def test_every_case_of_the_project_comes_out_as_it_says(cli: Cli) -> None:
    said = cli("check", "--no-cases", "--visits")
    assert (said.status, "error" in said.out) == (0, False), said.out
    assert "cases hold" in said.err


def test_what_comes_out_otherwise_is_told_at_its_line(cli: Cli, copy: Path) -> None:
    path = copy / THERAPY
    changes = {
        "messages: [visit_booked, visit_soon, summary_ready, care_plan_reminder]": "messages: [visit_booked]",
        "tasks: [sign_overdue]": "tasks: [sign_overdue, sign_overdue]",
        "stage: documenting": "stage: completed",
        "refused: {book: gate_shut}": "refused: {book: slot_taken}",
    }
    text = path.read_text(encoding="utf-8")
    lines = []
    for old, new in changes.items():
        assert text.count(old) == 1
        lines.append(text[: text.index(old)].count("\n") + 1)
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    said = cli("check", str(copy), "--no-cases", "--visits")
    assert said.status == 2
    told = [line.split(": error ")[0] for line in said.out.splitlines() if "error CASE002" in line]
    assert [place.split(":")[:2] for place in told] == [[THERAPY, str(line)] for line in sorted(lines)]
    assert "expected stage completed, got documenting" in said.out
