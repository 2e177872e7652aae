"""How do several conditions become one program that two engines can run, each in its own way?

The first engine is the closures. For the second every condition is brought into *terms*: flat conjunctions of literal
comparisons on a *sheet*, one dense and typed fact without nulls. One group of terms says when the condition surely
holds, one when it surely fails; where neither fires it is unknown. Whatever the safe subset of the second engine does
not take (records, lists, comparisons of two facts, free text) is reduced to a field of its own before it enters:
1 holds, 0 fails, 2 unknown.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product, repeat
from typing import Any, cast

from engine.conditions import (
    Always,
    Applies,
    Condition,
    Every,
    Negation,
    Quantifier,
    Reference,
    Scope,
    Some,
    Test,
    paths,
)
from engine.conditions_closures import UNTOLD, Closure, Truth, compile_condition
from engine.values import Facts, Kind, Value, millionths

Sheet = Mapping[str, int | str]
Row = tuple[list[str], list[int]]
"""The values of a sheet in the order of a program's fields: its texts, then its numbers."""

MOST_TERMS = 24  # per condition and sign; beyond that a part becomes a field of its own
MOST_OPTIONS = 6  # values of one `in`
_HOLDS, _FAILS, _UNKNOWN = 1, 0, 2
_CODES: Mapping[object, int] = {True: _HOLDS, False: _FAILS, None: _UNKNOWN}
"""A truth, or a flag (None where it is not told), as the second engine sees it."""
_TOLD, _NOT_TOLD = 0, 1
_NOTHING = "~"  # no choice begins with a tilde
_UNTOLD: Mapping[Kind, int | str] = {Kind.CHOICE: "~untold", Kind.FLAG: _UNKNOWN}
"""Kinds with a value to spare for what is not told; of others a field of its own says whether it is told."""

_OPPOSITE = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SIGNS = {
    "is": "==",
    "less": "<",
    "at_most": "<=",
    "greater": ">",
    "at_least": ">=",
    "before": "<",
    "on_or_before": "<=",
    "after": ">",
    "on_or_after": ">=",
}


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """One literal comparison of a field of the sheet."""

    field: str
    sign: str
    literal: int | str


