"""The closures and the second reading of the language say the same of every condition, every list and every fact."""

from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine import conditions_closures, conditions_measures
from engine.conditions import Always, Condition, Quantifier, Reference, Test
from engine.conditions_closures import truth
from engine.possibly import verdict
from engine.values import Duration, FactType, Kind
from tests.engine.helpers_generated import CHOICES, DAYS, NUMBERS, TYPES, conditions, quantifiers

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]
POOLS: Mapping[Kind, tuple[Any, ...]] = {
    Kind.CHOICE: CHOICES,
    Kind.TEXT: CHOICES,
    Kind.FLAG: (True, False),
    Kind.NUMBER: NUMBERS,
    Kind.DATE: DAYS,
}


def some_of(random: Random, types: Mapping[str, FactType]) -> dict[str, Any]:
    """Facts of which any may be untold, far cheaper than Hypothesis makes them."""
    return {path: told(random, kind) for path, kind in types.items() if random.random() < 0.75}


def told(random: Random, kind: FactType) -> Any:
    if kind.nullable and random.random() < 0.2:
        return None
    if kind.kind is Kind.RECORDS:
        return tuple(some_of(random, kind.fields) for _ in range(random.randrange(5)))
    if kind.kind is Kind.CHOICES:
        return tuple(random.choices(CHOICES, k=random.randrange(4)))
    return random.choice([one for one in POOLS[kind.kind] if kind.least is None or one >= kind.least])


def differences(condition: Condition, seed: int, cases: int) -> list[dict[str, Any]]:
    random = Random(seed)
    facts = (some_of(random, TYPES) for _ in range(cases))
    return [case for case in facts if verdict(condition, case) is not truth(condition, case)]


# What is asked of the latest record's own field `count` looks like asking how many records there are.
OF_A_FIELD_CALLED_COUNT = Quantifier(
    "a.list", Always(True), "latest", "day", Test("count", "at_least", 1, of_item=True), of_record=True
)


@settings(max_examples=20, deadline=None, suppress_health_check=CALM)
@given(quantifiers(), st.integers(0, 10**6))
@example(OF_A_FIELD_CALLED_COUNT, 0)
def test_both_readings_agree_on_lists(condition: Condition, seed: int) -> None:
    assert differences(condition, seed, 60) == []


@settings(max_examples=12, deadline=None, suppress_health_check=CALM)
@given(conditions(), st.integers(0, 10**6))
def test_both_readings_agree_on_whole_conditions(condition: Condition, seed: int) -> None:
    assert differences(condition, seed, 60) == []


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=CALM)
@given(st.one_of(quantifiers(), quantifiers(), conditions()), st.integers(0, 10**6))
def test_both_readings_agree_a_hundred_thousand_times(condition: Condition, seed: int) -> None:
    assert differences(condition, seed, 350) == []


@given(
    st.dates() | st.datetimes(),
    st.integers(1, 99_999),
    st.sampled_from(["months", "days", "seconds"]),
    st.sampled_from([1, -1]),
)
@example(date(2024, 2, 29), 12, "months", -1)
def test_both_readings_move_days_and_instants_alike(begin: Any, count: int, unit: str, sign: int) -> None:
    if (unit == "seconds") is not hasattr(begin, "hour"):
        return
    text = begin.isoformat()[:19] + ("Z" if unit == "seconds" else "")
    by = Duration(**{unit: count * (3600 if unit == "seconds" else 1)})
    moved = conditions_closures.moved(text, Reference("a", by, sign))
    assert verdict(Test("b", "is", Reference("a", by, sign)), {"a": text, "b": moved}) is True


FAULTS = {
    "count": lambda quantifier, matches: [({"count": len(matches)},)],
    "sum": lambda quantifier, matches: [({quantifier.of: sum(r.get(quantifier.of) or 0 for r, _ in matches)},)],
    "latest": lambda quantifier, matches: [tuple(record for record, _ in matches)],
}


@pytest.mark.parametrize("measure", FAULTS)
def test_a_defect_of_one_reading_is_seen(measure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of = {"count": "", "sum": "days", "latest": "on"}[measure]
    asks = Test(of or "count", "at_least", "2026-11-21" if of == "on" else 2, of_item=True)
    condition = Quantifier("a.list", Test("color", "is", "red", of_item=True), measure, of, asks, least=0)
    assert differences(condition, 1, 200) == []
    monkeypatch.setitem(conditions_measures._OUTCOMES, measure, FAULTS[measure])
    assert differences(condition, 1, 200) != []


def test_records_that_nobody_told_of_are_unknown_and_none_are_none() -> None:
    some = Quantifier("a.list", Always(True))
    cases: list[dict[str, Any]] = [{}, {"a.list": ()}, {"a.list": ({},)}]
    assert [verdict(some, facts) for facts in cases] == [None, False, True]
