"""How long does it take to read the law: in a fresh process, and in one that runs after one file was edited?

Processor time is told, which a busy machine lengthens less than the time on the wall. The floors beside it are what no
reader of these files goes below: the parser of PyYAML that is written in C over the same files, and after an edit the
bytes of all of them and that parser over the one.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from engine.law_files import law_files
from engine.rulebook import load_rulebook
from engine.settings import HOME
from tests.bench.measuring import Result, peak_megabytes, result_of

COLD, RELOAD = "cold load, a fresh process", "reload after an edit of one file"
PARSED, REREAD = "the parser alone over the same files", "all bytes read, the parser over the edited file"
_COLD_RUNS, _RELOADS = 7, 40
_EDITED = "rules/us/fl/prescribing.yaml"
_FLOOR = "floor"


def loads() -> tuple[list[Result], dict[str, float], float]:
    """All four, how many times its floor each of ours takes, and the most megabytes that a fresh process held."""
    told = [_fresh() for _ in range(_COLD_RUNS)]
    ours, floors = _reloads()
    found = [
        result_of(COLD, [seconds for seconds, _ in told]),
        result_of(PARSED, [_fresh(_FLOOR)[0] for _ in range(_COLD_RUNS)], peer=True),
        result_of(RELOAD, ours),
        result_of(REREAD, floors, peer=True),
    ]
    cold, parsed, reload, reread = (result.p50_us for result in found)
    ratios = {"cold load, times the parser alone": cold / parsed, "reload, times its floor": reload / reread}
    ratios = {name: round(ratio, 2) for name, ratio in ratios.items()}
    return found, ratios, max(megabytes for _, megabytes in told)


def _fresh(*words: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.loads", *words]
    seconds, megabytes = json.loads(subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, check=True).stdout)
    return seconds, megabytes


def _reloads() -> tuple[list[float], list[float]]:
    """Ours and the floor, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(HOME / "rules", root / "rules")
        load_rulebook(root)
        pairs = [_edited(root, number) for number in range(_RELOADS)]
    return [ours for ours, _ in pairs], [floor for _, floor in pairs]


def _edited(root: Path, number: int) -> tuple[float, float]:
    with (root / _EDITED).open("a", encoding="utf-8") as file:
        file.write(f"# edit {number}\n")
    started = time.process_time()
    load_rulebook(root)
    between = time.process_time()
    for path in law_files(root):
        path.read_bytes()
    _parse(root / _EDITED)
    return between - started, time.process_time() - between


def _parse(path: Path) -> None:
    yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def main() -> None:
    """Load or parse once: seconds of processor time, and the most memory held."""
    started = time.process_time()
    if _FLOOR in sys.argv[1:]:
        for path in law_files(HOME):
            _parse(path)
    else:
        load_rulebook(HOME)
    print(json.dumps([time.process_time() - started, peak_megabytes()]))


if __name__ == "__main__":
    main()
