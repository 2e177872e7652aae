"""A clinician's week as a calendar file (RFC 7953 over RFC 5545), written and read.

Each opening is an AVAILABLE with its recurrence in the zone's own wall clock; the zone's clock changes stand in a
VTIMEZONE. Reading takes AVAILABLE and VEVENT alike; what hours of work cannot be is refused with its line and a code.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.hours_blocks import MOST_BLOCKS, Block
from engine.ics import escaped, folded, instant
from engine.recurrence import Rule, RuleRefused, read_rule, write_rule
from engine.slots import Opening

YEARS_AHEAD = 5
BACK = timedelta(days=150)
"""How far back what has no first day begins in the file, so that readers see that it is in force already."""
_LOCAL = "%Y%m%dT%H%M%S"
_READ = frozenset({"AVAILABLE", "VEVENT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What is written: a clinician's `blocks` in a zone, from a day on; `uid` names the file for good."""

    uid: str
    zone: str
    blocks: Sequence[Block]
    since: date
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a file: a clinician's zone, their day, and the visit types and modalities of the clinic."""

    zone: str
    today: date
    visit_types: Set[str] = frozenset()
    modalities: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A part that was not taken: the number of its line, and why, as a code."""

    line: int
    code: str


def week_file(week: Week) -> str:
    """The text of the file, with lines as the standard wants them."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Clinicwright//Hours//EN",
        *_zone_lines(week.zone, week.since - BACK),
        "BEGIN:VAVAILABILITY",
        f"UID:{week.uid}@clinicwright",
        f"DTSTAMP:{instant(week.written_at)}",
        "BUSYTYPE:BUSY-UNAVAILABLE",
    ]
    for number, (opening, weekdays) in enumerate(_alike(week.blocks).items()):
        lines += _available(week, number, opening, weekdays)
    lines += ["END:VAVAILABILITY", "END:VCALENDAR"]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def read_week(text: str, reader: Reader) -> tuple[tuple[Block, ...], tuple[Refused, ...]]:
    """The blocks that a file holds, and what of it was not taken."""
    blocks: list[Block] = []
    refused: list[Refused] = []
    for line, values in _components(text):
        try:
            blocks += _blocks(values, reader)
        except RuleRefused as error:
            refused.append(Refused(line=line, code=error.code))
    if not blocks and not refused:
        refused.append(Refused(line=1, code="nothing"))
    if len(blocks) > MOST_BLOCKS:
        return (), (Refused(line=1, code="many"),)
    return tuple(blocks), tuple(refused)


def _alike(blocks: Sequence[Block]) -> Mapping[Opening, list[int]]:
    found: dict[Opening, list[int]] = {}
    for one in blocks:
        found.setdefault(one.opening, []).append(one.weekday)
    return found


def _available(week: Week, number: int, opening: Opening, weekdays: Sequence[int]) -> Iterator[str]:
    first = _first_day(opening, weekdays, week.since)
    if first is None:
        return
    rule = Rule(weekdays=tuple(sorted(set(weekdays))), every=opening.every, weeks=opening.weeks, last=opening.last)
    begins = datetime.combine(first, opening.since)
    ends = datetime.combine(first, opening.until) if opening.until else datetime.combine(first + _DAY, time())
    yield "BEGIN:AVAILABLE"
    yield f"UID:{week.uid}-{number}@clinicwright"
    yield f"DTSTAMP:{instant(week.written_at)}"
    yield f"DTSTART;TZID={week.zone}:{begins.strftime(_LOCAL)}"
    yield f"DTEND;TZID={week.zone}:{ends.strftime(_LOCAL)}"
    yield f"RRULE:{write_rule(rule, week.zone)}"
    if opening.visit_types or opening.modalities:
        yield f"CATEGORIES:{','.join(map(escaped, sorted(opening.visit_types | opening.modalities)))}"
    yield "END:AVAILABLE"


_DAY = timedelta(days=1)


def _first_day(opening: Opening, weekdays: Sequence[int], since: date) -> date | None:
    """The first day on which it comes, which keeps the count of its weeks; none when it is over."""
    since -= BACK
    begins = max(since, opening.first) if opening.first else since
    days = (begins + timedelta(days=count) for count in range(7 * 60))
    return next((day for day in days if day.weekday() in weekdays and opening.comes_on(day)), None)


