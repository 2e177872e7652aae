"""Does a condition hold for these facts, which facts are missing, and why (not)? Closures, compiled once."""

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol, cast

from engine.conditions_measures import Match, contenders, outcomes
from engine.conditions_tree import (
    MEASURES,
    OPERATORS,
    Always,
    Applies,
    Condition,
    Every,
    Negation,
    Quantifier,
    Reference,
    Some,
    Test,
    walk,
)
from engine.remembered import kept_in
from engine.values import Facts, Value, shift, shift_instant

Truth = bool | None
Closure = Callable[[Facts], Truth]

UNTOLD = object()
_NO_ITEM: Facts = {}
_NOTHING_SETTLED: Mapping[Condition, str] = {}


class _Inner(Protocol):
    """A closure of facts and the record that a quantifier looks at; outside of one there is none."""

    def __call__(self, facts: Facts, item: Facts = ..., /) -> Truth: ...


def compile_condition(condition: Condition, settled: Mapping[Condition, str] = _NOTHING_SETTLED) -> Closure:
    """A function from facts to True, False or None (unknown). Facts are flat: path to value, absent when untold.

    The truth of parts that are `settled` stands among the facts under these names.
    """
    return _leaning(condition, settled) if settled else _compile(condition)


def _constant(condition: Condition) -> Truth:
    """What a condition is whatever the facts are; None where it depends on them. Law values leave such parts."""
    if isinstance(condition, Always):
        return condition.holds
    if isinstance(condition, Negation):
        truth = _constant(condition.part)
        return None if truth is None else not truth
    if isinstance(condition, Every | Some):
        ends = isinstance(condition, Some)
        truths = [_constant(part) for part in condition.parts]
        return ends if ends in truths else None if None in truths else not ends
    return None


def _joined(condition: Every | Some, compiled: Callable[[Condition], "_Inner"]) -> "_Inner":
    """The closure of several parts, without those that make no difference."""
    parts = tuple(compiled(part) for part in condition.parts if _constant(part) is None)
    if len(parts) == 1:
        return parts[0]
    return _every(parts) if isinstance(condition, Every) else _some(parts)


def _leaning(condition: Condition, settled: Mapping[Condition, str]) -> _Inner:
    """A closure that looks up what is settled already."""
    name = settled.get(condition)
    if name is not None:
        return lambda facts, item=_NO_ITEM: facts[name]
    if isinstance(condition, Every | Some) and _constant(condition) is None:
        return _joined(condition, lambda part: _leaning(part, settled))
    if isinstance(condition, Negation):
        return _negation(_leaning(condition.part, settled))
    return _compile(condition)


@kept_in("_closure")
@lru_cache(maxsize=20_000)
def _compile(condition: Condition) -> _Inner:
    constant = _constant(condition)
    if constant is not None:
        return lambda facts, item=_NO_ITEM: constant
    if isinstance(condition, Every | Some):
        return _joined(condition, _compile)
    if isinstance(condition, Negation):
        return _negation(_compile(condition.part))
    if isinstance(condition, Quantifier):
        return _any(condition) if condition.is_any else _quantified(condition)
    if not isinstance(condition, Test):
        raise ValueError("a rule that leans on another was not resolved")
    return _test(condition)


def _every(parts: tuple[_Inner, ...]) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        answer: Truth = True
        for part in parts:
            truth = part(facts, item)
            if truth is False:
                return False
            if truth is None:
                answer = None
        return answer

    return run


def _some(parts: tuple[_Inner, ...]) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        answer: Truth = False
        for part in parts:
            truth = part(facts, item)
            if truth is True:
                return True
            if truth is None:
                answer = None
        return answer

    return run


def _negation(part: _Inner) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        truth = part(facts, item)
        return None if truth is None else not truth

    return run


def _any(quantifier: Quantifier) -> _Inner:
    """At least one: asked more often than all other measures together, so it stops at the first that is found."""
    path, where = quantifier.path, _compile(quantifier.where)

    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        records: Any = facts.get(path, UNTOLD)
        if records is UNTOLD:
            return None
        answer: Truth = False
        for record in records or ():
            truth = where(facts, record)
            if truth is True:
                return True
            if truth is None:
                answer = None
        return answer

    return run


def _quantified(quantifier: Quantifier) -> _Inner:
    path, where, asks = quantifier.path, _compile(quantifier.where), _compile(quantifier.asks)

    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        if path not in facts:
            return None
        found = outcomes(quantifier, _matches(where, path, facts))
        return _settled(_of_all(asks, facts, items) for items in found)

    return run


def _matches(where: _Inner, path: str, facts: Facts) -> list[Match]:
    """The records of which the condition does not surely fail."""
    records: Any = facts[path] or ()
    return [(record, truth is True) for record in records if (truth := where(facts, record)) is not False]