Conjunction = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Where all atoms hold, the condition with this number surely holds (or surely fails)."""

    condition: int
    holds: bool
    atoms: Conjunction


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Conditions compiled for both engines; `id` names their content."""

    id: str
    conditions: tuple[Condition, ...]
    closures: tuple[Closure, ...]
    terms: tuple[Term, ...]
    columns: "Columns"
    derived: Mapping[str, Closure]
    paths: frozenset[str]
    fields: tuple[str, ...]

    def truths(self, facts: Facts) -> tuple[Truth, ...]:
        """What the closures say of every condition."""
        return self.truths_of(self.reduced(facts))

    def sheet(self, facts: Facts) -> dict[str, int | str]:
        """The dense fact that the second engine sees."""
        return dict(self.sheet_of(self.reduced(facts)))

    def reduced(self, facts: Facts) -> Facts:
        """The facts, and beside them the truth of every part that is reduced to a field of its own."""
        return {**facts, **{name: closure(facts) for name, closure in self.derived.items()}}

    def truths_of(self, reduced: Facts) -> tuple[Truth, ...]:
        """What the closures say, of facts that are reduced."""
        return tuple([closure(reduced) for closure in self.closures])

    def sheet_of(self, reduced: Facts) -> "LaidOut":
        """The dense fact, of facts that are reduced."""
        texts, numbers = self.columns.values(reduced)
        numbers += map(_CODES.__getitem__, map(reduced.__getitem__, self.derived))
        return LaidOut(self.fields, (texts, numbers))

    def row(self, sheet: Sheet) -> Row:
        """The values of a sheet in the order of `fields`."""
        if isinstance(sheet, LaidOut) and sheet.fields is self.fields:
            return sheet.row
        values, texts = [sheet[name] for name in self.fields], len(self.columns.choices)
        return cast("list[str]", values[:texts]), cast("list[int]", values[texts:])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LaidOut(Mapping[str, int | str]):
    """A sheet as its program lays it out, which nobody need look up by name to send it on."""

    fields: tuple[str, ...]
    row: Row

    def __getitem__(self, name: str) -> int | str:
        texts, numbers = self.row
        if name not in self.fields:
            raise KeyError(name)
        place = self.fields.index(name)
        return texts[place] if place < len(texts) else numbers[place - len(texts)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


@dataclass(frozen=True, slots=True)
class Columns:
    """The facts on the sheet, by their paths. A choice or a flag has one field, which says itself when it is not told.

    A number or a date (`measured`, by the form that it takes) has another one that says whether it is told.
    """

    choices: Mapping[str, str]
    flags: Mapping[str, str]
    measured: Mapping[str, tuple[str, Callable[[Value], int | str]]]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the sheet, in order."""
        measured = (field for name, _ in self.measured.values() for field in (f"f{name}", f"u{name}"))
        return (*(f"f{name}" for name in (*self.choices.values(), *self.flags.values())), *measured)

    def values(self, facts: Facts) -> Row:
        """What they are told to be, in order."""
        told = map(facts.get, self.choices, repeat(_UNTOLD[Kind.CHOICE]))
        texts: list[Any] = [_NOTHING if value is None else value for value in told]
        numbers: list[Any] = list(map(_CODES.__getitem__, map(facts.get, self.flags)))
        for path, (_, encoded) in self.measured.items():
            value: Any = facts.get(path, UNTOLD)
            numbers += (0, _NOT_TOLD) if value is UNTOLD else (encoded(value), _TOLD)
        return texts, numbers


def encode(kind: Kind, value: Value) -> int | str:
    """A scalar as the second engine sees it: dates as yyyymmdd, numbers in millionths, flags as 0 and 1."""
    return _ENCODERS[kind](value)


def _choice(value: Value) -> str:
    return _NOTHING if value is None else str(value)


def _day(value: Value) -> int:
    return int(str(value).replace("-", ""))


def _number(value: Value) -> int:
    return millionths(cast("float", value))


_ENCODERS: Mapping[Kind, Callable[[Value], int | str]] = {
    Kind.CHOICE: _choice,
    Kind.DATE: _day,
    Kind.NUMBER: _number,
    Kind.FLAG: lambda flag: _CODES[flag],
}


def _columns(raw: Mapping[str, tuple[str, Kind]]) -> Columns:
    of = {path: (name, kind) for name, (path, kind) in raw.items()}
    return Columns(
        choices={path: name for path, (name, kind) in of.items() if kind is Kind.CHOICE},
        flags={path: name for path, (name, kind) in of.items() if kind is Kind.FLAG},
        measured={path: (name, _ENCODERS[kind]) for path, (name, kind) in of.items() if kind not in _UNTOLD},
    )


def compile_program(conditions: Sequence[Condition], scope: Scope) -> Program:
    """Compile conditions once; the program is immutable and may be shared by threads."""
    lowering = _Lowering(scope)
    terms = [
        Term(number, holds, conjunction)
        for number, condition in enumerate(conditions)
        for holds in (True, False)
        for conjunction in lowering.terms(condition, holds)
    ]
    columns = _columns(lowering.raw)
    return Program(
        id=hashlib.sha256(repr((tuple(conditions), terms, lowering.kinds())).encode()).hexdigest(),
        conditions=tuple(conditions),
        closures=tuple(compile_condition(condition, lowering.settled) for condition in conditions),
        terms=tuple(terms),
        columns=columns,
        derived=lowering.derived,
        paths=frozenset(path for condition in conditions for path in paths(condition)),
        fields=(*columns.fields, *lowering.derived),
    )


@dataclass(slots=True)
class _Lowering:
    """Brings conditions into terms and collects the fields they stand on."""

    scope: Scope
    raw: dict[str, tuple[str, Kind]] = field(default_factory=dict)
    derived: dict[str, Closure] = field(default_factory=dict)
    settled: dict[Condition, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def kinds(self) -> list[tuple[str, str]]:
        return [(path, kind.value) for path, kind in self.raw.values()]

    def terms(self, condition: Condition, holds: bool) -> list[Conjunction]:
        found = self._terms(condition, holds)
        return self._derived(condition, holds) if len(found) > MOST_TERMS else found

    def _terms(self, condition: Condition, holds: bool) -> list[Conjunction]:
        if isinstance(condition, Always):
            return [()] if condition.holds is holds else []
        if isinstance(condition, Negation):
            return self.terms(condition.part, not holds)
        if isinstance(condition, Every | Some):
            parts = [self.terms(part, holds) for part in condition.parts]
            joined = isinstance(condition, Every) is holds
            return self._product(condition, parts, holds) if joined else _union(parts)
        if isinstance(condition, Quantifier | Applies):
            return self._derived(condition, holds)
        return self._test(condition, holds)

    def _product(self, condition: Condition, parts: list[list[Conjunction]], holds: bool) -> list[Conjunction]:
        size = 1
        for part in parts:
            size *= len(part)
        if size > MOST_TERMS:
            return self._derived(condition, holds)
        return _union([[_joined(choice) for choice in product(*parts)]])

    def _test(self, test: Test, holds: bool) -> list[Conjunction]:
        kind = self.scope.type_of(test.path)
        plain = kind is not None and not test.of_item and not isinstance(test.operand, Reference)
        if not plain or kind is None or not _enters(test, kind.kind, kind.nullable):
            return self._derived(test, holds)
        name = self._field(test.path, kind.kind)
        sign, operands = ("==", test.operand) if test.operator == "in" else (_SIGNS[test.operator], (test.operand,))
        literals = [encode(kind.kind, value) for value in cast("tuple[Value, ...]", operands)]
        told = _told(name, kind.kind)
        if not holds:
            return [(*told, *(Atom(f"f{name}", _OPPOSITE[sign], literal) for literal in literals))]
        needed = () if kind.kind in _UNTOLD else told  # a value that is equal to another is told
        return [(*needed, Atom(f"f{name}", sign, literal)) for literal in literals]

    def _field(self, path: str, kind: Kind) -> str:
        name = self._names.setdefault(path, f"{len(self.raw)}")
        self.raw[name] = (path, kind)
        return name

    def _derived(self, condition: Condition, holds: bool) -> list[Conjunction]:
        name = self.settled.get(condition)
        if name is None:
            name = self.settled[condition] = f"D{len(self.derived)}"  # no path of a fact is written so
            self.derived[name] = compile_condition(condition)
        return [(Atom(name, "==", _HOLDS if holds else _FAILS),)]


def _told(name: str, kind: Kind) -> Conjunction:
    if kind in _UNTOLD:
        return (Atom(f"f{name}", "!=", _UNTOLD[kind]),)
    return (Atom(f"u{name}", "==", _TOLD),)


def _enters(test: Test, kind: Kind, nullable: bool) -> bool:
    """Whether a test may enter the second engine as it is."""
    if kind not in (Kind.CHOICE, Kind.FLAG, Kind.NUMBER, Kind.DATE) or test.operator in ("exists", "told"):
        return False
    if nullable and kind is not Kind.CHOICE:
        return False
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return len(operands) <= MOST_OPTIONS and all(_short(operand) for operand in operands)


def _short(operand: object) -> bool:
    return not isinstance(operand, str) or (len(operand) <= 100 and not operand.startswith(_NOTHING))


def _joined(choice: Sequence[Conjunction]) -> Conjunction:
    return tuple(sorted({atom for part in choice for atom in part}, key=repr))


def _union(parts: Sequence[Sequence[Conjunction]]) -> list[Conjunction]:
    return list(dict.fromkeys(conjunction for part in parts for conjunction in part))
