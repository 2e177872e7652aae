"""Which move of a visit can still be taken back, and how many count? A move and its undoing are as good as none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMoved:
    """A visit that was moved at an instant, from a start to another.

    ``left`` and ``joined`` are the clinicians' ids where it went to another one; both are empty where it did not.
    """

    at: datetime
    before: datetime
    after: datetime
    left: str = ""
    joined: str = ""


def undoable(moves: Sequence[TimeMoved], now: datetime) -> TimeMoved | None:
    """The last move where it may be taken back; None once it is late, or it took another one back itself."""
    last = moves[-1] if moves else None
    if last is None or now - last.at > UNDO_WITHIN or last.before <= now or _counted(moves)[-1:] != [last]:
        return None
    return last


def counted(moves: Sequence[TimeMoved]) -> int:
    """How many of them count against the clinic's terms."""
    return len(_counted(moves))


def _counted(moves: Sequence[TimeMoved]) -> list[TimeMoved]:
    kept: list[TimeMoved] = []
    for move in moves:
        last = kept[-1] if kept else None
        if last and _takes_back(move, last) and move.at - last.at <= UNDO_WITHIN:
            kept.pop()
        else:
            kept.append(move)
    return kept


def _takes_back(move: TimeMoved, last: TimeMoved) -> bool:
    there, back = (last.before, last.after, last.left, last.joined), (move.after, move.before, move.joined, move.left)
    return there == back
