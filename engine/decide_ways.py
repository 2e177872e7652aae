"""What would lift a rule that forbids? Its exceptions, and what each of them still lacks."""

from collections.abc import Iterable

from engine.conditions import Always, Condition, Every, Negation, Some
from engine.conditions_closures import describe, failures
from engine.values import Facts

Way = tuple[str, ...]


def exceptions(condition: Condition, facts: Facts) -> list[Way]:
    """For each way out that a condition leaves, the parts that keep it from being open; the nearest first.

    A way out is what stands under a negation (`unless`, `not`): the condition ends as soon as one of them holds. One
    that the law of the place closes to everybody is none, and one that is only "where that other law does not apply"
    is left to what that law says of itself.
    """
    closed = describe(Always(False))
    ways = dict.fromkeys(tuple(failures(way, facts)) for way in _ways(condition))
    return sorted((way for way in ways if way and closed not in way), key=len)


def _ways(condition: Condition) -> Iterable[Condition]:
    if isinstance(condition, Every):
        for part in condition.parts:
            yield from _ways(part)
    elif isinstance(condition, Negation):
        ways = condition.part.parts if isinstance(condition.part, Some) else (condition.part,)
        yield from (way for way in ways if not (isinstance(way, Negation) and isinstance(way.part, Every | Some)))
