"""Another Python gives the same bytes for the same question; a machine that has only one says so."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.rules.helpers_cases import ROOT

FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
PURE = ("zipcodes", "tzdata")  # packages without compiled parts, lent to an interpreter that lacks them
NEEDS = "import sys, yaml; yaml.CSafeLoader; print('.'.join(map(str, sys.version_info[:3])))"
PROGRAM = """
import sys
from engine.decide import decide
from engine.decisions import Question
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started
book, known = load_rulebook(ROOT), examples()
for start in sorted(known):
    for topic in ("licensing", "consent", "prescribing"):
        asked = Question(topic=topic, on="2026-12-01", facts=nested(started(start, known)))
        sys.stdout.buffer.write(decide(book, asked, ClosuresOnly()).canonical() + b"\\n")
"""


def others() -> Iterator[tuple[str, str]]:
    """Interpreters of another version that can read YAML, with their versions."""
    seen = {".".join(map(str, sys.version_info[:3]))}
    names = [f"python3.{minor}" for minor in range(11, 15)]
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), *FOLDERS):
        for name in ("python3", *names):
            found = shutil.which(name, path=folder)
            if found is None:
                continue
            said = subprocess.run([found, "-c", NEEDS], capture_output=True, text=True, check=False, timeout=30)
            version = said.stdout.strip()
            if said.returncode == 0 and version not in seen and tuple(map(int, version.split("."))) >= (3, 11):
                seen.add(version)
                yield found, version


def answers(interpreter: str, lent: Path) -> bytes:
    path = os.pathsep.join([str(ROOT), str(lent)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "11", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run([interpreter, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, check=True)
    return run.stdout


@pytest.mark.slow
def test_two_python_versions_give_the_same_bytes(tmp_path: Path) -> None:
    for package in PURE:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        (tmp_path / package).symlink_to(Path(spec.origin).parent)
    found = dict(others())
    if not found:
        pytest.skip("this machine has one Python version only that can read YAML")
    here = answers(sys.executable, tmp_path)
    assert here.count(b"\n") > 50
    for interpreter, version in found.items():
        assert answers(interpreter, tmp_path) == here, f"Python {version} answers otherwise"
