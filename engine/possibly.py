"""Could a condition come out true, and could it come out false? The language read a second time, row by row.

The closures (`engine.conditions_closures`) compute truths; this module asks of every part whether there is a way to
tell the rest so that it holds, and one so that it fails. Where both are possible nobody knows. It shares nothing with
the closures but the syntax tree: no comparison, no moving of dates, no measure of records. So what the safe subset of
the second engine cannot take (records, lists, two facts compared) is worked out twice as well, and a defect of one
reading is a difference (docs/decisions/0035).
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from engine.conditions_tree import Always, Condition, Every, Negation, Quantifier, Reference, Some, Test
from engine.values import Duration, Facts

Could = tuple[bool, bool]
"""Whether it can hold, and whether it can fail; at least one of the two is true."""
Row = Mapping[str, Any]

_BOTH: Could = (True, True)
_LONG_AGO, _FAR_AHEAD = " ", "~"  # sort before and after every day and instant
_INFINITE = float("inf")


def verdict(condition: Condition, facts: Facts) -> bool | None:
    """True, False, or None where it could still be either."""
    holds, fails = _could(condition, facts, {})
    return None if holds and fails else holds


def _could(condition: Condition, facts: Facts, row: Row) -> Could:
    if isinstance(condition, Test):
        return _test(condition, facts, row)
    if isinstance(condition, Quantifier):
        return _records(condition, facts)
    if isinstance(condition, Negation):
        holds, fails = _could(condition.part, facts, row)
        return fails, holds
    if isinstance(condition, Always):
        return condition.holds, not condition.holds
    if not isinstance(condition, Every | Some):
        raise ValueError("a rule that leans on another was not resolved")
    parts = [_could(part, facts, row) for part in condition.parts]
    if isinstance(condition, Every):
        return all(holds for holds, _ in parts), any(fails for _, fails in parts)
    return any(holds for holds, _ in parts), all(fails for _, fails in parts)


def _surely(holds: bool) -> Could:
    return holds, not holds


def _test(test: Test, facts: Facts, row: Row) -> Could:
    told = row if test.of_item else facts
    if test.operator == "told":
        return _surely(test.path in told)
    operand: Any = test.operand
    if isinstance(operand, Reference):
        if operand.path in facts and facts[operand.path] is None:
            return _surely(False)  # nothing compares with nothing
        if operand.path not in facts:
            return _surely(False) if test.path in told and told[test.path] is None else _BOTH
        operand = _moved(facts[operand.path], operand.by, operand.sign)
    if test.path not in told:
        return _BOTH
    value = told[test.path]
    if value is None:
        return _surely(False)
    if test.operator == "exists":
        return _surely(not (isinstance(value, tuple) and len(value) == 0))
    return _surely(_SAYS[test.operator](value, operand))


def _side(value: Any, operand: Any) -> int:
    """-1, 0 or 1: on which side of the operand a value lies; numbers exactly as they are written."""
    if isinstance(value, float) and abs(value) != _INFINITE:
        value = Fraction(repr(value))
    if isinstance(operand, float):
        operand = Fraction(repr(operand))
    return 0 if value == operand else 1 if value > operand else -1


_SAYS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, operand: bool(value == operand),
    "in": lambda value, operand: any(value == one for one in operand),
    "less": lambda value, operand: _side(value, operand) == -1,
    "at_most": lambda value, operand: _side(value, operand) != 1,
    "greater": lambda value, operand: _side(value, operand) == 1,
    "at_least": lambda value, operand: _side(value, operand) != -1,
    "before": lambda value, operand: _side(value, operand) == -1,
    "on_or_before": lambda value, operand: _side(value, operand) != 1,
    "after": lambda value, operand: _side(value, operand) == 1,
    "on_or_after": lambda value, operand: _side(value, operand) != -1,
    "has": lambda value, operand: value.count(operand) > 0,
    "has_any": lambda value, operand: not set(value).isdisjoint(operand),
    "has_all": lambda value, operand: set(operand) <= set(value),
}


def _moved(value: Any, by: Duration | None, sign: int) -> Any:
    """A day or an instant moved; what leaves the calendar stops at its first or last day."""
    if by is None:
        return value
    if by.seconds:
        try:
            moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            return f"{(moment + timedelta(seconds=sign * by.seconds)).isoformat()[:19]}Z"
        except OverflowError:
            return "0001-01-01T00:00:00Z" if sign < 0 else "9999-12-31T23:59:59Z"
    year, month, day = (int(part) for part in value.split("-"))
    year, month = year + (month - 1 + sign * by.months) // 12, (month - 1 + sign * by.months) % 12 + 1
    try:
        last = monthrange(year, month)[1]
        return (date(year, month, min(day, last)) + timedelta(days=sign * by.days)).isoformat()
    except (OverflowError, ValueError):
        return "0001-01-01" if sign < 0 else "9999-12-31"


def _records(quantifier: Quantifier, facts: Facts) -> Could:
    if quantifier.path not in facts:
        return _BOTH
    records: Any = facts[quantifier.path] or ()
    read = [(row, *_could(quantifier.where, facts, row)) for row in records]
    rows = [(row, not fails) for row, holds, fails in read if holds]
    return _MEASURES[quantifier.measure](quantifier, facts, rows)


_Rows = list[tuple[Row, bool]]
"""The records that can be among those meant, each with whether it surely is."""


def _either(ways: Iterable[Could]) -> Could:
    """What can come out where each of several ways is possible."""
    found = list(ways)
    return any(holds for holds, _ in found), any(fails for _, fails in found)


def _count(quantifier: Quantifier, facts: Facts, rows: _Rows) -> Could:
    surely = len([row for row, certain in rows if certain])
    return _either(_could(quantifier.asks, facts, {"count": number}) for number in {surely, len(rows)})


def _sum(quantifier: Quantifier, facts: Facts, rows: _Rows) -> Could:
    least: Any = 0
    most: Any = 0
    for row, certain in rows:
        adds = [_INFINITE, -_INFINITE if quantifier.least is None else _exactly(quantifier.least)]
        if quantifier.of in row:
            adds = [_exactly(row[quantifier.of])]
        if not certain:
            adds.append(0)
        least, most = least + min(adds), most + max(adds)
    return _either(_could(quantifier.asks, facts, {quantifier.of: total}) for total in (least, most))


def _exactly(number: Any) -> Any:
    """A number as it is written; one told as nothing adds nothing."""
    return Fraction(repr(number)) if isinstance(number, float) else number or 0


def _picked(quantifier: Quantifier, facts: Facts, rows: _Rows) -> Could:
    """The latest or the earliest, in every way in which one of the records can be it."""
    of, ahead = quantifier.of, 1 if quantifier.measure == "latest" else -1
    rows = [(row, certain) for row, certain in rows if of not in row or row[of] is not None]
    sure = [row for row, certain in rows if certain and of in row]
    best = None
    for row in sure:
        best = row[of] if best is None or _side(row[of], best) == ahead else best
    tied = [row for row in sure if row[of] == best]
    ways = [_of_each(quantifier, facts, tied)] if tied else []
    for row, certain in rows:
        if of not in row:
            ways += _at_any_time(quantifier, facts, row, ahead, alone=best is None)
        elif not certain and (best is None or _side(row[of], best) != -ahead):
            ways.append(_of_each(quantifier, facts, [*(tied if row[of] == best else []), row]))
    if not any(certain for _, certain in rows):
        ways.append(_surely(False))  # there may be no such record
    return _either(ways)


def _of_each(quantifier: Quantifier, facts: Facts, rows: Iterable[Row]) -> Could:
    """What is asked, of records of one day: it must hold of each."""
    found = [_could(quantifier.asks, facts, row) for row in rows]
    return all(holds for holds, _ in found), any(fails for _, fails in found)


def _at_any_time(quantifier: Quantifier, facts: Facts, row: Row, ahead: int, *, alone: bool) -> list[Could]:
    """A record of an untold day: beyond all others or, where none is sure, at any time."""
    if quantifier.of_record:
        return [_could(quantifier.asks, facts, row)]
    beyond, behind = (_FAR_AHEAD, _LONG_AGO) if ahead == 1 else (_LONG_AGO, _FAR_AHEAD)
    times = (beyond, behind) if alone else (beyond,)
    return [_could(quantifier.asks, facts, {quantifier.of: time}) for time in times]


_MEASURES: Mapping[str, Callable[[Quantifier, Facts, _Rows], Could]] = {
    "count": _count,
    "sum": _sum,
    "latest": _picked,
    "earliest": _picked,
}
