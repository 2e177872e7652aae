"""Who stayed how long in a node's rooms, and how well it went: summed up from the rooms' events, for bill and support.

An event says who came and went and what a browser measured; nothing of what was said or shown gets here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.room_places import Stay
from engine.rooms import RoomEvent, RoomEventKind, RoomRole, RoomState

# What is kept of the numbers of a connection: the worst of some, the newest of those that only grow.
WORST = frozenset({"loss_in", "loss_out", "round_trip"})
NEWEST = frozenset({"freezes", "frames_decoded", "frame_height", "sent_height", "available"})


@dataclass(slots=True, kw_only=True)
class _Sum:
    """A participant's time in one room."""

    clinic: str
    visit: str
    role: RoomRole
    first_at: datetime
    last_at: datetime
    since: datetime | None = None
    seconds: float = 0.0
    media_seconds: float = 0.0
    joins: int = 0
    figures: dict[str, float] = field(default_factory=dict)


class Tally:
    """The stays of a node's rooms; `changed` hands out what has changed since it was asked last."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], _Sum] = {}
        self._changed: set[tuple[str, str]] = set()

    def heard(self, event: RoomEvent) -> None:
        """Takes one event of a room in."""
        if event.participant_id is None or event.role is None:
            return
        key = (event.room_id, event.participant_id)
        if event.kind is RoomEventKind.JOINED:
            one = self._sums.get(key) or _Sum(
                clinic=event.clinic, visit=event.visit_id, role=event.role, first_at=event.at, last_at=event.at
            )
            _pause(one, event.at)
            one.since, one.joins = event.at, one.joins + 1
            self._sums[key] = one
        elif key not in self._sums:
            return
        elif event.kind is RoomEventKind.LEFT:
            _pause(self._sums[key], event.at)
        elif event.kind is RoomEventKind.QUALITY:
            _note(self._sums[key].figures, event.measures)
        self._changed.add(key)

    def looked(self, state: RoomState, seconds: float) -> None:
        """Counts time with media for who is connected now; it was looked at ``seconds`` ago for the last time."""
        for person in state.participants:
            one = self._sums.get((state.room_id, person.participant_id))
            if one is None or one.since is None:
                continue
            one.seconds += max(0.0, (state.at - max(one.since, one.last_at)).total_seconds())
            one.since = one.last_at = state.at
            one.media_seconds += seconds if person.connected else 0.0
            self._changed.add((state.room_id, person.participant_id))

    def changed(self) -> tuple[Stay, ...]:
        """The stays that changed since the last call."""
        keys, self._changed = self._changed, set()
        return tuple(_stay(key, self._sums[key]) for key in sorted(keys) if key in self._sums)

    def again(self, stays: Collection[Stay]) -> None:
        """They could not be kept: they are handed out once more."""
        self._changed |= {(stay.room, stay.participant) for stay in stays}

    def forget(self, room: str) -> None:
        """The room has closed and its stays are kept."""
        for key in [key for key in self._sums if key[0] == room]:
            del self._sums[key]


def _pause(one: _Sum, at: datetime) -> None:
    if one.since is not None:
        one.seconds += max(0.0, (at - one.since).total_seconds())
        one.last_at = at
    one.since = None


def _note(figures: dict[str, float], measures: Mapping[str, float]) -> None:
    for name, value in measures.items():
        if name in WORST:
            figures[name] = max(value, figures.get(name, 0.0))
        elif name in NEWEST:
            figures[name] = value


def _stay(key: tuple[str, str], one: _Sum) -> Stay:
    return Stay(
        clinic=one.clinic,
        visit=one.visit,
        room=key[0],
        participant=key[1],
        role=one.role,
        first_at=one.first_at,
        last_at=one.last_at,
        seconds=round(one.seconds),
        media_seconds=round(min(one.media_seconds, one.seconds)),
        joins=one.joins,
        figures={name: round(value, 4) for name, value in one.figures.items()},
    )
