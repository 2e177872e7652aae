"""What records come to is unknown only where something untold could still change the answer."""

from collections.abc import Sequence
from itertools import product
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.conditions import Condition, Quantifier, Test, parse
from engine.conditions_closures import because, describe, missing, truth
from engine.conditions_measures import _OUTCOMES, Match, Outcome
from engine.conditions_tree import MEASURES, Measure
from engine.diagnostics import Problems
from engine.programs import compile_program
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.values import FactType, Kind

TYPES = {
    "encounter.date": FactType(Kind.DATE),
    "encounter.instant": FactType(Kind.INSTANT),
    "medicines": FactType(Kind.CHOICES),
    "law.days": FactType(Kind.NUMBER, unit="d"),
    "visits": FactType(
        Kind.RECORDS,
        fields={
            "on": FactType(Kind.DATE),
            "seen": FactType(Kind.DATE, nullable=True),
            "at": FactType(Kind.INSTANT),
            "modality": FactType(Kind.CHOICE, ("video", "in_person")),
            "days": FactType(Kind.NUMBER, unit="d", least=0),
            "points": FactType(Kind.NUMBER),
        },
    ),
}
TODAY = {"encounter.date": "2026-12-01", "encounter.instant": "2026-12-01T15:00:00Z", "law.days": 30}
OLD = {"on": "2024-01-01", "modality": "in_person", "days": 20, "points": 0.1}
NEW = {"on": "2026-11-30", "modality": "video", "days": 10, "points": 0.2}


class Scope:
    """A list of visits and the time of the encounter."""

    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> list[str]:
        return list(TYPES)


def read(text: str, problems: Problems | None = None) -> Condition:
    mine = problems or Problems()
    node = read_text(f"visits: {text}", "rule.yaml", mine)
    assert node is not None
    found = parse(node, Scope(), mine)
    if problems is None:
        mine.stop_if_broken()
    return found


def asked(text: str, *visits: dict[str, Any], **facts: Any) -> bool | None:
    """What both engines say of a condition on visits."""
    program = compile_program([read(text)], Scope())
    told = {**TODAY, "visits": visits, **facts}
    first = program.truths(told)
    assert ReteEvaluator().evaluate(program, program.sheet(told)) == first
    return first[0]


@pytest.mark.parametrize(
    ("text", "visits", "expected"),
    [
        ("{sum: {of: days, at_most: 30}}", [OLD, NEW], True),
        ("{sum: {of: days, less: 30}}", [OLD, NEW], False),
        ("{sum: {of: days, where: {modality: video}, at_most: 10}}", [OLD, NEW], True),
        ("{sum: {of: days, at_least: 1}}", [], False),
        ("{sum: {of: points, at_most: 0.3}}", [OLD, NEW], True),
        ("{sum: {of: days, at_most: {fact: law.days}}}", [OLD, NEW, NEW], False),
        ("{sum: {of: days, at_most: 1 wk}}", [NEW], False),
        ("{sum: {of: days, greater: 29}}", [OLD, NEW, {"modality": "video"}], True),
        ("{sum: {of: days, greater: 30}}", [OLD, NEW, {"modality": "video"}], None),
        ("{sum: {of: points, greater: 0}}", [OLD, NEW, {"modality": "video"}], None),
        ("{latest: {of: on, within: 24 months}}", [OLD, NEW], True),
        ("{latest: {of: on, where: {modality: in_person}, within: 24 months}}", [OLD, NEW], False),
        ("{latest: {of: on, not: {within: 24 months}}}", [], True),
        ("{latest: {of: on, matches: {modality: video}}}", [NEW, OLD], True),
        ("{latest: {of: on, matches: {modality: video}}}", [], False),
        ("{latest: {of: on, matches: {modality: video}}}", [NEW, {**NEW, "modality": "in_person"}], False),
        ("{earliest: {of: on, matches: {modality: in_person}}}", [NEW, OLD], True),
        ("{earliest: {of: on, before: '2025-01-01'}}", [NEW, {"on": "2024-12-31"}], True),
        ("{latest: {of: on, on_or_after: '2026-11-30'}}", [NEW, {"modality": "video"}], True),
        ("{latest: {of: on, on_or_after: '2026-12-01'}}", [NEW, {"modality": "video"}], None),
        ("{latest: {of: on, before: '2026-11-30'}}", [NEW, {"modality": "video"}], False),
        ("{latest: {of: on, where: {modality: video}, after: '2024-06-01'}}", [NEW, {"on": "2024-01-01"}], True),
        ("{latest: {of: on, matches: {modality: video}}}", [NEW, {"on": "2024-01-01"}], True),
        ("{latest: {of: on, matches: {modality: video}}}", [NEW, {"on": "2026-12-01"}], None),
        ("{latest: {of: seen, where: {seen: {exists: true}}, before: '2026-01-01'}}", [{"seen": None}], False),
        ("{latest: {of: at, within: 48 hours}}", [{"at": "2026-11-29T15:00:00Z"}], True),
        ("{latest: {of: at, within: PT48H}}", [{"at": "2026-11-29T14:59:59Z"}], False),
        ("{count: {at_least: 1, less: 2}}", [NEW], True),
        ("{count: {where: {modality: video}, is: 1}}", [NEW, OLD], True),
        ("{count: {where: {modality: video}, is: 1}}", [NEW, NEW], False),
        ("{count: {where: {modality: video}, not: 1}}", [NEW, NEW], True),
        ("{count: {where: {modality: video}, is: 1}}", [NEW, {"on": "2026-01-01"}], None),
    ],
)
def test_records_come_to_a_number_or_a_day(text: str, visits: list[dict[str, Any]], expected: bool | None) -> None:
    assert asked(text, *visits) is expected


