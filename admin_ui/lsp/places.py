"""Where in a half-typed YAML text does somebody stand: below which keys, typing what, and which word is there?

The text need not be readable as YAML, so lines and brackets are looked at instead of a tree.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z0-9_./@-]+")
_TYPED = re.compile(r"[A-Za-z0-9_./@-]*$")
_KEY = re.compile(r"""(?:-\s+)*(?P<key>"[^"]*"|'[^']*'|[^\s{}\[\],#"'][^:{}\[\],#]*?)\s*:(?=\s|$)""")
_TOKEN = re.compile(r"""[{}\[\],]|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s{}\[\],:"']+(?::(?!\s|$)[^\s{}\[\],:"']*)*|:""")
_FURTHEST = 60  # lines that a bracket may stay open


@dataclass(frozen=True, slots=True)
class Span:
    """A word of a line: columns count characters from 0, `end` is the first behind it."""

    line: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """The keys around a place, outermost first; `value_of` is the key whose value is typed there, empty for a key."""

    keys: tuple[str, ...]
    value_of: str
    typed: Span

    def within(self, *names: str) -> bool:
        """Whether one of these keys is around the place."""
        return any(name in self.keys for name in names)


@dataclass(slots=True)
class _Bracket:
    """One that is still open: which, and the key whose value it begins."""

    sign: str
    key: str


def word_at(lines: Sequence[str], line: int, column: int) -> Span | None:
    """The word under or right before a place; None between words."""
    for found in _WORD.finditer(lines[line]) if 0 <= line < len(lines) else ():
        if found.start() <= column <= found.end():
            return Span(line, found.start(), found.end(), found.group())
    return None


def place_at(lines: Sequence[str], line: int, column: int) -> Place:
    """Where typing goes on at a place (lines and characters counted from 0)."""
    text = lines[line][:column] if line < len(lines) else ""
    found = _TYPED.search(text)
    typed = Span(line, column - len(found.group() if found else ""), column, found.group() if found else "")
    first = _flow_begins(lines, line)
    before = " ".join([*lines[first:line], text[: typed.start]])
    inner, value_of = _opened(_without_dash(before))
    return Place(keys=(*_around(lines, first, column), *inner), value_of=value_of, typed=typed)


def _flow_begins(lines: Sequence[str], line: int) -> int:
    """The line on which the outermost bracket that is open before a line was opened; the line itself where none is."""
    for above in range(line - 1, max(line - _FURTHEST, -1), -1):
        if _depth(" ".join(lines[above:line])) > 0 and _KEY.match(lines[above].lstrip()):
            return above if _depth(lines[above]) > 0 else line
    return line


def _depth(text: str) -> int:
    tokens = [found.group() for found in _TOKEN.finditer(text)]
    return sum(token in "{[" for token in tokens) - sum(token in "}]" for token in tokens)


def _around(lines: Sequence[str], line: int, column: int) -> tuple[str, ...]:
    """The keys of lines above that hold a line, outermost first."""
    mine = lines[line] if line < len(lines) else ""
    indent, is_item = (_indent(mine) if mine.strip() else column), mine.lstrip().startswith("-")
    found = list[str]()
    for above in range(line - 1, -1, -1):
        other = lines[above]
        here, item = _indent(other), other.lstrip().startswith("-")
        holds = here < indent or (here == indent and is_item and not item)
        if not other.strip() or other.lstrip().startswith("#") or not holds:
            continue
        key = _KEY.match(other.lstrip())
        if key and other.split(" #")[0].rstrip().endswith(":"):
            found.append(key["key"].strip("\"'"))
        indent, is_item = here, item
    return tuple(reversed(found))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _without_dash(text: str) -> str:
    begun = text.lstrip()
    while begun.startswith("-") and begun[1:2] in ("", " "):
        begun = begun[1:].lstrip()
    return begun


def _opened(text: str) -> tuple[tuple[str, ...], str]:
    """The keys of the brackets that are open at the end of a text, and the key whose value comes next."""
    stack, value_of, last = list[_Bracket](), "", ""
    for token in (found.group() for found in _TOKEN.finditer(text)):
        if token == ":":
            value_of = last
        elif token in "{[":
            in_list = bool(stack) and stack[-1].sign == "["
            stack.append(_Bracket(token, "" if in_list else value_of))
            value_of = value_of if token == "[" else ""
        elif token in "}]":
            value_of = ""
            del stack[-1:]
        elif token == ",":
            value_of = stack[-1].key if stack and stack[-1].sign == "[" else ""
        last = token.strip("\"'")
    held = stack[:-1] if stack and stack[-1].sign == "[" else stack
    return tuple(bracket.key for bracket in held if bracket.key), value_of
