"""What somebody typed about hours of work: the week, time off or extra hours, or each field's own fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

from engine.hours_blocks import LIMITS, Block, read_limits
from engine.slots import Limits, Opening
from portals.base.hours import DAYS
from records.hours import KINDS, MOST_DAYS, ExceptionDraft, exception_days

# Faults by field: the words are ``hours_page.error.<fault>``.
Faults = Mapping[str, str]
EXCEPTION = ("kind", "first_day", "last_day", "since", "until")
MIDNIGHT = "00:00"
RECURRING = ("begins", "ends", "cycle", "from_day", "to_day")
CHOSEN = ("weekdays", "month_weeks", "visit_types", "modalities")
COPY = ("copy_from", "copy_to", "copy_weeks")
MONTHLY = "month"
CYCLES = ("1", "2", "3", "4", MONTHLY)
MONTH_WEEKS = ("1", "2", "3", "4", "5", "-1")
MOST_COPIES = 4
NOTICES = (0, 30, 60, 120, 240, 720, 1440, 2880, 4320, 10080)
"""Minutes of notice that can be chosen."""
WORKDAYS = DAYS[:5]
WEEKEND = DAYS[5:]


def week_faults(values: Mapping[str, str]) -> Faults:
    """What cannot be read of a week, every day by itself."""
    found = {day: fault for day in DAYS if (fault := _fault(_parts(values[day])))}
    if not values["version"].isdecimal() or len(values["version"]) > 8:
        return {"time_zone": "time_zone", **found}
    return found


def week_of(values: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    """The week as it is kept."""
    return tuple(
        {"weekday": number, "since": since, "until": "" if until == "24:00" else until}
        for number, day in enumerate(DAYS)
        for since, until in openings(values[day]) or ()
    )


def openings(text: str) -> list[tuple[str, str]] | None:
    """The openings typed for a day, in order and apart; None when they cannot be read."""
    parts = _parts(text)
    return None if _fault(parts) else parts


def copied(values: Mapping[str, str], day: str) -> Mapping[str, str]:
    """A week with one day's openings on every workday, or, of a day of the weekend, on both."""
    others = WORKDAYS if day in WORKDAYS else WEEKEND
    return {**values, **dict.fromkeys(others, values[day])}


def recurring_of(
    values: Mapping[str, str], chosen: Mapping[str, Sequence[str]], known: tuple[Set[str], Set[str]]
) -> tuple[tuple[Block, ...], Faults]:
    """Recurring openings as typed, one for each weekday, or what is wrong; ``known`` are visit types and modalities."""
    first, last = _day(values["from_day"]), _day(values["to_day"])
    monthly = values["cycle"] == MONTHLY
    faults = {
        "weekdays": "" if chosen["weekdays"] and set(chosen["weekdays"]) <= set(DAYS) else "weekdays",
        "cycle": "" if values["cycle"] in CYCLES else "cycle",
        "month_weeks": "" if not monthly or _are(chosen["month_weeks"], MONTH_WEEKS) else "month_weeks",
        "begins": "" if _is_time(values["begins"]) else "since_needed",
        "ends": _end_fault(values["begins"], values["ends"]),
        "from_day": _from_fault(values, first),
        "to_day": _to_fault(values, first, last),
        "visit_types": "" if set(chosen["visit_types"]) <= known[0] else "visit_types",
        "modalities": "" if set(chosen["modalities"]) <= known[1] else "modalities",
    }
    wrong = {name: fault for name, fault in faults.items() if fault}
    if wrong:
        return (), wrong
    opening = Opening(
        time.fromisoformat(values["begins"]),
        None if values["ends"] in ("24:00", MIDNIGHT) else time.fromisoformat(values["ends"]),
        every=1 if monthly else int(values["cycle"]),
        first=first,
        last=last,
        weeks=frozenset(map(int, chosen["month_weeks"])) if monthly else frozenset(),
        visit_types=frozenset(chosen["visit_types"]),
        modalities=frozenset(chosen["modalities"]),
    )
    weekdays = sorted({DAYS.index(day) for day in chosen["weekdays"]})
    return tuple(Block(weekday=day, opening=opening) for day in weekdays), {}


