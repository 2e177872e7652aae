"""A move that is taken back at once is as good as none; later, or twice, it is a move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.undoing import UNDO_WITHIN, TimeMoved, counted, undoable

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = (NOW + timedelta(days=day) for day in (1, 2, 3))


def moved(before: datetime, after: datetime, minutes: float) -> TimeMoved:
    return TimeMoved(at=NOW + timedelta(minutes=minutes), before=before, after=after)


GONE, BACK = moved(FIRST, SECOND, 0), moved(SECOND, FIRST, 5)


@pytest.mark.parametrize(("moves", "count"), [
    ((), 0), ((GONE,), 1), ((GONE, BACK), 0), ((GONE, moved(SECOND, FIRST, 11)), 2),
    ((GONE, moved(SECOND, THIRD, 1)), 2), ((GONE, moved(SECOND, THIRD, 1), moved(THIRD, SECOND, 2)), 1),
    ((GONE, BACK, moved(FIRST, THIRD, 6)), 1),
])  # fmt: skip
def test_only_moves_that_stood_count(moves: tuple[TimeMoved, ...], count: int) -> None:
    assert counted(moves) == count


def test_going_to_another_clinician_is_taken_back_only_by_going_back_to_the_first() -> None:
    there = replace(GONE, left="a", joined="b")
    assert counted((there, replace(BACK, left="b", joined="a"))) == 0
    assert counted((there, BACK)) == 2 and counted((there, replace(BACK, left="b", joined="c"))) == 2


def test_the_last_move_is_taken_back_for_a_while() -> None:
    assert undoable((GONE,), NOW + UNDO_WITHIN) == GONE
    assert undoable((GONE,), NOW + UNDO_WITHIN + timedelta(seconds=1)) is None
    assert undoable((), NOW) is None
    assert undoable((GONE, BACK), NOW + timedelta(minutes=6)) is None, "an undoing is not undone"
    assert undoable((moved(NOW, SECOND, 0),), NOW + timedelta(minutes=1)) is None, "that time is past"
