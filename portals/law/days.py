"""On which days does the answer to a question change, and through which rules?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from engine.decisions import Decision, Json
from engine.periods import Period
from engine.rulebook import Rulebook
from engine.schedules import DRUG, scheduled
from portals.law.asking import Asker, jurisdiction
from portals.law.link import Asked
from portals.law.parts import Sort, parts_of

BACK, AHEAD = timedelta(days=731), timedelta(days=366)
MOST = 60  # days looked at; more borders than that are not read by anybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """The first day of another answer; rules by title that join or leave it, and those that count otherwise."""

    day: str
    before: str
    after: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    changed: tuple[str, ...]


def borders(asker: Asker, asked: Asked, today: str) -> tuple[Border, ...]:
    """Every change of the answer from two years before today until a year after it, the earliest first."""
    around = date.fromisoformat(today)
    first, last = (around - BACK).isoformat(), (around + AHEAD).isoformat()
    candidates = sorted({day for day in _candidates(asker.rulebook, asked) if first <= day <= last})
    found = (_border(asker, asked, day) for day in candidates[:MOST])
    return tuple(border for border in found if border is not None)


def _border(asker: Asker, asked: Asked, day: str) -> Border | None:
    before, after = asker.search(asked, _day_after(day, -1)), asker.search(asked, day)
    rules, were = _says(after), _says(before)
    if before.outcome is after.outcome and rules.keys() == were.keys():
        return None
    joined = dict.fromkeys(rules[key] for key in rules if key not in were)
    left = dict.fromkeys(were[key] for key in were if key not in rules)
    return Border(
        day=day,
        before=before.outcome.value,
        after=after.outcome.value,
        joined=tuple(title for title in joined if title not in left),
        left=tuple(title for title in left if title not in joined),
        changed=tuple(title for title in joined if title in left),
    )


def _says(decision: Decision) -> dict[tuple[str, ...], str]:
    """What an answer consists of: each entry by its part, rule and substance, with its title."""
    parts: dict[str, Iterable[Json]] = {
        "permit": decision.permits,
        "forbid": decision.forbids,
        "duty": decision.duties,
        "limit": decision.limits,
        "advice": decision.advice,
        "review": decision.review,
    }
    return {
        (part, *(str(entry.get(key)) for key in ("rule", "met", "max", "to"))): _title(entry)
        for part, entries in parts.items()
        for entry in entries
    }


def _title(entry: Json) -> str:
    return str(entry.get("title") or entry.get("rule") or entry.get("why") or "")


def _candidates(rulebook: Rulebook, asked: Asked) -> Iterator[str]:
    place = jurisdiction(asked.state)
    for instance in rulebook.instances(asked.topic, place):
        yield from _edges(instance.period)
    for one in scheduled(rulebook.law.files, place, asked.told.get(DRUG)):
        for entry in one.entries:
            yield from _edges(entry.period)
    yield from _told_days(rulebook, asked)


def _edges(period: Period) -> Iterator[str]:
    """The first days of a period's spans; days beyond the calendar lie outside of every window."""
    yield from (period.first, period.sure_from)
    yield from (_day_after(day) for day in (period.sure_until, period.last) if day < "9999")


def _told_days(rulebook: Rulebook, asked: Asked) -> Iterator[str]:
    """The days of licences and registrations: they count on the first and still on the last."""
    parts = parts_of(rulebook.vocabulary)
    for path, value in asked.told.items():
        dated = [name for name, part in parts[path].fields.items() if part.sort is Sort.DATE]
        for row in value if dated else ():
            for day in (row[name] for name in dated if row.get(name)):
                yield from (day, _day_after(day))


def _day_after(day: str, days: int = 1) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
