"""What changed between two texts, in words and in lines, so that a person reads the change and not both texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, ADDED, REMOVED, SKIPPED = "same", "added", "removed", "skipped"
_WORD = re.compile(r"\s+|[\w.%$/-]+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of words that stayed, came or went."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that stayed, came or went, with its number before and after (0 where it was not); or lines left out."""

    kind: str
    text: str
    before: int = 0
    after: int = 0


def word_difference(before: str, after: str) -> tuple[Piece, ...]:
    """The text after, with what went before it; words are never cut."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    pieces: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(kind=SAME, text="".join(new[k:m])))
            continue
        pieces += [Piece(kind=REMOVED, text="".join(old[i:j]))] if i < j else []
        pieces += [Piece(kind=ADDED, text="".join(new[k:m]))] if k < m else []
    return tuple(pieces)


def line_difference(before: str, after: str, around: int = 3) -> tuple[Line, ...]:
    """The changed lines with ``around`` lines that stayed on each side; what lies between is one line of its count."""
    lines = list(_lines(before.splitlines(), after.splitlines()))
    changed = [at for at, line in enumerate(lines) if line.kind != SAME]
    near = {at for one in changed for at in range(one - around, one + around + 1)}
    shown: list[Line] = []
    hidden = 0
    for at, line in enumerate(lines):
        if at in near:
            shown += [Line(kind=SKIPPED, text=str(hidden))] if hidden else []
            shown.append(line)
            hidden = 0
        else:
            hidden += 1
    return (*shown, *([Line(kind=SKIPPED, text=str(hidden))] if hidden else []))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for kind, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            for step, text in enumerate(old[i:j]):
                yield Line(kind=SAME, text=text, before=i + step + 1, after=k + step + 1)
            continue
        yield from (Line(kind=REMOVED, text=old[at], before=at + 1) for at in range(i, j))
        yield from (Line(kind=ADDED, text=new[at], after=at + 1) for at in range(k, m))
