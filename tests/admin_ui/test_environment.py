"""The environment's building, with pip and apt replaced; the real thing is `./clinic` in a clean clone."""

import sys
from pathlib import Path

import pytest

from admin_ui.cli import environment
from admin_ui.cli.debian import SetupError

ROOT = Path(__file__).parents[2]
LOCK = """\
durable-rules==2.0.28 \\
    --hash=sha256:aa
setuptools==80.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
wheel==0.4 \\
    --hash=sha256:dd
yarl==1.0 \\
    --hash=sha256:ee
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for lock in environment.LOCKS.values():
        (tmp_path / lock).write_text(LOCK)
    monkeypatch.setattr(environment, "require_build_tools", lambda: None)
    monkeypatch.setattr(environment, "_wish_for_pango", lambda: None)
    monkeypatch.setattr(environment, "run_quietly", lambda command, environ, name: _fake_venv(tmp_path))
    monkeypatch.setattr(environment, "say", lambda sentence: None)
    return tmp_path


def _fake_venv(root: Path) -> None:
    (root / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    (root / ".venv" / "bin" / "python").touch()


def test_a_built_environment_is_only_checked_the_next_time(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment.ready(house, "run")
    assert python == house / ".venv/bin/python"
    monkeypatch.setattr(environment, "run_quietly", lambda *_: pytest.fail("something was installed again"))
    assert environment.ready(house, "run") == python


def test_a_changed_lock_builds_the_environment_afresh(house: Path) -> None:
    environment.ready(house, "run")
    (house / ".venv" / "left-over").touch()
    (house / "requirements.txt").write_text(LOCK + "zope==1 \\\n    --hash=sha256:ff\n")
    environment.ready(house, "run")
    assert not (house / ".venv" / "left-over").exists()


def test_the_tests_packages_are_added_to_the_same_environment(house: Path) -> None:
    environment.ready(house, "run")
    (house / ".venv" / "kept").touch()
    environment.ready(house, "test")
    assert (house / ".venv" / "kept").exists() and (house / ".venv" / "stamp-test").exists()


def test_a_half_built_environment_is_never_used(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise SetupError("no network")

    monkeypatch.setattr(environment, "_pip", fails)
    with pytest.raises(SetupError):
        environment.ready(house, "run")
    assert not (house / ".venv" / "stamp-run").exists()


def test_what_is_built_here_comes_after_the_tools_that_build_it(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(environment, "_pip", lambda root, blocks, *_: calls.append([b.split("==")[0] for b in blocks]))
    environment.ready(house, "run")
    assert calls == [["setuptools", "wheel"], ["setuptools", "wheel", "yarl"], ["durable-rules"]]


def test_missing_headers_of_a_python_that_debian_does_not_own_are_no_matter_of_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "_missing_tools", lambda: ["python3.12-dev"])
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    with pytest.raises(SetupError, match="the Python at /opt/python lacks its headers"):
        environment.require_build_tools()


@pytest.mark.parametrize("name", sorted(environment.LOCKS.values()))
def test_every_locked_package_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = dict(environment._blocks(text))
    assert {*environment.BUILD_TOOLS, *environment.BUILT_HERE} <= set(blocks)
    assert [block for block in blocks.values() if "--hash=sha256:" not in block] == []
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_the_tests_lock_agrees_with_the_lock_that_runs() -> None:
    run, test = (dict(environment._blocks((ROOT / name).read_text())) for name in environment.LOCKS.values())
    assert {name: block for name, block in run.items() if test.get(name) != block} == {}
