"""What is left of a rule on days for which nobody gives a law value that it stands on? Never nothing.

What surely follows whatever the value is stays as it is. Where the value decides, the answer is `review`: a permission
is unsure, and a restriction or duty that may exist is named for a person to look at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.conditions import Always, Condition, Every, Negation, Reference, Some, Test, paths
from engine.conditions_closures import truth
from engine.decisions import LAW_VALUE_NOT_CARRIED
from engine.defaults import gaps
from engine.diagnostics import Location
from engine.law import Advise, Cited, Effect, LawValue, Limit, Permit, Require, Review, Rule
from engine.periods import FIRST_DAY, LAST_DAY
from engine.topics import LAW_PREFIX
from engine.values import Value

Values = Mapping[str, tuple[LawValue, ...]]


def with_uncarried(
    values: Values, needed: Iterable[str], always: frozenset[str] = frozenset()
) -> dict[str, tuple[LawValue, ...]]:
    """The values, and for each that is needed an entry for the days after its first one on which nobody gives it.

    Before the first entry the law had not begun, but for what there is `always` some law of: what it was is not known.
    A value that has no entry at all is not carried on any day.
    """
    found = dict(values)
    for name in needed:
        given = values.get(name, ())
        begun = FIRST_DAY if name in always else min((entry.period.first for entry in given), default=FIRST_DAY)
        spans = [span for span in gaps(entry.period for entry in given) if span.first >= begun]
        lacking = (LawValue(name, None, span, Cited(), Location(""), carried=False) for span in spans)
        found[name] = (*given, *lacking)
    return found


def parts_without(rule: Rule, names: Iterable[str]) -> Iterable[Rule]:
    """The rule on days without these values: what surely holds, and what a person must decide.

    The second is only perhaps in force, so that it opens nothing, also not to a rule that leans on it.
    """
    lacking = frozenset(f"{LAW_PREFIX}{name}" for name in names)
    surely = bounded(rule.condition, lacking, most=False)
    effects = tuple(_surely(rule.effects, lacking))
    if effects and truth(surely, {}) is not False:
        yield replace(rule, condition=surely, effects=effects)
    doubtful = tuple(_doubtful(rule.effects, ", ".join(sorted(names))))
    if doubtful:
        period = replace(rule.period, sure_from=LAST_DAY, sure_until=FIRST_DAY)
        condition = bounded(rule.condition, lacking, most=True)
        yield replace(rule, period=period, condition=condition, effects=doubtful)


def bounded(condition: Condition, lacking: frozenset[str], *, most: bool) -> Condition:
    """The condition without these values: at its most it holds wherever some value makes it hold, else where all do."""
    if isinstance(condition, Every | Some):
        return type(condition)(tuple(bounded(part, lacking, most=most) for part in condition.parts))
    if isinstance(condition, Negation):
        return Negation(bounded(condition.part, lacking, most=not most))
    if lacking.isdisjoint(paths(condition)):
        return condition
    if most and isinstance(condition, Test) and condition.path not in lacking and condition.operator != "has_all":
        return Test(condition.path, "exists", True, condition.of_item)  # with nothing no comparison holds
    return Always(most)


def _surely(effects: Iterable[Effect], lacking: frozenset[str]) -> Iterable[Effect]:
    for effect in effects:
        if isinstance(effect, Require):
            met = bounded(effect.met_by, lacking, most=False) if effect.met_by is not None else None
            detail = {key: value for key, value in effect.detail.items() if not _stands_on(value, lacking)}
            yield replace(effect, met_by=met, detail=detail)
        elif not (isinstance(effect, Limit) and any(_stands_on(v, lacking) for v in (effect.most, effect.allowed))):
            yield effect


def _stands_on(value: Value | Reference, lacking: frozenset[str]) -> bool:
    return isinstance(value, Reference) and value.path in lacking


def _doubtful(effects: Iterable[Effect], names: str) -> Iterable[Effect]:
    yield from (effect for effect in effects if isinstance(effect, Permit))
    if any(not isinstance(effect, Permit | Advise) for effect in effects):
        yield Review(LAW_VALUE_NOT_CARRIED, names)
