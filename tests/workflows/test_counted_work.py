"""A gate counts the clinic's own encounters where the law counts a clinician's: the tenth of a year stays shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.dossier import Place
from engine.ports import VisitChange, VisitRef
from records.tables.people import Provider
from tests.records.helpers import HandClock, World, build_world, draft_of, open_database
from tests.workflows.test_gatekeeper import keeper

pytestmark = pytest.mark.slow
ARIZONA = Place(country="us", state="AZ", postal_code="85001", time_zone="America/Phoenix")
AT = datetime(2026, 12, 1, 18, tzinfo=UTC)


def booked(world: World) -> VisitRef:
    with world.database.scope(world.clinic, world.as_system) as scope:
        draft = draft_of(world.patient, world.provider, starts_at=AT, booked_place=ARIZONA)
        ref = VisitRef(clinic=world.clinic, visit=scope.visits.draft(draft))
    world.store.change(replace(world.effect(), ref=ref), VisitChange(event="booked", stage="booked"))
    return ref


def states(world: World, **extra: Any) -> None:
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Provider, world.provider).extra = {"discipline": False, "local_office": False, **extra}


def licensing_at(world: World, ref: VisitRef) -> Any:
    """What the gate of booking says of licensing, the licenses just looked up."""
    known = world.store.dossier(ref)
    licenses = tuple(replace(one, verified_at=AT, expires=date(2027, 12, 31)) for one in known.provider.licenses)
    known = replace(known, clinic="elm", provider=replace(known.provider, licenses=licenses))
    place = replace(known.patient.booked_place or ARIZONA, at=AT)
    asked = replace(known, patient=replace(known.patient, booked_place=place))
    return keeper().ask(asked, "book", AT).decisions["licensing"]


def paths(decision: Any) -> list[str]:
    return [one["path"] for one in decision["permits"]]


def test_the_ninth_encounter_of_a_year_in_arizona_is_allowed_and_the_tenth_is_not(tmp_path: Path) -> None:
    world = build_world(open_database(tmp_path, HandClock(AT)))
    states(world, activity=[])
    for _ in range(8):
        booked(world)
    ninth = licensing_at(world, booked(world))
    assert paths(ninth) == ["infrequent"]
    assert ninth["outcome"] == "permitted"
    tenth = licensing_at(world, booked(world))
    assert (tenth["outcome"], paths(tenth)) == ("forbidden", [])


def test_a_clinic_that_says_nothing_of_work_elsewhere_is_asked_for_it(tmp_path: Path) -> None:
    world = build_world(open_database(tmp_path, HandClock(AT)))
    states(world)
    decision = licensing_at(world, booked(world))
    assert (decision["outcome"], "provider.activity" in decision["missing"]) == ("incomplete", True)