def _of_all(asks: _Inner, facts: Facts, items: tuple[Facts, ...]) -> Truth:
    truths = [asks(facts, item) for item in items]
    return False if False in truths or not truths else None if None in truths else True


def _settled(truths: Iterable[Truth]) -> Truth:
    """What all outcomes say, or unknown where they differ."""
    found = set(truths)
    return found.pop() if len(found) == 1 else None


def _test(test: Test) -> _Inner:
    path, of_item = test.path, test.of_item
    if test.operator == "told":
        return lambda facts, item=_NO_ITEM: path in (item if of_item else facts)
    if test.operator == "exists":
        return _exists(path, of_item)
    if isinstance(test.operand, Reference):
        return _compared(path, of_item, _COMPARE[test.operator], test.operand)
    if test.operator == "is" and test.operand is not None:
        return _is_in_item(path, test.operand) if of_item else _is(path, test.operand)
    return _against(path, of_item, _COMPARE[test.operator], test.operand)


def _is(path: str, operand: Value) -> _Inner:
    """Asked more often than all other comparisons together."""

    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        value = facts.get(path, UNTOLD)
        return None if value is UNTOLD else value == operand

    return run


def _is_in_item(path: str, operand: Value) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        value = item.get(path, UNTOLD)
        return None if value is UNTOLD else value == operand

    return run


def _against(path: str, of_item: bool, compare: Callable[..., bool], operand: Value) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        value = (item if of_item else facts).get(path, UNTOLD)
        if value is UNTOLD:
            return None
        return value is not None and compare(value, operand)

    return run


def _exists(path: str, of_item: bool) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        value = (item if of_item else facts).get(path, UNTOLD)
        return None if value is UNTOLD else value is not None and value != ()

    return run


def _compared(path: str, of_item: bool, compare: Callable[..., bool], reference: Reference) -> _Inner:
    def run(facts: Facts, item: Facts = _NO_ITEM) -> Truth:
        value = (item if of_item else facts).get(path, UNTOLD)
        other = facts.get(reference.path, UNTOLD)
        if value is None or other is None:
            return False  # with nothing no comparison holds, whatever the other side may be
        if value is UNTOLD or other is UNTOLD:
            return None
        return compare(value, moved(cast("str", other), reference))

    return run


def moved(value: Value, reference: Reference) -> Value:
    """The value of a reference after its duration."""
    if reference.by is None:
        return value
    move = shift_instant if reference.by.of_the_clock else shift
    return move(cast("str", value), reference.by, reference.sign)


_COMPARE: Mapping[str, Callable[..., bool]] = {
    "is": operator.eq,
    "in": lambda a, b: a in b,
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
    "before": operator.lt,
    "on_or_before": operator.le,
    "after": operator.gt,
    "on_or_after": operator.ge,
    "has": operator.contains,
    "has_any": lambda a, b: any(part in a for part in b),
    "has_all": lambda a, b: all(part in a for part in b),
}


def missing(condition: Condition, facts: Facts) -> frozenset[str]:
    """The untold facts that keep a condition unknown; empty when it is decided. A field of a record is `list.field`."""
    if truth(condition, facts) is not None:
        return frozenset()
    return frozenset(_missing(condition, facts, _NO_ITEM, ""))


def truth(condition: Condition, facts: Facts) -> Truth:
    """The truth of a condition, compiled for this once."""
    return _compile(condition)(facts, _NO_ITEM)


def _missing(condition: Condition, facts: Facts, item: Facts, prefix: str) -> set[str]:
    if _compile(condition)(facts, item) is not None:
        return set()
    if isinstance(condition, Every | Some):
        return set().union(*(_missing(part, facts, item, prefix) for part in condition.parts))
    if isinstance(condition, Negation):
        return _missing(condition.part, facts, item, prefix)
    if isinstance(condition, Quantifier):
        return _missing_of_records(condition, facts)
    return _missing_of_test(condition, facts, item, prefix)


def _missing_of_records(quantifier: Quantifier, facts: Facts) -> set[str]:
    """What is untold of the records that could still make a difference, and of what they are compared with."""
    path, of = quantifier.path, quantifier.of
    if path not in facts:
        return {path}
    found = {name for part in walk(quantifier.asks) for name in _untold_reference(part, facts)}
    for record, _ in contenders(quantifier, _matches(_compile(quantifier.where), path, facts)):
        found |= _missing(quantifier.where, facts, record, path)
        if of and of not in record:
            found.add(f"{path}.{of}")
        if quantifier.of_record:
            found |= _missing(quantifier.asks, facts, record, path)
    return found


def _missing_of_test(condition: Condition, facts: Facts, item: Facts, prefix: str) -> set[str]:
    found = _untold_reference(condition, facts)
    if isinstance(condition, Test) and condition.path not in (item if condition.of_item else facts):
        found.add(f"{prefix}.{condition.path}" if condition.of_item else condition.path)
    return found