class LawScope(Scope):
    """The same for rules, which may lean on each other."""

    def imports(self, rule: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("medicines", "expected"),
    [(("a", "b", "c"), True), (("a",), False), ((), False), (None, None)],
)
def test_names_are_counted_in_rules(medicines: tuple[str, ...] | None, expected: bool | None) -> None:
    problems = Problems()
    node = read_text("medicines: {count: {at_least: 3}}", "rule.yaml", problems)
    assert node is not None
    condition = parse(node, LawScope(), problems)
    problems.stop_if_broken()
    facts = {} if medicines is None else {"medicines": medicines}
    program = compile_program([condition], LawScope())
    assert program.truths(facts) == ReteEvaluator().evaluate(program, program.sheet(facts)) == (expected,)
    assert missing(condition, facts) == (frozenset() if expected is not None else {"medicines"})
    parse(node, Scope(), problems)
    assert [found.code for found in problems] == ["COND002"]
    picky = read_text("medicines: {count: {where: {law.days: 3}, at_least: 3}}", "rule.yaml", problems)
    assert picky is not None
    parse(picky, LawScope(), problems)
    assert [found.code for found in problems] == ["COND002", "COND002"]


def test_what_is_missing_is_named_only_where_it_could_change_the_answer() -> None:
    facts: dict[str, Any] = {**TODAY, "visits": (NEW, {"on": "2024-01-01"}, {"on": "2026-12-01"})}
    only_new: dict[str, Any] = {"visits": (NEW,)}
    assert missing(read("{latest: {of: on, matches: {modality: video}}}"), facts) == {"visits.modality"}
    assert missing(read("{sum: {of: days, at_most: 30}}"), facts) == {"visits.days"}
    assert missing(read("{sum: {of: days, at_most: {fact: law.days}}}"), only_new) == {"law.days"}
    assert missing(read("{latest: {of: on, within: 24 months}}"), {}) == {"visits"}
    assert because(read("{sum: {of: days, at_most: 30}}"), only_new) == {"visits": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{any: {modality: video}}", "at least one of visits where modality is video"),
        ("{all: {modality: video}}", "every one of visits where modality is video"),
        ("{none: {modality: video}}", "not (at least one of visits where modality is video)"),
        ("{count: {at_least: 2}}", "at least 2 of visits"),
        ("{count: {less: 2}}", "the number of visits is less than 2"),
        ("{sum: {of: days, at_most: 2 wk}}", "the sum of days of visits is at most 14"),
        (
            "{latest: {of: on, where: {modality: video}, on_or_after: '2026-01-01'}}",
            "the latest on of visits where modality is video is on or after 2026-01-01",
        ),
        ("{earliest: {of: on, matches: {modality: video}}}", "the earliest of visits by on has modality is video"),
    ],
)
def test_a_measure_is_said_in_words(text: str, words: str) -> None:
    assert describe(read(text)) == words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{sum: {at_most: 3}}", "COND009"),
        ("{sum: {of: modality, at_most: 3}}", "COND009"),
        ("{sum: {of: dayz, at_most: 3}}", "COND009"),
        ("{latest: {of: days, within: 3 days}}", "COND009"),
        ("{latest: {of: seen, within: 3 days}}", "COND009"),
        ("{latest: {of: on, within: 3 hours}}", "COND004"),
        ("{latest: {of: at, within: 3 days}}", "COND004"),
        ("{latest: {of: at, on_or_after: {fact: encounter.instant, minus: 1 month}}}", "COND004"),
        ("{sum: {of: days, is: 3}}", "COND002"),
        ("{sum: {of: days, not: 3}}", "COND003"),
        ("{sum: {of: days, matches: {modality: video}}}", "COND002"),
        ("{sum: {of: days}}", "COND005"),
        ("{sum: {of: days, at_most: 3 kg}}", "COND008"),
        ("{sum: {of: points, at_most: 3 kg}}", "COND008"),
        ("{latest: 3 days}", "COND006"),
        ("{count: {of: days, at_most: 3}}", "COND002"),
        ("{count: {where: {modality: video}}}", "COND005"),
        ("{count: {at_most: 1.5}}", "COND004"),
        ("{latest: {of: on, where: {modalty: video}, within: 1 day}}", "COND001"),
        ("{lattest: {of: on}}", "COND002"),
    ],
)
def test_what_cannot_be_taken_is_a_numbered_error(text: str, code: str) -> None:
    problems = Problems()
    read(text, problems)
    assert [found.code for found in problems] == [code]


