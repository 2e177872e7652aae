"""In an emergency a clinician reads a chart for an hour, says why, and somebody else judges it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from records.access import Role
from records.acts import Act
from records.database import Database
from records.emergency import LIFE, EmergencyDraft, EmergencyView
from records.errors import AccessRefused, AlreadyDone, NotFound
from records.people import StaffDraft
from records.work import Actor
from tests.records.helpers import PATIENT, PROVIDER, HandClock, World, build_world, draft_of, shred
from tests.records.helpers_journey import Walked, walk

pytestmark = pytest.mark.slow  # that a chart opens and shuts is in test_access.py, and fast
DRAFT = EmergencyDraft(
    given="ana ", family="REYES", birth_date=PATIENT.birth_date, reason="Brought in without consciousness, no history."
)


@pytest.fixture
def colleague(world: World) -> Actor:
    """A clinician of the clinic who has nothing to do with the patient."""
    staff = StaffDraft(given="Ike", family="Ode", email="ike@clinic.example")
    with world.database.scope(world.clinic, world.as_system) as scope:
        return Actor(person=scope.people.create_provider(replace(PROVIDER, staff=staff)), role=Role.PROVIDER)


@pytest.fixture
def officer(world: World) -> Actor:
    staff = StaffDraft(given="Ola", family="Pru", email="ola@clinic.example")
    with world.database.scope(world.clinic, world.as_system) as scope:
        return Actor(person=scope.people.create_staff(staff), role=Role.COMPLIANCE)


def opened(world: World, actor: Actor, draft: EmergencyDraft = DRAFT) -> EmergencyView:
    with world.database.scope(world.clinic, actor) as scope:
        return scope.emergencies.open(draft)


def audited(world: World, act: Act) -> list[str]:
    with world.database.scope(world.clinic, world.as_system) as scope:
        return [entry.detail for entry in scope.audit.entries() if entry.act == act]


def test_a_colleague_reads_the_chart_only_after_saying_why(world: World, colleague: Actor) -> None:
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, colleague) as scope:
        scope.visits.get(world.visit)
    opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        assert scope.visits.get(world.visit).reason == "sore throat"
        assert scope.people.patient(world.patient).name == "Ana Reyes"
        assert [one.visit for one in scope.visits.for_patient(world.patient)] == [world.visit]
        assert scope.visits.dossier(world.visit).patient.person == world.patient


def test_what_is_read_then_is_marked_with_the_emergency(world: World, colleague: Actor) -> None:
    access = opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        scope.people.patient(world.patient)
    assert f'"emergency":"{access.id}"' in audited(world, Act.PATIENT_VIEWED)[0]


def test_colleagues_visits_in_a_list_are_marked_also_for_somebody_who_treats_the_patient(
    world: World, colleague: Actor
) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        own = scope.visits.draft(draft_of(world.patient, colleague.person))
    with world.database.scope(world.clinic, colleague) as scope:
        assert [one.visit for one in scope.visits.for_patient(world.patient)] == [own]
    access = opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        assert {one.visit for one in scope.visits.for_patient(world.patient)} == {own, world.visit}
        scope.emergencies.end(access.id)
    with world.database.scope(world.clinic, world.as_system) as scope:
        assert [look.visit for look in scope.emergencies.case(access.id).looks] == [world.visit]


def test_nothing_is_written_in_an_emergency(world: World, colleague: Actor) -> None:
    opened(world, colleague)
    for write in ("orders", "notes"):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, colleague) as scope:
            work = scope.visits._work
            work.visit(world.visit, Act.ORDER_DRAFTED if write == "orders" else Act.NOTE_SAVED)


def test_the_chart_shuts_by_itself(world: World, colleague: Actor, clock: HandClock) -> None:
    opened(world, colleague)
    clock.at += LIFE
    with world.database.scope(world.clinic, colleague) as scope:
        assert scope.emergencies.current() == ()
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, colleague) as scope:
        scope.people.patient(world.patient)


def test_the_chart_can_be_shut_before(world: World, colleague: Actor) -> None:
    access = opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        scope.emergencies.end(access.id)
        with pytest.raises(AccessRefused):
            scope.people.patient(world.patient)


def test_it_opens_no_other_patient_and_nobody_elses_eyes(world: World, colleague: Actor) -> None:
    opened(world, colleague)
    with world.database.scope(world.clinic, world.as_system) as scope:
        other = scope.people.create_patient(replace(PATIENT, given="Eve", email="eve@example.org"))
    for actor, patient in ((colleague, other), (replace(colleague, person="per_third"), world.patient)):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, actor) as scope:
            scope.people.patient(patient)


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, given="An"),
        replace(DRAFT, family="Reye"),
        replace(DRAFT, birth_date=PATIENT.birth_date.replace(year=1991)),
    ],
)
def test_it_is_no_search(world: World, colleague: Actor, draft: EmergencyDraft) -> None:
    with pytest.raises(NotFound):
        opened(world, colleague, draft)
    assert audited(world, Act.EMERGENCY_REFUSED) == ['{"code":"unknown"}']


def test_two_people_of_one_name_and_birth_date_open_neither(world: World, colleague: Actor) -> None:
    with world.database.scope(world.clinic, world.as_system) as scope:
        scope.people.create_patient(replace(PATIENT, email="twin@example.org"))
    with pytest.raises(NotFound):
        opened(world, colleague)


def test_a_reason_is_a_sentence(world: World, colleague: Actor) -> None:
    with pytest.raises(ValueError, match="length"):
        opened(world, colleague, replace(DRAFT, reason="  urgent  "))


@pytest.mark.parametrize(
    "role", [Role.CLINIC_ADMIN, Role.CLINICAL_OPS, Role.SUPPORT, Role.COMPLIANCE, Role.PLATFORM_OPERATOR, Role.SYSTEM]
)
def test_nobody_but_a_clinician_opens_one(world: World, role: Role) -> None:
    with pytest.raises(AccessRefused):
        opened(world, Actor(person="per_x", role=role))


def test_opened_twice_it_is_one(world: World, colleague: Actor) -> None:
    assert opened(world, colleague).id == opened(world, colleague).id


def test_the_officer_reads_why_and_what_was_looked_at(world: World, colleague: Actor, officer: Actor) -> None:
    access = opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        scope.visits.get(world.visit)
        scope.emergencies.end(access.id)
    with world.database.scope(world.clinic, officer) as scope:
        assert [one.id for one in scope.emergencies.waiting()] == [access.id]
        case = scope.emergencies.case(access.id)
    assert (case.clinician, case.reason) == ("Ike Ode", DRAFT.reason)
    assert [(look.act, look.visit) for look in case.looks] == [(Act.VISIT_VIEWED, world.visit)]


def test_a_verdict_is_given_once_and_after_the_chart_is_shut(world: World, colleague: Actor, officer: Actor) -> None:
    access = opened(world, colleague)
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, officer) as scope:
        scope.emergencies.review(access.id, "justified", "")
    with world.database.scope(world.clinic, colleague) as scope:
        scope.emergencies.end(access.id)
    with world.database.scope(world.clinic, officer) as scope:
        scope.emergencies.review(access.id, "not_justified", "The patient was not here that day.")
        assert scope.emergencies.waiting() == ()
        settled = scope.emergencies.reviewed()
        assert (settled[0].verdict, settled[0].reviewed_by) == ("not_justified", officer.person)
        assert scope.emergencies.case(access.id).finding == "The patient was not here that day."
        with pytest.raises(AlreadyDone):
            scope.emergencies.review(access.id, "justified", "")


def test_nobody_judges_themselves(world: World, colleague: Actor) -> None:
    access = opened(world, colleague)
    with world.database.scope(world.clinic, colleague) as scope:
        scope.emergencies.end(access.id)
    both = replace(colleague, role=Role.COMPLIANCE)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, both) as scope:
        scope.emergencies.review(access.id, "justified", "")


def test_an_unknown_verdict_is_none(world: World, officer: Actor) -> None:
    with pytest.raises(ValueError, match="verdict"), world.database.scope(world.clinic, officer) as scope:
        scope.emergencies.review("emg_x", "fine", "")


def test_the_reason_goes_with_the_patients_key(world: World, colleague: Actor, officer: Actor) -> None:
    access = opened(world, colleague)
    shred(world)
    with world.database.scope(world.clinic, officer) as scope:
        assert scope.emergencies.case(access.id).reason == ""


def test_another_clinic_knows_nothing_of_it(database: Database, world: World, colleague: Actor) -> None:
    access = opened(world, colleague)
    build_world(database, "cedar")
    with database.scope("cedar", Actor(person="per_o", role=Role.COMPLIANCE)) as scope:
        assert scope.emergencies.waiting() == ()
        with pytest.raises(NotFound):
            scope.emergencies.case(access.id)
    with pytest.raises(AccessRefused), database.scope("cedar", colleague) as scope:
        scope.people.patient(world.patient)


@pytest.fixture
def walked(database: Database) -> Walked:
    return walk(database, "palmetto", "Aaa")


def test_an_administrator_sees_the_day_by_time_and_outcome(walked: Walked, clock: HandClock) -> None:
    day = (clock.now().replace(hour=0), clock.now().replace(hour=23))
    with walked.world.database.scope("palmetto", Actor(person="adm", role=Role.CLINIC_ADMIN)) as scope:
        rows = scope.overview.schedule(*day)
    assert [one.visit for one in rows] == [walked.world.visit]
    assert (rows[0].reason, rows[0].booked_place, rows[0].payment_label) == ("", None, "")
    assert rows[0].payment_state


@pytest.mark.parametrize("role", [Role.PATIENT, Role.PROVIDER, Role.SUPPORT])
def test_the_whole_day_is_for_who_runs_the_clinic(walked: Walked, clock: HandClock, role: Role) -> None:
    with (
        pytest.raises(AccessRefused),
        walked.world.database.scope("palmetto", Actor(person=walked.world.patient, role=role)) as scope,
    ):
        scope.overview.schedule(clock.now(), clock.now())


def test_support_sees_each_way_in_and_no_name(walked: Walked) -> None:
    with walked.world.database.scope("palmetto", Actor(person="sup", role=Role.SUPPORT)) as scope:
        seen = scope.overview.connection(walked.world.visit)
    ways = {one.role: one for one in seen.ways}
    assert ways["patient"].links == 2
    assert ways["patient"].used_at is not None
    assert ways["provider"].links == 0
    assert walked.world.patient not in repr(seen)
