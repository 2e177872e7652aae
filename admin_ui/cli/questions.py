"""How do questions come in as JSON, and which rulebook does each of them go to?"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from engine.diagnostics import BrokenInput, Diagnostic, Location, Problems, nearest
from engine.known_law import rulebook_known_at
from engine.library import Library, Vouched, load_library, with_vouched
from engine.rulebook import Rulebook, join, load_law
from engine.settings import Settings


class Rulebooks:
    """The law alone, read once, and the rulebooks of clinics, read when the first one is asked about.

    `vouched` says what the officers of clinics attested on pages or by commands (see `admin_ui.cli.vouched`); without
    it only what stands in the clinics' files counts.
    """

    def __init__(self, settings: Settings, vouched: Callable[[Iterable[str]], Vouched] | None = None) -> None:
        self._settings = settings
        self._vouched = vouched
        self._law = join(load_law(settings.root))

    def of(self, clinic: str | None, known_at: str | None = None) -> Rulebook:
        """The rulebook of a clinic, or of the law alone, as it was known at an instant or is now.

        Raises `BrokenInput` for a clinic that is not there, and where nobody can say what was known.
        """
        today = self._law if clinic is None else self._of_clinic(clinic)
        if known_at is None:
            return today
        own = self._library.own_law(clinic) if clinic is not None else None
        return rulebook_known_at(self._settings.root, known_at, datetime.now(UTC), today, own)

    def _of_clinic(self, clinic: str) -> Rulebook:
        rulebooks = self._library.rulebooks
        if clinic not in rulebooks:
            raise _no_such_clinic(clinic, rulebooks)
        return rulebooks[clinic]

    @cached_property
    def _library(self) -> Library:
        library = load_library(self._settings.root, self._settings.clinics)
        vouched = self._vouched(library.content.clinics) if self._vouched else {}
        return with_vouched(library, vouched) if any(vouched.values()) else library


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
