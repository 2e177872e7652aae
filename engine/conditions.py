"""How is a condition written, and what does its syntax tree look like?

A condition is a mapping. A key that is a path of the vocabulary is a test; several keys must all hold:

    drug.schedule: II                                  equal
    drug.schedule: [II, III]                           one of (the same as {in: [II, III]})
    encounter.modality: {not: in_person}               not equal; `not` takes a value, a list or operators
    prescription.refills: {at_least: 1, less: 6}       less, at_most, greater, at_least
    relationship.exam_date: {on_or_after: {fact: encounter.date, minus: 24 months}}
                                                       before, on_or_before, after, on_or_after; plus or minus
    relationship.exam_date: {within: 90 days}          in the 90 days that end with the encounter, both ends counted
    patient.pregnant: {told: true}                     said at all; {exists: true}: told and not nothing, not empty
    drug.classes: {has: stimulant}                     has, has_any, has_all
    provider.licenses: {any: {state: {fact: patient.location.state}, status: active}}
                                                       any, all, none over records; inside, fields go by their own names
    provider.licenses: {count: {where: {...}, at_least: 2}}
    all: [...]  any: [...]  none: [...]  not: {...}  always: true
    applies: us/prescribing/ryan-haight                that rule is in force and its condition holds (in rules only)

A missing fact makes a test unknown, and unknown passes upwards as in Kleene's logic.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from engine.diagnostics import Location, Problems, listed, nearest
from engine.reading import Node, Sort
from engine.values import ORDERED, BadValue, Duration, FactType, Kind, Value, read_duration


class Scope(Protocol):
    """The facts a condition may name."""

    def type_of(self, path: str) -> FactType | None:
        """The type of a path, or None where there is no such fact."""

    def paths(self) -> Iterable[str]:
        """Every known path, for hints."""


@runtime_checkable
class Importing(Protocol):
    """A scope whose conditions may lean on other rules."""

    def imports(self, rule: str) -> bool:
        """Whether a rule of this id may be named."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of another fact, moved by a duration (dates only)."""

    path: str
    by: Duration | None = None
    sign: int = 1


Operand = Value | Reference


