"""How long does it take to read the law: in a fresh process, and in one that runs after one file was edited?"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.rulebook import load_rulebook
from engine.settings import HOME
from tests.bench.measuring import Result, peak_megabytes, result_of

COLD, RELOAD = "cold load, a fresh process", "reload after an edit of one file"
_COLD_RUNS, _RELOADS = 7, 40
_EDITED = "rules/us/fl/prescribing.yaml"


def loads() -> tuple[list[Result], float]:
    """Both, and the most memory that a fresh process held, in megabytes."""
    told = [_cold() for _ in range(_COLD_RUNS)]
    cold = result_of(COLD, [seconds for seconds, _ in told])
    return [cold, result_of(RELOAD, _reloads())], max(megabytes for _, megabytes in told)


def _cold() -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-m", "tests.bench.loads"], cwd=HOME, stdout=subprocess.PIPE, check=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def _reloads() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(HOME / "rules", root / "rules")
        load_rulebook(root)
        return [_edited(root, number) for number in range(_RELOADS)]


def _edited(root: Path, number: int) -> float:
    with (root / _EDITED).open("a", encoding="utf-8") as file:
        file.write(f"# edit {number}\n")
    started = time.perf_counter()
    load_rulebook(root)
    return time.perf_counter() - started


def main() -> None:
    """Load once: seconds, and the most memory held."""
    started = time.perf_counter()
    load_rulebook(HOME)
    print(json.dumps([time.perf_counter() - started, peak_megabytes()]))


if __name__ == "__main__":
    main()
