"""How a week's opening hours read on a page: days that are alike together, times as people say them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import groupby

from babel.dates import format_time

from portals.base.formats import LOCALES
from portals.base.i18n import translator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAY = "00:00-24:00"


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Some days in a row and their hours, both in words."""

    days: str
    hours: str


def hours_lines(week: Sequence[str], language: str) -> tuple[HoursLine, ...]:
    """The lines of a week given as ``08:00-17:30, 18:00-24:00`` for each day from Monday on (empty: closed)."""
    t = translator(language)
    lines = []
    for hours, group in groupby(enumerate(week), key=lambda pair: pair[1]):
        days = [day for day, _ in group]
        if len(days) == len(DAYS):
            words = t("hours.every_day")
        elif len(days) == 1:
            words = t(f"weekday.{DAYS[days[0]]}")
        else:
            words = t("hours.days", first=t(f"weekday.{DAYS[days[0]]}"), last=t(f"weekday.{DAYS[days[-1]]}"))
        lines.append(HoursLine(words, ", ".join(_openings(hours, language))))
    return tuple(lines)


def _openings(hours: str, language: str) -> Iterable[str]:
    t = translator(language)
    if not hours:
        yield t("hours.closed")
    elif hours == ALL_DAY:
        yield t("hours.all_day")
    else:
        for opening in hours.split(", "):
            since, _, until = opening.partition("-")
            yield t("hours.from_to", since=_clock(since, language), until=_clock(until, language))


def _clock(text: str, language: str) -> str:
    hour, _, minute = text.partition(":")
    locale = LOCALES.get(language, language)
    return format_time(time(int(hour) % 24, int(minute)), "short", locale=locale).replace("\u202f", "\u00a0")
