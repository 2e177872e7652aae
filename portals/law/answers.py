"""Does a value out of an address fit what it is told of, and how is a value written into one?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from engine.drugs import DrugNames
from portals.law.parts import Part, Sort

NOTHING = "none"  # told: there is none
_NUMBER = re.compile(r"[0-9]{1,6}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2})?")
_YEARS = range(1900, 2101)


class BadAnswer(ValueError):
    """A value that does not fit its part; the message is the name of a sentence, never the value."""


def read_value(part: Part, texts: Sequence[str], drugs: DrugNames) -> Any:
    """One value out of an address; raises `BadAnswer`."""
    if part.nullable and NOTHING in texts and NOTHING not in part.options:
        return None
    if part.sort is Sort.CHOICES:
        if not set(texts) <= set(part.options):
            raise BadAnswer("choice")
        return tuple(option for option in part.options if option in texts)
    return _READERS[part.sort](part, texts[-1], drugs)


def _flag(_part: Part, text: str, _drugs: DrugNames) -> bool:
    if text not in ("yes", "no"):
        raise BadAnswer("choice")
    return text == "yes"


def _choice(part: Part, text: str, _drugs: DrugNames) -> str:
    if text not in part.options:
        raise BadAnswer("choice")
    return text


def _number(part: Part, text: str, _drugs: DrugNames) -> int:
    if not _NUMBER.fullmatch(text) or not part.least <= int(text) <= part.most:
        raise BadAnswer("number")
    return int(text)


def _drug(_part: Part, text: str, drugs: DrugNames) -> str:
    found = drugs.find(text)
    if found is None:
        raise BadAnswer("drug")
    return found.name


def _day(_part: Part, text: str, _drugs: DrugNames) -> str:
    return read_day(text)


_READERS = {
    Sort.FLAG: _flag,
    Sort.CHOICE: _choice,
    Sort.AGO: _choice,
    Sort.NUMBER: _number,
    Sort.DRUG: _drug,
    Sort.DATE: _day,
}


def read_day(text: str) -> str:
    """A day written `2026-03-05`; raises `BadAnswer`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadAnswer("day") from None
    if found.year not in _YEARS:
        raise BadAnswer("day")
    return found.isoformat()


def read_time(text: str) -> str:
    """A time of day written `14:30`; raises `BadAnswer`."""
    if not _TIME.fullmatch(text):
        raise BadAnswer("time")
    return text


def read_moment(text: str) -> str:
    """A day and a time of it written `2026-03-05T14:30`, also with a space or seconds; raises `BadAnswer`."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise BadAnswer("moment")
    return f"{read_day(found[1])}T{read_time(found[2])}"


def fault_of_time(day: str, clock: str, zone: str) -> str | None:
    """What is wrong with a time on a day when clocks change: `no_time` was skipped, `twice` came twice; else None."""
    told = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    before, after = told.utcoffset(), told.replace(fold=1).utcoffset()
    if before is None or after is None or before == after:
        return None
    return "no_time" if before < after else "twice"


def texts_of(value: Any) -> list[str]:
    """One value as an address and a form write it."""
    if value is None:
        return [NOTHING]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(part) for part in value] if isinstance(value, tuple) else [str(value)]
