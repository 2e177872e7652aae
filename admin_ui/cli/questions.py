"""How do questions come in as JSON, and which rulebook does each of them go to?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.diagnostics import BrokenInput, Diagnostic, Location, Problems, nearest
from engine.library import load_library
from engine.rulebook import Rulebook, join, load_law
from engine.settings import Settings


class Rulebooks:
    """The law alone, read once, and the rulebooks of clinics, read when the first one is asked about."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._law = join(load_law(settings.root))
        self._clinics: Mapping[str, Rulebook] | None = None

    def of(self, clinic: str | None) -> Rulebook:
        """The rulebook of a clinic, or of the law alone; raises `BrokenInput` for a clinic that is not there."""
        if clinic is None:
            return self._law
        if self._clinics is None:
            self._clinics = load_library(self._settings.root, self._settings.clinics).rulebooks
        if clinic not in self._clinics:
            raise _no_such_clinic(clinic, self._clinics)
        return self._clinics[clinic]


def _no_such_clinic(clinic: str, known: Iterable[str]) -> BrokenInput:
    problems = Problems()
    reason = f"there is no clinic of this name{nearest(clinic, known)}"
    at = Location("question", path="clinic")
    problems.report("ASK003", at, key="clinic", reason=reason, fix="use the name of a clinic, or leave it out")
    return BrokenInput(problems)


def on_line(error: BrokenInput, here: Location) -> tuple[Diagnostic, ...]:
    """The diagnostics of a question that stands on one line of a file."""
    return tuple(
        replace(diagnostic, location=replace(here, path=diagnostic.location.path)) for diagnostic in error.diagnostics
    )
