"""What does a rule say that leans on another one? The other rule's validity is put in, span of days by span of days.

`applies: us/prescribing/ryan-haight` holds on a day on which that rule is surely in force and its condition holds. On a
day on which it is only perhaps in force the leaning rule is judged both with and without it, and is itself no surer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.conditions import Always, Applies, Condition, Some, rewrite, walk
from engine.diagnostics import Problems, nearest
from engine.instances import Instance
from engine.law import Require, Rule
from engine.periods import FIRST_DAY, LAST_DAY, Certainty, Period
from engine.values import Duration, shift

COMMON = "/common"
_DAY = Duration(days=1)
Find = Callable[[str], Sequence[Instance]]


@dataclass(frozen=True, slots=True)
class _Span:
    """Days over which nothing that a rule leans on changes; whether uncertain ones count as in force."""

    first: str
    last: str
    sure: bool
    generous: bool


def imported(rule: Rule) -> tuple[str, ...]:
    """The ids of the rules that a rule leans on."""
    return tuple(dict.fromkeys(part.rule for part in _imports(rule)))


def _imports(rule: Rule) -> Iterable[Applies]:
    return (part for part in walk(rule.condition) if isinstance(part, Applies))


def resolve(rule: Rule, find: Find) -> Iterable[Rule]:
    """The rule without any import, one for each span of days; `find` gives the instances of a rule by its id."""
    names = imported(rule)
    if not names:
        yield rule
        return
    others = {name: tuple(find(name)) for name in names}
    for span in _spans([instance.period for found in others.values() for instance in found]):
        period = rule.period.meet(_period(span))
        if period is not None:
            yield _within(rule, period, span, others)


def _spans(periods: Sequence[Period]) -> Iterable[_Span]:
    starts = {FIRST_DAY}
    for period in periods:
        starts |= {period.first, period.sure_from}
        starts |= {shift(day, _DAY, 1) for day in (period.sure_until, period.last) if day < LAST_DAY}
    days = sorted(starts)
    for first, following in zip(days, [*days[1:], ""], strict=True):
        last = shift(following, _DAY, -1) if following else LAST_DAY
        sure = all(period.on(first) is not Certainty.PERHAPS for period in periods)
        yield _Span(first, last, sure, generous=False)
        if not sure:
            yield _Span(first, last, sure, generous=True)


def _period(span: _Span) -> Period:
    """The days of a span; an unsure one is never surely in force."""
    if span.sure:
        return Period(span.first, span.first, span.last, span.last)
    return Period(span.first, LAST_DAY, FIRST_DAY, span.last)


def _within(rule: Rule, period: Period, span: _Span, others: Mapping[str, tuple[Instance, ...]]) -> Rule:
    allowed = {Certainty.SURE, Certainty.PERHAPS} if span.generous else {Certainty.SURE}
    standing = {name: [i for i in found if i.period.on(span.first) in allowed] for name, found in others.items()}

    def change(part: Condition) -> Condition:
        if not isinstance(part, Applies):
            return part
        conditions = tuple(instance.condition for instance in standing[part.rule])
        return Some(conditions) if conditions else Always(False)

    cited = rule.cited
    for instance in (instance for found in standing.values() for instance in found):
        cited = cited.joined(instance.cited)
    return replace(rule, period=period, cited=cited, condition=rewrite(rule.condition, change))


def check_imports(rules: Sequence[Rule], problems: Problems) -> None:
    """Report an import of a rule that is not there, not of the same law, or that leads back to where it started."""
    known = {rule.id: rule for rule in rules}
    for rule in rules:
        for part in _imports(rule):
            other = known.get(part.rule)
            if other is None:
                same = [other.id for other in rules if other.topic == rule.topic]
                reason = f"there is no such rule{nearest(part.rule, same)}"
            elif not _reaches(rule, other):
                reason = "it is the law of another place"
            elif _leads_back(rule.id, other, known):
                reason = "it leans on this rule itself"
            else:
                continue
            problems.report("LAW019", part.at, id=part.rule, reason=reason)
        if any(isinstance(part, Applies) for met in _met_by(rule) for part in walk(met)):
            problems.report("LAW019", rule.at, id=rule.id, reason="only `when` and `unless` may lean on a rule")


def _met_by(rule: Rule) -> Iterable[Condition]:
    return (e.met_by for e in rule.effects if isinstance(e, Require) and e.met_by is not None)


def _reaches(rule: Rule, other: Rule) -> bool:
    """A state's rules and a clinic's may lean on all they stand under; common and federal ones on those alone."""
    if rule.jurisdiction == "clinic" or rule.jurisdiction == other.jurisdiction:
        return True
    country = rule.jurisdiction.split("/")[0]
    if "/" not in rule.jurisdiction:
        return False
    return other.jurisdiction in (country, f"{country}{COMMON}")


def _leads_back(start: str, rule: Rule, known: Mapping[str, Rule]) -> bool:
    seen, waiting = set[str](), [rule.id]
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen and name in known:
            seen.add(name)
            waiting += imported(known[name])
    return False