def _untold_reference(condition: Condition, facts: Facts) -> set[str]:
    """The fact that a test compares with, where it is untold."""
    if not isinstance(condition, Test) or not isinstance(condition.operand, Reference):
        return set()
    return {condition.operand.path} - facts.keys()


def because(condition: Condition, facts: Facts) -> dict[str, Value]:
    """The told facts that make a condition hold (or fail), by path; lists of records are named by their count."""
    found: dict[str, Value] = {}
    _because(condition, facts, truth(condition, facts), found)
    return dict(sorted(found.items()))


def _because(condition: Condition, facts: Facts, wanted: Truth, found: dict[str, Value]) -> None:
    if truth(condition, facts) is not wanted:
        return
    if isinstance(condition, Every | Some):
        for part in condition.parts:
            _because(part, facts, wanted, found)
    elif isinstance(condition, Negation):
        _because(condition.part, facts, None if wanted is None else not wanted, found)
    elif isinstance(condition, Quantifier):
        if condition.path in facts:
            found[condition.path] = len(cast("tuple[Value, ...]", facts[condition.path] or ()))
    elif isinstance(condition, Test):
        for path in (condition.path, *([condition.operand.path] if isinstance(condition.operand, Reference) else [])):
            if path in facts:
                found[path] = facts[path]


def failures(condition: Condition, facts: Facts) -> list[str]:
    """In plain words, the parts that keep a condition from holding (false or unknown ones); empty when it holds."""
    return failing(condition, parts_hold(condition, facts))


def parts_hold(condition: Condition, facts: Facts) -> tuple[Truth, ...]:
    """Which of the parts hold that must all hold."""
    return tuple([part(facts) for part, _ in getattr(condition, "_lacks", None) or _lacking(condition)])


def failing(condition: Condition, truths: Iterable[Truth]) -> list[str]:
    """In plain words, the parts that do not hold, where these are the truths of its parts."""
    parts = zip(_lacking(condition), truths, strict=True)
    return [words if holds is False else f"{words} (not told)" for (_, words), holds in parts if holds is not True]


@kept_in("_lacks")
def _lacking(condition: Condition) -> tuple[tuple[_Inner, str], ...]:
    """The parts that must all hold, each with its words."""
    if isinstance(condition, Every):
        return tuple(one for part in condition.parts for one in _lacking(part))
    return ((_compile(condition), describe(condition)),)


@lru_cache(maxsize=20_000)
def describe(condition: Condition) -> str:
    """A condition in plain words."""
    if isinstance(condition, Always):
        return "always" if condition.holds else "never"
    if isinstance(condition, Every):
        return " and ".join(_bracketed(part) for part in condition.parts)
    if isinstance(condition, Some):
        return " or ".join(_bracketed(part) for part in condition.parts)
    if isinstance(condition, Negation):
        return _describe_negation(condition.part)
    if isinstance(condition, Quantifier):
        return _describe_quantifier(condition)
    if isinstance(condition, Applies):
        return f"the rule {condition.rule} applies"
    return f"{condition.path} {OPERATORS[condition.operator].words} {_operand_words(condition)}".rstrip()


def _bracketed(part: Condition) -> str:
    return f"({describe(part)})" if isinstance(part, Every | Some) else describe(part)


def _describe_negation(part: Condition) -> str:
    """That no record fails is said of every record."""
    if isinstance(part, Quantifier) and part.is_any and isinstance(part.where, Negation):
        return f"every one of {part.path}{_where(part.where.part)}"
    return f"not ({describe(part)})"


def _describe_quantifier(condition: Quantifier) -> str:
    where, asks = _where(condition.where), condition.asks
    if condition.measure == "count" and isinstance(asks, Test) and asks.operator == "at_least":
        many = "one" if asks.operand == 1 else _operand_words(asks)
        return f"at least {many} of {condition.path}{where}"
    words = MEASURES[condition.measure].words
    if condition.of_record:
        return f"{words} of {condition.path} by {condition.of}{where} has {describe(asks)}"
    taken = f"{condition.of} of {condition.path}" if condition.of else f"of {condition.path}"
    compared = describe(asks)
    if isinstance(asks, Test):
        compared = f"{OPERATORS[asks.operator].words} {_operand_words(asks)}"
    return f"{words} {taken}{where} {compared}"


def _where(condition: Condition) -> str:
    return "" if condition == Always(True) else f" where {describe(condition)}"


def _operand_words(test: Test) -> str:
    operand = test.operand
    if OPERATORS[test.operator].flag:
        return ""
    if isinstance(operand, Reference):
        by = f" {'plus' if operand.sign > 0 else 'minus'} {operand.by}" if operand.by else ""
        return f"{operand.path}{by}"
    if isinstance(operand, tuple):
        return ", ".join(_literal_words(part) for part in operand)
    return _literal_words(operand)


def _literal_words(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
