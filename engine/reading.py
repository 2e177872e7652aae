"""What does a YAML file say, read strictly, and on which line does it say it?

Plain scalars follow the YAML 1.2 core schema narrowed further: only `true` and `false` are flags, only plain decimal
numbers are numbers, only `null`, `~` and nothing are empty; `yes`, `on`, `12:30`, `2026-01-01`, `1e3`, `007` stay text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from engine.collecting import collector_paused
from engine.diagnostics import Diagnostic, Location, Problems

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{1,12}\Z")
_BEGINS_NUMBERS = frozenset("-0123456789")
_EMPTY = frozenset({"", "~", "null"})
_FLAGS = {"true": True, "false": False}
_CORE_TAG = "tag:yaml.org,2002:"
_IMPLICIT = ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
_TEXT, _MERGE = f"{_CORE_TAG}str", f"{_CORE_TAG}merge"
_PLAIN_TAGS = frozenset(f"{_CORE_TAG}{kind}" for kind in _IMPLICIT)  # any other tag was written by hand
# A reload reads every file of an installation again, and all but one say what they said before. Beyond so many files
# the oldest reading goes first.
_READINGS_KEPT = 1024
_LIKE_AN_ANCHOR = re.compile(r"(?:\A|[\s\[\]{},:])&\S")
_DEEPEST = 64  # levels of lists and mappings; what people write has about ten
# The C parser goes down one call for each level and ends the process tens of thousands of levels down, so a text with
# as many signs that could open a level is measured first, which takes a while. (A level without such a sign is
# indented deeper than the one before: so many of them make a file of gigabytes.)
_SIGNS_OF_LEVELS = "[{-?"
_SIGNS_UNMEASURED = 4096


_HELD: ContextVar[Mapping[Path, str]] = ContextVar("held_by_editor", default=MappingProxyType({}))


class Sort(StrEnum):
    """The shapes a YAML value can have."""

    MAP = "a mapping"
    LIST = "a list"
    TEXT = "text"
    INTEGER = "a whole number"
    DECIMAL = "a decimal number"
    FLAG = "true or false"
    EMPTY = "nothing"


Scalar = str | int | float | bool | None
_NO_ENTRIES: Mapping[str, "Entry"] = {}  # the same for all that is no mapping; nobody writes to it


@dataclass(frozen=True, slots=True)
class Node:
    """One value and the place where it begins.

    `scalar` is set for scalars and `raw` is their text as written (so `1.10` can be told from `1.1`);
    `parts` are the entries of a list; `entries` those of a mapping, in the order of the file.
    """

    sort: Sort
    at: Location
    scalar: Scalar = None
    raw: str = ""
    parts: tuple["Node", ...] = ()
    entries: Mapping[str, "Entry"] = field(default_factory=lambda: _NO_ENTRIES)

    def __getitem__(self, key: str) -> "Node":
        return self.entries[key].value

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator["Node"]:
        return iter(self.parts)

    def get(self, key: str) -> "Node | None":
        """The value under a key of a mapping, or None where the key is absent or the node is no mapping."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Keys and values of a mapping, in the order of the file."""
        return ((key, entry.value) for key, entry in self.entries.items())

    def items_of(self, key: str) -> "Iterable[tuple[str, Node]]":
        """Keys and values of the mapping under a key; none where there is no such mapping."""
        part = self.get(key)
        return part.items() if part else ()

    def text(self, key: str, default: str = "") -> str:
        """The text under `key`, or the default where there is none."""
        node = self.get(key)
        return node.scalar if node is not None and isinstance(node.scalar, str) else default

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts under `key`, written as a list or as one text."""
        node = self.get(key)
        if node is None:
            return ()
        return tuple(n.scalar for n in (node.parts or (node,)) if isinstance(n.scalar, str))

    def flag(self, key: str, default: bool = False) -> bool:
        """The flag under `key`, or the default where there is none."""
        node = self.get(key)
        return node.scalar if node is not None and isinstance(node.scalar, bool) else default

    def integer(self, key: str) -> int | None:
        """The whole number under `key`, or None."""
        node = self.get(key)
        return int(node.raw) if node is not None and node.sort is Sort.INTEGER else None

    def plain(self) -> object:
        """The value as plain Python: dict, list, str, int, float, bool or None."""
        if self.sort is Sort.MAP:
            return {key: value.plain() for key, value in self.items()}
        if self.sort is Sort.LIST:
            return [part.plain() for part in self.parts]
        return self.scalar


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping, where it stands, and its value."""

    key_at: Location
    value: Node


@contextmanager
def held_by_editor(texts: Mapping[Path, str]) -> Iterator[None]:
    """Meanwhile these files (absolute paths) say what an editor holds and has not saved yet."""
    before = _HELD.set(texts)
    try:
        yield
    finally:
        _HELD.reset(before)


