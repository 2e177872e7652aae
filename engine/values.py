"""What kinds of value can a fact have, and is this one of them?

Values inside the engine are plain and comparable: text and choices as str, flags as bool, numbers as int or float
rounded to six decimals, dates as `2026-03-05`, instants as `2026-03-05T15:00:00Z` (UTC), lists as tuples, records as
dicts. A told "there is none" is None; an untold fact is absent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from engine.diagnostics import nearest

Value = str | int | float | bool | None | tuple["Value", ...] | Mapping[str, "Value"]
Facts = Mapping[str, Value]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_LONGEST_TEXT = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LARGEST = 10**12
_MILLION = 1_000_000
_EXACT_AS_FLOAT = 10**8  # up to here a float has digits to spare beyond the sixth decimal


class Kind(StrEnum):
    """The kinds of fact."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    CHOICES = "choices"
    RECORDS = "records"


ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.INSTANT})


class BadValue(ValueError):
    """A value that does not fit its type; the message names the reason, never the value a person typed."""


@dataclass(frozen=True, slots=True)
class FactType:
    """The type of one path. Empty `choices` on a choice or list of choices means any text; `fields` are a record's.

    `reader` takes this type and a value that is told to be something. A date that `happened` lies in the past of every
    question. A field that `absent_is_nothing` is told to be nothing by
    a record that lacks it.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    unit: str = ""
    nullable: bool = False
    fields: Mapping[str, "FactType"] = field(default_factory=dict)
    least: float | None = None
    greatest: float | None = None
    whole: bool = False
    happened: bool = False
    absent_is_nothing: bool = False
    _absent: Mapping[str, None] = field(init=False, repr=False, compare=False)
    _known: frozenset[str] = field(init=False, repr=False, compare=False)
    reader: Callable[["FactType", object], Value] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        absent = {name: None for name, part in self.fields.items() if part.absent_is_nothing}
        object.__setattr__(self, "_absent", absent)
        object.__setattr__(self, "_known", frozenset(self.choices))
        object.__setattr__(self, "reader", _READERS[self.kind])

    def __str__(self) -> str:
        words = {Kind.CHOICES: "a list of choices", Kind.RECORDS: "a list of records", Kind.INSTANT: "an instant"}
        return words.get(self.kind, f"a {self.kind}") + (f" in {self.unit}" if self.unit else "")

    def read(self, value: object) -> Value:
        """The engine's form of a value that came from JSON or YAML; raises `BadValue`."""
        if value is None:
            if self.nullable:
                return None
            raise BadValue("nothing is told here")
        return self.reader(self, value)


def _text(kind: FactType, value: object) -> Value:
    if not isinstance(value, str):
        raise BadValue("text is expected")
    if value in kind._known:
        return value
    if len(value) > _LONGEST_TEXT:
        raise BadValue(f"longer than {_LONGEST_TEXT} characters")
    if not value.isprintable() and _CONTROL.search(value):
        raise BadValue("it holds a control character")
    if kind.choices:
        raise BadValue(f"it is none of the {len(kind.choices)} known values{nearest(value, kind.choices)}")
    return value


