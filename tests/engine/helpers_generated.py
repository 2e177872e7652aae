"""Generated vocabularies, conditions and facts, for tests that hold the two engines together."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from engine.conditions import Always, Condition, Every, Negation, Quantifier, Reference, Some, Test
from engine.conditions_tree import MEASURES
from engine.values import Duration, FactType, Kind

CHOICES = ("red", "green", "blue", "1", "true", "")
DAYS = ("2024-02-29", "2025-03-01", "2026-11-21", "2026-12-31", "2027-01-01")
NUMBERS = (-1, 0, 1, 1.5, 18, 0.1, 0.3, 999999)
FIELDS = {
    "color": FactType(Kind.CHOICE, CHOICES),
    "day": FactType(Kind.DATE, nullable=True),
    "count": FactType(Kind.NUMBER),
    "days": FactType(Kind.NUMBER, least=0),
    "on": FactType(Kind.DATE),
}
TYPES: Mapping[str, FactType] = {
    "a.color": FactType(Kind.CHOICE, CHOICES),
    "b.color": FactType(Kind.CHOICE, CHOICES, nullable=True),
    "a.flag": FactType(Kind.FLAG),
    "b.flag": FactType(Kind.FLAG),
    "a.number": FactType(Kind.NUMBER),
    "b.number": FactType(Kind.NUMBER, nullable=True),
    "a.day": FactType(Kind.DATE),
    "b.day": FactType(Kind.DATE, nullable=True),
    "a.text": FactType(Kind.TEXT),
    "a.tags": FactType(Kind.CHOICES, CHOICES),
    "a.list": FactType(Kind.RECORDS, fields=FIELDS),
}


class Scope:
    """The generated vocabulary."""

    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> Iterable[str]:
        return TYPES


def value(kind: FactType) -> st.SearchStrategy[Any]:
    """A told value of a type."""
    if kind.kind is Kind.RECORDS:
        return st.lists(some_of(kind.fields), max_size=3).map(tuple)
    plain: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.CHOICE: st.sampled_from(CHOICES),
        Kind.TEXT: st.sampled_from((*CHOICES, "x" * 300, "Zoë ✓", "'\"\\")),
        Kind.FLAG: st.booleans(),
        Kind.NUMBER: st.sampled_from([n for n in NUMBERS if kind.least is None or n >= kind.least]),
        Kind.DATE: st.sampled_from(DAYS),
        Kind.CHOICES: st.lists(st.sampled_from(CHOICES), max_size=3).map(tuple),
    }
    return st.one_of(st.none(), plain[kind.kind]) if kind.nullable else plain[kind.kind]


def some_of(types: Mapping[str, FactType]) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of which any may be untold."""
    return st.fixed_dictionaries({}, optional={path: value(kind) for path, kind in types.items()})


def facts() -> st.SearchStrategy[dict[str, Any]]:
    """Flat facts of the generated vocabulary."""
    return some_of(TYPES)


_ORDERED = {
    Kind.NUMBER: ("less", "at_most", "greater", "at_least"),
    Kind.DATE: ("before", "on_or_before", "after", "on_or_after"),
}


@st.composite
def tests_of(draw: st.DrawFn, types: Mapping[str, FactType], of_item: bool = False) -> Test:
    """One comparison."""
    path = draw(st.sampled_from([path for path, kind in types.items() if kind.kind is not Kind.RECORDS]))
    kind = types[path]
    told = FactType(kind.kind, kind.choices)
    if kind.kind is Kind.CHOICES:
        operator = draw(st.sampled_from(["has", "has_any", "has_all", "exists", "told"]))
    else:
        operator = draw(st.sampled_from(["is", "is", "in", "exists", "told", *_ORDERED.get(kind.kind, ())]))
    if operator in ("exists", "told"):
        return Test(path, operator, True, of_item)
    one = st.sampled_from(CHOICES) if kind.kind is Kind.CHOICES else value(told)
    if operator in ("in", "has_any", "has_all"):
        return Test(path, operator, tuple(draw(st.lists(one, min_size=1, max_size=8))), of_item)
    same = [other for other, t in TYPES.items() if t.kind is kind.kind and kind.kind is not Kind.CHOICES]
    if same and draw(st.integers(0, 4)) == 0:
        by = Duration(months=draw(st.integers(0, 30))) if kind.kind is Kind.DATE and draw(st.booleans()) else None
        return Test(path, operator, Reference(draw(st.sampled_from(same)), by, draw(st.sampled_from([1, -1]))), of_item)
    return Test(path, operator, draw(one), of_item)


@st.composite
def quantifiers(draw: st.DrawFn) -> Condition:
    """A question about the list of records, of any measure."""
    measure = draw(st.sampled_from(["count", "count", *MEASURES, "every"]))
    where = draw(
        st.one_of(
            st.just(Always(True)),
            tests_of(FIELDS, of_item=True),
            st.lists(tests_of(FIELDS, of_item=True), max_size=3).map(_every),
        )
    )
    if measure == "every":
        return Negation(Quantifier("a.list", Negation(where)))
    kinds = MEASURES[measure].kinds
    of = draw(st.sampled_from([name for name, kind in FIELDS.items() if kind.kind in kinds])) if kinds else ""
    bare = Quantifier("a.list", where, measure, of, least=FIELDS[of].least if of else None)
    if MEASURES[measure].picks and draw(st.booleans()):
        return replace(bare, asks=draw(tests_of(FIELDS, of_item=True)), of_record=True)
    return replace(bare, asks=draw(borders(of)))


@st.composite
def borders(draw: st.DrawFn, of: str) -> Test:
    """One comparison of what records come to: of a number or a day with a literal or another fact."""
    kind = FIELDS[of].kind if of else Kind.NUMBER
    operator = draw(st.sampled_from(_ORDERED[kind]))
    if draw(st.integers(0, 3)) == 0:
        by = Duration(months=draw(st.integers(0, 30))) if kind is Kind.DATE else None
        path = draw(st.sampled_from([path for path, other in TYPES.items() if other.kind is kind]))
        return Test(of or "count", operator, Reference(path, by, draw(st.sampled_from([1, -1]))), of_item=True)
    values: tuple[Any, ...] = DAYS if kind is Kind.DATE else NUMBERS
    return Test(of or "count", operator, draw(st.sampled_from(values)), of_item=True)


@st.composite
def windows(draw: st.DrawFn) -> Condition:
    """A window of the calendar that ends with a day, of a fact or of a record: what `within` is read into."""
    by = draw(st.sampled_from([Duration(days=0), Duration(days=90), Duration(months=12)]))
    of_item = draw(st.booleans())
    path = "day" if of_item else "b.day"
    begin, end = Reference("a.day", by, -1), Reference("a.day")
    window = Every((Test(path, "on_or_after", begin, of_item), Test(path, "on_or_before", end, of_item)))
    return Quantifier("a.list", window) if of_item else window


def _every(parts: list[Test]) -> Condition:
    return Every(tuple(parts))


def conditions() -> st.SearchStrategy[Condition]:
    """Conditions of some depth."""
    leaves = st.one_of(tests_of(TYPES), tests_of(TYPES), quantifiers(), windows(), st.booleans().map(Always))

    def deeper(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(parts, min_size=1, max_size=4).map(tuple)
        return st.one_of(several.map(Every), several.map(Some), parts.map(Negation))

    return st.recursive(leaves, deeper, max_leaves=12)
