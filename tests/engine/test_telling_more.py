"""Telling one more fact never closes a door that was open without it, unless the answer said what it presumed."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import PASSING, Decision, Outcome, Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly
from engine.law_cases import examples, nested, started
from engine.rulebook import Rulebook, load_rulebook
from engine.values import FactType, Kind
from tests.engine.helpers_content import ROOT

EVALUATOR = ClosuresOnly()
DAYS = ("2026-12-01", "2027-01-05")
VALUES: Mapping[Kind, tuple[Any, ...]] = {
    Kind.FLAG: (True, False),
    Kind.NUMBER: (0, 1, 40, 10_000),
    Kind.DATE: ("1990-01-01", "2012-06-01", "2026-11-30", "2027-12-31"),
    Kind.INSTANT: ("2026-11-30T10:00:00Z", "2030-01-01T00:00:00Z"),
    Kind.TEXT: ("oxycodone", "us/fl", "depression"),
}


@lru_cache
def book() -> Rulebook:
    return load_rulebook(ROOT)


def told(kind: FactType, pick: Random) -> Any:
    """Some value of a type."""
    if kind.nullable and pick.random() < 0.2:
        return None
    if kind.kind is Kind.RECORDS:
        return [{name: told(part, pick) for name, part in kind.fields.items()} for _ in range(pick.randint(0, 2))]
    if kind.kind is Kind.CHOICES:
        return pick.sample(kind.choices or ("opioid", "stimulant"), 1)
    return pick.choice(kind.choices if kind.kind is Kind.CHOICE and kind.choices else VALUES.get(kind.kind, ("x",)))


def answer(topic: str, day: str, facts: Mapping[str, Any]) -> Decision | None:
    try:
        return decide(book(), Question(topic=topic, on=day, facts=nested(facts)), EVALUATOR)
    except BrokenInput:
        return None


def steps(facts: dict[str, Any], pick: Random) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The facts without one of them, and with it: as it was, or as it might be."""
    vocabulary = book().vocabulary
    for path in facts:
        less = {key: value for key, value in facts.items() if key != path}
        yield path, less, facts
        yield path, less, {**less, path: told(vocabulary.facts[path].type, pick)}
        if isinstance(facts[path], list):
            yield from _fields(path, facts, pick)
    held = {"engine"} if "drug.name" not in facts else {"engine", "drug base"}
    open_paths = [path for path in vocabulary.facts if path not in facts and _source(path) not in held]
    for path in pick.sample(open_paths, 12):
        yield path, facts, {**facts, path: told(vocabulary.facts[path].type, pick)}


def _source(path: str) -> str:
    """Who supplies a fact; what the drug base knows is no untold fact, and told otherwise it only tightens."""
    return "drug base" if path.startswith("drug.") else book().vocabulary.facts[path].source


def _fields(path: str, facts: dict[str, Any], pick: Random) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    fields = book().vocabulary.facts[path].type.fields
    for number, record in enumerate(facts[path]):
        for name in record if isinstance(record, dict) else ():
            if fields[name].absent_is_nothing:
                continue  # a record without it says that there is none
            rest = {key: value for key, value in record.items() if key != name}
            for value in (record[name], told(fields[name], pick)):
                before, after = list(facts[path]), list(facts[path])
                before[number], after[number] = rest, {**rest, name: value}
                yield f"{path}.{name}", {**facts, path: before}, {**facts, path: after}


def closes(topic: str, day: str, path: str, less: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
    before = answer(topic, day, less)
    if before is None or before.outcome not in PASSING or path in before.presumed:
        return False
    after = answer(topic, day, more)
    return after is not None and after.outcome is Outcome.FORBIDDEN


def starts() -> list[str]:
    return sorted(examples(ROOT, Problems()))


def broken(name: str, seed: int) -> set[str]:
    known, pick = examples(ROOT, Problems()), Random(seed)
    topics = ("licensing", "prescribing", "supervision", "consent", "recording", "privacy", "retention")
    return {
        f"{topic}: {path}"
        for path, less, more in steps(started(name, known), pick)
        for topic in topics
        if closes(topic, pick.choice(DAYS), path, less, more)
    }


@pytest.mark.parametrize("name", ["sleep_aid_in_nj", "registered_in_fl"])
def test_telling_one_more_fact_closes_nothing(name: str) -> None:
    assert broken(name, 1) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", starts())
def test_telling_one_more_fact_closes_nothing_anywhere(name: str) -> None:
    assert broken(name, 4) == set()
