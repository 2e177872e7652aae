"""The guide's table of the kinds of step says what the closed table says."""

from __future__ import annotations

from pathlib import Path

from engine.visits_steps import STEP_KINDS
from workflows.steps.library import KINDS

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "authoring.md"


def test_the_guide_lists_every_kind_of_step_with_its_settings() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("| Kind | What it does | Settings |\n|-|-|-|\n")[2]
    lines = table.partition("\n\n")[0].splitlines()
    told = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    made = [
        (f"`{name}`", kind.says, ", ".join(f"`{one}`" for one in kind.settings) or "-")
        for name, kind in STEP_KINDS.items()
    ]
    assert told == made


def test_every_kind_that_can_be_written_can_be_walked() -> None:
    assert set(STEP_KINDS) <= set(KINDS)
