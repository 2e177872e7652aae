"""Which keys and values may a kind of file hold? One definition gives both the check and the JSON Schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from engine.diagnostics import Location, Problems, listed, nearest
from engine.reading import Node, Sort

JsonSchema = dict[str, object]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Shape(Protocol):
    """What a value may look like."""

    @property
    def words(self) -> str:
        """The shape in a few words, for a message: `a list of text`."""

    def check(self, node: Node, problems: Problems) -> None:
        """Report everything that is wrong with a value."""

    def json_schema(self) -> JsonSchema:
        """The same as JSON Schema 2020-12."""


def _wrong(node: Node, shape: Shape, problems: Problems, fix: str = "") -> None:
    found = f"{node.sort} `{node.raw}`" if node.raw else str(node.sort)
    problems.report("SHAPE003", node.at, expected=shape.words, found=found, fix=fix or f"write {shape.words}")


@dataclass(frozen=True, slots=True)
class Text:
    """Text; a number, a flag or nothing must be quoted to count as text."""

    pattern: str = ""
    words: str = "text"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.TEXT:
            scalar = node.sort not in (Sort.MAP, Sort.LIST)
            helps = scalar and node.raw and re.fullmatch(self.pattern or ".*", node.raw)
            return _wrong(node, self, problems, "put it in quotes" if helps else "")
        if self.pattern and not re.fullmatch(self.pattern, node.raw):
            problems.report("SHAPE005", node.at, value=node.raw, expected=self.words, fix=f"write {self.words}")
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string", **({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})}


@dataclass(frozen=True, slots=True)
class Day(Text):
    """A day of the calendar that can have been meant: there is such a day, and law is not older than its country."""

    def check(self, node: Node, problems: Problems) -> None:
        Text.check(self, node, problems)
        if node.sort is Sort.TEXT and re.fullmatch(self.pattern, node.raw) and not is_day(node.raw):
            expected = f"{self.words}, a day that there is, from {_FIRST_YEAR} on"
            problems.report("SHAPE005", node.at, value=node.raw, expected=expected, fix="correct the date")


_FIRST_YEAR = 1776


def is_day(text: str) -> bool:
    """Whether a date (or its year, or year and month) is one that there is; a word such as `unknown` may stand too."""
    if not text[:4].isdigit():
        return True
    try:
        return date.fromisoformat(f"{text}-01-01"[:10] if len(text) < 10 else text).year >= _FIRST_YEAR
    except ValueError:
        return False


DAY = Day(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date such as 2026-01-31")
NAME = Text(r"[a-z][a-z0-9_]*", "a name of small letters, digits and _")
SLUG = Text(r"[a-z0-9][a-z0-9-]*", "a name of small letters, digits and -")
LINK = Text(r"https?://\S+", "a link that begins with https://")


@dataclass(frozen=True, slots=True)
class Number:
    """A number, whole unless `decimal`, within optional limits."""

    decimal: bool = False
    least: float | None = None
    most: float | None = None

    @property
    def words(self) -> str:
        return "a number" if self.decimal else "a whole number"

    @property
    def _limits(self) -> str:
        if self.least is None or self.most is None:
            return f"at most {self.most}" if self.least is None else f"at least {self.least}"
        return f"{self.least} to {self.most}"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.INTEGER and not (self.decimal and node.sort is Sort.DECIMAL):
            return _wrong(node, self, problems, "write the number without quotes")
        value = float(node.raw)
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            problems.report("SHAPE007", node.at, value=node.raw, expected=self._limits)
        return None

    def json_schema(self) -> JsonSchema:
        limits = {"minimum": self.least, "maximum": self.most}
        kind = "number" if self.decimal else "integer"
        return {"type": kind, **{name: limit for name, limit in limits.items() if limit is not None}}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    words: str = "true or false"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.FLAG:
            _wrong(node, self, problems)

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a closed set of texts."""

    values: tuple[str, ...]

    @property
    def words(self) -> str:
        return f"one of: {listed(self.values)}"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort in (Sort.MAP, Sort.LIST):
            return _wrong(node, self, problems)
        if node.raw not in self.values or node.sort is not Sort.TEXT:
            hint = nearest(node.raw, self.values)
            problems.report("SHAPE004", node.at, value=node.raw, hint=hint, allowed=listed(self.values))
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.values)}


