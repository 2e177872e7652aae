"""How is a condition written, and what does its syntax tree look like?

A condition is a mapping. A key that is a path of the vocabulary is a test; several keys must all hold:

    drug.schedule: II                                  equal
    drug.schedule: [II, III]                           one of (the same as {in: [II, III]})
    encounter.modality: {not: in_person}               not equal; `not` takes a value, a list or operators
    prescription.refills: {at_least: 1, less: 6}       less, at_most, greater, at_least
    prescription.days_supply: {at_most: 2 wk}          a number in another unit of UCUM; it is converted exactly
    relationship.exam_date: {on_or_after: {fact: encounter.date, minus: 24 months}}
                                                       before, on_or_before, after, on_or_after; plus or minus
    relationship.exam_date: {within: 90 days}          in the 90 days that end with the encounter, both ends counted
    patient.pregnant: {told: true}                     said at all; {exists: true}: told and not nothing, not empty
    drug.classes: {has: stimulant}                     has, has_any, has_all; {count: {at_least: 5}} in rules
    provider.licenses: {any: {state: {fact: patient.location.state}, status: active}}
                                                       any, all, none over records; inside, fields go by their own names
    provider.licenses: {count: {where: {...}, at_least: 2}}
    provider.activity: {sum: {of: days, where: {...}, at_most: 30}}
    relationship.visits: {latest: {of: date, where: {...}, within: 24 months}}
                                                       latest, earliest; `matches: {...}` asks it of that record itself
    all: [...]  any: [...]  none: [...]  not: {...}  always: true
    applies: us/prescribing/ryan-haight                that rule is in force and its condition holds (in rules only)

Dates are moved by durations of the calendar (`24 months`, `90 days`, `P24M`), instants by those of the clock
(`48 hours`, `PT48H`). A missing fact makes a test unknown, and unknown passes upwards as in Kleene's logic.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from engine.conditions_tree import (
    CONNECTIVES,
    MEASURES,
    OPERATORS,
    QUANTIFIERS,
    Always,
    Applies,
    Condition,
    Every,
    Importing,
    Negation,
    Operand,
    Operator,
    Quantifier,
    Reference,
    Scope,
    Some,
    Test,
    folded,
    paths,
    rewrite,
    walk,
)
from engine.diagnostics import Location, Problems, listed, nearest
from engine.reading import Node, Sort
from engine.units import is_quantity, quantity
from engine.values import BadValue, Duration, FactType, Kind, read_duration

__all__ = [
    "CONNECTIVES",
    "OPERATORS",
    "QUANTIFIERS",
    "Always",
    "Applies",
    "Condition",
    "Every",
    "Importing",
    "Negation",
    "Operand",
    "Quantifier",
    "Reference",
    "Scope",
    "Some",
    "Test",
    "folded",
    "json_schema",
    "parse",
    "paths",
    "rewrite",
    "walk",
]

_NOW: Mapping[Kind, str] = {Kind.DATE: "encounter.date", Kind.INSTANT: "encounter.instant"}
_FLAGS = ("exists", "told")


def parse(node: Node, scope: Scope, problems: Problems) -> Condition:
    """The syntax tree of a condition; everything wrong is reported, and `Always(False)` stands in for broken parts."""
    return _Parser(scope, problems).condition(node, None)


def json_schema(paths: Mapping[str, object] | None = None) -> dict[str, object]:
    """The JSON Schema of a condition (`#/$defs/condition` wherever one stands); `paths` are offered, with schemas.

    Whether a path is one, and what it is compared with, is checked by `parse`.
    """
    condition = {"$ref": "#/$defs/condition"}
    several = {"type": "array", "items": condition, "minItems": 1}
    connectives = {"all": several, "any": several, "none": several, "not": condition, "always": {"type": "boolean"}}
    rule = {"type": "string", "description": "the id of a rule of the same topic"}
    connectives |= {"applies": {"anyOf": [rule, {"type": "array", "items": rule, "minItems": 1}]}}
    return {"type": "object", "minProperties": 1, "properties": {**(paths or {}), **connectives}}


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
            code = "COND005" if value.sort is Sort.LIST else "COND010"
            self._problems.report(code, value.at, key=key, found=value.sort)
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
        parts = tuple(Applies(node.raw, node.at) for node in fitting)
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
            elif name == "count" and subject.kind.kind is Kind.CHOICES and isinstance(self._scope, Importing):
                parts.append(self._measured(subject, name, entry.value))  # a browser, which runs forms, cannot count
            elif name not in OPERATORS:
                self._unknown_operator(name, entry.key_at, (*OPERATORS, "within", "not"))
            else:
                parts.append(self._test(subject, name, entry.value))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _within(self, subject: "_Subject", value: Node) -> Condition:
        """A window that ends with the day (or the instant) of the encounter; what lies after it is not within."""
        kind, now = subject.kind.kind, _NOW.get(subject.kind.kind)
        if now is None or self._scope.type_of(now) is None:
            self._unfitting("within", subject, value, [n for n, o in OPERATORS.items() if kind in o.kinds])
            return _BROKEN
        begin, end = Reference(now, self._duration(value, kind), -1), Reference(now)
        named = (("on_or_after", begin), ("on_or_before", end))
        return Every(tuple(Test(subject.path, operator, day, subject.of_item) for operator, day in named))

    def _unfitting(self, name: str, subject: "_Subject", value: Node, fitting: Iterable[str]) -> None:
        given = {"operator": name, "path": subject.path, "type": subject.kind}
        self._problems.report("COND003", value.at, **given, allowed=listed(fitting, 30))

    def _unknown_operator(self, name: str, at: Location, known: Iterable[str]) -> None:
        hint = nearest(name, known)
        self._problems.report("COND002", at, operator=name, hint=hint, allowed=listed(known, most=30))

    def _test(self, subject: "_Subject", name: str, value: Node) -> Condition:
        operator, kind = OPERATORS[name], subject.kind
        if kind.kind not in operator.kinds:
            self._unfitting(name, subject, value, [n for n, o in OPERATORS.items() if kind.kind in o.kinds])
            return _BROKEN
        operand = self._operand(subject, operator, value)
        if operand is _UNUSABLE:
            return _BROKEN
        if operator.flag and operand is False:
            return Negation(Test(subject.path, name, True, subject.of_item))
        return Test(subject.path, name, operand, subject.of_item)  # type: ignore[arg-type]

    def _operand(self, subject: "_Subject", operator: Operator, value: Node) -> object:
        if operator.flag:
            return self._literal(subject, operator, FactType(Kind.FLAG), value)
        one = FactType(Kind.CHOICE, subject.kind.choices) if subject.kind.kind is Kind.CHOICES else subject.kind
        if value.sort is Sort.MAP and "fact" in value:
            return self._reference(subject, FactType(Kind.CHOICES) if operator.many else one, value)
        if operator.many:
            nodes = value.parts if value.sort is Sort.LIST else (value,)
            if not nodes:
                self._problems.report("COND005", value.at)
                return _UNUSABLE
            found = [self._literal(subject, operator, one, part) for part in nodes]
            return _UNUSABLE if any(f is _UNUSABLE for f in found) else tuple(found)
        return self._literal(subject, operator, one, value)

    def _literal(self, subject: "_Subject", operator: Operator, kind: FactType, value: Node) -> object:
        try:
            if value.sort in (Sort.MAP, Sort.LIST):
                raise BadValue("one value is expected")
            if kind.kind is Kind.NUMBER and value.sort is Sort.TEXT and is_quantity(value.raw):
                return self._quantity(subject, operator, kind, value)
            return kind.read(value.scalar)
        except BadValue as error:
            fix = f"use one of: {listed(kind.choices, 20)}" if kind.choices else f"write {kind}"
            shown = value.raw or str(value.sort)
            report = self._problems.report
            report("COND004", value.at, value=shown, path=subject.path, reason=error, fix=fix)
            return _UNUSABLE

    def _quantity(self, subject: "_Subject", operator: Operator, kind: FactType, value: Node) -> object:
        """A number with its unit, in the unit of the fact; a border between two numbers is moved to the right one."""
        try:
            return kind.read(quantity(value.raw, kind.unit, operator.up if operator.orders else None))
        except BadValue as error:
            fix = f"write the number in `{kind.unit}`" if kind.unit else "write the number alone"
            self._problems.report("COND008", value.at, value=value.raw, path=subject.path, reason=error, fix=fix)
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
        if moved and kind.kind not in _NOW:
            reason = "only dates and instants can be moved by a duration"
        if "plus" in value and "minus" in value:
            reason = "it is moved twice"
        if reason:
            self._problems.report("COND007", value.at, path=subject.path, other=path, reason=reason)
            return _UNUSABLE
        if moved is None:
            return Reference(path)
        return Reference(path, self._duration(value[moved], kind.kind), -1 if moved == "minus" else 1)

    def _duration(self, node: Node, kind: Kind) -> Duration:
        """A duration that can move a date (of the calendar) or an instant (of the clock)."""
        fix = "write a duration such as `24 months`" if kind is Kind.DATE else "write a duration such as `48 hours`"
        try:
            found = read_duration(node.raw)
            if found.of_the_clock is (kind is Kind.DATE):
                raise BadValue("dates are moved by days and months, instants by hours: a day may have 23 to 25 of them")
            return found
        except BadValue as error:
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
        if name in _FLAGS:
            return self._test(subject, name, value)
        if name in MEASURES:
            return self._measured(subject, name, value)
        if name not in QUANTIFIERS:
            self._unknown_operator(name, at, (*QUANTIFIERS, *_FLAGS))
            return _BROKEN
        where = self.condition(value, subject.kind.fields)
        if name == "all":
            return Negation(Quantifier(subject.path, Negation(where)))
        found = Quantifier(subject.path, where)
        return found if name == "any" else Negation(found)

    def _measured(self, subject: "_Subject", name: str, value: Node) -> Condition:
        """What records come to (`of` a field, of those `where` something holds), and everything asked of that."""
        if value.sort is not Sort.MAP:
            self._problems.report("COND006", value.at, found=value.sort)
            return _BROKEN
        fields, measure = subject.kind.fields, MEASURES[name]
        where = self.condition(value["where"], fields) if fields and "where" in value else Always(True)
        kind = self._taken_of(subject, name, value, where)
        keys = (
            *(("where",) if fields else ()),
            *(("of",) if measure.kinds else ()),
            *(("matches",) if measure.picks else ()),
        )
        asked = {key: entry for key, entry in value.entries.items() if key not in keys}
        if kind is None:
            return _BROKEN
        bare = Quantifier(subject.path, where, name, value.text("of"), least=kind.least)
        found: list[Condition] = []
        if "matches" in value and measure.picks:
            found.append(replace(bare, asks=self.condition(value["matches"], fields), of_record=True))
        if asked:
            result = _Subject(bare.of or name, FactType(kind.kind, unit=kind.unit), True, None)
            found.append(self._asked(bare, result, Node(Sort.MAP, value.at, entries=asked), keys))
        if not found:
            self._problems.report("COND005", value.at)
        return found[0] if len(found) == 1 else Every(tuple(found)) if found else _BROKEN

    def _taken_of(self, subject: "_Subject", name: str, value: Node, where: Condition) -> FactType | None:
        """The type of what is taken: of the field named under `of`, or a number where records are counted."""
        measure, fields, of = MEASURES[name], subject.kind.fields, value.get("of")
        if not measure.kinds:
            return FactType(Kind.NUMBER)
        fitting = [field for field, kind in fields.items() if kind.kind in measure.kinds]
        fix = f"write `of:` with one of: {listed(fitting)}" if fitting else "ask it of records that have such a field"
        reason = ""
        if of is None:
            reason = "it does not say of which field"
        elif of.raw not in fitting:
            known = fields.get(of.raw)
            reason = f"`{of.raw}` is {known}" if known else f"`{of.raw}` is no field of it{nearest(of.raw, fields)}"
        elif fields[of.raw].nullable and not _speaks_of(where, of.raw):
            reason = f"`{of.raw}` may be told as nothing"
            fix = f"say in `where` which records count: `{of.raw}: {{exists: true}}`"
        if reason:
            at = value.at if of is None else of.at
            self._problems.report("COND009", at, measure=name, path=subject.path, reason=reason, fix=fix)
        return None if reason or of is None else fields[of.raw]

    def _asked(self, bare: Quantifier, result: "_Subject", value: Node, keys: Iterable[str]) -> Condition:
        """Every comparison of what the records come to, each a quantifier of its own."""
        kind = result.kind.kind
        known = [name for name, operator in OPERATORS.items() if operator.orders and kind in operator.kinds]
        known += [*(("within",) if kind in _NOW else ("is",) if not bare.of else ()), "not"]
        fitting = {name: entry for name, entry in value.entries.items() if name in known}
        for name, entry in value.entries.items():
            if name not in known:
                self._unknown_operator(name, entry.key_at, (*keys, *known))
            elif not bare.of and entry.value.sort is Sort.DECIMAL:
                reason, fix, at = "it is no whole number", "write a whole number", entry.value.at
                self._problems.report("COND004", at, value=entry.value.raw, path=result.path, reason=reason, fix=fix)

        def of_all(part: Condition) -> Condition:
            if not isinstance(part, Test):
                return part
            if OPERATORS[part.operator].orders:
                return replace(bare, asks=part)
            if part.operator == "is" and not bare.of:
                both = (replace(part, operator=name) for name in ("at_least", "at_most"))
                return Every(tuple(replace(bare, asks=one) for one in both))
            self._unfitting(part.operator, result, value, known)
            return _BROKEN

        return rewrite(self._operators(result, replace(value, entries=fitting)), of_all) if fitting else _BROKEN


@dataclass(frozen=True, slots=True)
class _Subject:
    """The fact a matcher is about."""

    path: str
    kind: FactType
    of_item: bool
    fields: _Fields


_UNUSABLE = object()


def _speaks_of(where: Condition, field: str) -> bool:
    return any(isinstance(part, Test) and part.of_item and part.path == field for part in walk(where))


def _mismatch(one: FactType, other: FactType) -> str:
    text = (Kind.TEXT, Kind.CHOICE)
    if one.kind is not other.kind and not (one.kind in text and other.kind in text):
        return f"one is {one}, the other {other}"
    if one.unit != other.unit:
        return f"one is in {one.unit or 'no unit'}, the other in {other.unit or 'no unit'}"
    return ""
