"""Nothing is reached without a clinic and an actor, and what an actor saw stays in the audit."""

from __future__ import annotations

import pytest

from records.access import Role
from records.audit import verify
from records.database import Database
from records.errors import AccessRefused, NotFound, ScopeMissing
from records.visits import Visits
from records.work import Actor, Repository
from tests.records.helpers import World


@pytest.mark.parametrize("actor", [Actor(person="", role="patient"), Actor(person="per_1", role="")])
def test_a_scope_needs_a_whole_actor(database: Database, actor: Actor) -> None:
    with pytest.raises(ScopeMissing), database.scope("palmetto", actor):
        pass


def test_a_scope_needs_a_clinic_and_an_actor(database: Database) -> None:
    with pytest.raises(ScopeMissing), database.scope("", Actor.system()):
        pass
    with pytest.raises(ScopeMissing), database.scope("palmetto", None):  # type: ignore[arg-type]
        pass


def test_a_repository_cannot_be_made_without_a_scope() -> None:
    with pytest.raises(ScopeMissing):
        Visits(None)  # type: ignore[arg-type]
    assert issubclass(Visits, Repository)


def test_a_repository_is_dead_after_its_scope(world: World) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        visits = scope.visits
    with pytest.raises(ScopeMissing):
        visits.get(world.visit)


def test_a_scope_inside_a_scope_is_an_error_and_not_a_deadlock(world: World) -> None:
    with (
        world.database.scope(world.clinic, world.as_system),
        pytest.raises(RuntimeError),
        world.database.scope(world.clinic, world.as_system),
    ):
        pass


def test_a_failed_block_changes_nothing_but_keeps_who_looked(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.database.scope(world.clinic, world.as_patient) as scope:
        scope.people.patient(world.patient)
        scope.visits.set_payment_method(world.visit, "tok_1", "Card")
        raise ZeroDivisionError
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert scope.visits.get(world.visit).payment_label == ""
        acts = [entry.act for entry in scope.audit.entries(limit=5)]
    assert "people:patient:viewed" in acts
    assert "payments:method:modified" not in acts


def test_a_refusal_is_audited_with_what_was_tried(world: World) -> None:
    stranger = Actor(person="per_other", role=Role.PATIENT, session="s", origin="o")
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, stranger) as scope:
        scope.visits.get(world.visit)
    with world.database.scope(world.clinic, world.as_system) as scope:
        newest = scope.audit.entries(visit=world.visit)[0]
    assert (newest.actor, newest.act, newest.detail) == (
        "per_other",
        "access:record:refused",
        '{"act":"visits:visit:viewed"}',
    )
    assert verify(world.database, world.clinic).ok


def test_an_unknown_role_may_do_nothing(world: World) -> None:
    with (
        pytest.raises(AccessRefused),
        world.database.scope(world.clinic, Actor(person="x", role="wizard")) as scope,
    ):
        scope.people.providers()


def test_administrators_see_times_and_stages_but_no_reason_and_no_place(world: World) -> None:
    with world.database.scope(world.clinic, Actor(person="adm", role=Role.CLINIC_ADMIN)) as scope:
        seen = scope.visits.get(world.visit)
        assert (seen.stage, seen.reason, seen.booked_place) == ("draft", "", None)
        with pytest.raises(AccessRefused):
            scope.visits.dossier(world.visit)


def test_a_row_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound), world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.get("vis_nothing")


def test_a_glance_reads_numbers_while_somebody_else_writes(world: World) -> None:
    with world.database.writing(), world.database.glance(world.clinic, world.as_patient) as scope:
        assert scope.visits.waiting(world.visit) is None
        assert scope.visits.changes(world.visit)


def test_a_glance_shows_nothing_that_needs_an_audit_entry(world: World) -> None:
    with (
        pytest.raises(RuntimeError, match="visits:visit:viewed"),
        world.database.glance(world.clinic, world.as_patient) as scope,
    ):
        scope.visits.get(world.visit)


def test_a_glance_that_is_refused_is_audited(world: World) -> None:
    before = verify(world.database, world.clinic).entries
    stranger = Actor(person="per_other", role=Role.PATIENT)
    with pytest.raises(AccessRefused), world.database.glance(world.clinic, stranger) as scope:
        scope.visits.waiting(world.visit)
    assert verify(world.database, world.clinic).entries == before + 1


def test_a_glance_needs_a_clinic_and_an_actor(database: Database) -> None:
    with pytest.raises(ScopeMissing), database.glance("palmetto", None):  # type: ignore[arg-type]
        pass
