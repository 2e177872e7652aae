"""Which move of a visit can still be taken back, and how many count? A move and its undoing are as good as none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMoved:
    """A visit that was moved at an instant, from a start to another."""

    at: datetime
    before: datetime
    after: datetime


def undoable(moves: Sequence[TimeMoved], now: datetime) -> datetime | None:
    """The start that the last move may be taken back to; None once it is late, or it took another one back itself."""
    last = moves[-1] if moves else None
    if last is None or now - last.at > UNDO_WITHIN or last.before <= now or _counted(moves)[-1:] != [last]:
        return None
    return last.before


def counted(moves: Sequence[TimeMoved]) -> int:
    """How many of them count against the clinic's terms."""
    return len(_counted(moves))


def _counted(moves: Sequence[TimeMoved]) -> list[TimeMoved]:
    kept: list[TimeMoved] = []
    for move in moves:
        last = kept[-1] if kept else None
        if last and (move.before, move.after) == (last.after, last.before) and move.at - last.at <= UNDO_WITHIN:
            kept.pop()
        else:
            kept.append(move)
    return kept
