import os
import subprocess
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from admin_ui.cli import test as command
from admin_ui.cli.debian import SetupError


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run; the ones whose name is in `failing` fail."""
    commands: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append([Path(words[0]).name, *words[1:]])
        return subprocess.CompletedProcess(words, int("mypy" in words[0]), stdout="x.py:1: error: wrong\n", stderr="")

    monkeypatch.setattr("admin_ui.cli.test.subprocess.run", run)
    return commands


def parsed(*words: str) -> Namespace:
    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_a_failing_check_fails_the_run_but_the_tests_still_run(
    ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(parsed("fast")) == 1
    assert [words[0] for words in ran[:3]] == ["ruff", "ruff", "lint-imports"]
    assert sorted(words[1:3] for words in ran[3:])[-1] == ["-m", "pytest"]
    assert ["mypy"] in ran[3:]
    out, err = capsys.readouterr()
    assert "mypy: FAILED" in out and "x.py:1: error: wrong" in out
    assert err == "clinic: failed: mypy\n"


def test_words_after_two_dashes_go_to_pytest(ran: list[list[str]]) -> None:
    command.run(parsed("fast", "--", "tests/engine", "-k", "port"))
    assert next(words for words in ran if "pytest" in words)[-3:] == ["tests/engine", "-k", "port"]


def test_missing_programs_are_asked_for_only_where_a_browser_is_driven(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(packages: list[str], purpose: str) -> None:
        raise SetupError(f"{purpose} needs {' '.join(packages)}")

    monkeypatch.setattr("admin_ui.cli.test.shutil.which", lambda name: None)
    monkeypatch.setattr(command, "POSTGRES_FOLDER", tmp_path)
    monkeypatch.setattr(command, "require", refuse)
    assert command.run(parsed("all")) == 1
    said = capsys.readouterr().err
    assert said == "clinic: driving browsers and a database server in the tests needs chromium coturn postgresql\n"
    assert ran == []
    command.run(parsed("fast"))
    assert ran != []


def test_axe_is_installed_again_when_its_lock_has_changed(tmp_path: Path) -> None:
    lock, copy = tmp_path / "package-lock.json", tmp_path / "node_modules" / ".package-lock.json"
    lock.touch()
    assert not command._is_installed(tmp_path)
    copy.parent.mkdir()
    copy.touch()
    assert command._is_installed(tmp_path)
    os.utime(lock, (copy.stat().st_mtime + 5,) * 2)
    assert not command._is_installed(tmp_path)
