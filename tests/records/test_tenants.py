"""No method of any repository gives one clinic a row of another, whoever asks there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any

import pytest

from engine.ports import VisitRef
from records.access import Role
from records.database import Database
from records.errors import AccessRefused, LinkRefused, NotFound, RecordsError
from records.forms import Submission
from records.notes import NoteDraft
from records.scope import Scope
from records.visit_records import RecordsVisitStore
from records.work import Actor
from tests.records.helpers import PATIENT, PLACE, PROVIDER, START, build_world, draft_of
from tests.records.helpers_journey import FORM, Walked, answer_of, consent_of, order_of, walk

# Methods that take nothing of a clinic's rows: what they make belongs to the scope's own clinic.
MAKES_ITS_OWN = {"people.create_patient", "people.create_staff", "people.create_provider"}
NOT_FOUND = (NotFound, AccessRefused, LinkRefused)
REACHED = "reached, but"


def methods() -> Iterator[tuple[str, str]]:
    for name, member in inspect.getmembers(Scope):
        if isinstance(member, cached_property):
            made = inspect.signature(member.func, eval_str=True).return_annotation
            for method, _ in inspect.getmembers(made, inspect.isfunction):
                if not method.startswith("_"):
                    yield name, method


ALL = sorted(methods())


def arguments(walked: Walked, name: str, method: str) -> dict[str, Any]:
    """Arguments of a call that would work in the rows' own clinic."""
    visit, ids = walked.world.visit, walked.ids()
    drafts: dict[str, Any] = {
        "visits": draft_of(walked.world.patient, walked.world.provider),
        "forms": answer_of(visit, version=1, key="another"),
        "consents": consent_of(visit, "other"),
        "notes": NoteDraft(visit=visit, template="t", fields={}, version=1, key="another"),
        "orders": order_of(visit),
        "people": PATIENT if "patient" in method else PROVIDER if "provider" in method else PROVIDER.staff,
    }
    values: dict[str, Any] = {
        **ids,
        "draft": drafts.get(name),
        "submission": Submission(visit=visit, form="other/form", form_digest="d", shown=(), fills={}),
        "place": PLACE,
        "form": FORM,
        "item": "symptom",
        "flag": "f",
        "gate": "sign",
        "start": START,
        "end": START + timedelta(days=1),
        "version": 1,
        "email": "new@example.org",
        "password_hash": "x",
        "roles": [Role.PATIENT],
        "portal": "patient",
        "label": "l",
        "text": "t",
        "licenses": (),
        "dea": (),
        "seed_key": None,
        "limit": 50,
    }
    if name == "people" and method in ("provider", "set_credentials"):
        values["person"] = walked.world.provider
    if (name, method) == ("notes", "addendum"):
        values["note"] = walked.note
    if (name, method) == ("alerts", "close"):
        values |= {"alert": walked.alert, "note": "text"}
    return values


@pytest.fixture
def both(database: Database) -> tuple[Walked, Walked]:
    return walk(database, "palmetto", "Aaa"), walk(database, "cedar", "Bbb")


def account_of(walked: Walked) -> str:
    with walked.world.database.scope(walked.world.clinic, walked.world.as_system) as scope:
        account = scope.accounts.of_person(walked.world.patient)
    assert account is not None
    return account.account


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


def call(mine: Walked, theirs: Walked, actor: Actor, what: tuple[str, str, str]) -> str:
    """What a call in my clinic with their ids returns, spelled out."""
    name, method, account = what
    values = {**arguments(theirs, name, method), "account": account}
    try:
        with mine.world.database.scope(mine.world.clinic, actor) as scope:
            function = getattr(getattr(scope, name), method)
            wanted = inspect.signature(function).parameters
            return spelled(function(**{key: values[key] for key in wanted}))
    except NOT_FOUND:
        return "refused"
    except RecordsError as reached:
        return f"{REACHED} {reached.code}"


def spelled(value: object) -> str:
    if hasattr(value, "__dataclass_fields__"):
        return " ".join(spelled(getattr(value, name)) for name in value.__dataclass_fields__)
    if isinstance(value, tuple | list | set):
        return " ".join(spelled(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{key} {spelled(item)}" for key, item in value.items())
    return str(value)


def test_the_same_calls_do_find_rows_in_their_own_clinic(both: tuple[Walked, Walked]) -> None:
    """Keeps the test above honest: the arguments are right, only the clinic is not."""
    mine, _ = both
    account = account_of(mine)
    refused = [
        f"{name}.{method}"
        for name, method in ALL
        if f"{name}.{method}" not in MAKES_ITS_OWN | {"people.shred", "links.consume"}
        and call(mine, mine, mine.world.as_system, (name, method, account)) == "refused"
    ]
    assert refused == []


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
