"""No two places' files repeat a rule's logic: what states share is a common rule, and theirs are its values."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from engine.conditions import Condition, Every, Quantifier, Reference, Some, Test, rewrite
from engine.law import Effect, Permit, Rule
from engine.rulebook import LawPack, load_law
from tests.rules.helpers_cases import ROOT

SHARED = ("us/common", "us")
_ANY = "_"
_LAW = "law."
TWICE_IN_COMMON = {
    frozenset({"us/common/prescribing/nurse-practitioner", "us/common/prescribing/physician-assistant"}): (
        "what is asked of each profession is a law value of its own, and the duty tells it in its detail"
    ),
    frozenset(
        {"us/common/supervision/nurse-practitioner-transition", "us/common/supervision/physician-assistant-transition"}
    ): "one line each; the word from which a transition counts is another for each profession",
}
"""Common rules that differ in no more than their values and law values, each with the reason why they are two."""


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


def test_no_two_common_rules_differ_in_values_alone(pack: LawPack) -> None:
    """What one rule could say with law values of its own (`like:` and `with:`) is not written a second time."""
    alike = defaultdict(set)
    for rule in (r for file in pack.files if file.jurisdiction in SHARED for r in file.rules if not r.like):
        alike[shape(rule)].add(rule.id)
    assert {frozenset(ids) for ids in alike.values() if len(ids) > 1} == TWICE_IN_COMMON.keys()
    assert all(len(why.split()) > 3 for why in TWICE_IN_COMMON.values())


def test_common_rules_that_differ_in_law_values_and_paths_alone_have_one_shape(pack: LawPack) -> None:
    by_id = {rule.id: rule for file in pack.files for rule in file.rules}
    names = ("infrequent", "second-opinion", "out-of-state-agent", "out-of-state-liability")
    opinion = by_id["us/common/licensing/second-opinion"]
    found = {name: shape(by_id[f"us/common/licensing/{name}"]) for name in names}
    assert len(set(found.values())) == len(names)  # another fact or another duty is another shape
    other = replace(opinion, condition=rewrite(opinion.condition, _renamed), effects=(Permit("practise", "elsewhere"),))
    assert logic(other) != logic(opinion)
    assert shape(other) == shape(opinion)


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


def shape(rule: Rule) -> tuple[Any, ...]:
    """The logic of a rule, whichever law values it stands on and whatever its path of authority is called."""
    effects = (replace(one, path="") if isinstance(one, Permit) else one for one in rule.effects)
    return logic(replace(rule, condition=rewrite(rule.condition, _nameless), effects=tuple(effects)))


def _nameless(part: Condition) -> Condition:
    return _with_law(part, lambda _: _LAW)


def _renamed(part: Condition) -> Condition:
    return _with_law(part, lambda name: f"{name}.other")


def _with_law(part: Condition, named: Callable[[str], str]) -> Condition:
    if not isinstance(part, Test):
        return part
    operand = part.operand
    if isinstance(operand, Reference) and operand.path.startswith(_LAW):
        operand = replace(operand, path=named(operand.path))
    return replace(part, path=named(part.path) if part.path.startswith(_LAW) else part.path, operand=operand)


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
