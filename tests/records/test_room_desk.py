"""The rows that media nodes share: the least loaded node gets a room, a dead one's rooms move, time there is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.room_places import NodeState, NoNode, Stay
from engine.rooms import RoomKept, RoomRole, RoomSpec, RoomTimers
from records.room_desk import RecordsRoomDesk
from tests.records.helpers import HandClock, World


def node(name: str, **state: object) -> NodeState:
    made = NodeState(node=name, queue=f"media-{name}", endpoint=f"ws://127.0.0.1:80{ord(name[-1])}/room")
    return replace(made, **state)  # type: ignore[arg-type]


def room(world: World, number: int = 1) -> RoomSpec:
    return RoomSpec(room_id=f"{world.visit}.{number}", clinic=world.clinic, visit_id=world.visit, max_participants=4)


@pytest.fixture
def desk(world: World) -> RecordsRoomDesk:
    return RecordsRoomDesk(world.database)


def test_a_room_goes_to_the_least_loaded_node_that_takes_one(world: World, desk: RecordsRoomDesk) -> None:
    with pytest.raises(NoNode):
        desk.place(room(world))
    desk.announce(node("a", load=0.1, takes=False))
    desk.announce(node("b", load=0.5))
    desk.announce(node("c", load=0.2, rooms=3))
    desk.announce(node("d", load=0.24, rooms=1))
    desk.drain("d", on=True)
    lease = desk.place(room(world))
    assert (lease.node, lease.queue, lease.room) == ("c", "media-c", f"{world.visit}.1")
    assert desk.place(room(world)) == lease == desk.of(world.visit)
    held = desk.held(lease.room, "c")
    assert held == room(world)
    assert desk.held(lease.room, "b") is None
    assert desk.announce(node("c")).held == {lease.room}
    assert desk.announce(node("d")).draining


def test_who_finds_its_node_dead_moves_the_room_and_the_next_one_finds_it_there(
    world: World, desk: RecordsRoomDesk
) -> None:
    desk.announce(node("a"))
    lost = desk.place(room(world))
    desk.announce(node("b"))
    moved = desk.take_over(lost)
    assert (moved.node, moved.room) == ("b", f"{world.visit}.2")
    assert desk.take_over(lost) == moved, "the second browser finds what the first one did"
    # The visit's workflow notices seconds later and asks for its next room: that is where it is already.
    assert desk.place(room(world, 2)) == moved
    assert desk.announce(node("a")).held == frozenset(), "the old node, should it live, closes what it lost"


def test_a_node_that_fell_silent_or_began_anew_holds_nothing(
    world: World, desk: RecordsRoomDesk, clock: HandClock
) -> None:
    desk.announce(node("a"))
    lease = desk.place(room(world))
    clock.move(seconds=9)
    assert desk.lives(lease)
    clock.move(seconds=2)
    assert not desk.lives(lease) and desk.nodes() == ()
    desk.announce(node("a"))
    desk.announce(replace(node("again"), endpoint=lease.endpoint))
    assert [one.node for one in desk.nodes()] == ["again"]
    assert not desk.lives(lease)
    assert desk.place(room(world)).room == f"{world.visit}.2"
    desk.withdraw("again")
    with pytest.raises(NoNode):
        desk.take_over(desk.place(room(world, 2)))


def test_a_room_that_is_over_moves_nowhere(world: World, desk: RecordsRoomDesk) -> None:
    desk.announce(node("a"))
    lease = desk.place(room(world))
    desk.finish(lease.room)
    assert desk.held(lease.room, "a") is None
    assert desk.announce(node("a")).held == frozenset()
    desk.withdraw("a")
    with pytest.raises(NoNode):
        desk.take_over(lease)
    assert desk.place(room(world)).over, "its report is still to be had where it was"


def test_a_room_whose_visit_is_not_in_its_call_is_an_orphan_after_a_minute(
    world: World, desk: RecordsRoomDesk, clock: HandClock
) -> None:
    desk.announce(node("a"))
    lease = desk.place(room(world))
    assert desk.announce(node("a")).orphans == frozenset()
    clock.move(seconds=61)
    assert desk.announce(node("a")).orphans == {lease.room}


def test_a_stay_is_kept_as_it_was_told_last(world: World, desk: RecordsRoomDesk) -> None:
    now = world.database.now()
    stay = Stay(
        clinic=world.clinic,
        visit=world.visit,
        room=f"{world.visit}.1",
        participant="par_1",
        role=RoomRole.PATIENT,
        first_at=now,
        last_at=now,
        seconds=5,
        media_seconds=4,
        joins=1,
        figures={"loss_in": 0.01},
    )
    desk.keep_stays([stay])
    later = replace(stay, seconds=65, media_seconds=60, joins=2, last_at=now + timedelta(minutes=1))
    second = replace(stay, room=f"{world.visit}.2", seconds=10, media_seconds=10, figures={"loss_in": 0.2})
    desk.keep_stays([later, second])
    assert desk.stays(world.visit) == (later, second)


def test_a_drained_nodes_room_is_handed_over_with_what_outlives_its_node(world: World, desk: RecordsRoomDesk) -> None:
    ends, timers = world.database.now() + timedelta(minutes=20), RoomTimers(empty=60)
    desk.announce(node("a"))
    lease = desk.place(replace(room(world), ends_at=ends, timers=timers))
    assert not desk.hand_over(lease.room, "a"), "nobody else is there to take it"
    kept = RoomKept(locked=True, let_in=frozenset({"gst_1"}), hushed={"prt_1": False}, extended=900)
    desk.keep_rooms({lease.room: kept, "vis_nobodys.1": kept})
    desk.announce(node("b"))
    assert not desk.hand_over(lease.room, "b"), "only its own node gives a room away"
    assert desk.hand_over(lease.room, "a")
    moved = desk.of(world.visit)
    assert moved is not None and (moved.node, moved.room) == ("b", f"{world.visit}.2")
    held = desk.held(moved.room, "b")
    assert held is not None and (held.kept, held.timers, held.ends_at) == (kept, timers, ends)
    assert desk.announce(node("a")).held == frozenset()
    assert desk.place(room(world, 2)) == moved, "the visit's session follows"
    assert not desk.hand_over(lease.room, "a"), "a second time changes nothing"
