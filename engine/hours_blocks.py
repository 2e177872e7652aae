"""How is one opening of a clinician's week written down, and what does what was written mean?

A block is kept as JSON: `weekday` (Monday 0), `since` and `until` (`HH:MM`, `until` empty at midnight), and only where
they say something `every`, `first`, `last`, `weeks`, `visit_types` and `modalities`, as in `engine.slots.Opening`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, time
from typing import Any

from engine.slots import USUAL_LIMITS, Limits, Opening, WeekHours

MOST_EVERY = 12
WEEKS_OF_MONTH = (1, 2, 3, 4, 5, -1)
MOST_BLOCKS = 200
LIMITS: Mapping[str, int] = {"before": 120, "after": 120, "notice": 60 * 24 * 14, "days_ahead": 180, "daily": 100}
"""The most that each limit may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An opening and the weekday that it is of."""

    weekday: int
    opening: Opening

    @property
    def is_plain(self) -> bool:
        """Whether it comes every week, for every visit."""
        return self.opening == Opening(self.opening.since, self.opening.until)


def read_block(written: Mapping[str, Any]) -> Block:
    """What was written. Raises `ValueError` for what is no opening, `KeyError` where a part is missing."""
    weekday, every = int(written["weekday"]), int(written.get("every") or 1)
    weeks = frozenset(int(one) for one in written.get("weeks") or ())
    opening = Opening(
        time.fromisoformat(str(written["since"]) or "00:00"),
        _until(written),
        every=every,
        first=_day(written.get("first")),
        last=_day(written.get("last")),
        weeks=weeks,
        visit_types=frozenset(str(one) for one in written.get("visit_types") or ()),
        modalities=frozenset(str(one) for one in written.get("modalities") or ()),
    )
    _check(weekday, opening)
    return Block(weekday=weekday, opening=opening)


def write_block(block: Block) -> dict[str, Any]:
    """The same as JSON, without what says nothing."""
    opening = block.opening
    until = opening.until.strftime("%H:%M") if opening.until else ""
    told: dict[str, Any] = {
        "every": opening.every if opening.every > 1 else None,
        "first": opening.first.isoformat() if opening.first else None,
        "last": opening.last.isoformat() if opening.last else None,
        "weeks": sorted(opening.weeks),
        "visit_types": sorted(opening.visit_types),
        "modalities": sorted(opening.modalities),
    }
    always = {"weekday": block.weekday, "since": opening.since.strftime("%H:%M"), "until": until}
    return {**always, **{name: value for name, value in told.items() if value}}


def blocks_of(hours: WeekHours) -> tuple[Block, ...]:
    """The week of a clinic as blocks, so that a clinician's own can begin with it."""
    return tuple(
        Block(weekday=weekday, opening=opening)
        for weekday, openings in sorted(hours.by_weekday.items())
        for opening in openings
    )


def openings_of(blocks: Iterable[Block]) -> Mapping[int, tuple[Opening, ...]]:
    """Blocks by weekday."""
    found: dict[int, tuple[Opening, ...]] = {}
    for one in blocks:
        found[one.weekday] = (*found.get(one.weekday, ()), one.opening)
    return found


def read_limits(written: Mapping[str, Any] | None) -> Limits:
    """What a clinician wants around visits; what is not written is as usual.

    Raises:
        ValueError: a number that is none, or out of its bounds.
    """
    given = {one.name: int((written or {}).get(one.name, getattr(USUAL_LIMITS, one.name))) for one in fields(Limits)}
    if any(not 0 <= value <= LIMITS[name] for name, value in given.items()) or not given["days_ahead"]:
        raise ValueError("no such limit")
    return Limits(**given)


def write_limits(limits: Limits) -> dict[str, int]:
    """The same as JSON, without what is as usual."""
    usual = asdict(USUAL_LIMITS)
    return {name: value for name, value in asdict(limits).items() if value != usual[name]}


def _check(weekday: int, opening: Opening) -> None:
    if not 0 <= weekday <= 6:
        raise ValueError("no weekday")
    if opening.until is not None and opening.until <= opening.since:
        raise ValueError("ends before it begins")
    if not 1 <= opening.every <= MOST_EVERY or not opening.weeks <= set(WEEKS_OF_MONTH):
        raise ValueError("no such recurrence")
    if opening.every > 1 and (opening.first is None or opening.weeks):
        raise ValueError("no beginning to count from")
    if opening.first and opening.last and opening.last < opening.first:
        raise ValueError("over before it begins")


def _until(written: Mapping[str, Any]) -> time | None:
    until = str(written.get("until") or "")
    return time.fromisoformat(until) if until else None


def _day(written: object) -> date | None:
    return date.fromisoformat(str(written)) if written else None
