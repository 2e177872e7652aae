"""Can every item of a form be shown and every red flag be raised?

A search over the answers that make a difference: of each item only the values that some condition names, and one that
none names. It is exact for what conditions can tell apart; where conditions compare two answers with each other, and
beyond a fixed number of ways, it gives no verdict.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain, combinations
from typing import Any

from engine.conditions import OPERATORS, Condition, Reference, Test, paths, walk
from engine.conditions_closures import Closure, compile_condition
from engine.diagnostics import Problems
from engine.forms import Form, Item, Score
from engine.forms_walk import fact_of, tell_scores
from engine.reading import Node
from engine.values import Kind, Value

_MOST_WAYS = 20_000
_MOST_SUBSETS_OF = 5


def report_unreachable(form: Form, places: Mapping[str, Node], problems: Problems) -> None:
    """Report items that no way of answering shows, and red flags that none raises."""
    search = Search(form)
    for item in form.items:
        if item.show_when is not None and not search.can_hold(item.show_when, item.needs):
            problems.report("FORM005", places[f"item:{item.id}"]["show_when"].at, item=item.id)
    for flag in form.flags:
        if not search.can_hold(flag.when, flag.needs):
            problems.report("FORM006", places[f"flag:{flag.id}"]["when"].at, flag=flag.id)


def witness(form: Form, flag_id: str) -> dict[str, Any] | None:
    """Answers that raise a red flag, for examples and tests; None where the search finds none."""
    flag = next(flag for flag in form.flags if flag.id == flag_id)
    return Search(form).find(flag.when, flag.needs)


def _literals(form: Form) -> Mapping[str, tuple[Value, ...]]:
    """The values that conditions name, by path."""
    found: dict[str, set[Value]] = {}
    for part in chain.from_iterable(walk(condition) for condition in _conditions(form)):
        if isinstance(part, Test) and not OPERATORS[part.operator].flag and not isinstance(part.operand, Reference):
            values = part.operand if isinstance(part.operand, tuple) else (part.operand,)
            found.setdefault(part.path, set()).update(value for value in values if value is not None)
    return {path: tuple(sorted(values, key=str)) for path, values in found.items()}


class Search:
    """Looks for answers under which a condition over a form's items holds."""

    def __init__(self, form: Form) -> None:
        literals = _literals(form)
        self._items = {item.id: item for item in form.items}
        self._order = [item.id for item in form.items]
        self._values = {item.id: _telling_values(item, literals.get(item.path, ())) for item in form.items}
        self._scores = form.scores
        self._only_counted = _only_counted(form)
        self._ways = 0
        self._asks_whether_told = False
        self._failed: set[_Standing] = set()

    def can_hold(self, condition: Condition, needs: tuple[str, ...]) -> bool:
        """False only when surely no answers make the condition hold."""
        self._ways = 0
        found = self.find(condition, needs)
        return found is not None or self._ways >= _MOST_WAYS or self._compares(condition, needs)

    def find(self, condition: Condition, needs: tuple[str, ...]) -> dict[str, Any] | None:
        involved = self._involved(needs)
        items = [self._items[name] for name in self._order if name in involved]
        self._asks_whether_told = any(isinstance(p, Test) and p.operator == "told" for p in walk(condition))
        self._failed = set()
        return self._try(items, {}, {}, compile_condition(condition))

    def _compares(self, condition: Condition, needs: tuple[str, ...]) -> bool:
        """Whether two answers are compared with each other anywhere on the way."""
        on_the_way = (self._items[name].show_when for name in self._involved(needs))
        conditions = (condition, *(c for c in on_the_way if c is not None))
        parts = chain.from_iterable(walk(c) for c in conditions)
        return any(isinstance(part, Test) and isinstance(part.operand, Reference) for part in parts)

    def _involved(self, needs: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        waiting = list(needs)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._items[name].needs)
        return found

    def _try(
        self, items: list[Item], answers: dict[str, Any], facts: dict[str, Value], condition: Closure
    ) -> dict[str, Any] | None:
        self._ways += 1
        if self._ways >= _MOST_WAYS:
            return None
        truth = condition(facts)
        if truth or not items:
            return answers if truth else None
        if truth is False and not self._asks_whether_told:
            return None  # one more answer makes no false condition true, but for one that asks whether it is told
        standing = self._standing(len(items), facts)
        if standing in self._failed:
            return None
        item, *rest = items
        if item.shows is not None and item.shows(facts) is not True:
            return self._try(rest, answers, facts, condition)
        for value in (*self._values[item.id], *((None,) if item.optional else ())):
            fact = fact_of(item, value)
            more = facts if fact is None else {**facts, item.path: fact}
            ended = [score for score in self._scores if score.items[-1] == item.id]
            if ended:
                tell_scores(ended, more := dict(more))
            found = self._try(rest, {**answers, item.id: value}, more, condition)
            if found is not None:
                return found
        self._failed.add(standing)
        return None

    def _standing(self, left: int, facts: Mapping[str, Value]) -> "_Standing":
        """What makes a difference from here on: answers that no condition names only by what they add up to so far."""
        kept = frozenset((path, fact) for path, fact in facts.items() if path not in self._only_counted)
        sums = tuple(_so_far(score, facts) for score in self._scores)
        return left, kept, sums


