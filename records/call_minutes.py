"""How many minutes was who in a visit's call? Added up from their stays in its rooms, for its bill; nobody is named.

A room that moved to another node is the visit's next room: the stays in both are one presence. Where two stays of the
same participant overlap, as while a node is being found dead, that time counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.room_places import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """One participant in the whole call: their role, whole seconds and minutes there, and how often they came.

    A minute counts once it is over.
    """

    participant: str
    role: str
    seconds: int
    first_at: datetime
    last_at: datetime
    joins: int

    @property
    def minutes(self) -> int:
        return self.seconds // 60


def attendance(stays: Iterable[Stay]) -> tuple[Attendance, ...]:
    """Everybody's presence, in the order of their coming."""
    by_whom: dict[str, list[Stay]] = {}
    for stay in stays:
        by_whom.setdefault(stay.participant, []).append(stay)
    found = [_of(participant, sorted(theirs, key=lambda one: one.first_at)) for participant, theirs in by_whom.items()]
    return tuple(sorted(found, key=lambda one: (one.first_at, one.participant)))


def _of(participant: str, stays: Sequence[Stay]) -> Attendance:
    return Attendance(
        participant=participant,
        role=str(stays[0].role),
        seconds=min(sum(stay.seconds for stay in stays), _covered(stays)),
        first_at=stays[0].first_at,
        last_at=max(stay.last_at for stay in stays),
        joins=sum(stay.joins for stay in stays),
    )


def _covered(stays: Sequence[Stay]) -> int:
    """The seconds between the first and the last of each stay, where they overlap only once."""
    total, until = 0.0, stays[0].first_at
    for stay in stays:
        begins = max(stay.first_at, until)
        total += max(0.0, (stay.last_at - begins).total_seconds())
        until = max(until, stay.last_at)
    return round(total)
