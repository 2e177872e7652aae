"""What records show is what the access table grants: field by field, and for every role."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from engine.access import Relation, Standing
from records.access import MAY, TABLE, Role, may, only_by, permitted
from records.acts import Act
from records.database import Database
from records.emergency import LIFE, EmergencyDraft
from records.errors import AccessRefused
from records.messages import MessageView
from records.people import StaffDraft
from records.visits import Participant, VisitEvent, VisitView
from records.work import Actor
from tests.records.helpers import PATIENT, PLACE, PROVIDER, HandClock, World
from tests.records.helpers_journey import walk

STAFF = [Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.COMPLIANCE, Role.SUPPORT]


def test_every_act_has_its_classes() -> None:
    assert {act.value.rpartition(":")[0] for act in Act} <= set(TABLE.acts)


def test_every_role_stands_in_the_table() -> None:
    assert {str(role) for role in Role} == set(TABLE.roles) == {str(role) for role in MAY}


@pytest.mark.parametrize(
    ("kind", "view"),
    [("visit", VisitView), ("event", VisitEvent), ("participant", Participant), ("message", MessageView)],
)
def test_every_field_that_is_shown_has_its_class(kind: str, view: type) -> None:
    assert {one.name for one in fields(view)} == set(TABLE.fields[kind])


@pytest.mark.parametrize("role", STAFF)
def test_who_does_not_treat_sees_neither_reason_nor_place_nor_card(world: World, role: Role) -> None:
    with world.database.scope(world.clinic, Actor(person="adm", role=role)) as scope:
        seen = scope.visits.get(world.visit)
    assert (seen.reason, seen.booked_place, seen.attested_place, seen.payment_label) == ("", None, None, "")
    assert seen.stage == "draft"


def test_support_sees_how_far_a_visit_is_and_not_whose_it_is(world: World) -> None:
    with world.database.scope(world.clinic, Actor(person="sup", role=Role.SUPPORT)) as scope:
        seen = scope.visits.get(world.visit)
        people = {part.person for part in scope.visits.participants(world.visit)}
    assert (seen.patient, seen.provider, seen.specialty, seen.visit_type, seen.price_cents) == ("", "", "", "", 0)
    assert people == {""}


def test_support_cannot_list_visits(world: World) -> None:
    with (
        pytest.raises(AccessRefused),
        world.database.scope(world.clinic, Actor(person="s", role=Role.SUPPORT)) as scope,
    ):
        scope.visits.for_patient(world.patient)


@pytest.mark.slow
def test_what_a_flag_was_about_stays_with_those_who_treat(database: Database) -> None:
    walked = walk(database, "palmetto", "Aaa")
    visit = walked.world.visit
    with database.scope("palmetto", walked.world.as_provider) as scope:
        treated = scope.visits.events(visit)
    with database.scope("palmetto", Actor(person="adm", role=Role.CLINIC_ADMIN)) as scope:
        run = scope.visits.events(visit)
    assert [one.event for one in run] == [one.event for one in treated]
    assert any(one.detail for one in treated)
    assert not any(one.detail for one in run)


@pytest.mark.slow
def test_an_administrator_sees_that_notices_went_out_and_not_to_which_address(database: Database) -> None:
    walk(database, "palmetto", "Aaa")
    with database.scope("palmetto", Actor(person="adm", role=Role.CLINIC_ADMIN)) as scope:
        sent = scope.messages.outbox()
    assert sent
    assert {one.address for one in sent} == {""}
    with database.scope("palmetto", Actor.system()) as scope:
        assert all("@" in one.address for one in scope.messages.outbox())


def test_in_an_emergency_a_colleague_reads_for_a_while_and_writes_nothing(world: World, clock: HandClock) -> None:
    staff = StaffDraft(given="Ike", family="Ode", email="")
    with world.database.scope(world.clinic, world.as_system) as scope:
        colleague = Actor(person=scope.people.create_provider(replace(PROVIDER, staff=staff)), role=Role.PROVIDER)
    reason = "Found without consciousness."
    draft = EmergencyDraft(given="Ana", family="Reyes", birth_date=PATIENT.birth_date, reason=reason)
    with world.database.scope(world.clinic, colleague) as scope:
        scope.emergencies.open(draft)
        assert scope.visits.get(world.visit).reason == "sore throat"
        with pytest.raises(AccessRefused):
            scope.visits.attest_place(world.visit, PLACE)
    clock.at += LIFE
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, colleague) as scope:
        scope.visits.get(world.visit)


def test_what_only_one_relation_gives_is_told_apart() -> None:
    read = Standing(role="provider", relations=frozenset({Relation.EMERGENCY, Relation.CLINIC}))
    both = Standing(role="provider", relations=frozenset({Relation.EMERGENCY, Relation.TREATING}))
    assert only_by(read, Act.NOTE_VIEWED, Relation.EMERGENCY)
    assert not only_by(both, Act.NOTE_VIEWED, Relation.EMERGENCY)
    assert not permitted(read, Act.NOTE_SAVED)


def test_a_role_at_its_best_may_what_it_may_in_some_relation() -> None:
    assert may(Role.PROVIDER, Act.NOTE_SIGNED)
    assert not may("wizard", Act.SLOTS_VIEWED)