def test_a_new_measure_is_one_entry_and_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def most(quantifier: Quantifier, matches: Sequence[Match]) -> list[Outcome]:
        return [({quantifier.of: max((cast("float", record[quantifier.of]) for record, _ in matches), default=0)},)]

    monkeypatch.setitem(cast("dict[str, Measure]", MEASURES), "most", Measure(frozenset({Kind.NUMBER}), "the most of"))
    monkeypatch.setitem(cast("dict[str, Any]", _OUTCOMES), "most", most)
    assert asked("{most: {of: days, at_most: 20}}", OLD, NEW) is True
    assert asked("{most: {of: days, where: {modality: in_person}, less: 20}}", OLD, NEW) is False
    assert describe(read("{most: {of: days, less: 20}}")) == "the most of days of visits is less than 20"


DAYS = ("2026-01-01", "2026-06-01")
COLORS = ("red", "blue")
NUMBERS = (0, 1, 5)
WHERE = Test("color", "is", "red", of_item=True)
CALM = [HealthCheck.too_slow]


def some_records() -> st.SearchStrategy[list[dict[str, Any]]]:
    told = {"color": st.sampled_from(COLORS), "day": st.sampled_from(DAYS), "number": st.sampled_from(NUMBERS)}
    return st.lists(st.fixed_dictionaries({}, optional=told), max_size=3)


def comparisons(of: str) -> st.SearchStrategy[Test]:
    if of == "day":
        operators, values = ("before", "on_or_before", "after", "on_or_after"), st.sampled_from(DAYS)
        return st.builds(Test, st.just(of), st.sampled_from(operators), values, st.just(True))
    numbers = st.sampled_from((0, 1, 2, 6))
    operators = ("less", "at_most", "greater", "at_least")
    return st.builds(Test, st.just(of), st.sampled_from(operators), numbers, st.just(True))


@st.composite
def measured(draw: st.DrawFn) -> Quantifier:
    measure, of = draw(st.sampled_from([("count", ""), ("sum", "number"), ("latest", "day"), ("earliest", "day")]))
    if of == "day" and draw(st.booleans()):
        return Quantifier("list", WHERE, measure, of, Test("number", "at_least", 1, True), of_record=True)
    return Quantifier("list", WHERE, measure, of, draw(comparisons(of or "count")), least=0 if of == "number" else None)


def completions(records: list[dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    """Every way in which what is untold could still be told; the days reach beyond all that are compared."""
    ways = []
    for record in records:
        choices = {"color": COLORS, "day": ("2025-01-01", *DAYS, "2027-01-01"), "number": (0, 1, 2, 6, 9)}
        told = {name: (record[name],) if name in record else among for name, among in choices.items()}
        ways.append([dict(zip(told, way, strict=True)) for way in product(*told.values())])
    return list(product(*ways))


@settings(max_examples=150, deadline=None, suppress_health_check=CALM)
@given(measured(), some_records().filter(lambda records: sum(3 - len(record) for record in records) <= 4))
def test_unknown_means_that_two_ways_of_telling_the_rest_differ(
    asks: Quantifier, records: list[dict[str, Any]]
) -> None:
    possible = {_plainly(asks, way) for way in completions(records)}
    assert truth(asks, {"list": tuple(records)}) is (possible.pop() if len(possible) == 1 else None)


def _plainly(asks: Quantifier, records: tuple[dict[str, Any], ...]) -> bool:
    """The measure of records that are told in full, worked out in the plainest way."""
    red = [record for record in records if record["color"] == "red"]
    if asks.measure in ("count", "sum"):
        total = len(red) if asks.measure == "count" else sum(record["number"] for record in red)
        return _compare(asks, {asks.of or "count": total})
    if not red:
        return False
    best = (max if asks.measure == "latest" else min)(record["day"] for record in red)
    return all(_compare(asks, record) for record in red if record["day"] == best)


def _compare(asks: Quantifier, item: dict[str, Any]) -> bool:
    test = asks.asks
    assert isinstance(test, Test)
    return truth(Test(test.path, test.operator, test.operand), item) is True
