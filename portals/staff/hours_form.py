"""What somebody typed about hours of work: the week, time off or extra hours, or each field's own fault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from portals.base.hours import DAYS
from records.hours import EXTRA, MOST_DAYS, OFF, ExceptionDraft, exception_days

# Faults by field: the words are ``hours_page.error.<fault>``.
Faults = Mapping[str, str]
EXCEPTION = ("kind", "first_day", "last_day", "since", "until")
MIDNIGHT = "00:00"


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


def exception_of(values: Mapping[str, str], today: date) -> tuple[ExceptionDraft | None, Faults]:
    """Time off or extra hours as typed, or what is wrong with each field."""
    first, last = _day(values["first_day"]), _day(values["last_day"] or values["first_day"])
    faults = {
        "kind": "" if values["kind"] in (OFF, EXTRA) else "kind",
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


def _until_fault(since: str, until: str) -> str:
    if until and not _is_time(until):
        return "until"
    begins = since if _is_time(since) else MIDNIGHT
    return "until_before" if until and until <= begins else ""
