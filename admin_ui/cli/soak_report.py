"""What did a soak find? One row for each of its tests, as a table to paste into a note and as a file."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.settings import HOME

# Where the tests leave their rows (`tests/conftest.py`), and how long those last that may last for any time.
ROWS, MINUTES = "SOAK_ROWS", "SOAK_MINUTES"
FOLDER = HOME / ".soak"


@dataclass(frozen=True, slots=True)
class Row:
    """One test: how it ended, after how many seconds, and what it measured."""

    test: str
    outcome: str
    seconds: float
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole soak: of which state of the program, on what machine, how busy that was, and the rows."""

    began: str
    commit: str
    minutes: float
    cores: int
    load_before: float
    load_after: float
    rows: Sequence[Row]


class Soak:
    """From the start of a soak to its report in ``folder``."""

    def __init__(self, minutes: float, folder: Path = FOLDER) -> None:
        self._minutes, self._folder = minutes, folder
        self._began, self._load = datetime.now(UTC), os.getloadavg()[0]
        folder.mkdir(exist_ok=True)
        self._rows = folder / "rows.jsonl"
        self._rows.unlink(missing_ok=True)

    @property
    def environ(self) -> dict[str, str]:
        """What the tests are told."""
        return {ROWS: str(self._rows), MINUTES: str(self._minutes)}

    def finish(self) -> str:
        """Writes ``report.json``; the answer is the table."""
        report = Report(
            began=self._began.isoformat(timespec="seconds"),
            commit=_commit(),
            minutes=self._minutes,
            cores=os.cpu_count() or 1,
            load_before=round(self._load, 1),
            load_after=round(os.getloadavg()[0], 1),
            rows=read_rows(self._rows),
        )
        file = self._folder / "report.json"
        file.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
        return f"{table(report)}as a file: {file}\n"


def read_rows(file: Path) -> list[Row]:
    """The rows that the tests have left, none where no test has run."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def table(report: Report) -> str:
    """The report in columns, each figure by its name.

    >>> row = Row("tests/a.py::test_b", "passed", 600.04, {"worst_gap_s": 0.5, "switches": 90})
    >>> print(table(Report("2026-11-23T00:00:00+00:00", "0123456", 10.0, 2, 0.5, 3.0, [row])))
    soak of 0123456, begun 2026-11-23T00:00:00+00:00, 10 min a test, 2 cores, load 0.5 before and 3.0 after
    passed    600.0 s  tests/a.py::test_b
                         worst_gap_s 0.5, switches 90
    1 of 1 passed
    <BLANKLINE>
    """
    lines = [
        f"soak of {report.commit}, begun {report.began}, {report.minutes:g} min a test, {report.cores} cores, "
        f"load {report.load_before} before and {report.load_after} after"
    ]
    for row in report.rows:
        lines.append(f"{row.outcome:<7} {row.seconds:>7.1f} s  {row.test}")
        if row.figures:
            lines.append(f"{'':<21}" + ", ".join(f"{name} {value}" for name, value in row.figures.items()))
    passed = sum(row.outcome == "passed" for row in report.rows)
    return "\n".join([*lines, f"{passed} of {len(report.rows)} passed", ""])


def _commit() -> str:
    """The commit that was tested; with `+` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no repository"
