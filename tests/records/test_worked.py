"""A clinician's work is counted by the clinic's own rows, for whom the clinic states such a count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.dossier import Place
from engine.ports import VisitChange, VisitRef
from records.key_ring import Purpose
from records.moves import move_visit
from records.sealing import Secret
from records.tables.people import Provider
from records.tables.vault import DataKey
from records.tables.visits import Visit
from records.visit_records import RecordsVisitStore
from records.worked import counted_facts, forget_counted
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


def test_counting_opens_nothing_that_a_patients_own_key_has_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a clinician has worked, counting it asks for the clinic's key and for no patient's."""
    states(world, activity=[], days_worked=[])
    for _ in range(3):
        visit(world)
    asked: list[str] = []
    known = world.database.ring.by_id

    def by_id(session: Session, clinic: str, key_id: str, purpose: Purpose) -> Secret:
        asked.append(key_id)
        return known(session, clinic, key_id, purpose)

    world.database.ring.forget()
    monkeypatch.setattr(world.database.ring, "by_id", by_id)
    with world.database.work(world.clinic, world.as_system) as work:
        found = counted_facts(work, work.row(Provider, world.provider))
        owners = {work.row(DataKey, key_id).person for key_id in asked}
    assert found["activity"] == [{"state": "AZ", **YEAR, "encounters": 3}]
    assert owners == {""}


def test_a_visit_from_before_its_place_was_counted_apart_is_looked_up_in_the_place(world: World) -> None:
    states(world, activity=[], days_worked=[])
    visit(world)
    held = visit(world, ABROAD)
    moved = visit(world, at=START + timedelta(days=400))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(moved.visit, Place(country="us", state="FL", postal_code="33101"))
    now = counted(world)
    with world.database.work(world.clinic, world.as_system) as work:
        work.session.execute(update(Visit).values(counted_place=None))
    assert counted(world) == now
    assert [one["state"] for one in now["activity"]] == ["AZ", "FL"]
    assert held


def test_a_visit_that_was_moved_counts_where_it_was_booked_for(world: World) -> None:
    states(world, activity=[])
    ref = visit(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(ref.visit, Place(country="us", state="FL", postal_code="33101"))
    with world.database.work(world.clinic, world.as_system) as work:
        assert move_visit(work, work.row(Visit, ref.visit), START + timedelta(days=1))["moved"]
    assert counted(world) == {"activity": [{"state": "AZ", **YEAR}]}


def test_what_is_counted_of_a_place_is_sealed_and_goes_when_the_patient_is_erased(world: World) -> None:
    ref = visit(world, stage="completed")
    with world.database.work(world.clinic, world.as_system) as work:
        sealed = work.row(Visit, ref.visit).counted_place
        assert sealed is not None
        assert b"AZ" not in sealed
        forget_counted(work, world.patient)
    with world.database.work(world.clinic, world.as_system) as work:
        assert work.row(Visit, ref.visit).counted_place is None
