"""The reference pages say what the program says."""

import pytest

from admin_ui.cli import docs
from admin_ui.cli.commands import COMMANDS
from engine.diagnostics import REGISTER
from engine.settings import SETTINGS

REMEDY = "run `./clinic docs` and commit docs/reference"


def page(name: str) -> str:
    return (docs.FOLDER / name).read_text(encoding="utf-8")


def test_the_reference_pages_are_up_to_date() -> None:
    assert sorted(docs.stale_pages()) == [], REMEDY


def test_every_setting_command_and_diagnostic_has_its_place() -> None:
    settings, commands, diagnostics = page("settings.md"), page("commands.md"), page("diagnostics.md")
    assert [one.variable for one in SETTINGS if f"| `{one.variable}` |" not in settings] == []
    assert [one.name for one in COMMANDS if f"\n## {one.name}\n" not in commands] == []
    assert [one.code for one in REGISTER if f"\n### {one.code}\n" not in diagnostics] == []


def test_a_page_that_was_not_written_again_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_ui.cli.docs.SETTINGS", SETTINGS[1:])
    assert sorted(docs.stale_pages()) == ["settings.md"]
