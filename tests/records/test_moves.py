"""A visit that gets another time: both or neither, in one transaction, whoever wants that time at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.ports import Effect, VisitChange, VisitRef
from tests.records.helpers import PLACE, PLAN, START, World, draft_of

pytestmark = pytest.mark.slow  # each builds a clinic

HOLD = START + timedelta(minutes=15)
FIRST = START + timedelta(hours=1)
LATER = START + timedelta(hours=5)


def booked(world: World, starts_at: datetime, buffer: int = 0) -> VisitRef:
    draft = replace(
        draft_of(world.patient, world.provider, starts_at=starts_at), plan=replace(PLAN, buffer_seconds=buffer)
    )
    with world.database.scope(world.clinic, world.as_system) as scope:
        ref = VisitRef(clinic=world.clinic, visit=scope.visits.draft(draft))
    assert world.store.hold_slot(of(world, ref), HOLD)
    world.store.change(of(world, ref), VisitChange(event="visit_booked", stage="booked"))
    return ref


def of(world: World, ref: VisitRef) -> Effect:
    return replace(world.effect(), ref=ref)


def taken(world: World) -> list[datetime]:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return [one.starts_at for one in scope.slots.taken(world.provider, START, START + timedelta(days=1))]


def test_the_old_time_is_free_once_the_new_one_is_taken(world: World) -> None:
    ref = booked(world, FIRST)
    assert world.store.move_slot(of(world, ref), LATER)
    assert taken(world) == [LATER]
    with world.database.scope(world.clinic, world.as_patient) as scope:
        visit = scope.visits.get(ref.visit)
        assert (visit.starts_at, visit.ends_at) == (LATER, LATER + timedelta(minutes=20))
        moves = [event for event in scope.visits.events(ref.visit) if event.event == "visit_moved"]
        assert [event.detail for event in moves] == [{"from": FIRST.isoformat(), "to": LATER.isoformat()}]
    assert world.store.standing(ref).moved == 1


def test_a_time_that_is_taken_in_part_leaves_everything_as_it_was(world: World) -> None:
    ref, _ = booked(world, FIRST), booked(world, LATER)
    assert not world.store.move_slot(of(world, ref), LATER + timedelta(minutes=15))
    assert taken(world) == [FIRST, LATER]
    assert world.store.standing(ref).starts_at == FIRST
    assert world.store.standing(ref).moved == 0


def test_a_visit_may_move_by_less_than_its_own_length(world: World) -> None:
    ref = booked(world, FIRST)
    assert world.store.move_slot(of(world, ref), FIRST + timedelta(minutes=5))
    assert taken(world) == [FIRST + timedelta(minutes=5)]


def test_what_a_plan_keeps_free_after_a_visit_is_nobody_elses(world: World) -> None:
    ref, other = booked(world, FIRST, buffer=600), booked(world, LATER)
    assert not world.store.move_slot(of(world, other), FIRST + timedelta(minutes=25))
    assert world.store.move_slot(of(world, other), FIRST + timedelta(minutes=30))
    assert world.store.standing(ref).starts_at == FIRST


def test_a_place_attested_for_the_old_time_no_longer_counts(world: World) -> None:
    ref = booked(world, FIRST)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(ref.visit, PLACE)
    assert world.store.move_slot(of(world, ref), LATER)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.visits.get(ref.visit).attested_place is None


def test_a_visit_that_is_over_or_waits_keeps_its_time(world: World) -> None:
    ref = booked(world, FIRST)
    world.store.change(of(world, ref), VisitChange(event="visit_waiting", stage="waiting"))
    assert not world.store.move_slot(of(world, ref), LATER)
    world.store.change(of(world, ref), VisitChange(event="visit_cancelled", stage="cancelled"))
    assert not world.store.move_slot(of(world, ref), LATER)


def test_of_many_who_move_to_one_time_one_gets_it_and_the_others_keep_theirs(world: World) -> None:
    refs = [booked(world, FIRST + timedelta(minutes=30 * number)) for number in range(4)]
    got: list[bool] = []

    def move(ref: VisitRef) -> Callable[[], None]:
        return lambda: got.append(world.store.move_slot(of(world, ref), LATER))

    threads = [threading.Thread(target=move(ref)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 3 + [True]
    assert len(taken(world)) == 4
    assert taken(world).count(LATER) == 1
