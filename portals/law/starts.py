"""From which everyday situation can a question start? The examples of the law's own cases, moved to the state asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.diagnostics import Problems
from engine.law_cases import examples, started
from engine.questions import STATE, age
from engine.rulebook import Rulebook
from portals.law.asking import BORN, HOME
from portals.law.link import Asked, Told
from portals.law.parts import AGE, AGOS, Part, Sort, parts_of

Facts = Mapping[str, Any]


def starts(root: Path) -> Mapping[str, Facts]:
    """Every example by name with its facts by path; none where the file cannot be read."""
    file = root / "rules" / HOME / "examples.yaml"
    return _read(root, file.stat().st_mtime_ns) if file.exists() else {}


@lru_cache(maxsize=4)
def _read(root: Path, _changed: int) -> Mapping[str, Facts]:
    known = examples(root, Problems(), HOME)
    return {name: started(name, known) for name in known}


def told_by(start: Facts, rulebook: Rulebook, asked: Asked) -> Told:
    """What an example tells, as if its patient were in the state asked about; what may not be shared is left out."""
    moved = _Move(start.get(STATE), asked.state)
    told = {}
    for path, part in parts_of(rulebook.vocabulary).items():
        if path == AGE and BORN in start:
            told[path] = age(str(start[BORN]), asked.day)
        elif path in start:
            told[path] = moved.value(part, start[path])
    return told


class _Move:
    """Two states change places, so that "licensed only elsewhere" stays true in the other one."""

    def __init__(self, here: Any, there: str) -> None:
        self.places = {here: there, there: here} if here else {}

    def value(self, part: Part, value: Any) -> Any:
        if part.sort is Sort.RECORDS:
            return tuple(self._row(part, row) for row in value)
        if part.sort is Sort.AGO:
            return AGOS[0] if value is not None else None
        if part.place:
            return self.places.get(value, value)
        if part.sort is Sort.CHOICES:
            return tuple(one for one in part.options if one in value)
        return tuple(value) if isinstance(value, list) else value

    def _row(self, records: Part, row: Facts) -> Facts:
        return {name: self.value(part, row[name]) for name, part in records.fields.items() if name in row}
