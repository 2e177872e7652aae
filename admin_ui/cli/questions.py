"""How do questions come in as JSON, and which rulebook does each of them go to?"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.diagnostics import BrokenInput, Diagnostic, Location, Problems, nearest
from engine.reading import read_file
from engine.rulebook import Rulebook, join, load_law
from engine.settings import Settings, clinic_files


class Rulebooks:
    """The law, read once, and for each clinic asked about its own rulebook on top of it."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.root
        self._files: Mapping[str, Path] = {path.stem: path for path in clinic_files(settings)}
        self._law = load_law(settings.root)
        self._rulebooks: dict[str | None, Rulebook] = {None: join(self._law)}

    def of(self, clinic: str | None) -> Rulebook:
        """The rulebook of a clinic, or of the law alone; raises `BrokenInput` for a clinic that is not there."""
        if clinic not in self._rulebooks:
            self._rulebooks[clinic] = self._with_policy(str(clinic))
        return self._rulebooks[clinic]

    def _with_policy(self, clinic: str) -> Rulebook:
        problems = Problems()
        if clinic not in self._files:
            reason = f"there is no clinic of this name{nearest(clinic, self._files)}"
            problems.report(
                "ASK003",
                Location("question", path="clinic"),
                key="clinic",
                reason=reason,
                fix="use the name of a file of clinics/",
            )
            problems.stop_if_broken()
        node = read_file(self._files[clinic], self._root, problems)
        problems.stop_if_broken()
        return join(self._law, node.get("policy") if node else None)


def read_json(text: str, at: Location) -> Any:
    """JSON read strictly: a key that stands twice, or a number JSON does not have, raises `BrokenInput`."""
    try:
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        # The decoder's own message holds no part of the text; ours hold a key or a word at most.
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or "it is nested too deeply"
        problems = Problems()
        problems.report("ASK001", at, found=f"text that is not JSON ({reason})")
        raise BrokenInput(problems) from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def on_line(error: BrokenInput, here: Location) -> tuple[Diagnostic, ...]:
    """The diagnostics of a question that stands on one line of a file."""
    return tuple(
        replace(diagnostic, location=replace(here, path=diagnostic.location.path)) for diagnostic in error.diagnostics
    )
