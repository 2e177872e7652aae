"""What would change an answer? Every single change of one fact is tried, within a bound of number and time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, product
from typing import Any

from engine.conditions import Test
from engine.conditions_tree import walk
from engine.decisions import Decision, Outcome
from engine.diagnostics import BrokenInput
from engine.law import Limit
from portals.law.asking import Asker
from portals.law.link import MOST_ROWS, Asked
from portals.law.parts import AGOS, Part, Sort, parts_of

MOST_TRIED = 400
SECONDS = 0.5
STANDING = "status"  # of a record: the first of its values is the good one
_VARIED = 2  # of a further record the first choices vary, the others stay untold
_YEAR = timedelta(days=365)
_EASE = {Outcome.FORBIDDEN: 0, Outcome.INCOMPLETE: 1, Outcome.REVIEW: 1, Outcome.PERMITTED_WITH_DUTIES: 2}
_EASIEST = 3
IS, MORE, LESS = "is", "more", "less"
_UNTOLD = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact told otherwise and the outcome that follows; `how`: its value, one record more, or one less."""

    path: str
    how: str
    told: tuple[Any, ...]
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What would make it easier or harder; `cut` when there was no time to try everything."""

    easier: tuple[Change, ...]
    harder: tuple[Change, ...]
    tried: int
    cut: bool


@dataclass(frozen=True, slots=True)
class _Option:
    path: str
    how: str
    one: Any
    value: Any


def changes(asker: Asker, asked: Asked, paths: Sequence[str], answer: Decision) -> Changes:
    """Every single change of the facts under `paths`, sorted by where it leads; the closures alone are asked."""
    options = list(islice(_options(asker, asked, paths), MOST_TRIED + 1))
    ends = time.monotonic() + SECONDS
    found: dict[tuple[str, str, str], list[Any]] = {}
    tried = 0
    for option in options[:MOST_TRIED]:
        if time.monotonic() > ends:
            break
        tried += 1
        outcome = _outcome(asker, asked, option)
        if outcome is not None and _ease(outcome) != _ease(answer.outcome):
            found.setdefault((option.path, option.how, outcome), []).append(option.one)
    listed = [Change(path=p, how=h, told=tuple(ones), outcome=o) for (p, h, o), ones in found.items()]
    now = _ease(answer.outcome)
    return Changes(
        easier=tuple(one for one in listed if _ease(one.outcome) > now),
        harder=tuple(one for one in listed if _ease(one.outcome) < now),
        tried=tried,
        cut=tried < len(options),
    )


def _ease(outcome: str) -> int:
    return _EASE.get(Outcome(outcome), _EASIEST)


def _outcome(asker: Asker, asked: Asked, option: _Option) -> Outcome | None:
    """None where the changed question contradicts itself."""
    try:
        return asker.search(replace(asked, told={**asked.told, option.path: option.value})).outcome
    except BrokenInput:
        return None


def _options(asker: Asker, asked: Asked, paths: Sequence[str]) -> Iterator[_Option]:
    parts = parts_of(asker.rulebook.vocabulary)
    numbers = _numbers(asker, asked)
    for path in paths:
        part = parts[path]
        if part.sort is Sort.RECORDS:
            yield from _of_records(asked, part)
            continue
        for value in _values(part, numbers.get(path, ())):
            if value != asked.told.get(path, _UNTOLD):
                yield _Option(path, IS, value, value)


def _values(part: Part, numbers: Iterable[int]) -> Iterable[Any]:
    if part.sort is Sort.FLAG:
        return (True, False)
    if part.sort is Sort.CHOICE:
        return (*part.options, *((None,) if part.nullable else ()))
    if part.sort is Sort.NUMBER:
        around = {near for number in numbers for near in (number - 1, number, number + 1)}
        return sorted(number for number in around if part.least <= number <= part.most)
    return ()


def _numbers(asker: Asker, asked: Asked) -> Mapping[str, set[int]]:
    """The numbers with which conditions and limits compare each fact."""
    plan, topic = asker.plan(asked), asker.rulebook.topics.topics[asked.topic]
    tests = (part for one in plan.program.conditions for part in walk(one) if isinstance(part, Test))
    limits = (effect for one in plan.standing for effect in one.instance.effects if isinstance(effect, Limit))
    compared = [(test.path, test.operand) for test in tests if not test.of_item]
    compared += [(topic.limits[limit.name].fact, limit.most) for limit in limits]
    found: dict[str, set[int]] = {}
    for path, number in compared:
        if type(number) is int:
            found.setdefault(path, set()).add(number)
    return found


def _of_records(asked: Asked, records: Part) -> Iterator[_Option]:
    rows: tuple[Mapping[str, Any], ...] = asked.told.get(records.path, ())
    for row in rows:
        yield _Option(records.path, LESS, row, tuple(other for other in rows if other is not row))
    if len(rows) < MOST_ROWS:
        for row in _further(asked, records):
            yield _Option(records.path, MORE, row, (*rows, row))


def _further(asked: Asked, records: Part) -> Iterator[Mapping[str, Any]]:
    """Records that might be told as well: in good standing, for the place and the clinician asked about."""
    fields = records.fields
    if any(part.sort is Sort.NUMBER for part in fields.values()):
        return
    fixed = {name: value for name in fields if (value := _fixed(asked, records, name)) is not None}
    choices = [name for name, part in fields.items() if part.sort is Sort.CHOICE]
    varied = [name for name in choices if name not in fixed and not _of_person(records, name)][:_VARIED]
    for choice in product(*(fields[name].options for name in varied)):
        told = {**fixed, **dict(zip(varied, choice, strict=True))}
        yield {name: told[name] for name in fields if name in told}


def _fixed(asked: Asked, records: Part, name: str) -> Any:
    part = records.fields[name]
    if part.place:
        return asked.state
    if name == STANDING:
        return part.options[0]
    if part.sort is Sort.CHOICES:
        return part.options
    if part.sort is Sort.AGO:
        return None if part.nullable else AGOS[0]
    if part.sort is Sort.DATE:
        return _dated(asked.day, records, name)
    return asked.told.get(_beside(records, name)) if _of_person(records, name) else None


def _beside(records: Part, name: str) -> str:
    """The fact that says the same of the person: `provider.profession` beside a licence's `profession`."""
    return f"{records.path.rpartition('.')[0]}.{name}"


def _of_person(records: Part, name: str) -> bool:
    return name == "profession" and "." in records.path


def _dated(day: str, records: Part, name: str) -> str:
    """A year ago; the last date of a record, which is when it ends, in a year."""
    dates = [field for field, part in records.fields.items() if part.sort is Sort.DATE]
    around = date.fromisoformat(day)
    return (around + _YEAR if name == dates[-1] else around - _YEAR).isoformat()
