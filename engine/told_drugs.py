"""What follows where a question and the drug base differ about a drug?

What either says tightens, and only what both say opens: a rule that forbids, requires, limits or asks for a person
applies if it does for what is held or for what is told; paths of authority and what meets a duty must hold for both.
So telling more of a drug never loosens (docs/decisions/0034). Rules are read so only for a question that differs; of
all other questions what is told and what is held are one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.conditions import Condition, Every, Negation, Quantifier, Reference, Some, Test, rewrite
from engine.conditions_tree import walk
from engine.instances import Instance
from engine.law import Effect, LawValue, Permit, Require, Rule
from engine.schedules import FEDERAL, OF_THE_STATE
from engine.topics import LAW_PREFIX
from engine.values import Facts, Value

CLASSES = "drug.classes"
APPROVED = "drug.approved_for_oud"
TOLD: Mapping[str, str] = {
    FEDERAL: "drug.told_schedule",
    CLASSES: "drug.told_classes",
    APPROVED: "drug.told_approved_for_oud",
}
"""What the drug base holds, and what the question tells of the same where that differs."""

_TOLD = {**TOLD, OF_THE_STATE: TOLD[FEDERAL]}


def classes_asked(rules: Iterable[Rule], values: Iterable[LawValue]) -> frozenset[Value] | None:
    """The classes that rules ask for, by themselves or in a law value; None where that cannot be listed."""
    listed: dict[str, set[Value]] = {}
    for value in values:
        listed.setdefault(f"{LAW_PREFIX}{value.name}", set()).update(_several(value.value))
    found: set[Value] = set()
    for part in (part for rule in rules for condition in _conditions(rule) for part in walk(condition)):
        if not isinstance(part, Test):
            continue
        operand = part.operand
        if isinstance(operand, Reference) and CLASSES in (part.path, operand.path):
            if part.path != CLASSES or operand.path not in listed:
                return None
            found |= listed[operand.path]
        elif part.path == CLASSES and not isinstance(operand, Reference):
            found.update(_several(operand))
    return frozenset(found)


def _conditions(rule: Rule) -> Iterable[Condition]:
    yield rule.condition
    yield from (effect.met_by for effect in rule.effects if isinstance(effect, Require) and effect.met_by is not None)


def _several(value: Value) -> Iterable[Value]:
    return value if isinstance(value, tuple) else (value,)


def differing(held: Facts, told: Facts, asked: frozenset[Value] | None = None) -> dict[str, Value]:
    """The facts to add where the question tells something else; told classes add to those held.

    Classes that no rule asks for (`asked`) are left out: they can make no difference.
    """
    found: dict[str, Value] = {}
    for path, other in TOLD.items():
        value = told.get(path, held[path])
        if path == CLASSES:
            further = (one for one in _classes(told) if asked is None or one in asked)
            value = tuple(dict.fromkeys((*_classes(held), *further)))
        if value != held[path]:
            found[other] = value
    return found


def _classes(facts: Facts) -> tuple[Value, ...]:
    classes = facts.get(CLASSES)
    return classes if isinstance(classes, tuple) else ()


def disputed(facts: Facts) -> frozenset[str]:
    """What question and drug base differ about: empty, but for a few questions."""
    return frozenset(path for path in TOLD.values() if path in facts)


def as_disputed(instances: Iterable[Instance], disputes: frozenset[str]) -> Iterable[Instance]:
    """Rules as they read where question and drug base differ."""
    for instance in instances:
        opening = tuple(effect for effect in instance.effects if isinstance(effect, Permit))
        others = tuple(effect for effect in instance.effects if not isinstance(effect, Permit))
        for effects, opens in ((opening, True), (others, False)):
            if effects:
                condition = read_for_both(instance.condition, disputes, opens=opens)
                yield replace(instance, condition=condition, effects=tuple(_effect(e, disputes) for e in effects))


def _effect(effect: Effect, disputes: frozenset[str]) -> Effect:
    if isinstance(effect, Require) and effect.met_by is not None:
        return replace(effect, met_by=read_for_both(effect.met_by, disputes, opens=True))
    return effect


def read_for_both(condition: Condition, disputes: frozenset[str], *, opens: bool) -> Condition:
    """The condition for what is held and for what is told: of both where it opens, of either where it tightens.

    A schedule and an approval are one value: the condition is read as a whole for the one and for the other. Classes
    are many, of which one may forbid and another except from that: each comparison of them is read for itself.
    """
    by_class = _each_class(condition, disputes & {TOLD[CLASSES]}, opens)
    readings = [by_class]
    for dispute in sorted(disputes - {TOLD[CLASSES]}):
        readings += [_told(reading, frozenset({dispute})) for reading in readings]
    return _both(tuple(dict.fromkeys(readings)), opens)


def _each_class(condition: Condition, disputes: frozenset[str], opens: bool) -> Condition:
    if isinstance(condition, Every | Some):
        return type(condition)(tuple(_each_class(part, disputes, opens) for part in condition.parts))
    if isinstance(condition, Negation):
        return Negation(_each_class(condition.part, disputes, not opens))
    if isinstance(condition, Quantifier) and condition.is_any:
        return replace(condition, where=_each_class(condition.where, disputes, opens))
    return _both(tuple(dict.fromkeys((condition, _told(condition, disputes)))), opens)


def _both(readings: tuple[Condition, ...], opens: bool) -> Condition:
    if len(readings) == 1:
        return readings[0]
    return Every(readings) if opens else Some(readings)


def _told(condition: Condition, disputes: frozenset[str]) -> Condition:
    """The condition of what is told in place of what is held."""

    def change(part: Condition) -> Condition:
        if not isinstance(part, Test):
            return part
        operand = part.operand
        if isinstance(operand, Reference):
            operand = replace(operand, path=_instead(operand.path, disputes))
        return replace(part, path=part.path if part.of_item else _instead(part.path, disputes), operand=operand)

    return rewrite(condition, change)


def _instead(path: str, disputes: frozenset[str]) -> str:
    told = _TOLD.get(path, "")
    return told if told in disputes else path
