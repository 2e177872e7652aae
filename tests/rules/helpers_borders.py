"""Every day from which the law is another one, and the law as it would be were that day a day earlier or later."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.law import LawFile, LawValue, Rule
from engine.mutations import Variant
from engine.periods import FIRST_DAY, LAST_DAY, Period

Part = Rule | LawValue
DEEPER: Mapping[str, int] = {"compact": 2, "consent": 3, "prescriber": 2, "supervision": 2}
"""Values are moved together by the first word of their names; of these heads by more, as they say several things."""
OF_ONE = re.compile(r"_(alone|hours|months)$")
"""Endings of values that say more of the same."""


@dataclass(frozen=True, slots=True)
class Border:
    """What a file says of one thing from a day on, before or instead of what it said until then."""

    file: LawFile
    name: str
    day: str

    @property
    def id(self) -> str:
        """As a failing test and the table of exceptions name it."""
        return f"{self.file.jurisdiction}/{self.file.topic} {self.name} {self.day}"

    def moved(self) -> tuple[Variant, Variant]:
        """The file with the day one earlier, and one later."""
        return self._moved(-1), self._moved(1)

    def _moved(self, days: int) -> Variant:
        rules = tuple(self._shifted(rule, rule.id, days) for rule in self.file.rules)
        values = tuple(self._shifted(value, group(value.name), days) for value in self.file.values)
        changed = replace(self.file, rules=rules, values=values)  # type: ignore[arg-type]
        at = next(part.at for part in _parts(self.file) if _name(part) == self.name)
        return Variant(kind="date", at=at, subject=self.name, change=f"moved by {days} day", file=changed)

    def _shifted(self, part: Part, name: str, days: int) -> Part:
        return replace(part, period=_shifted(part.period, self.day, days)) if name == self.name else part


def borders(files: Iterable[LawFile]) -> Iterator[Border]:
    """Those of law files, in their order. A day that no source gives is none."""
    for file in files:
        found = dict.fromkeys((_name(part), day) for part in _parts(file) for day in _days(part.period))
        yield from (Border(file, name, day) for name, day in found)


def group(value: str) -> str:
    """What is moved together with a value."""
    words = OF_ONE.sub("", value).split(".")
    return ".".join(words[: DEEPER.get(words[0], 1)])


def _parts(file: LawFile) -> tuple[Part, ...]:
    return (*file.rules, *file.values)


def _name(part: Part) -> str:
    return part.id if isinstance(part, Rule) else group(part.name)


def _days(period: Period) -> list[str]:
    """The first day and the first sure one; the first day that is not sure any more, and the first of none."""
    begins = [period.first, period.sure_from] if period.first != FIRST_DAY else []
    ends = [period.sure_until, period.last] if period.sure_from <= period.sure_until else [period.last]
    return list(dict.fromkeys((*begins, *(shifted(day, 1) for day in ends if day != LAST_DAY))))


def _shifted(period: Period, border: str, days: int) -> Period:
    """A period with those of its days moved that lie on a border, or right before it."""
    first, sure = (
        shifted(day, days) if day == border and period.first != FIRST_DAY else day
        for day in (period.first, period.sure_from)
    )
    before = shifted(border, -1)
    sure_until, last = (shifted(day, days) if day == before else day for day in (period.sure_until, period.last))
    return Period(first, sure, sure_until, last)


def shifted(day: str, days: int) -> str:
    """The day so many days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
