import json
import os
import subprocess
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest

from admin_ui.cli import test as command
from admin_ui.cli.debian import SetupError
from admin_ui.cli.soak_report import MINUTES, ROWS, Soak


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


BROWSER, WHOLE, ENGINE = "tests/browser/test_a.py::test_b[x y]", "tests/whole/test_c.py::test_d", "tests/engine/t.py::e"


@pytest.mark.parametrize(
    ("failed", "alone", "runs", "result"),
    [
        ([BROWSER, WHOLE], 0, 2, 0),
        ([BROWSER], 1, 2, 1),
        ([BROWSER, ENGINE], 0, 1, 1),
        ([f"{BROWSER}{number}" for number in range(4)], 0, 1, 1),
        ([], 0, 1, 1),
    ],
    ids=["passed alone", "failed alone", "one is certain", "too many", "nobody knows which"],
)
def test_few_tests_that_wait_for_other_programs_get_a_run_of_their_own(
    failed: list[str],
    alone: int,
    runs: int,
    result: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    kept = tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps(dict.fromkeys(failed, True)))
    codes, asked = iter([1, alone]), []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        is_tests = words[1:3] == ["-m", "pytest"]
        asked.extend([words[3:]] if is_tests else [])
        return subprocess.CompletedProcess(words, next(codes) if is_tests else 0, stdout="", stderr="")

    monkeypatch.setattr("admin_ui.cli.test.subprocess.run", run)
    monkeypatch.setattr(command, "HOME", tmp_path)
    assert command.run(parsed("fast")) == result
    assert len(asked) == runs
    if runs == 2:
        assert asked[1] == failed
    told = [line for line in capsys.readouterr().err.splitlines() if "failed beside others" in line]
    assert len(told) == (len(failed) if result == 0 else 0)


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
    needed = "chromium coturn ffmpeg iproute2 iptables postgresql"
    assert said == f"clinic: driving browsers and a database server in the tests needs {needed}\n"
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


def test_a_soak_tells_its_tests_how_long_and_ends_with_their_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "Soak", lambda minutes: Soak(minutes, tmp_path / ".soak"))

    def run(words: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        if words[1:3] == ["-m", "pytest"]:
            assert more["env"][MINUTES] == "0.5"
            figures = {"worst_gap_s": 0.4}
            row = {"test": "tests/a.py::test_b", "outcome": "passed", "seconds": 30.0, "figures": figures}
            Path(more["env"][ROWS]).write_text(json.dumps(row) + "\n")
        return subprocess.CompletedProcess(words, 0, stdout="abc1234\n", stderr="")

    monkeypatch.setattr("admin_ui.cli.test.subprocess.run", run)
    monkeypatch.setattr(command, "_set_up", lambda suite: None)
    assert command.run(parsed("soak", "--minutes", "0.5")) == 0
    out = capsys.readouterr().out
    assert "passed     30.0 s  tests/a.py::test_b" in out and "worst_gap_s 0.4" in out and "1 of 1 passed" in out
    report = json.loads((tmp_path / ".soak" / "report.json").read_text())
    assert (report["minutes"], report["rows"][0]["figures"]) == (0.5, {"worst_gap_s": 0.4})
