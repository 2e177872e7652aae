"""What does `clinic check` say of everything, when did it, and how long did it take?

It runs as a program of its own beside the web program, one at a time, and its answer is kept until the next run.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin_ui.studio.findings import Finding, found, visible
from engine.diagnostics import Diagnostic, Location, Severity
from engine.settings import HOME, PREFIX, Settings

PATIENCE_SECONDS = 900.0
_ENDED = frozenset({0, 2})
_FAILED_CASES = frozenset({"LAW013", "LAW032", "CASE002", "CASE003", "FORM016"})
LONGEST_WORDS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: whether whole visits were walked too, from when to when, what was found and the last sentence.

    ``ended_at`` is None while it runs; ``broken`` says that the check itself did not come to an end.
    """

    visits: bool
    began_at: datetime
    ended_at: datetime | None = None
    problems: tuple[Diagnostic, ...] = ()
    words: str = ""
    broken: bool = False
    changes: int = 0

    @property
    def seconds(self) -> float:
        return ((self.ended_at or datetime.now(UTC)) - self.began_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """A file and what is wrong in it."""

    file: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return sum(one.is_error for one in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run as one clinic's people see it: by file, with counts of everything whatever is filtered."""

    files: tuple[FileResult, ...]
    errors: int
    warnings: int
    cases: int
    hidden: int


@dataclass(slots=True)
class Checks:
    """The last run and the one under way. Two requests at once begin one run."""

    last: Run | None = None
    now: Run | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, settings: Settings, visits: bool, changes: int) -> None:
        """Begins a run unless one is under way; `changes` says of which state of the files it tells."""
        if self.now is not None:
            return
        self.now = Run(visits=visits, began_at=datetime.now(UTC), changes=changes)
        task = asyncio.get_running_loop().create_task(self._run(settings, self.now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, settings: Settings, run: Run) -> None:
        try:
            self.last = await _checked(settings, run)
        except (OSError, ValueError, TimeoutError) as error:
            self.last = replace(run, ended_at=datetime.now(UTC), broken=True, words=type(error).__name__)
        finally:
            self.now = None


async def _checked(settings: Settings, run: Run) -> Run:
    words = [sys.executable, "-m", "admin_ui.cli", "check", str(settings.root), "--format", "json"]
    program = await asyncio.create_subprocess_exec(
        *words,
        *(["--visits"] if run.visits else []),
        cwd=HOME,
        env=environment_of(settings, os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told, said = await asyncio.wait_for(program.communicate(), PATIENCE_SECONDS)
    except BaseException:  # the web program ends, or it took too long: nothing of ours stays behind
        if program.returncode is None:
            program.kill()
            await program.wait()
        raise
    lines = said.decode(errors="replace").strip().splitlines()
    return replace(
        run,
        ended_at=datetime.now(UTC),
        problems=tuple(read_problems(told.decode())) if told.strip() else (),
        words=(lines[-1] if lines else "")[:LONGEST_WORDS],
        broken=program.returncode not in _ENDED,
    )


def environment_of(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the check: none of our settings but where the files are, so that no secret goes along."""
    kept = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
    clinics = {f"{PREFIX}CLINICS": os.pathsep.join(map(str, settings.clinics))} if settings.clinics else {}
    return {**kept, **clinics}


def read_problems(text: str) -> Iterable[Diagnostic]:
    """Diagnostics as `clinic check --format json` writes them."""
    for told in json.loads(text):
        yield _read(told)


def _read(told: Mapping[str, Any]) -> Diagnostic:
    place = Location(**told["location"])
    return Diagnostic(told["code"], Severity(told["severity"]), place, told["what"], told["why"], told["fix"])


def result_of(run: Run, root: Path, clinic: str, severity: str = "") -> Result:
    """The run by file, errors' files first; `severity` shows errors or warnings alone, `cases` the failing cases."""
    shown, hidden = visible(run.problems, clinic)
    by_file: dict[str, list[Diagnostic]] = {}
    for one in shown:
        if severity in ("", one.severity.value) or (severity == "cases" and one.code in _FAILED_CASES):
            by_file.setdefault(one.location.file, []).append(one)
    files = [
        FileResult(file=name, findings=tuple(found(one, root) for one in problems))
        for name, problems in by_file.items()
    ]
    return Result(
        files=tuple(sorted(files, key=lambda one: (one.errors == 0, one.file))),
        errors=sum(one.severity is Severity.ERROR for one in shown),
        warnings=sum(one.severity is Severity.WARNING for one in shown),
        cases=sum(one.code in _FAILED_CASES for one in shown),
        hidden=hidden,
    )
