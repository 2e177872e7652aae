"""Where each place of a country stands on its tile map: one square a place, so that small ones are seen as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("tiles")
NOWHERE = "--"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is told of a place: how it stands (a key of the legend), the words for it, and the page that says more."""

    kind: str
    words: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A place on the map: its code, row and column from 1, and what is told of it (None where nothing is)."""

    code: str
    row: int
    column: int
    told: Answer | None


def tile_map(told: Mapping[str, Answer], country: str = "us") -> tuple[Tile, ...]:
    """The country's places from top to bottom as one reads them; ``told`` is by upper-case code."""
    return tuple(
        Tile(code=code, row=row, column=column, told=told.get(code)) for code, row, column in _squares(country)
    )


@cache
def _squares(country: str) -> tuple[tuple[str, int, int], ...]:
    lines = (FOLDER / f"{country}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(
        (code, row, column)
        for row, line in enumerate(lines, 1)
        for column, code in enumerate(line.split(), 1)
        if code != NOWHERE
    )
