"""No method of any repository gives one clinic a row of another, whoever asks there."""

from __future__ import annotations

import pytest

from engine.ports import VisitRef
from records.access import Role
from records.acts import Act
from records.audit_trail import AuditQuery
from records.database import Database
from records.errors import NotFound
from records.visit_records import RecordsVisitStore
from records.work import Actor
from tests.records.helpers import PATIENT, PROVIDER, build_world
from tests.records.helpers_calls import ALL, MAKES_ITS_OWN, REACHED, account_of, call, spelled
from tests.records.helpers_journey import FORM, Walked, walk

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`

ONE_TIME = {"links.consume", "links.peek_call_back", "links.use_call_back"}
"""What only a link that was not used yet opens: the walk has none."""


@pytest.fixture
def both(database: Database) -> tuple[Walked, Walked]:
    return walk(database, "palmetto", "Aaa"), walk(database, "cedar", "Bbb")


@pytest.mark.slow
@pytest.mark.parametrize("role", ["system", "patient", "provider"])
def test_another_clinics_ids_find_nothing(both: tuple[Walked, Walked], role: str) -> None:
    mine, theirs = both
    actors = {"system": mine.world.as_system, "patient": mine.world.as_patient, "provider": mine.world.as_provider}
    account = account_of(theirs)
    reached = []
    for name, method in ALL:
        if f"{name}.{method}" in MAKES_ITS_OWN:
            continue
        outcome = call(mine, theirs, actors[role], (name, method, account))
        if "Bbb" in outcome or REACHED in outcome or any(row_id in outcome for row_id in theirs.ids().values()):
            reached.append(f"{name}.{method}: {outcome[:200]}")
    assert reached == []


def test_a_search_for_another_clinics_visit_finds_only_that_one_searched_for_it(both: tuple[Walked, Walked]) -> None:
    mine, theirs = both
    with mine.world.database.scope(mine.world.clinic, mine.world.as_system) as scope:
        assert scope.audit.search(AuditQuery(visit=theirs.world.visit)) == ()
    with mine.world.database.scope(mine.world.clinic, mine.world.as_system) as scope:
        (searched,) = scope.audit.search(AuditQuery(visit=theirs.world.visit))
    assert searched.act == Act.AUDIT_VIEWED
    with theirs.world.database.scope(theirs.world.clinic, theirs.world.as_system) as scope:
        assert len(scope.audit.search(AuditQuery(visit=theirs.world.visit))) > 1


def test_the_same_calls_do_find_rows_in_their_own_clinic(both: tuple[Walked, Walked]) -> None:
    """Keeps the test above honest: the arguments are right, only the clinic is not."""
    mine, _ = both
    account = account_of(mine)
    refused = [
        f"{name}.{method}"
        for name, method in ALL
        if f"{name}.{method}" not in MAKES_ITS_OWN | ONE_TIME
        and call(mine, mine, mine.world.as_system, (name, method, account)) == "refused"
    ]
    assert refused == []


@pytest.mark.slow
def test_writing_with_another_clinics_ids_changes_nothing_there(both: tuple[Walked, Walked]) -> None:
    mine, theirs = both
    before = snapshot(theirs)
    for name, method in ALL:
        if f"{name}.{method}" not in MAKES_ITS_OWN:
            call(mine, theirs, mine.world.as_system, (name, method, account_of(theirs)))
    assert snapshot(theirs) == before


def snapshot(walked: Walked) -> str:
    with walked.world.database.scope(walked.world.clinic, walked.world.as_system) as scope:
        visit = walked.world.visit
        parts = (
            scope.visits.get(visit),
            scope.people.patient(walked.world.patient),
            scope.people.provider(walked.world.provider),
            scope.forms.answers(visit, FORM),
            scope.consents.for_visit(visit),
            scope.notes.current(visit),
            scope.orders.for_visit(visit),
            scope.alerts.open(),
            scope.documents.for_visit(visit),
            scope.messages.outbox(),
        )
    return spelled(parts)


def test_the_visit_store_reaches_nothing_through_the_wrong_clinic(both: tuple[Walked, Walked]) -> None:
    mine, theirs = both
    store, ref = RecordsVisitStore(mine.world.database), VisitRef(clinic=mine.world.clinic, visit=theirs.world.visit)
    for read in (store.dossier, store.payment_due, store.payment_reference, store.unsent_orders):
        with pytest.raises(NotFound):
            read(ref)
    with pytest.raises(NotFound):
        store.prescription(ref, theirs.order)


def test_a_patient_reaches_no_other_patient_of_the_same_clinic(database: Database) -> None:
    mine = walk(database, "palmetto", "Aaa")
    with database.scope("palmetto", mine.world.as_system) as scope:
        stranger = scope.people.create_patient(PATIENT)
    actor = Actor(person=stranger, role=Role.PATIENT, session=mine.world.as_patient.session)
    account = account_of(mine)
    public = {"people.providers", "people.provider", "slots.taken"}
    reached = [
        f"{name}.{method}"
        for name, method in ALL
        if f"{name}.{method}" not in public | MAKES_ITS_OWN
        and any(sign in call(mine, mine, actor, (name, method, account)) for sign in ("Aaa", REACHED))
    ]
    assert reached == []


@pytest.mark.slow
def test_a_provider_reaches_no_visit_of_a_colleague(database: Database) -> None:
    mine = walk(database, "palmetto", "Aaa")
    with database.scope("palmetto", mine.world.as_system) as scope:
        colleague = scope.people.create_staff(PROVIDER.staff.__class__(given="O", family="K", email="o@k.example"))
    actor = Actor(person=colleague, role=Role.PROVIDER)
    account = account_of(mine)
    reached = [f"{name}.{method}" for name, method in ALL if "Aaa" in call(mine, mine, actor, (name, method, account))]
    assert reached == []


def test_two_clinics_may_have_accounts_with_the_same_address(database: Database) -> None:
    build_world(database, "palmetto")
    build_world(database, "cedar")


def test_the_methods_are_found_at_all() -> None:
    assert len(ALL) > 50
