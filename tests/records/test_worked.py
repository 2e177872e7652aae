"""A clinician's work is counted by the clinic's own rows, for whom the clinic states such a count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.dossier import Place
from engine.ports import VisitChange, VisitRef
from records.tables.people import Provider
from records.visit_records import RecordsVisitStore
from tests.records.helpers import START, World, draft_of, shred

ARIZONA = Place(country="us", state="AZ", postal_code="85001")
ABROAD = Place(country="mx", state=None)
YEAR = {"year": 2026, "days": 1, "patients": 1, "encounters": 1}


def states(world: World, **extra: Any) -> None:
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Provider, world.provider).extra = extra


def visit(world: World, place: Place = ARIZONA, stage: str = "booked", at: datetime = START) -> VisitRef:
    with world.database.scope(world.clinic, world.as_system) as scope:
        draft = draft_of(world.patient, world.provider, starts_at=at, booked_place=place)
        ref = VisitRef(clinic=world.clinic, visit=scope.visits.draft(draft))
    if stage != "draft":
        world.store.change(replace(world.effect(), ref=ref), VisitChange(event=stage, stage=stage))
    return ref


def counted(world: World, ref: VisitRef | None = None) -> Any:
    return RecordsVisitStore(world.database).dossier(ref or world.ref).provider.extra


def test_nothing_is_counted_of_whom_the_clinic_states_no_count(world: World) -> None:
    visit(world)
    states(world, local_office=False)
    assert counted(world) == {"local_office": False}


def test_what_was_held_or_is_reserved_counts_and_the_visit_asked_about_does_not(world: World) -> None:
    states(world, activity=[], days_worked=[])
    asked = visit(world)
    for stage in ("draft", "cancelled", "refused", "expired", "no_show", "escalated"):
        visit(world, stage=stage)
    visit(world, ABROAD)
    assert counted(world, asked) == {"activity": [], "days_worked": []}
    visit(world, stage="completed")
    visit(world, stage="held", at=START + timedelta(days=400))
    visit(world, at=datetime(2024, 12, 31, tzinfo=UTC))
    assert counted(world, asked) == {
        "activity": [{"state": "AZ", **YEAR}, {"state": "AZ", **YEAR, "year": 2027}],
        "days_worked": [{"state": "AZ", "date": "2026-03-05"}, {"state": "AZ", "date": "2027-04-09"}],
    }


def test_where_the_patient_said_they_were_counts_rather_than_where_they_meant_to_be(world: World) -> None:
    states(world, activity=[])
    held = visit(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(held.visit, Place(country="us", state="FL", postal_code="33101"))
    assert counted(world) == {"activity": [{"state": "FL", **YEAR}]}


def test_a_visit_that_nobody_can_read_any_more_still_counts_without_a_state(world: World) -> None:
    states(world, activity=[])
    visit(world)
    shred(world)
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.people.provider(world.provider).extra == {"activity": [{**YEAR, "days": 2}]}
