"""What is wrong with the files, where exactly, and what stands there: diagnostics with the lines around them.

A clinic sees what is wrong with its own file and with everything that all share; another clinic's file is counted.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic, Location, Severity
from engine.visits import Specialty

AROUND = 3
_LONGEST_LINE = 200
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a file: its number from 1, its text, and whether it is the one that is meant."""

    number: int
    text: str
    is_meant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A diagnostic and the lines around its place; none where the file cannot be read."""

    problem: Diagnostic
    lines: tuple[Line, ...]

    @property
    def place(self) -> str:
        return str(self.problem.location)

    @property
    def is_error(self) -> bool:
        return self.problem.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong: in these files, elsewhere (which keeps a change from being taken too), and in other clinics'."""

    own: tuple[Finding, ...]
    elsewhere: tuple[Finding, ...]
    hidden: int

    @property
    def errors(self) -> int:
        return sum(one.is_error for one in (*self.own, *self.elsewhere)) + self.hidden


def visible(problems: Iterable[Diagnostic], clinic: str) -> tuple[tuple[Diagnostic, ...], int]:
    """Those that the people of a clinic may read, and how many errors stand in other clinics' files."""
    shown, hidden = [], 0
    for one in problems:
        if is_anothers(one.location.file, clinic):
            hidden += one.severity is Severity.ERROR
        else:
            shown.append(one)
    return tuple(shown), hidden


def is_anothers(file: str, clinic: str) -> bool:
    """Whether a file is the file of a clinic, and not of this one."""
    path = Path(file)
    return path.parent.name == "clinics" and path.stem != clinic


def files_of(specialty_id: str, specialty: Specialty | None, clinic: str) -> frozenset[str]:
    """The files that make a specialty, with its forms and the clinic's own file, as diagnostics call them."""
    forms = {form for kind in specialty.visit_types.values() for form in kind.intake_forms} if specialty else set()
    folder = {f"specialties/{specialty_id}/{name}.yaml" for name in ("specialty", "note", "formulary", "cases")}
    return frozenset({*folder, *(f"forms/{form}.yaml" for form in forms), f"clinics/{clinic}.yaml"})


def findings_of(problems: Iterable[Diagnostic], files: Collection[str], root: Path, clinic: str) -> Findings:
    """Everything in these files, and the errors of all others, each with its lines."""
    shown, hidden = visible(problems, clinic)
    own = tuple(found(one, root) for one in shown if one.location.file in files)
    others = (one for one in shown if one.location.file not in files and one.severity is Severity.ERROR)
    return Findings(own=own, elsewhere=tuple(found(one, root) for one in others), hidden=hidden)


def found(problem: Diagnostic, root: Path) -> Finding:
    """A diagnostic with its lines."""
    return Finding(problem=problem, lines=excerpt(root, problem.location))


def excerpt(root: Path, at: Location) -> tuple[Line, ...]:
    """The lines around a place of a file under a root, tabs as they are; nothing of a file that lies elsewhere."""
    file = (root / at.file).resolve()
    if file.suffix != ".yaml" or not file.is_relative_to(root.resolve()):
        return ()
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    lines = text.splitlines()[:_MOST_LINES]
    meant = min(max(at.line or 1, 1), max(len(lines), 1))
    first, last = max(meant - AROUND, 1), min(meant + AROUND, len(lines))
    return tuple(
        Line(number=number, text=lines[number - 1][:_LONGEST_LINE], is_meant=number == meant)
        for number in range(first, last + 1)
    )
