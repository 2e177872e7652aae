"""Arrows between rooms point down: import-linter says so here, and is seen to object to planted imports."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.helpers_tree import ROOMS, ROOT

LINTER = str(Path(sys.executable).with_name("lint-imports"))
# One import for each contract of pyproject.toml: the contract's name begins with these words.
PLANTED = {
    "Arrows point down": ("records/planted.py", "import workflows.client\n"),
    "The engine is pure": ("engine/planted.py", "import httpx\n"),
    "Only workflows.worker joins": ("workflows/planted.py", "import records.planted\n"),
    "Workflow code stays light": ("workflows/activities/planted.py", "import httpx\n"),
    "The web side never touches": ("portals/planted.py", "import media.planted\n"),
    "The web side reaches workflows": ("admin_ui/planted.py", "import workflows.visit\n"),
    "Only records knows": ("integrations/planted.py", "import sqlalchemy\n"),
    "Only engine.rete": ("engine/planted_too.py", "import durable_rules_engine\n"),
    "Only media knows": ("integrations/planted_too.py", "import aiortc\n"),
}


def lint(folder: Path) -> str:
    done = subprocess.run([LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return f"exit {done.returncode}\n{done.stdout}{done.stderr}"


def broken(report: str) -> list[str]:
    return re.findall(r"^(.*) BROKEN\b", report, flags=re.MULTILINE)


def test_arrows_point_down_in_the_project() -> None:
    report = lint(ROOT)
    assert report.startswith("exit 0\n"), report


@pytest.fixture(scope="module")
def report_of_planted_imports(tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=lambda folder, names: _not_python(Path(folder), names))
    (copy / "media/planted.py").write_text("", encoding="utf-8")
    for name, text in PLANTED.values():
        (copy / name).write_text(text, encoding="utf-8")
    (copy / "records/planted.py").write_text(PLANTED["Arrows point down"][1], encoding="utf-8")
    return lint(copy)


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(contract: str, report_of_planted_imports: str) -> None:
    names = broken(report_of_planted_imports)
    assert [name for name in names if name.startswith(contract)], report_of_planted_imports


def test_every_contract_has_a_planted_import() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]
    assert [name for name in names if not any(name.startswith(words) for words in PLANTED)] == []


def _not_python(folder: Path, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (folder / name).is_dir()]
