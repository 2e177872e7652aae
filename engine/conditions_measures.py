"""What may the records of a list come to, where some of them are told only in part?

A measure gives its *outcomes*: enough of what could still come out that a comparison which holds (or fails) in all of
them surely holds (or fails). An outcome is the items that the comparison must hold of; one without items means that
there is no such record, and there nothing holds. So a record that is told in part makes an answer unknown only where it
could still change it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from engine.conditions_tree import Quantifier
from engine.values import Facts, Value, from_millionths, millionths

Match = tuple[Facts, bool]
"""A record that may satisfy the condition, and whether it surely does."""
Outcome = tuple[Facts, ...]
_NONE: Outcome = ()
_FIRST, _LAST = "", "~"  # before and after every day and instant
_INFINITE = float("inf")


def outcomes(quantifier: Quantifier, matches: Sequence[Match]) -> list[Outcome]:
    """What the records that may satisfy a quantifier's condition could come to; never empty."""
    return _OUTCOMES[quantifier.measure](quantifier, matches)


def contenders(quantifier: Quantifier, matches: Sequence[Match]) -> list[Match]:
    """The records that can still make a difference: all, but of the latest or earliest only those that may be it."""
    beats = _BEATS.get(quantifier.measure)
    if beats is None:
        return list(matches)
    of = quantifier.of
    sure = [str(record[of]) for record, certain in matches if certain and record.get(of) is not None]
    best = _FARTHEST[quantifier.measure](sure, default=None)
    return [
        (record, certain)
        for record, certain in matches
        if of not in record or (record[of] is not None and (best is None or not beats(best, record[of])))
    ]


def _count(quantifier: Quantifier, matches: Sequence[Match]) -> list[Outcome]:
    sure = sum(certain for _, certain in matches)
    return [({"count": number},) for number in sorted({sure, len(matches)})]


def _sum(quantifier: Quantifier, matches: Sequence[Match]) -> list[Outcome]:
    """The least and the greatest sum. A number told as nothing adds nothing, an untold one anything that it may be."""
    of, least = quantifier.of, -_INFINITE if quantifier.least is None else millionths(quantifier.least)
    low: float = 0
    high: float = 0
    for record, certain in matches:
        told = millionths(record[of] or 0) if of in record else None  # type: ignore[arg-type]
        begin, end = (least, _INFINITE) if told is None else (told, told)
        low += begin if certain else min(begin, 0)
        high += end if certain else max(end, 0)
    return [({of: _number(total)},) for total in sorted({low, high})]


def _number(total: float) -> Value:
    return from_millionths(total) if isinstance(total, int) else total


def _extreme(quantifier: Quantifier, matches: Sequence[Match]) -> list[Outcome]:
    """The latest (or earliest) of those surely there, or none, and each one that could come after (or before) it.

    Records of the same day stand together: what is asked must hold of each.
    """
    of, beats = quantifier.of, _BEATS[quantifier.measure]
    standing = contenders(quantifier, matches)
    dated = [(record, certain) for record, certain in standing if of in record]
    undated = [(record, certain) for record, certain in standing if of not in record]
    first = tuple(record for record, certain in dated if certain)
    found = [first] if first or not any(certain for _, certain in undated) else []
    for record, certain in dated:
        if not certain:
            tied = first and not beats(record[of], first[0][of])
            found.append((*first, record) if tied else (record,))
    for record, _ in undated:
        found += [(item,) for item in _anywhere(quantifier, record, alone=not first)]
    return found


def _anywhere(quantifier: Quantifier, record: Facts, alone: bool) -> Iterable[Facts]:
    """A record of an untold day: it may come after all others or, where none is sure, be the only one at any time."""
    if quantifier.of_record:
        yield record
        return
    ends = (_LAST, _FIRST) if quantifier.measure == "latest" else (_FIRST, _LAST)
    yield {quantifier.of: ends[0]}
    if alone:
        yield {quantifier.of: ends[1]}


_BEATS: Mapping[str, Callable[[Value, Value], bool]] = {
    "latest": lambda one, other: str(one) > str(other),
    "earliest": lambda one, other: str(one) < str(other),
}
_FARTHEST: Mapping[str, Callable[..., str | None]] = {"latest": max, "earliest": min}
_OUTCOMES: Mapping[str, Callable[[Quantifier, Sequence[Match]], list[Outcome]]] = {
    "count": _count,
    "sum": _sum,
    "latest": _extreme,
    "earliest": _extreme,
}