def read_file(path: Path, root: Path, problems: Problems) -> Node | None:
    """Read one file; its name in diagnostics is relative to `root`. None when it cannot be used at all."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    held = _HELD.get().get(path)
    if held is not None:
        return read_text(held, name, problems)
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.report("READ006", Location(name, 1, 1), problem=error.strerror or type(error).__name__)
        return None
    return read_bytes(data, name, problems)


def read_bytes(data: bytes, name: str, problems: Problems) -> Node | None:
    """Read the bytes of a file that must be UTF-8."""
    try:
        return read_text(data.decode("utf-8-sig"), name, problems)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.report("READ007", Location(name, line, 1))
        return None


def read_text(text: str, name: str, problems: Problems) -> Node | None:
    """Read YAML text; every problem of the text is reported, and None means that nothing could be read."""
    node, found = _reading(text, name)
    problems.found.extend(found)
    return node


@lru_cache(maxsize=_READINGS_KEPT)
def _reading(text: str, name: str) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """What a text says and what is wrong with it depend on nothing else, so the same text is read once."""
    problems = Problems()
    node = _read(text, name, problems)
    return node, tuple(problems.found)


def _read(text: str, name: str, problems: Problems) -> Node | None:
    try:
        if sum(map(text.count, _SIGNS_OF_LEVELS)) > _SIGNS_UNMEASURED:
            _refuse_depth(text, name)
        with collector_paused():
            return _understood(text, name, problems)
    except yaml.YAMLError as error:
        problems.report("READ001", _error_place(error, name, text), problem=_error_words(error))
        return None
    except _TooDeep as error:
        problems.report("READ001", error.at, problem=f"it is nested more than {_DEEPEST} levels deep")
        return None


def _understood(text: str, name: str, problems: Problems) -> Node | None:
    root = yaml.compose(text, Loader=_Composer)
    if root is None:
        problems.report("READ004", Location(name, 1, 1))
        return None
    return _Reader(name, problems, anchored=_refuse_anchors(text, name, problems)).node(root)


class _Composer(yaml.CSafeLoader):
    """PyYAML's parser without its question what sort a plain scalar is: `_Reader` decides that by itself."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        return _MERGE if value == "<<" and implicit[0] else _TEXT

    def descend_resolver(self, *_: object) -> None:
        """Nothing depends on where a value stands."""

    def ascend_resolver(self) -> None:
        """Nothing depends on where a value stands."""


class _TooDeep(Exception):
    """More levels than anybody writes; carries where the first one too many begins."""

    def __init__(self, at: Location) -> None:
        super().__init__(str(at))
        self.at = at


class _Reader:
    """Turns PyYAML's nodes into ours."""

    def __init__(self, name: str, problems: Problems, anchored: bool) -> None:
        self._name = name
        self._problems = problems
        self._anchored = anchored
        self._seen: set[int] = set()

    def node(self, node: yaml.Node, depth: int = 1) -> Node:
        at = self._place(node)
        if node.tag not in _PLAIN_TAGS:
            self._problems.report("READ003", at, text=node.tag)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, at)
        if depth > _DEEPEST:
            raise _TooDeep(at)
        if isinstance(node, yaml.MappingNode):
            return Node(Sort.MAP, at, entries=self._entries(node, depth + 1))
        assert isinstance(node, yaml.SequenceNode)
        return Node(Sort.LIST, at, parts=tuple([self.node(part, depth + 1) for part in self._children(node)]))

    def _children(self, node: yaml.SequenceNode) -> list[yaml.Node]:
        return [part for part in node.value if self._first_sight(part)]

    def _first_sight(self, node: yaml.Node) -> bool:
        """An alias is the same object seen again; following it could also go round for ever."""
        if not self._anchored:
            return True
        if id(node) in self._seen:
            self._problems.report("READ003", self._place(node), text="*alias")
            return False
        self._seen.add(id(node))
        return True

    def _entries(self, node: yaml.MappingNode, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key_at = self._place(key_node)
            key = self._key(key_node, key_at)
            if key is None or not self._first_sight(value_node):
                continue
            if key in entries:
                self._problems.report("READ002", key_at, key=key, line=entries[key].key_at.line)
                continue
            entries[key] = Entry(key_at, self.node(value_node, depth))
        return entries

    def _key(self, node: yaml.Node, at: Location) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            found = Sort.MAP if isinstance(node, yaml.MappingNode) else Sort.LIST
            self._problems.report("READ005", at, found=found)
            return None
        if node.tag == _MERGE:
            self._problems.report("READ003", at, text="<<")
            return None
        return str(node.value)

    def _place(self, node: yaml.Node) -> Location:
        return Location(self._name, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(node: yaml.ScalarNode, at: Location) -> Node:
    raw = str(node.value)
    if node.style:  # quoted or block text is always text
        return Node(Sort.TEXT, at, raw, raw)
    if raw in _EMPTY:
        return Node(Sort.EMPTY, at, raw=raw)
    if raw in _FLAGS:
        return Node(Sort.FLAG, at, _FLAGS[raw], raw)
    if raw[0] in _BEGINS_NUMBERS:
        if _INTEGER.match(raw):
            return Node(Sort.INTEGER, at, int(raw), raw)
        if _DECIMAL.match(raw):
            return Node(Sort.DECIMAL, at, float(raw), raw)
    return Node(Sort.TEXT, at, raw, raw)


def _refuse_depth(text: str, name: str) -> None:
    """The same as the reader does, of the parser's events, which go no deeper whatever the text says."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                mark = event.start_mark
                raise _TooDeep(Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_anchors(text: str, name: str, problems: Problems) -> bool:
    """Whether there are any. One that nobody refers to leaves no trace in the nodes, so the text is looked at."""
    if not _LIKE_AN_ANCHOR.search(text):
        return False
    before = len(problems.found)
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.AnchorToken):
            at = Location(name, token.start_mark.line + 1, token.start_mark.column + 1)
            problems.report("READ003", at, text=f"&{token.value}")
    return len(problems.found) > before


def _error_place(error: yaml.YAMLError, name: str, text: str) -> Location:
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode(errors="replace")[: error.position].decode(errors="replace")
        return Location(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1)


def _error_words(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable")