def limits_of(values: Mapping[str, str]) -> tuple[Limits | None, Faults]:
    """What is wanted around visits as typed, or what is wrong with each number."""
    wrong = {name: "limit" for name in LIMITS if not _is_limit(name, values[name])}
    if wrong:
        return None, wrong
    return read_limits({name: int(values[name]) for name in LIMITS}), {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A week to copy, by its Monday, the Monday of the first week it goes to, and how many weeks."""

    source: date
    target: date
    weeks: int


def copy_of(values: Mapping[str, str], today: date) -> tuple[Copy | None, Faults]:
    """A week's copying as typed, any day standing for its week, or what is wrong with each field."""
    source, target = _day(values["copy_from"]), _day(values["copy_to"])
    near = exception_days(today)
    weeks = values["copy_weeks"]
    faults = {
        "copy_from": "" if source and _is_near(source, near) else "copy_from",
        "copy_to": "" if target and _is_near(target, near) and target >= today else "copy_to",
        "copy_weeks": "" if weeks in map(str, range(1, MOST_COPIES + 1)) else "copy_weeks",
    }
    if source and target and _monday(source) == _monday(target):
        faults["copy_to"] = "copy_same"
    wrong = {name: fault for name, fault in faults.items() if fault}
    if wrong or source is None or target is None:
        return None, wrong
    monday = max(_monday(target), near[0])
    return Copy(source=_monday(source), target=monday, weeks=int(weeks)), {}


def places_of(text: str) -> frozenset[int]:
    """Places in the week as a form names them."""
    return frozenset(int(one) for one in text.split(",") if one.isascii() and one.isdigit() and len(one) < 5)


def exception_of(values: Mapping[str, str], today: date) -> tuple[ExceptionDraft | None, Faults]:
    """Time off or extra hours as typed, or what is wrong with each field."""
    first, last = _day(values["first_day"]), _day(values["last_day"] or values["first_day"])
    faults = {
        "kind": "" if values["kind"] in KINDS else "kind",
        "first_day": _first_fault(first, today),
        "last_day": _last_fault(first, last, today) if values["last_day"] else "",
        "since": "" if not values["since"] or _is_time(values["since"]) else "since",
        "until": _until_fault(values["since"], values["until"]),
    }
    wrong = {name: fault for name, fault in faults.items() if fault}
    if wrong or first is None or last is None:
        return None, wrong
    made = ExceptionDraft(
        kind=values["kind"], first_day=first, last_day=last, since=values["since"], until=values["until"]
    )
    return made, {}


def _parts(text: str) -> list[tuple[str, str]]:
    parts = (one.partition("-") for one in text.split(",") if one.strip())
    return [(since.strip(), until.strip()) for since, _, until in parts]


def _fault(parts: list[tuple[str, str]]) -> str:
    if not all(_is_time(since) and (_is_time(until) or until == "24:00") for since, until in parts):
        return "day"
    if any(until <= since for since, until in parts):
        return "day_ends"
    return "" if all(one[1] <= after[0] for one, after in pairwise(parts)) else "day_overlaps"


def _is_time(text: str) -> bool:
    hour, colon, minute = text.partition(":")
    whole = len(hour) == 2 and len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdecimal()
    return bool(colon) and whole and int(hour) < 24 and int(minute) < 60


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _first_fault(first: date | None, today: date) -> str:
    if first is None:
        return "first_day"
    earliest, latest = exception_days(today)
    return "" if earliest <= first <= latest else "first_day_far"


def _last_fault(first: date | None, last: date | None, today: date) -> str:
    if last is None:
        return "last_day"
    if last > exception_days(today)[1]:
        return "last_day_far"
    if first is None:
        return ""
    if last < first:
        return "last_day_before"
    return "last_day_long" if (last - first).days >= MOST_DAYS else ""


def _are(chosen: Sequence[str], allowed: Sequence[str]) -> bool:
    return bool(chosen) and set(chosen) <= set(allowed)


def _is_limit(name: str, text: str) -> bool:
    least = 1 if name == "days_ahead" else 0
    return text.isascii() and text.isdigit() and len(text) <= 6 and least <= int(text) <= LIMITS[name]


def _is_near(day: date, near: tuple[date, date]) -> bool:
    return near[0] - timedelta(days=366) <= day <= near[1] - timedelta(days=7 * MOST_COPIES)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _end_fault(begins: str, ends: str) -> str:
    if ends in ("24:00", MIDNIGHT):
        return ""
    if not _is_time(ends):
        return "until_needed"
    return "until_before" if _is_time(begins) and ends <= begins else ""


def _from_fault(values: Mapping[str, str], first: date | None) -> str:
    if first is None:
        return "from_day" if values["from_day"] else ("from_needed" if values["cycle"] in CYCLES[1:4] else "")
    return "" if _in_century(first) else "from_day"


def _to_fault(values: Mapping[str, str], first: date | None, last: date | None) -> str:
    if last is None:
        return "to_day" if values["to_day"] else ""
    if not _in_century(last):
        return "to_day"
    return "last_day_before" if first and last < first else ""


def _in_century(day: date) -> bool:
    return 2000 <= day.year < 2100


def _until_fault(since: str, until: str) -> str:
    if until and not _is_time(until):
        return "until"
    begins = since if _is_time(since) else MIDNIGHT
    return "until_before" if until and until <= begins else ""