def _zone_lines(name: str, since: date) -> Iterator[str]:
    """RFC 5545, section 3.6.5: what the zone's clock is on the first day, and each change of it in the years ahead."""
    zone = ZoneInfo(name)
    at = datetime.combine(since - _DAY, time(), UTC)
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{name}"
    yield from _observance(at, at - timedelta(seconds=1), zone)
    last = at + timedelta(days=365 * YEARS_AHEAD)
    while at < last:
        after = at + _DAY
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            change = _change(at, after, zone)
            yield from _observance(change, change - timedelta(seconds=1), zone)
        at = after
    yield "END:VTIMEZONE"


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The minute in which the offset changes between two instants."""
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        middle = middle.replace(second=0, microsecond=0)
        if middle <= before:
            break
        same = middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset()
        before, after = (middle, after) if same else (before, middle)
    return after


def _observance(at: datetime, before: datetime, zone: ZoneInfo) -> Iterator[str]:
    local = at.astimezone(zone)
    earlier = before.astimezone(zone).utcoffset() or timedelta()
    kind = "DAYLIGHT" if local.dst() else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{(at + earlier).strftime(_LOCAL)}"  # on the clock that is left, as the standard has it
    yield f"TZOFFSETFROM:{_offset(earlier)}"
    yield f"TZOFFSETTO:{_offset(local.utcoffset() or timedelta())}"
    yield f"END:{kind}"


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def _components(text: str) -> Iterator[tuple[int, Mapping[str, tuple[str, str]]]]:
    """Each AVAILABLE or VEVENT: the line it begins on, and its properties as (parameters, value)."""
    values: dict[str, tuple[str, str]] = {}
    begun = 0
    for number, line in _unfolded(text):
        name, _, value = line.partition(":")
        name, _, parameters = name.partition(";")
        key = name.strip().upper()
        if key == "BEGIN" and value.strip().upper() in _READ:
            values, begun = {}, number
        elif key == "END" and value.strip().upper() in _READ and begun:
            yield begun, values
            begun = 0
        elif begun:
            values.setdefault(key, (parameters.strip(), value.strip()))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    current, begun = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t"):
            current += line[1:]
            continue
        if current:
            yield begun, current
        current, begun = line, number
    if current:
        yield begun, current


def _blocks(values: Mapping[str, tuple[str, str]], reader: Reader) -> tuple[Block, ...]:
    zone = reader.zone
    begins, ends = _wall_clock(values, "DTSTART", zone), _wall_clock(values, "DTEND", zone)
    if "RRULE" not in values:
        raise RuleRefused("single", "RRULE")
    rule = read_rule(values["RRULE"][1], zone, begins)
    until = None if ends == datetime.combine(begins.date() + _DAY, time()) else ends.time()
    if until is not None and (ends.date() != begins.date() or ends <= begins):
        raise RuleRefused("night", "DTEND")
    counted = rule.every > 1 or begins.date() > reader.today
    named = {one.strip() for one in values.get("CATEGORIES", ("", ""))[1].split(",")}
    known = {one for one in named if "/" in one} | (named & reader.modalities)
    if not known <= reader.visit_types | reader.modalities:
        raise RuleRefused("visits", "CATEGORIES")  # open for all it would be more than was meant
    opening = Opening(
        begins.time().replace(second=0),
        until.replace(second=0) if until else None,
        every=rule.every,
        first=begins.date() if counted else None,
        last=rule.last,
        weeks=rule.weeks,
        visit_types=frozenset(known & reader.visit_types),
        modalities=frozenset(known & reader.modalities),
    )
    if opening.first and opening.last and opening.last < opening.first:
        raise RuleRefused("until", "UNTIL")
    return tuple(Block(weekday=day, opening=opening) for day in rule.weekdays)


def _wall_clock(values: Mapping[str, tuple[str, str]], name: str, zone: str) -> datetime:
    parameters, text = values.get(name, ("", ""))
    told = dict(part.upper().split("=", 1) for part in parameters.split(";") if "=" in part)
    if told.get("TZID", zone.upper()).strip('"') != zone.upper() or text.endswith("Z"):
        raise RuleRefused("zone", name)
    try:
        return datetime.strptime(text, _LOCAL)  # noqa: DTZ007 - wall-clock time of the zone
    except ValueError:
        raise RuleRefused("times", name) from None
