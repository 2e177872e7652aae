"""What does a rule say in one jurisdiction? Law values are put in, one instance for each period they hold."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from engine.conditions import (
    OPERATORS,
    Always,
    Condition,
    Reference,
    Test,
    folded,
    paths,
    rewrite,
)
from engine.conditions_closures import moved, truth
from engine.law import CLINIC, GUIDANCE, STATUTE, Advise, Cited, Effect, LawValue, Limit, Permit, Require, Rule
from engine.periods import Period
from engine.remembered import kept_in
from engine.topics import LAW_PREFIX
from engine.uncarried import parts_without
from engine.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A rule ready to be judged: no law value is left in it.

    `opens`: whether it is a path of authority. `of_the_clinic`: whether a clinic added it (or lets it block), and the
    law by itself does not ask for it. `kept` has what it says alike in many answers.
    """

    id: str
    title: str
    jurisdiction: str
    period: Period
    cited: Cited
    condition: Condition
    effects: tuple[Effect, ...]
    authority: str = STATUTE
    opens: bool = field(init=False, repr=False, compare=False)
    of_the_clinic: bool = field(init=False, repr=False, compare=False)
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "opens", any(isinstance(effect, Permit) for effect in self.effects))
        own = self.authority == CLINIC or self.id.startswith(f"{CLINIC}/")
        object.__setattr__(self, "of_the_clinic", own)


def instantiate(rule: Rule, jurisdiction: str, values: Mapping[str, tuple[LawValue, ...]]) -> Iterable[Instance]:
    """The instances of a rule; none where the jurisdiction lacks a value that the rule stands on."""
    names = sorted(law_names(rule))
    if any(name not in values for name in names):
        return
    for period, chosen in _together(rule.period, [values[name] for name in names]):
        cited = rule.cited
        for value in chosen:
            cited = cited.joined(value.cited)
        whole = replace(rule, period=period, cited=cited)
        lacking = [value.name for value in chosen if not value.carried]
        known = {f"{LAW_PREFIX}{value.name}": value.value for value in chosen if value.carried}
        for part in parts_without(whole, lacking) if lacking else (whole,):
            yield _instance(part, jurisdiction, known, values=bool(names))


def _together(period: Period, entries: Sequence[Sequence[LawValue]]) -> Iterable[tuple[Period, tuple[LawValue, ...]]]:
    """One entry of each value, for every choice of them that shares days with the period; with the days shared."""
    found: list[tuple[Period, tuple[LawValue, ...]]] = [(period, ())]
    for of_one_value in entries:
        found = [
            (met, (*chosen, value))
            for shared, chosen in found
            for value in of_one_value
            if (met := shared.meet(value.period)) is not None
        ]
    return found


@kept_in("_paths")
def law_names(rule: Rule) -> frozenset[str]:
    """The law values that a rule stands on, without their prefix."""
    found = set(paths(rule.condition))
    for effect in rule.effects:
        found |= set(_effect_names(effect))
    return frozenset(path.removeprefix(LAW_PREFIX) for path in found if path.startswith(LAW_PREFIX))


def _effect_names(effect: Effect) -> Iterable[str]:
    if isinstance(effect, Require):
        if effect.met_by is not None:
            yield from paths(effect.met_by)
        yield from (value.path for value in effect.detail.values() if isinstance(value, Reference))
        yield effect.due_by
    if isinstance(effect, Limit):
        yield from (value.path for value in (effect.most, effect.allowed) if isinstance(value, Reference))


def _instance(rule: Rule, jurisdiction: str, known: Mapping[str, Value], *, values: bool) -> Instance:
    identity = rule.id if rule.jurisdiction == jurisdiction or not values else f"{rule.id}@{jurisdiction}"
    effects = [one for effect in rule.effects if (one := settled(effect, known)) is not None]
    if rule.authority == GUIDANCE:  # guidance warns; a clinic may make it its own policy
        effects = [e if isinstance(e, Permit | Advise) else Advise(rule.title) for e in effects]
    return Instance(
        id=identity,
        title=rule.title,
        jurisdiction=jurisdiction,
        period=rule.period,
        cited=rule.cited,
        condition=settle(rule.condition, known),
        effects=tuple(effects),
        authority=rule.authority,
    )


def settle(condition: Condition, values: Mapping[str, Value]) -> Condition:
    """A condition with the law values put in: tests of them are decided, references to them become literals.

    What that decides of the parts around it is decided too, so that a page says only what is still asked.
    """

    def change(part: Condition) -> Condition:
        if not isinstance(part, Test):
            return folded(part)
        if part.path in values and not part.of_item:
            return Always(bool(truth(_literal(part, values), dict(values))))
        return _literal(part, values)

    return rewrite(condition, change) if values else condition


def _literal(test: Test, values: Mapping[str, Value]) -> Condition:
    operand = test.operand
    if not isinstance(operand, Reference) or operand.path not in values:
        return test
    value = values[operand.path]
    if value is None:
        return Always(False)
    literal = moved(value, operand)
    if OPERATORS[test.operator].many and not literal:
        return Always(test.operator == "has_all")
    return replace(test, operand=literal)


def settled(effect: Effect, values: Mapping[str, Value]) -> Effect | None:
    """The effect with the law values put in; None for a limit that the law value says does not exist."""
    if isinstance(effect, Require):
        due = str(values.get(effect.due_by, effect.due))
        left = "" if effect.due_by in values else effect.due_by
        met = settle(effect.met_by, values) if effect.met_by is not None else None
        detail = {key: _put_in(value, values) for key, value in effect.detail.items()}
        return replace(effect, due=due, due_by=left, met_by=met, detail=detail)
    if isinstance(effect, Limit):
        most = _put_in(effect.most, values)
        allowed = cast("tuple[Value, ...] | None", _put_in(effect.allowed, values))
        return replace(effect, most=most, allowed=allowed) if (most, allowed) != (None, None) else None
    return effect


def _put_in(value: Value | Reference, values: Mapping[str, Value]) -> Value:
    return values.get(value.path, cast("Value", value)) if isinstance(value, Reference) else value
