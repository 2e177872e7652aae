"""A recording whose program died ends by itself: what was kept is final and plays, and the record says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.recordings import RecordingState
from engine.room_places import Lease, NodeState
from engine.rooms import RoomClaims, RoomRole, RoomSpec
from records.recording_store import RecordingStore
from records.recordings import RecordingView
from records.room_desk import RecordsRoomDesk
from tests.records.helpers import HandClock, World
from tests.records.test_recordings import FRAMES, called, claims, finalise, played, spec, store

__all__ = ["called", "store"]
pytestmark = pytest.mark.slow


def node(name: str) -> NodeState:
    return NodeState(node=name, queue=f"media-{name}", endpoint=f"ws://127.0.0.1:80{ord(name)}/room")


def leased(world: World) -> tuple[RecordsRoomDesk, Lease]:
    desk = RecordsRoomDesk(world.database)
    desk.announce(node("a"))
    room = RoomSpec(room_id=f"{world.visit}.1", clinic=world.clinic, visit_id=world.visit, max_participants=4)
    return desk, desk.place(room)


def in_room(world: World, number: int, role: RoomRole = RoomRole.PROVIDER) -> RoomClaims:
    return replace(claims(world, role), room_id=f"{world.visit}.{number}")


def recorded(store: RecordingStore, world: World) -> None:
    """A recording goes on in the visit's first room, and its program has died in the middle of a part."""
    recording = store.ask(in_room(world, 1), "gat_1")
    store.said(recording, in_room(world, 1), True, "en")
    store.moved(recording, in_room(world, 1), RecordingState.ON, "")
    tape = store.tape(spec(world, recording))
    tape.write(FRAMES)
    tape.sync()
    tape._tape._file.close()  # as a killed program lets go of it


def shown(world: World) -> RecordingView:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.recordings.for_visit(world.visit)[-1]


def test_while_its_node_lives_a_recording_goes_on(called: World, store: RecordingStore, clock: HandClock) -> None:
    desk, _ = leased(called)
    recorded(store, called)
    for _ in range(10):
        clock.move(seconds=5)
        desk.announce(node("a"))
        store.end_lost()
    assert shown(called).state == "on"


def test_a_node_that_died_ends_its_recording_within_half_a_minute_and_what_it_kept_plays(
    called: World, store: RecordingStore, clock: HandClock
) -> None:
    leased(called)
    recorded(store, called)
    clock.move(seconds=11)
    store.end_lost()
    assert shown(called).state == "on", "one look is none: the node may be about to end it itself"
    clock.move(seconds=11)
    store.end_lost()
    one = shown(called)
    assert (one.state, one.reason, one.ended_at) == ("off", "interrupted", clock.now())
    assert store.finish_waiting(finalise) == 1
    one = shown(called)
    assert one.plays and not one.parts[0].whole
    assert played(store, called, one.parts[0].id, called.as_provider)[1:] == FRAMES[1:]
    store.end_lost()
    with called.database.scope(called.clinic, called.as_provider) as scope:
        course = [(event.event, event.detail.get("code")) for event in scope.visits.events(called.visit)]
    assert course.count(("recording_off", "interrupted")) == 1


@pytest.mark.parametrize("how", ["over", "moved", "withdrawn"])
def test_a_room_that_is_no_more_ends_its_recording(
    called: World, store: RecordingStore, clock: HandClock, how: str
) -> None:
    desk, lease = leased(called)
    recorded(store, called)
    if how == "over":
        desk.finish(lease.room)
    elif how == "moved":
        desk.announce(node("b"))
        desk.take_over(lease)
    else:
        desk.withdraw("a")
    for seconds in (0, 9, 2):
        clock.move(seconds=seconds)
        for name in ("a", "b") if how != "withdrawn" else ():
            desk.announce(node(name))
        assert shown(called).state == "on"
        store.end_lost()
    assert (shown(called).state, shown(called).reason) == ("off", "interrupted")


def test_the_next_room_ends_it_at_once_and_is_told_that_it_broke_off(called: World, store: RecordingStore) -> None:
    desk, lease = leased(called)
    recorded(store, called)
    assert not store.broken_off(in_room(called, 1)), "its own room has not broken down"
    assert shown(called).state == "on"
    desk.announce(node("b"))
    desk.take_over(lease)
    assert store.broken_off(in_room(called, 2, RoomRole.PATIENT))
    assert (shown(called).state, shown(called).reason) == ("off", "interrupted")
    assert store.broken_off(in_room(called, 3)), "whoever asks again hears the same"


def test_what_ended_as_it_should_did_not_break_off(called: World, store: RecordingStore) -> None:
    leased(called)
    recorded(store, called)
    store.moved(shown(called).id, in_room(called, 1), RecordingState.OFF, "stopped")
    assert not store.broken_off(in_room(called, 2))
    assert shown(called).reason == "stopped"


def test_one_whose_room_was_never_leased_is_ended_after_half_a_day(
    called: World, store: RecordingStore, clock: HandClock
) -> None:
    recorded(store, called)
    for hours, state in ((11, "on"), (2, "on"), (1, "off")):
        clock.move(hours=hours)
        store.end_lost()
        assert shown(called).state == state
