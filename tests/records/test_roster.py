"""Everybody who works for the clinic, and whose log-in is shut: with sessions ended, and never the last one's."""

from __future__ import annotations

import pytest

from records.access import Role
from records.errors import AccessRefused, AlreadyDone, NotFound, StillOpen
from records.people import StaffDraft
from records.roster import ACTIVE, SHUT, WITHOUT, LastOfThem, StaffView
from records.sessions import STAFF_PORTAL
from records.work import Actor
from tests.records.helpers import World
from tests.records.test_reviews import staff

pytestmark = pytest.mark.slow


@pytest.fixture
def admin(world: World) -> Actor:
    return staff(world, "ada", Role.CLINIC_ADMIN)


def everybody(world: World, actor: Actor) -> dict[str, StaffView]:
    with world.database.scope(world.clinic, actor) as scope:
        return {one.person: one for one in scope.roster.everybody()}


def test_everybody_who_works_here_is_listed_and_no_patient(world: World, admin: Actor) -> None:
    found = everybody(world, admin)
    assert set(found) == {world.provider, admin.person}
    lena = found[world.provider]
    assert (lena.roles, lena.state, lena.clinician, lena.second_factor) == ((Role.PROVIDER,), ACTIVE, True, False)
    assert lena.last_sign_in is not None and found[admin.person].last_sign_in is None


def test_somebody_of_the_file_without_a_log_in_is_listed_as_such(world: World, admin: Actor) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_staff(StaffDraft(given="Uma", family="Pru", email="uma@clinic.example"))
    assert everybody(world, admin)[person].state == WITHOUT


def test_a_log_in_that_is_shut_ends_what_is_open_and_opens_again(world: World, admin: Actor) -> None:
    helper = staff(world, "sam", Role.SUPPORT)
    with world.database.scope(world.clinic, world.as_system) as scope:
        account = scope.accounts.of_person(helper.person)
        assert account is not None
        token, _ = scope.sessions.open(account.account, STAFF_PORTAL)
    from_door = world.database
    with world.database.scope(world.clinic, admin) as scope:
        scope.roster.shut(helper.person)
        with pytest.raises(AlreadyDone):
            scope.roster.shut(helper.person)
    with from_door.scope(world.clinic, world.as_system) as scope:
        assert scope.sessions.of_account(account.account) == ()
    assert token and everybody(world, admin)[helper.person].state == SHUT
    with world.database.scope(world.clinic, admin) as scope:
        scope.roster.reopen(helper.person)
    assert everybody(world, admin)[helper.person].state == ACTIVE


def test_nobody_shuts_their_own_nor_the_last_who_runs_the_clinic(world: World, admin: Actor) -> None:
    with world.database.scope(world.clinic, admin) as scope, pytest.raises(AlreadyDone):
        scope.roster.shut(admin.person)
    with world.database.scope(world.clinic, world.as_system) as scope, pytest.raises(LastOfThem):
        scope.roster.shut(admin.person)


def test_a_clinician_with_patients_booked_stays_until_those_are_handed_over(world: World, admin: Actor) -> None:
    world.begin()
    with world.database.scope(world.clinic, admin) as scope, pytest.raises(StillOpen):
        scope.roster.shut(world.provider)


def test_a_clinician_who_left_is_offered_to_nobody(world: World, admin: Actor) -> None:
    with world.database.scope(world.clinic, admin) as scope:
        scope.roster.shut(world.provider)
        assert scope.people.providers() == ()
        scope.roster.reopen(world.provider)
        assert [one.person for one in scope.people.providers()] == [world.provider]


def test_only_who_runs_the_clinic_shuts_log_ins_and_only_those_of_staff(world: World, admin: Actor) -> None:
    ops = staff(world, "olu", Role.CLINICAL_OPS)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, ops) as scope:
        scope.roster.shut(world.provider)
    with pytest.raises(NotFound), world.database.scope(world.clinic, admin) as scope:
        scope.roster.shut(world.patient)
