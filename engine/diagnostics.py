"""Which numbered messages can an author meet, and how is each one written out?"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.diagnostics_register import REGISTER, Kind, Severity

__all__ = [
    "REGISTER",
    "BrokenInput",
    "Diagnostic",
    "Kind",
    "Location",
    "Problems",
    "Severity",
    "as_github",
    "as_json",
    "as_text",
    "listed",
    "nearest",
]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in an authored file (line and column count from 1), or in a question (line 0, `path` set)."""

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}:{self.path}" if self.path else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem found at one place, ready to be shown."""

    code: str
    severity: Severity
    location: Location
    what: str
    why: str
    fix: str

    def as_json(self) -> dict[str, object]:
        """Plain JSON values, keys in a fixed order."""
        at = self.location
        place: dict[str, object] = {"file": at.file, "line": at.line, "column": at.column}
        if at.path:
            place["path"] = at.path
        return {
            "code": self.code,
            "severity": self.severity.value,
            "location": place,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
        }


_KINDS = {kind.code: kind for kind in REGISTER}
# What others stand on is shown first: a clinic names specialties, those name forms, and all of them words of the law.
_FOLDERS = ("rules", "forms", "specialties", "clinics")
_NOTHING_TO_NAME = "there is nothing to name here yet: add it first, or remove this"


class BrokenInput(Exception):
    """Input that cannot be used; carries every diagnostic found in one pass."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(", ".join(f"{d.code} at {d.location}" for d in self.diagnostics))


@dataclass(slots=True)
class Problems:
    """Collects diagnostics during one pass, so that authors see all of them at once."""

    found: list[Diagnostic] = field(default_factory=list)

    def report(self, code: str, at: Location, **values: object) -> None:
        """Note one problem; `values` fill the templates of the register's entry."""
        kind = _KINDS[code]
        what, fix = kind.what.format(**values), kind.fix.format(**values)
        if values.get("allowed") == "":
            fix = _NOTHING_TO_NAME
        self.found.append(Diagnostic(code, kind.severity, at, what, kind.why, fix))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(set(self.found), key=lambda d: (_rank(d.location.file), d.location, d.code, d.what)))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self if d.severity is Severity.ERROR)

    def stop_if_broken(self) -> None:
        """Raise `BrokenInput` with everything found when there is at least one error."""
        if self.found and self.errors:
            raise BrokenInput(self)


def _rank(file: str) -> int:
    folder = file.partition("/")[0]
    return _FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS)


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint `; did you mean ...?` for the nearest known name, or nothing."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def listed(names: Iterable[str], most: int = 12) -> str:
    """Known names for a message, cut short when there are many."""
    ordered = sorted(names)
    rest = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {rest} more" if rest > 0 else "")


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """For a terminal: place, code and what; then why and what to do."""
    return "\n".join(
        f"{d.location}: {d.severity.value} {d.code}: {d.what}\n    why: {d.why}\n    fix: {d.fix}" for d in diagnostics
    )


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """For programs: a JSON array of `Diagnostic.as_json`."""
    return json.dumps([d.as_json() for d in diagnostics], ensure_ascii=False, indent=1)


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """For GitHub's log: one workflow command a diagnostic (docs.github.com, workflow commands)."""
    return "\n".join(
        f"::{d.severity.value} file={_property(d.location.file)},line={d.location.line or 1},"
        f"col={d.location.column or 1},title={d.code}::{_message(f'{d.what} - {d.fix}')}"
        for d in diagnostics
    )


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
