"""What records know of earlier care reaches the law: visits, their summaries, looks at a monitoring programme."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.dossier import MonitoringLook, VisitFact
from engine.ports import VisitChange, VisitRef
from tests.records.helpers import START, World, draft_of
from tests.records.helpers_journey import order_of

LOOKED = {"pdmp.checked": True, "pdmp.state": "FL"}


def later_visit(world: World) -> VisitRef:
    with world.database.scope(world.clinic, world.as_system) as scope:
        starts_at = START + timedelta(hours=2)
        visit = scope.visits.draft(draft_of(world.patient, world.provider, starts_at=starts_at))
    return VisitRef(clinic=world.clinic, visit=visit)


def drafted(world: World, visit: str, **statements: object) -> str:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.orders.draft(replace(order_of(visit), statements=statements))


def test_completed_visits_are_told_with_the_instant_and_how_they_met(world: World) -> None:
    later = later_visit(world)
    assert world.store.dossier(later).visits == ()
    world.store.change(world.effect(), VisitChange(event="completed", stage="completed"))
    begun = world.store.dossier(world.ref).starts_at
    assert begun is not None
    assert world.store.dossier(later).visits == (VisitFact(at=begun, modality="audio_video"),)


def test_a_look_stated_for_an_earlier_order_is_told_with_its_state(world: World) -> None:
    first = drafted(world, world.visit, **LOOKED)
    later = later_visit(world)
    order = drafted(world, later.visit)
    asked = world.store.dossier(later, order).order
    assert asked is not None
    own = world.store.dossier(world.ref, first).order
    assert own is not None
    assert own.stated_at is not None
    assert asked.last_look == MonitoringLook(at=own.stated_at, state="FL")
    assert own.last_look is None


def test_a_look_that_was_not_made_or_names_no_state_is_none(world: World) -> None:
    drafted(world, world.visit, **{**LOOKED, "pdmp.checked": False})
    drafted(world, world.visit, **{"pdmp.checked": True})
    later = later_visit(world)
    asked = world.store.dossier(later, drafted(world, later.visit)).order
    assert asked is not None
    assert asked.last_look is None


def test_a_summary_that_was_written_is_told_of_its_own_visit_alone(world: World) -> None:
    later = later_visit(world)
    assert world.store.dossier(world.ref).summary_at is None
    world.store.write_summary(world.effect())
    with world.database.scope(world.clinic, world.as_patient) as scope:
        written = [one.at for one in scope.documents.for_visit(world.visit)]
    assert [world.store.dossier(world.ref).summary_at] == written
    assert world.store.dossier(later).summary_at is None
