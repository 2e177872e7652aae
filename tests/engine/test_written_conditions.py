"""Whatever an author writes is either told with a number or judged alike by both engines; nothing in between."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.conditions import parse
from engine.conditions_closures import because, describe, failures, missing
from engine.diagnostics import Problems
from engine.programs import compile_program
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.values import FactType, Kind
from tests.engine.helpers_generated import CHOICES, DAYS, NUMBERS, TYPES, facts

ALL = {**TYPES, "encounter.date": FactType(Kind.DATE), "a.hours": FactType(Kind.NUMBER, unit="h")}
FIELDS = TYPES["a.list"].fields
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


class Scope:
    """The generated vocabulary and the day of the encounter; rules lean on nothing here."""

    def type_of(self, path: str) -> FactType | None:
        return ALL.get(path)

    def paths(self) -> Iterable[str]:
        return ALL

    def imports(self, rule: str) -> bool:
        return False


SCOPE = Scope()
ORDERS = ("less", "at_most", "greater", "at_least")
DATED = ("before", "on_or_before", "after", "on_or_after")
OPERATORS = ("is", "in", "not", *ORDERS, *DATED, "has", "has_any", "has_all", "exists", "told", "within", "count")
MEASURES = ("any", "all", "none", "count", "sum", "latest", "earliest")
SLIPS: st.SearchStrategy[Any] = st.sampled_from(
    [*CHOICES, *DAYS, *NUMBERS, True, None, "7 d", "1 mo", "P2M", "48 hours", "x", {}, [], ["x"]]
)
LENGTHS = st.sampled_from(["90 days", "P1Y", "2 months"])
LITERALS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.sampled_from([*CHOICES, "x"]),
    Kind.CHOICE: st.sampled_from(CHOICES),
    Kind.CHOICES: st.sampled_from(CHOICES),
    Kind.NUMBER: st.sampled_from(NUMBERS),
    Kind.FLAG: st.booleans(),
    Kind.DATE: st.sampled_from(DAYS),
}
ASKED: dict[Kind, tuple[str, ...]] = {
    Kind.NUMBER: ("is", *ORDERS),
    Kind.DATE: ("is", *DATED, "within"),
    Kind.CHOICES: ("has", "has_any", "has_all"),
}


@st.composite
def comparing(draw: st.DrawFn, types: Mapping[str, FactType]) -> dict[str, Any]:
    """A comparison of a path, with a slip now and then."""
    path = draw(st.sampled_from([path for path, kind in types.items() if kind.kind is not Kind.RECORDS]))
    kind = types[path]
    if draw(st.integers(0, 11)) == 0:
        path = draw(st.sampled_from([path, "nothing", "a.list"]))
        return {path: draw(st.one_of(SLIPS, st.dictionaries(st.sampled_from(OPERATORS), SLIPS, min_size=1)))}
    return {path: draw(asking(kind, ASKED.get(kind.kind, ("is", "in"))))}


@st.composite
def asking(draw: st.DrawFn, kind: FactType, operators: tuple[str, ...]) -> Any:
    """What stands behind a path of a kind: a value, a list, or operators."""
    literal = st.sampled_from(["7 d", "90 min", 3]) if kind.unit else LITERALS[kind.kind]
    operator = draw(st.sampled_from([*operators, "exists", "told", "not"]))
    if operator in ("exists", "told"):
        return {operator: draw(st.booleans())}
    if operator == "not":
        return {"not": {draw(st.sampled_from(operators)): draw(literal)}}
    if operator == "within":
        return {"within": draw(LENGTHS)}
    if operator in ("has_any", "has_all", "in"):
        return {operator: draw(st.lists(literal, min_size=1, max_size=3))}
    same = [other for other, one in ALL.items() if one.kind is kind.kind and one.unit == kind.unit]
    if same and kind.kind is not Kind.CHOICES and draw(st.booleans()):
        moved = {"minus": draw(LENGTHS)} if kind.kind is Kind.DATE and draw(st.booleans()) else {}
        return {operator: {"fact": draw(st.sampled_from(same)), **moved}}
    return {operator: draw(literal)}


@st.composite
def measured(draw: st.DrawFn) -> dict[str, Any]:
    """A question about the list of records, with a slip now and then."""
    measure = draw(st.sampled_from(MEASURES))
    if measure in ("any", "all", "none"):
        return {"a.list": {measure: draw(comparing(FIELDS))}}
    kind = {"count": "", "sum": "number"}.get(measure, "date")
    fields = [name for name, one in FIELDS.items() if kind and one.kind is Kind(kind)]
    found: dict[str, Any] = {"where": {**draw(comparing(FIELDS)), "day": {"exists": True}}}
    if fields:
        found["of"] = draw(st.sampled_from(fields))
    if kind == "date" and draw(st.booleans()):
        found["matches"] = draw(comparing(FIELDS))
    else:
        orders, literal = (DATED, LITERALS[Kind.DATE]) if kind == "date" else (ORDERS, LITERALS[Kind.NUMBER])
        asked = {draw(st.sampled_from(orders)): draw(literal)}
        found |= {"not": asked} if draw(st.booleans()) else asked
    if draw(st.integers(0, 11)) == 0:
        found[draw(st.sampled_from(["of", "is", "where", "matches", "within", "at_most"]))] = draw(SLIPS)
    return {"a.list": {measure: found}}


NAMES = st.fixed_dictionaries({}, optional={name: st.integers(0, 3) for name in ("at_least", "less", "is")})
COUNTED = st.builds(lambda bounds: {"a.tags": {"count": bounds}}, NAMES)
LEAVES = st.one_of(comparing(ALL), comparing(ALL), measured(), measured(), COUNTED)


def written() -> st.SearchStrategy[Any]:
    """Conditions as an author may write them, with every kind of slip."""

    def joined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.dictionaries(
            st.sampled_from(["all", "any", "none"]), st.lists(parts, max_size=3), min_size=1, max_size=1
        )
        return st.one_of(several, st.dictionaries(st.just("not"), parts, min_size=1, max_size=1))

    return st.recursive(LEAVES, joined, max_leaves=4)


def judge(told: Any, cases: list[dict[str, Any]]) -> None:
    problems = Problems()
    node = read_text(yaml.safe_dump(told, allow_unicode=True), "rule.yaml", problems)
    assert node is not None
    condition = parse(node, SCOPE, problems)
    assert all(found.location.line for found in problems)
    if problems.errors:
        return
    program = compile_program([condition], SCOPE)
    evaluator = ReteEvaluator()
    for case in cases:
        first = program.truths(case)
        assert evaluator.evaluate(program, program.sheet(case)) == first
        assert bool(missing(condition, case)) is (first[0] is None)
        assert bool(failures(condition, case)) is (first[0] is not True)
        assert set(because(condition, case)) <= set(case)
    assert describe(condition)


@settings(max_examples=150, deadline=None, suppress_health_check=CALM)
@given(written(), st.lists(facts(), min_size=1, max_size=3))
def test_what_is_not_told_as_wrong_is_judged_alike(told: Any, cases: list[dict[str, Any]]) -> None:
    judge(told, cases)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=CALM)
@given(written(), st.lists(facts(), min_size=2, max_size=2))
def test_a_thousand_written_conditions_are_judged_alike(told: Any, cases: list[dict[str, Any]]) -> None:
    judge(told, cases)
