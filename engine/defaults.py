"""What counts where a jurisdiction gives no value, or none any more? What the topic says `otherwise`."""

from collections.abc import Iterable, Mapping, Sequence

from engine.diagnostics import Location
from engine.law import Cited, LawValue
from engine.periods import FIRST_DAY, LAST_DAY, Period
from engine.topics import Topic
from engine.values import Duration, Value, shift

_DAY = Duration(days=1)
Values = Mapping[str, tuple[LawValue, ...]]


def with_defaults(topic: Topic, values: Values) -> dict[str, tuple[LawValue, ...]]:
    """The values that have an `otherwise`, with it on every day on which none was even perhaps in force."""
    return {
        name: (*values.get(name, ()), *_filling(name, value, values.get(name, ())))
        for name, value in topic.defaults.items()
    }


def _filling(name: str, value: Value, given: Sequence[LawValue]) -> Iterable[LawValue]:
    for period in gaps([entry.period for entry in given]):
        yield LawValue(name, value, period, _beside(period, given), Location(""))


def _beside(gap: Period, given: Sequence[LawValue]) -> Cited:
    """What a gap rests on: the entry that ended before it, else the one that follows; nothing where none was given."""
    before = [entry for entry in given if entry.period.last < gap.first]
    if before:
        return max(before, key=lambda entry: entry.period.last).cited
    return min(given, key=lambda entry: entry.period.first).cited if given else Cited()


def gaps(periods: Iterable[Period]) -> Iterable[Period]:
    """The spans of days that no period touches."""
    since = FIRST_DAY
    for period in sorted(periods, key=lambda period: period.first):
        if since < period.first:
            yield _span(since, shift(period.first, _DAY, -1))
        if period.last == LAST_DAY:
            return
        since = max(since, shift(period.last, _DAY, 1))
    yield _span(since, LAST_DAY)


def _span(first: str, last: str) -> Period:
    return Period(first, first, last, last)
