"""Minutes in a call count for each participant over the whole call; time away does not, and nothing counts twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.room_places import Stay
from engine.rooms import RoomRole
from records.call_minutes import attendance

START = datetime(2026, 11, 20, 15, tzinfo=UTC)


def stay(room: int, begins: int, ends: int, who: str = "p1", **other: object) -> Stay:
    """From and until which second of the call somebody was in a room."""
    told: dict[str, object] = {"seconds": ends - begins, "joins": 1, "role": RoomRole.PATIENT, **other}
    return Stay(
        clinic="elm",
        visit="vis_1",
        room=f"vis_1.{room}",
        participant=who,
        first_at=START + timedelta(seconds=begins),
        last_at=START + timedelta(seconds=ends),
        media_seconds=0,
        **told,  # type: ignore[arg-type]
    )


def test_a_minute_counts_once_it_is_over() -> None:
    assert [one.minutes for one in attendance([stay(1, 0, 119)])] == [1]
    assert [one.minutes for one in attendance([stay(1, 0, 120)])] == [2]


def test_time_away_in_the_same_room_is_not_counted() -> None:
    (one,) = attendance([stay(1, 0, 1800, seconds=1500, joins=3)])
    assert (one.minutes, one.joins, one.last_at) == (25, 3, START + timedelta(minutes=30))


def test_a_call_that_moved_to_another_room_goes_on_counting_without_the_gap() -> None:
    (one,) = attendance([stay(2, 610, 1210), stay(1, 0, 600)])
    assert (one.seconds, one.joins, one.first_at) == (1200, 2, START)


def test_what_two_rooms_both_counted_while_a_node_was_found_dead_counts_once() -> None:
    (one,) = attendance([stay(1, 0, 610), stay(2, 600, 1200)])
    assert one.seconds == 1200
    (one,) = attendance([stay(1, 0, 1200), stay(2, 300, 600)])
    assert one.seconds == 1200


def test_everybody_is_counted_apart_in_the_order_of_their_coming() -> None:
    told = [stay(1, 60, 660, "d1", role=RoomRole.PROVIDER), stay(1, 0, 600), stay(1, 300, 420, "g1")]
    assert [(one.participant, one.role, one.minutes) for one in attendance(told)] == [
        ("p1", "patient", 10),
        ("d1", "provider", 10),
        ("g1", "patient", 2),
    ]
    assert attendance([]) == ()