def _number(kind: FactType, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("a number is expected")
    if value != value or abs(value) > _LARGEST:
        raise BadValue("the number is too large")
    if kind.least is not None and value < kind.least:
        raise BadValue(f"it is less than {kind.least}")
    if kind.greatest is not None and value > kind.greatest:
        raise BadValue(f"it is more than {kind.greatest}")
    if kind.whole and value != int(value):
        raise BadValue("a whole number is expected")
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def millionths(value: float) -> int:
    """A number as whole millionths, exactly: sums and borders of these never drift."""
    if isinstance(value, int):
        return value * _MILLION
    return round(value * _MILLION if abs(value) < _EXACT_AS_FLOAT else Decimal(repr(value)) * _MILLION)


def from_millionths(count: int) -> int | float:
    """The number of so many millionths, as a fact holds it."""
    return count // _MILLION if count % _MILLION == 0 else count / _MILLION


def _flag(kind: FactType, value: object) -> Value:
    if not isinstance(value, bool):
        raise BadValue("true or false is expected")
    return value


def _date(kind: FactType, value: object) -> Value:
    if not isinstance(value, str):
        raise BadValue("a date such as 2026-01-31 is expected")
    try:
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        if _DATE.match(value):
            raise BadValue("there is no such day") from None
    raise BadValue("a date such as 2026-01-31 is expected")


def _instant(kind: FactType, value: object) -> Value:
    if not isinstance(value, str):
        raise BadValue("an instant such as 2026-03-05T10:00:00-05:00 is expected")
    return instant_text(read_instant(value))


def _choices(kind: FactType, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise BadValue("a list is expected")
    return tuple([_text(kind, part) for part in value])


def _records(kind: FactType, value: object) -> Value:
    if not isinstance(value, list | tuple):
        raise BadValue("a list is expected")
    return tuple([_record(kind, part, index) for index, part in enumerate(value)])


def _record(kind: FactType, value: object, index: int) -> Mapping[str, Value]:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise BadValue(f"entry {index} is no mapping")
    record: dict[str, Value] = {**kind._absent}
    for name, part in value.items():
        field_type = kind.fields.get(name)
        if field_type is None:
            raise BadValue(f"entry {index} has an unknown field `{name}`{nearest(str(name), kind.fields)}")
        if part is None and not field_type.nullable:
            continue  # a field told as nothing, where nothing means nothing, is untold
        try:
            record[name] = None if part is None else field_type.reader(field_type, part)
        except BadValue as error:
            raise BadValue(f"entry {index}, `{name}`: {error}") from None
    return record


_READERS = {
    Kind.TEXT: _text,
    Kind.CHOICE: _text,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.INSTANT: _instant,
    Kind.CHOICES: _choices,
    Kind.RECORDS: _records,
}


def read_instant(text: str) -> datetime:
    """An ISO 8601 instant with its offset, in UTC; raises `BadValue`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue("an instant such as 2026-03-05T10:00:00-05:00 is expected") from None
    if instant.tzinfo is None:
        raise BadValue("the instant has no offset from UTC")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise BadValue("the instant is out of range") from None


def instant_text(instant: datetime) -> str:
    """The one text of an instant, to the second, so that texts compare as instants do."""
    return f"{instant.astimezone(UTC).isoformat()[:19]}Z"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: of the calendar (`24 months`, `90 days`, which move dates) or of the clock (`48 hours`)."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def __str__(self) -> str:
        hours, minutes = divmod(self.seconds // 60, 60)
        parts = {"month": self.months, "day": self.days, "hour": hours, "minute": minutes}
        words = (f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in parts.items() if count)
        return " ".join(words) or "0 days"

    @property
    def of_the_clock(self) -> bool:
        """Whether it moves instants; what is of the calendar moves dates: a local day has 23 to 25 hours."""
        return self.seconds > 0


_DURATION = re.compile(r"(\d{1,5}) (minute|hour|day|week|month|year)s?\Z")
_ISO_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,5})M)?)?\Z"
)
_UNITS = {
    "year": Duration(months=12),
    "month": Duration(months=1),
    "week": Duration(days=7),
    "day": Duration(days=1),
    "hour": Duration(seconds=3600),
    "minute": Duration(seconds=60),
}


def read_duration(text: str) -> Duration:
    """Read `7 days`, `2 weeks`, `24 months`, `1 year`, `48 hours`, or ISO 8601 (`P24M`, `P1Y6M`, `PT48H`).

    Raises `BadValue`, also for a mixture of calendar and clock.
    """
    written, iso = _DURATION.match(text), _ISO_DURATION.match(text)
    if iso is not None:
        counts = dict(zip(_UNITS, map(int, iso.groups(default="0")), strict=True))
    elif written is not None:
        counts = {written[2]: int(written[1])}
    else:
        raise BadValue("a duration such as `24 months`, `90 days`, `48 hours` or `P24M` is expected")
    parts = [(_UNITS[unit], count) for unit, count in counts.items()]
    found = Duration(*(sum(getattr(u, f) * n for u, n in parts) for f in ("months", "days", "seconds")))
    if found.seconds and (found.months or found.days):
        raise BadValue("days and months are of the calendar, hours of the clock: write one or the other")
    return found


def shift_instant(instant: str, by: Duration, sign: int) -> str:
    """An instant moved by hours and minutes of the clock; clipped to years 1 to 9999."""
    try:
        return instant_text(datetime.fromisoformat(instant) + sign * timedelta(seconds=by.seconds))
    except OverflowError:
        return "0001-01-01T00:00:00Z" if sign < 0 else "9999-12-31T23:59:59Z"


def shift(day: str, by: Duration, sign: int) -> str:
    """A date moved by whole months (the last day of a shorter month at most) or days; clipped to years 1 to 9999."""
    moved = date.fromisoformat(day)
    month = moved.year * 12 + moved.month - 1 + sign * by.months
    if not 12 <= month < 120_000:
        return "0001-01-01" if sign < 0 else "9999-12-31"
    first = date(month // 12, month % 12 + 1, 1)
    moved = first.replace(day=min(moved.day, _days_in(first)))
    ordinal = moved.toordinal() + sign * by.days
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal())).isoformat()


def _days_in(first: date) -> int:
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1) if first.year < 9999 else None
    return (following - first).days if following else 31
