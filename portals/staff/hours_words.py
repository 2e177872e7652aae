"""How a clinician's recurring hours read: in which weeks, on which days, between which times, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from babel.dates import format_time
from babel.lists import format_list

from engine.hours_blocks import Block
from engine.slots import Opening
from portals.base.formats import Formats
from portals.base.hours import DAYS
from portals.base.i18n import Translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Openings that are alike but for their weekday: in words, and as the weekdays and the opening that they are."""

    words: str
    weekdays: tuple[int, ...]
    opening: Opening
    places: tuple[int, ...]

    @property
    def value(self) -> str:
        """What names it in a form: the places of its blocks in the week as kept."""
        return ",".join(map(str, self.places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the words are made of: a language, and what each visit type is called."""

    t: Translate
    fmt: Formats
    titles: Mapping[str, str]

    def patterns(self, blocks: Sequence[Block]) -> tuple[Pattern, ...]:
        """What comes otherwise than every week for everybody, in the order in which it was added."""
        alike: dict[Opening, list[tuple[int, Block]]] = {}
        for place, block in enumerate(blocks):
            if not block.is_plain:
                alike.setdefault(block.opening, []).append((place, block))
        return tuple(self._pattern(opening, found) for opening, found in alike.items())

    def _pattern(self, opening: Opening, found: Sequence[tuple[int, Block]]) -> Pattern:
        weekdays = tuple(sorted({block.weekday for _, block in found}))
        return Pattern(
            words=self.recurring(weekdays, opening),
            weekdays=weekdays,
            opening=opening,
            places=tuple(place for place, _ in found),
        )

    def recurring(self, weekdays: Sequence[int], opening: Opening) -> str:
        """``Every second Tuesday, 9:00 AM to 12:00 PM, until June 30, 2026``."""
        parts = [self._days(weekdays, opening), self.times(opening)]
        if opening.first:
            parts.append(self.t("hours_rules.words.from", day=self.fmt.date(opening.first)))
        if opening.last:
            parts.append(self.t("hours_rules.words.until", day=self.fmt.date(opening.last)))
        return ", ".join((*parts, *self._only(opening)))

    def times(self, opening: Opening) -> str:
        """``9:00 AM to 12:00 PM``; ``all day`` from midnight to midnight."""
        if opening.since == time() and opening.until is None:
            return self.t("hours_page.all_day")
        return self.t("hours_page.part", since=self.clock(opening.since), until=self.clock(opening.until or time()))

    def clock(self, at: time) -> str:
        """A wall-clock time."""
        return format_time(at, "short", locale=self.fmt.locale).replace("\u202f", "\u00a0")

    def day_lines(self, openings: Iterable[Opening]) -> tuple[str, ...]:
        """The openings of one day, each with whom it is for."""
        return tuple(
            ", ".join((self.times(one), *self._only(one))) for one in sorted(openings, key=lambda one: one.since)
        )

    def short(self, day: date) -> str:
        return self.fmt.short_day(day)

    def _days(self, weekdays: Sequence[int], opening: Opening) -> str:
        names = self._list([self.t(f"weekday.{DAYS[day]}") for day in weekdays])
        if opening.weeks:
            order = sorted(opening.weeks, key=lambda week: (week < 0, week))
            weeks = self._list([self.t(f"hours_rules.week.{'last' if week < 0 else week}") for week in order])
            return self.t("hours_rules.words.monthly", weeks=weeks, days=names)
        if opening.every == 1:
            return self.t("hours_rules.words.weekly", days=names)
        if opening.every == 2:
            return self.t("hours_rules.words.second", days=names)
        return self.t("hours_rules.words.every", count=opening.every, days=names)

    def _only(self, opening: Opening) -> tuple[str, ...]:
        told = [self.titles.get(one, one) for one in sorted(opening.visit_types)]
        told += [self.t(f"modality.{one}") for one in sorted(opening.modalities)]
        return (self.t("hours_rules.words.only", what=self._list(told)),) if told else ()

    def _list(self, words: Sequence[str]) -> str:
        return format_list(list(words), locale=self.fmt.locale)