@dataclass(frozen=True, slots=True)
class Always:
    """Holds always, or never."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Test:
    """One fact against a value; `of_item` when the path is a field of the record a quantifier looks at."""

    __test__: ClassVar[bool] = False  # to pytest a class of this name would look like tests

    path: str
    operator: str
    operand: Operand
    of_item: bool = False


@dataclass(frozen=True, slots=True)
class Quantifier:
    """How many records of a list satisfy `where`: at least `least` and at most `most` of them (None: no bound).

    `every` asks it of all records; then `least` and `most` mean nothing.
    """

    path: str
    where: "Condition"
    least: int = 1
    most: int | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class Applies:
    """Another rule is in force and its condition holds; put in (`engine.imports`) before anything is judged."""

    rule: str


Condition = Always | Every | Some | Negation | Test | Quantifier | Applies

_SCALARS = frozenset(Kind) - {Kind.CHOICES, Kind.RECORDS}
_DATED = frozenset({Kind.DATE, Kind.INSTANT})
_LISTS = frozenset({Kind.CHOICES})


@dataclass(frozen=True, slots=True)
class Operator:
    """A test of one fact: which kinds it may be asked of, how many values it takes, and the words that explain it."""

    kinds: frozenset[Kind]
    words: str
    many: bool = False
    flag: bool = False


OPERATORS: Mapping[str, Operator] = {
    "is": Operator(_SCALARS, "is"),
    "in": Operator(_SCALARS, "is one of", many=True),
    "less": Operator(ORDERED - _DATED, "is less than"),
    "at_most": Operator(ORDERED - _DATED, "is at most"),
    "greater": Operator(ORDERED - _DATED, "is greater than"),
    "at_least": Operator(ORDERED - _DATED, "is at least"),
    "before": Operator(_DATED, "is before"),
    "on_or_before": Operator(_DATED, "is on or before"),
    "after": Operator(_DATED, "is after"),
    "on_or_after": Operator(_DATED, "is on or after"),
    "has": Operator(_LISTS, "has"),
    "has_any": Operator(_LISTS, "has any of", many=True),
    "has_all": Operator(_LISTS, "has all of", many=True),
    "exists": Operator(frozenset(Kind), "exists", flag=True),
    "told": Operator(frozenset(Kind), "is told", flag=True),
}
QUANTIFIERS = ("any", "all", "none", "count")
CONNECTIVES = ("all", "any", "none", "not", "always", "applies")
_TODAY = "encounter.date"
_BOUNDS = ("at_least", "at_most", "less", "greater", "is")


def parse(node: Node, scope: Scope, problems: Problems) -> Condition:
    """The syntax tree of a condition; everything wrong is reported, and `Always(False)` stands in for broken parts."""
    return _Parser(scope, problems).condition(node, None)


def json_schema() -> dict[str, object]:
    """The JSON Schema of a condition (`#/$defs/condition` wherever one stands); paths are checked by `parse`."""
    condition = {"$ref": "#/$defs/condition"}
    several = {"type": "array", "items": condition, "minItems": 1}
    connectives = {"all": several, "any": several, "none": several, "not": condition, "always": {"type": "boolean"}}
    rule = {"type": "string", "description": "the id of a rule of the same topic"}
    connectives |= {"applies": {"anyOf": [rule, {"type": "array", "items": rule, "minItems": 1}]}}
    return {"type": "object", "minProperties": 1, "properties": connectives}


_BROKEN = Always(False)
_Fields = Mapping[str, FactType] | None


class _Parser:
    """Reads one condition; `fields` are those of the record a quantifier looks at, None outside."""

    def __init__(self, scope: Scope, problems: Problems) -> None:
        self._scope = scope
        self._problems = problems

    def condition(self, node: Node, fields: _Fields) -> Condition:
        if node.sort is not Sort.MAP:
            self._problems.report("COND006", node.at, found=node.sort)
            return _BROKEN
        if not node.entries:
            self._problems.report("COND005", node.at)
            return _BROKEN
        parts = [self._entry(key, entry.key_at, entry.value, fields) for key, entry in node.entries.items()]
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _entry(self, key: str, at: Location, value: Node, fields: _Fields) -> Condition:
        if key in CONNECTIVES and not (fields and key in fields):
            return self._connective(key, value, fields)
        of_item = fields is not None and key in fields
        kind = fields[key] if fields is not None and of_item else self._scope.type_of(key)
        if kind is None:
            known = [*(fields or ()), *self._scope.paths()]
            self._problems.report("COND001", at, path=key, hint=nearest(key, [*known, *CONNECTIVES]))
            return _BROKEN
        return self._matcher(_Subject(key, kind, of_item, fields), value)

    def _connective(self, key: str, value: Node, fields: _Fields) -> Condition:
        if key == "always":
            return self._always(value)
        if key == "applies":
            return self._applies(value)
        if key == "not":
            return Negation(self.condition(value, fields))
        if value.sort is not Sort.LIST or not value.parts:
            self._problems.report("COND005" if value.sort is Sort.LIST else "COND006", value.at, found=value.sort)
            return _BROKEN
        parts = tuple(self.condition(part, fields) for part in value.parts)
        return Every(parts) if key == "all" else Some(parts) if key == "any" else Negation(Some(parts))

    def _always(self, value: Node) -> Condition:
        if not isinstance(value.scalar, bool):
            self._problems.report("COND006", value.at, found=value.sort)
            return _BROKEN
        return Always(value.scalar)

    def _applies(self, value: Node) -> Condition:
        """At least one of the rules named applies."""
        nodes = value.parts if value.sort is Sort.LIST else (value,)
        fitting = [n for n in nodes if isinstance(self._scope, Importing) and self._scope.imports(n.raw)]
        for node in nodes:
            if node not in fitting:
                self._problems.report("LAW019", node.at, id=node.raw or node.sort, reason="it is no rule of this topic")
        if not fitting or len(fitting) < len(nodes):
            return _BROKEN
        parts = tuple(Applies(node.raw) for node in fitting)
        return parts[0] if len(parts) == 1 else Some(parts)

    def _matcher(self, subject: "_Subject", value: Node) -> Condition:
        """What stands behind a path: a value, a list of values, a reference, or operators."""
        if subject.kind.kind is Kind.RECORDS:
            return self._of_records(subject, value)
        if value.sort is Sort.LIST:
            operator = "has_any" if subject.kind.kind is Kind.CHOICES else "in"
            return self._test(subject, operator, value)
        if value.sort is not Sort.MAP or "fact" in value:
            return self._test(subject, "has" if subject.kind.kind is Kind.CHOICES else "is", value)
        return self._operators(subject, value)

    def _operators(self, subject: "_Subject", value: Node) -> Condition:
        if not value.entries:
            self._problems.report("COND005", value.at)
            return _BROKEN
        parts: list[Condition] = []
        for name, entry in value.entries.items():
            if name == "not":
                parts.append(Negation(self._matcher(subject, entry.value)))
            elif name == "within":
                parts.append(self._within(subject, entry.value))
            elif name not in OPERATORS:
                self._unknown_operator(name, entry.key_at, (*OPERATORS, "within", "not"))
            else:
                parts.append(self._test(subject, name, entry.value))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _within(self, subject: "_Subject", value: Node) -> Condition:
        """A window of the calendar that ends with the day of the encounter; what lies after it is not within."""
        if subject.kind.kind is not Kind.DATE or self._scope.type_of(_TODAY) is None:
            fitting, path = [n for n, o in OPERATORS.items() if subject.kind.kind in o.kinds], subject.path
            given = {"operator": "within", "path": path, "type": subject.kind, "allowed": listed(fitting, 30)}
            self._problems.report("COND003", value.at, **given)
            return _BROKEN
        begin, end = Reference(_TODAY, self._duration(value), -1), Reference(_TODAY)
        named = (("on_or_after", begin), ("on_or_before", end))
        return Every(tuple(Test(subject.path, operator, day, subject.of_item) for operator, day in named))

    def _unknown_operator(self, name: str, at: Location, known: Iterable[str]) -> None:
        hint = nearest(name, known)
        self._problems.report("COND002", at, operator=name, hint=hint, allowed=listed(known, most=30))

    def _test(self, subject: "_Subject", name: str, value: Node) -> Condition:
        operator, kind = OPERATORS[name], subject.kind
        if kind.kind not in operator.kinds:
            fitting = [n for n, o in OPERATORS.items() if kind.kind in o.kinds]
            path = subject.path
            self._problems.report("COND003", value.at, operator=name, path=path, type=kind, allowed=listed(fitting, 30))
            return _BROKEN
        operand = self._operand(subject, operator, value)
        if operand is _UNUSABLE:
            return _BROKEN
        if operator.flag and operand is False:
            return Negation(Test(subject.path, name, True, subject.of_item))
        return Test(subject.path, name, operand, subject.of_item)  # type: ignore[arg-type]

    def _operand(self, subject: "_Subject", operator: Operator, value: Node) -> object:
        if operator.flag:
            return self._literal(subject, FactType(Kind.FLAG), value)
        one = FactType(Kind.CHOICE, subject.kind.choices) if subject.kind.kind is Kind.CHOICES else subject.kind
        if value.sort is Sort.MAP and "fact" in value:
            return self._reference(subject, FactType(Kind.CHOICES) if operator.many else one, value)
        if operator.many:
            nodes = value.parts if value.sort is Sort.LIST else (value,)
            if not nodes:
                self._problems.report("COND005", value.at)
                return _UNUSABLE
            found = [self._literal(subject, one, part) for part in nodes]
            return _UNUSABLE if any(f is _UNUSABLE for f in found) else tuple(found)
        return self._literal(subject, one, value)

    def _literal(self, subject: "_Subject", kind: FactType, value: Node) -> object:
        try:
            if value.sort in (Sort.MAP, Sort.LIST):
                raise BadValue("one value is expected")
            return kind.read(value.scalar)
        except BadValue as error:
            fix = f"use one of: {listed(kind.choices, 20)}" if kind.choices else f"write {kind}"
            shown = value.raw or str(value.sort)
            report = self._problems.report
            report("COND004", value.at, value=shown, path=subject.path, reason=error, fix=fix)
            return _UNUSABLE

    def _reference(self, subject: "_Subject", kind: FactType, value: Node) -> object:
        path = value.text("fact")
        other = self._scope.type_of(path)
        if other is None:
            at = value["fact"].at
            self._problems.report("COND001", at, path=path, hint=nearest(path, self._scope.paths()))
            return _UNUSABLE
        reason = _mismatch(kind, other)
        for key in value.entries:
            if key not in ("fact", "plus", "minus"):
                self._unknown_operator(key, value.entries[key].key_at, ("fact", "plus", "minus"))
        moved = next((key for key in ("plus", "minus") if key in value), None)
        if moved and kind.kind is not Kind.DATE:
            reason = "only dates can be moved by a duration"
        if reason:
            self._problems.report("COND007", value.at, path=subject.path, other=path, reason=reason)
            return _UNUSABLE
        return (
            Reference(path, self._duration(value[moved]), -1 if moved == "minus" else 1) if moved else Reference(path)
        )

    def _duration(self, node: Node) -> Duration:
        try:
            return read_duration(node.raw)
        except BadValue as error:
            fix = "write a duration such as `24 months`"
            self._problems.report("COND004", node.at, value=node.raw, path="plus or minus", reason=error, fix=fix)
            return Duration()

    def _of_records(self, subject: "_Subject", value: Node) -> Condition:
        if value.sort is not Sort.MAP or not value.entries:
            self._problems.report("COND006", value.at, found=value.sort)
            return _BROKEN
        parts = [
            self._one_of_records(subject, name, entry.key_at, entry.value) for name, entry in value.entries.items()
        ]
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one_of_records(self, subject: "_Subject", name: str, at: Location, value: Node) -> Condition:
        if name in ("exists", "told"):
            return self._test(subject, name, value)
        if name == "count":
            return self._count(subject, value)
        if name not in QUANTIFIERS:
            self._unknown_operator(name, at, (*QUANTIFIERS, "exists", "told"))
            return _BROKEN
        where = self.condition(value, subject.kind.fields)
        if name == "all":
            return Quantifier(subject.path, where, every=True)
        found = Quantifier(subject.path, where)
        return found if name == "any" else Negation(found)

    def _count(self, subject: "_Subject", value: Node) -> Condition:
        if value.sort is not Sort.MAP or "where" not in value:
            self._problems.report("COND006", value.at, found=value.sort)
            return _BROKEN
        least, most = 0, None
        for name, entry in value.entries.items():
            if name == "where":
                continue
            bound = entry.value.scalar
            if name not in _BOUNDS:
                self._unknown_operator(name, entry.key_at, ("where", *_BOUNDS))
            elif not isinstance(bound, int) or isinstance(bound, bool):
                fix, reason = "write a whole number", "it is no whole number"
                report, at = self._problems.report, entry.value.at
                report("COND004", at, value=entry.value.raw, path=f"{subject.path} count", reason=reason, fix=fix)
            else:
                least, most = _narrowed(name, bound, least, most)
        return Quantifier(subject.path, self.condition(value["where"], subject.kind.fields), least, most)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The fact a matcher is about."""

    path: str
    kind: FactType
    of_item: bool
    fields: _Fields


