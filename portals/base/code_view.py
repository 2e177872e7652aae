"""How a file's text is shown with line numbers: its words by what they are, and what is wrong below the line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_YAML = re.compile(
    r"""(?P<note>(?:^|(?<=\s))\#.*)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?P<name>[\w./-]+(?=:(?:\s|$)))"""
    r"""|(?P<number>(?<![\w.-])\d[\w.:%-]*)|(?P<word>(?<![\w-])(?:true|false|null)(?![\w-]))"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is said of a line: `danger`, `warning` or `info`, the words, and the diagnostic's code where it has one."""

    line: int
    kind: str
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """A line of code: its number, its parts as (what it is, text), and what is said of it."""

    number: int
    parts: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]


def code_lines(text: str, remarks: Sequence[Remark] = ()) -> tuple[CodeLine, ...]:
    """The text as lines; a remark beyond its end is said of the last line, so that none is lost."""
    lines = text.splitlines() or [""]
    return tuple(
        CodeLine(
            number=number,
            parts=tuple(_parts(line)),
            remarks=tuple(one for one in remarks if min(max(one.line, 1), len(lines)) == number),
        )
        for number, line in enumerate(lines, 1)
    )


def _parts(line: str) -> Iterator[tuple[str, str]]:
    done = 0
    for found in _YAML.finditer(line):
        if found.start() > done:
            yield "", line[done : found.start()]
        yield found.lastgroup or "", found[0]
        done = found.end()
    if done < len(line):
        yield "", line[done:]
