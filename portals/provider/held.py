"""Which licence of a clinician did not count in a state on a day, and why, in plain words?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.dossier import License

Say = Callable[..., str]
Day = Callable[[str], str]
FULL, ACTIVE = "full", "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The licences of one clinician, as far as the reader may see them."""

    profession: str
    licenses: Sequence[License] = field(repr=False)


def why_not(held: Held, state: str, on: str, say: Say, day: Day) -> str:
    """What is wrong with the licence that came nearest; empty where none is wrong, as after a renewal."""
    mine = [one for one in held.licenses if one.state == state and one.profession == held.profession]
    if not mine:
        return say("provider.law.held.none")
    found = [_wrong(one, date.fromisoformat(on), say, day) for one in sorted(mine, key=_nearest)]
    return found[0] if all(found) else ""


def _nearest(one: License) -> tuple[bool, bool, int]:
    return (one.kind != FULL, one.status != ACTIVE, -(one.expires or date.max).toordinal())


def _wrong(one: License, on: date, say: Say, day: Day) -> str:
    if one.kind != FULL:
        return say("provider.law.held.kind", kind=say(f"ask.value.{one.kind}", otherwise=one.kind.replace("_", " ")))
    if one.expires is not None and one.expires < on:
        return say("provider.law.held.ended", day=day(one.expires.isoformat()))
    if one.issued is not None and one.issued > on:
        return say("provider.law.held.begins", day=day(one.issued.isoformat()))
    if one.status != ACTIVE:
        status = say(f"ask.value.{one.status}", otherwise=one.status.replace("_", " "))
        return say("provider.law.held.status", status=status)
    return ""