_UNUSABLE = object()


def _narrowed(name: str, bound: int, least: int, most: int | None) -> tuple[int, int | None]:
    if name in ("at_least", "greater"):
        return max(least, bound + (name == "greater")), most
    upper = bound - (name == "less")
    narrowed = upper if most is None else min(most, upper)
    return (max(least, bound), narrowed) if name == "is" else (least, narrowed)


def _mismatch(one: FactType, other: FactType) -> str:
    text = (Kind.TEXT, Kind.CHOICE)
    if one.kind is not other.kind and not (one.kind in text and other.kind in text):
        return f"one is {one}, the other {other}"
    if one.unit != other.unit:
        return f"one is in {one.unit or 'no unit'}, the other in {other.unit or 'no unit'}"
    return ""


def walk(condition: Condition) -> Iterable[Condition]:
    """A condition and every part of it, outermost first."""
    yield condition
    for part in _parts(condition):
        yield from walk(part)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, Every | Some):
        return condition.parts
    if isinstance(condition, Negation):
        return (condition.part,)
    return (condition.where,) if isinstance(condition, Quantifier) else ()


def paths(condition: Condition) -> frozenset[str]:
    """Every fact that a condition reads; fields of records are not named."""
    found: set[str] = set()
    for part in walk(condition):
        if isinstance(part, Quantifier) or (isinstance(part, Test) and not part.of_item):
            found.add(part.path)
        if isinstance(part, Test) and isinstance(part.operand, Reference):
            found.add(part.operand.path)
    return frozenset(found)


def rewrite(condition: Condition, change: Callable[[Condition], Condition]) -> Condition:
    """The condition with every part replaced by what `change` makes of it, innermost first."""
    if isinstance(condition, Every | Some):
        return change(type(condition)(tuple(rewrite(part, change) for part in condition.parts)))
    if isinstance(condition, Negation):
        return change(Negation(rewrite(condition.part, change)))
    if isinstance(condition, Quantifier):
        where = rewrite(condition.where, change)
        bounds = (condition.least, condition.most, condition.every)
        return change(Quantifier(condition.path, where, *bounds))
    return change(condition)
