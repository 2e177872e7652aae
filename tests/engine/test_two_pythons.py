"""The same question gives the same bytes under another version of Python, where the machine has one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.decide import decide
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

VERSIONS = ("3.11", "3.12", "3.13")
PACKAGES = ("pyyaml", "tzdata", "zipcodes")  # all that a decision of the first engine needs
DAYS = ("2026-03-05", "2026-11-01T01:30:00-04:00", "2026-12-31", "2027-01-01")
STATES = ("CA", "FL", "NJ", "NY", "TX")
TOPICS = ("licensing", "supervision", "consent", "prescribing", "recording", "privacy", "retention")
PROGRAM = """
import json, sys
from pathlib import Path
from engine.decide import decide
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
rulebook = load_rulebook(Path(sys.argv[1]))
for question in json.load(sys.stdin):
    sys.stdout.buffer.write(decide(rulebook, question, ClosuresOnly()).canonical() + b"\\n")
"""


def questions() -> list[dict[str, object]]:
    starts = examples()
    told = [moved(started(name, starts), state) for name in starts for state in STATES]
    return [{"topic": topic, "on": day, "facts": nested(facts)} for facts in told for topic in TOPICS for day in DAYS]


def moved(facts: dict[str, object], state: str) -> dict[str, object]:
    """The same case in another state, without the ZIP code and time zone of the first."""
    kept = {path: value for path, value in facts.items() if not path.endswith((".postal_code", ".time_zone"))}
    return {**kept, "patient.location.state": state, "patient.location.ip_state": state}


def other_pythons() -> dict[str, str]:
    """Every other supported version on this machine: on the path, or installed beside the one that runs."""
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    beside = Path(sys.base_prefix).parent.glob("*/bin/python3")
    found: dict[str, str] = {}
    for candidate in (*(f"python{version}" for version in VERSIONS), *map(str, sorted(beside))):
        version = said_version(candidate)
        if version in VERSIONS and version != ours:
            found.setdefault(version, candidate)
    return found


def said_version(python: str) -> str:
    asked = [python, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def environment(python: str, folder: Path) -> Path:
    """The few locked packages in an environment of that Python; skips where they cannot be had."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = [re.search(rf"^{name}==(?:.*\\\n)*.*\n", lock, re.MULTILINE) for name in PACKAGES]
    wanted = folder / "wanted.txt"
    wanted.write_text("".join(entry[0] for entry in entries if entry), encoding="utf-8")
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True, capture_output=True)
    made = folder / "venv" / "bin" / "python"
    pip = [str(made), "-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    done = subprocess.run([*pip, "--requirement", str(wanted)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the packages of a decision cannot be installed for {python}")
    return made


@pytest.mark.slow
def test_the_same_questions_give_the_same_bytes_under_another_python(tmp_path: Path) -> None:
    others = other_pythons()
    if not others:
        pytest.skip("this machine has no other Python that we support")
    asked = questions()
    rulebook = load_rulebook(ROOT)
    ours = [decide(rulebook, question, ClosuresOnly()).canonical() for question in asked]
    assert len(set(ours)) > len(STATES) * len(TOPICS)
    for version, python in others.items():
        folder = tmp_path / version
        folder.mkdir()
        made = environment(python, folder)
        run = [str(made), "-c", PROGRAM, str(ROOT)]
        done = subprocess.run(run, cwd=ROOT, input=json.dumps(asked).encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        assert done.stdout.splitlines() == ours, version
