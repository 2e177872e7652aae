"""As at which moment is the law asked: what a link tells, and the rulebook that was known then?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.diagnostics import BrokenInput
from engine.known_law import rulebook_known_at
from engine.overlays import OwnLaw
from engine.rulebook import Rulebook
from engine.values import instant_text, read_instant
from portals.base.formats import Formats
from portals.law.answers import BadAnswer, fault_of_time, read_moment

NOTHING_RELEASED, TO_COME, UNREADABLE = "before_releases", "to_come", "unreadable"
_BEFORE = "ASK004"
_A_MINUTE = timedelta(seconds=59)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAt:
    """A moment by the clinic's clock, its instant, and which sentence says what is wrong with it; all empty for now."""

    text: str = ""
    at: str = ""
    wrong: str = ""


NOW = KnownAt()


def read_known(text: str, zone: str, now: datetime) -> KnownAt:
    """What a link tells, such as `2026-03-05T14:30`, until the end of that minute; nothing where it is no moment.

    Releases are made by the clock of the machine, so `now` is its own, also where a demo's clock is ahead of it.
    """
    if not text:
        return NOW
    try:
        told = read_moment(text)
    except BadAnswer as bad:
        return KnownAt(wrong=str(bad))
    day, _, clock = told.partition("T")
    if (fault := fault_of_time(day, clock, zone)) is not None:
        return KnownAt(text=told, wrong=fault)
    instant = datetime.fromisoformat(told).replace(tzinfo=ZoneInfo(zone))
    at = instant_text(min(instant + _A_MINUTE, now))
    return KnownAt(text=told, at=at, wrong=TO_COME if instant > now else "")


def rulebook_then(root: Path, known: KnownAt, now: datetime, today: Rulebook, own: OwnLaw) -> tuple[Rulebook, KnownAt]:
    """The rulebook known then; that of today, and why, where nobody can say. Reads files: call it in a thread."""
    if not known.at or known.wrong:
        return today, known
    try:
        return rulebook_known_at(root, known.at, now, today, own), known
    except BrokenInput as broken:
        early = any(one.code == _BEFORE for one in broken.diagnostics)
        return today, replace(known, wrong=NOTHING_RELEASED if early else UNREADABLE)


def moment_said(at: str, fmt: Formats, zone: str) -> str:
    """An instant as `March 5, 2026, 2:30 PM Eastern Time`."""
    moment = read_instant(at)
    return f"{fmt.date(moment, zone)}, {fmt.time(moment, zone)} {fmt.zone(moment, zone)}"
