"""No two places' files repeat a rule's logic: what states share is a common rule, and theirs are its values."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from engine.conditions import Every, Quantifier, Reference, Some, Test
from engine.law import Effect, Rule
from engine.rulebook import LawPack, load_law
from tests.rules.helpers_cases import ROOT

SHARED = ("us/common", "us")
_ANY = "_"


@pytest.fixture(scope="module")
def pack() -> LawPack:
    return load_law(ROOT)


def test_no_two_places_repeat_the_logic_of_a_rule(pack: LawPack) -> None:
    places = defaultdict(list)
    for rule in rules_of_places(pack):
        places[logic(rule)].append(rule)
    repeated = {
        tuple(sorted(rule.id for rule in rules))
        for rules in places.values()
        if len({rule.jurisdiction for rule in rules}) > 1
    }
    assert repeated == set()


def test_no_place_repeats_a_common_rule(pack: LawPack) -> None:
    common = {logic(rule): rule.id for file in pack.files if file.jurisdiction == "us/common" for rule in file.rules}
    assert {rule.id: common[logic(rule)] for rule in rules_of_places(pack) if logic(rule) in common} == {}


def test_rules_that_differ_in_numbers_names_and_dates_alone_are_the_same_logic(pack: LawPack) -> None:
    """What the two tests above stand on: another age, state or class is no other logic, another fact or duty is."""
    by_id = {rule.id: rule for file in pack.files for rule in file.rules}
    refills, initial = by_id["us/common/prescribing/opioid-refills"], by_id["us/common/prescribing/opioid-initial"]
    assert logic(refills) == logic(refills) != logic(initial)
    age = Test("patient.age", "less", 18)
    assert normal(age) == normal(Test("patient.age", "less", 21)) != normal(Test("patient.age", "at_least", 18))
    assert normal(Every((age, Test("a", "is", 1)))) == normal(Every((Test("a", "is", 2), age)))


def rules_of_places(pack: LawPack) -> list[Rule]:
    """What follows a common rule repeats nothing."""
    return [r for file in pack.files if file.jurisdiction not in SHARED for r in file.rules if not r.like]


def logic(rule: Rule) -> tuple[Any, ...]:
    """What a rule does, whatever the numbers, names and dates in it."""
    return rule.topic, normal(rule.condition), tuple(sorted(map(_effect, rule.effects), key=repr))


def normal(part: Any) -> Any:
    """A condition with its values taken out and its parts in one order."""
    if isinstance(part, Test):
        operand = ("fact", part.operand.path) if isinstance(part.operand, Reference) else _ANY
        return ("test", part.path, part.operator, operand)
    if isinstance(part, Every | Some):
        return type(part).__name__, *sorted(map(normal, part.parts), key=repr)
    if isinstance(part, Quantifier):
        return "records", part.path, part.measure, part.of, normal(part.where), normal(part.asks)
    if is_dataclass(part):
        return type(part).__name__, *(normal(getattr(part, one.name)) for one in fields(part) if one.init)
    return _ANY


def _effect(effect: Effect) -> tuple[Any, ...]:
    """An effect's kind and what it names; of its details only which there are."""
    said = [(one.name, getattr(effect, one.name)) for one in fields(effect)]
    return type(effect).__name__, *((name, _said(value)) for name, value in said if name != "at")


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted(value))
    return value if isinstance(value, str) else normal(value)
