"""Which weekdays does a recurrence rule of RFC 5545 name, and how is one written?

The part of RRULE that hours of work need: weekly in every so many weeks, daily (all seven weekdays), and monthly by
weekday. What is not carried is refused with a code and the part that it is about; nothing is read as something near.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from engine.hours_blocks import MOST_EVERY, WEEKS_OF_MONTH

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_KNOWN = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYSETPOS", "UNTIL", "WKST"})


class RuleRefused(ValueError):
    """A rule that hours of work cannot be; carries a `code` and the name of the `part` that it is about."""

    def __init__(self, code: str, part: str) -> None:
        super().__init__(f"{code}: {part}")
        self.code, self.part = code, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Weekdays (Monday 0) in every so many weeks, or in some weeks of each month; `last` is the last day."""

    weekdays: tuple[int, ...]
    every: int = 1
    weeks: frozenset[int] = frozenset()
    last: date | None = None


def read_rule(text: str, zone: str, begins: datetime) -> Rule:
    """A rule, with or without `RRULE:`; `begins` is its DTSTART on the zone's wall clock, whose weekday counts where
    none is named.

    Raises:
        RuleRefused: it is none, or not of the part that is carried.
    """
    parts = _parts(text)
    frequency, every = parts.get("FREQ", ""), _every(parts)
    last = _last(parts["UNTIL"], zone, begins.time()) if "UNTIL" in parts else None
    if frequency == "DAILY":
        return _daily(parts, every, last)
    if frequency == "WEEKLY":
        return _weekly(parts, every, last, begins.date())
    if frequency == "MONTHLY":
        return _monthly(parts, every, last)
    raise RuleRefused("frequency", "FREQ")


def write_rule(rule: Rule, zone: str) -> str:
    """The rule as text; UNTIL in UTC, as the standard wants it where DTSTART has a zone."""
    names = [WEEKDAYS[day] for day in rule.weekdays]
    if rule.weeks:
        days = ",".join(f"{week}{name}" for week, name in product(sorted(rule.weeks), names))
        parts = ["FREQ=MONTHLY", f"BYDAY={days}"]
    else:
        interval = [f"INTERVAL={rule.every}", "WKST=MO"] if rule.every > 1 else []
        parts = ["FREQ=WEEKLY", *interval, f"BYDAY={','.join(names)}"]
    if rule.last is not None:
        over = datetime.combine(rule.last, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
        parts.append(f"UNTIL={over:%Y%m%dT%H%M%SZ}")
    return ";".join(parts)


def _parts(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in found:
            raise RuleRefused("shape", name[:20])
        if name not in _KNOWN:
            raise RuleRefused("count" if name == "COUNT" else "part", name[:20])
        found[name] = value
    return found


def _every(parts: Mapping[str, str]) -> int:
    text = parts.get("INTERVAL", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_EVERY):
        raise RuleRefused("interval", "INTERVAL")
    if int(text) > 1 and parts.get("WKST", "MO") != "MO":
        raise RuleRefused("week_start", "WKST")
    return int(text)


def _last(text: str, zone: str, begins: time) -> date:
    """The last day on which an opening that begins at a wall-clock time still does."""
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day without a time
        if text.endswith("Z"):
            until = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        else:
            until = datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall-clock time of the rule's zone
        return until.date() if until.time() >= begins else until.date() - timedelta(days=1)
    except (ValueError, OverflowError):
        raise RuleRefused("until", "UNTIL") from None


def _daily(parts: Mapping[str, str], every: int, last: date | None) -> Rule:
    if every != 1 or "BYDAY" in parts or "BYSETPOS" in parts:
        raise RuleRefused("daily", "FREQ")
    return Rule(weekdays=tuple(range(7)), last=last)


def _weekly(parts: Mapping[str, str], every: int, last: date | None, begins: date) -> Rule:
    if "BYSETPOS" in parts:
        raise RuleRefused("part", "BYSETPOS")
    named = _days(parts)
    if any(week for week, _ in named):
        raise RuleRefused("day", "BYDAY")
    weekdays = sorted({day for _, day in named}) or [begins.weekday()]
    return Rule(weekdays=tuple(weekdays), every=every, last=last)


def _monthly(parts: Mapping[str, str], every: int, last: date | None) -> Rule:
    if every != 1:
        raise RuleRefused("months", "INTERVAL")
    named = _days(parts)
    if "BYSETPOS" in parts:
        if len(named) != 1 or named[0][0]:  # of several weekdays the position counts over all of them
            raise RuleRefused("position", "BYSETPOS")
        named = [(_week(position, "BYSETPOS"), named[0][1]) for position in parts["BYSETPOS"].split(",")]
    weeks, weekdays = {week for week, _ in named}, {day for _, day in named}
    if not named or 0 in weeks or set(named) != set(product(weeks, weekdays)):
        raise RuleRefused("month_days", "BYDAY")
    return Rule(weekdays=tuple(sorted(weekdays)), weeks=frozenset(weeks), last=last)


def _days(parts: Mapping[str, str]) -> list[tuple[int, int]]:
    """The weekdays that are named, each with its week of the month, 0 without one."""
    found = []
    for one in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        week, name = one[:-2], one[-2:]
        if name not in WEEKDAYS:
            raise RuleRefused("day", "BYDAY")
        found.append((_week(week, "BYDAY") if week else 0, WEEKDAYS.index(name)))
    return found


def _week(text: str, part: str) -> int:
    week = int(text) if text.lstrip("+-").isdigit() and text.isascii() and len(text) <= 2 else 0
    if week not in WEEKS_OF_MONTH:
        raise RuleRefused("week", part)
    return week