@dataclass(frozen=True, slots=True)
class Exactly:
    """One given scalar, such as `unknown`, `null` or `true`, in a choice of shapes."""

    value: str | bool | None

    @property
    def words(self) -> str:
        return f"`{'null' if self.value is None else str(self.value).lower()}`"

    def check(self, node: Node, problems: Problems) -> None:
        if node.scalar != self.value or node.sort in (Sort.MAP, Sort.LIST):
            _wrong(node, self, problems)

    def json_schema(self) -> JsonSchema:
        return {"type": "null"} if self.value is None else {"const": self.value}


NOTHING = Exactly(None)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value; its meaning is checked elsewhere (conditions, facts, literals)."""

    words: str = "a value"

    def check(self, node: Node, problems: Problems) -> None:
        """Everything fits."""

    def json_schema(self) -> JsonSchema:
        return {"description": self.words}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `single` also takes one entry written without brackets."""

    of: Shape
    least: int = 0
    single: bool = False

    @property
    def words(self) -> str:
        return f"a list of: {self.of.words}"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.LIST:
            return self.of.check(node, problems) if self.single else _wrong(node, self, problems)
        if len(node.parts) < self.least:
            problems.report("SHAPE006", node.at, least=self.least)
        for part in node.parts:
            self.of.check(part, problems)
        return None

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "array", "items": self.of.json_schema()}
        if self.least:
            schema["minItems"] = self.least
        return {"anyOf": [schema, self.of.json_schema()]} if self.single else schema


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from free names to values of one shape."""

    of: Shape
    key: Text = Text()

    @property
    def words(self) -> str:
        return f"a mapping to: {self.of.words}"

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.MAP:
            return _wrong(node, self, problems)
        for name, entry in node.entries.items():
            if self.key.pattern and not re.fullmatch(self.key.pattern, name):
                fix = f"write {self.key.words}"
                problems.report("SHAPE005", entry.key_at, value=name, expected=self.key.words, fix=fix)
            self.of.check(entry.value, problems)
        return None

    def json_schema(self) -> JsonSchema:
        schema: JsonSchema = {"type": "object", "additionalProperties": self.of.json_schema()}
        if self.key.pattern:
            schema["propertyNames"] = self.key.json_schema()
        return schema


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes, told apart by the sort of the value or tried in order."""

    shapes: tuple[Shape, ...]

    @property
    def words(self) -> str:
        return " or ".join(shape.words for shape in self.shapes)

    def check(self, node: Node, problems: Problems) -> None:
        attempts: list[Problems] = []
        for shape in self.shapes:
            attempt = Problems()
            shape.check(node, attempt)
            if not attempt.found:
                return
            attempts.append(attempt)
        deeper = [a for a in attempts if any(d.location != node.at for d in a.found)]
        if deeper:  # the shape whose outside fitted explains best what is wrong inside
            problems.found.extend(deeper[0].found)
        else:
            _wrong(node, self, problems)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [shape.json_schema() for shape in self.shapes]}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record: its shape, what it means, and whether it must be there."""

    shape: Shape
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with a closed set of keys."""

    title: str
    keys: Mapping[str, Key] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return self.title

    def check(self, node: Node, problems: Problems) -> None:
        if node.sort is not Sort.MAP:
            return _wrong(node, self, problems)
        for name, entry in node.entries.items():
            self._check_entry(name, entry.key_at, entry.value, problems)
        for name, key in self.keys.items():
            if key.required and name not in node:
                problems.report("SHAPE002", node.at, key=name, doc=key.doc)
        return None

    def _check_entry(self, name: str, at: Location, value: Node, problems: Problems) -> None:
        key = self.keys.get(name)
        if key is None:
            hint = nearest(name, self.keys)
            problems.report("SHAPE001", at, key=name, hint=hint, allowed=listed(self.keys, most=30))
        else:
            key.shape.check(value, problems)

    def json_schema(self) -> JsonSchema:
        properties = {name: {**key.shape.json_schema(), "description": key.doc} for name, key in self.keys.items()}
        return {
            "type": "object",
            "title": self.title,
            "additionalProperties": False,
            "properties": properties,
            "required": [name for name, key in self.keys.items() if key.required],
        }


def schema_document(shape: Shape, title: str) -> JsonSchema:
    """A whole JSON Schema document for one kind of file."""
    return {"$schema": DIALECT, **shape.json_schema(), "title": title}