_Standing = tuple[int, frozenset[tuple[str, Value]], tuple[tuple[int, int], ...]]
"""How many items are left, the facts that conditions name, and what each score has counted."""


def _so_far(score: Score, facts: Mapping[str, Value]) -> tuple[int, int]:
    """How many of a score's items are answered, and what they add up to."""
    told = [weights[str(facts[path])] for path, weights in score.weights.items() if path in facts]
    return len(told), sum(told)


def _only_counted(form: Form) -> frozenset[str]:
    """The items that scores count and no condition names."""
    named = frozenset[str]().union(*(paths(condition) for condition in _conditions(form)))
    return frozenset(path for score in form.scores for path in score.weights) - named


def _conditions(form: Form) -> Iterator[Condition]:
    of_items = chain.from_iterable((item.show_when, item.required_when) for item in form.items)
    return (c for c in chain(of_items, (flag.when for flag in form.flags)) if c is not None)


def _telling_values(item: Item, literals: tuple[Value, ...]) -> tuple[Any, ...]:
    """Answers of an item that conditions can tell apart, each a lawful one."""
    kind = item.fact_type
    if kind is None:
        return ()
    if kind.kind is Kind.FLAG:
        return (True, False)
    if kind.kind is Kind.CHOICE:
        return item.choice_ids
    if kind.kind is Kind.CHOICES:
        return _subsets(item, [str(value) for value in literals])
    if kind.kind is Kind.NUMBER:
        return tuple(_numbers(item, [float(v) for v in literals if isinstance(v, int | float)]))
    if kind.kind is Kind.DATE:
        return tuple(_days(item, [str(v) for v in literals]))
    return (*(str(value) for value in literals), "-")


def _subsets(item: Item, named: list[str]) -> tuple[list[str], ...]:
    """Sets of the named choices (all of them when they are few) with and without one that is not named."""
    others = [choice for choice in item.choice_ids if choice not in named and choice != item.alone][:1]
    together = [choice for choice in named if choice != item.alone]
    sizes = range(len(together) + 1) if len(together) <= _MOST_SUBSETS_OF else (1, 2, len(together))
    sets = [list(chosen) for size in sizes for chosen in combinations(together, size)]
    filled = [chosen or others for chosen in sets]
    alone = [[item.alone]] if item.alone else []
    return tuple(chosen for chosen in (*filled, *([*c, *others] for c in sets if c), *alone) if chosen)


def _numbers(item: Item, named: list[float]) -> Iterator[float]:
    step = 10.0**-item.places
    inner = [value + shift for value in named for shift in (-step, 0, step)]
    limits = [limit for limit in (item.least, item.most) if limit is not None]
    for value in sorted({round(v, 6) for v in (*inner, *limits)} or {0.0}):
        if (item.least is None or value >= item.least) and (item.most is None or value <= item.most):
            yield value


def _days(item: Item, named: list[str]) -> Iterator[str]:
    around = {
        (date.fromisoformat(day) + timedelta(days=shift)).isoformat()
        for day in (*named, item.earliest, item.latest)
        if day
        for shift in (-1, 0, 1)
    }
    for day in sorted(around or {"2000-01-01"}):
        if (not item.earliest or day >= item.earliest) and (not item.latest or day <= item.latest):
            yield day
