"""What becomes of a prescription at its pharmacy: told, asked back, refused, unanswered; each kept once and audited."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.pharmacy import FillReport
from engine.ports import DispatchReceipt
from records.errors import AccessRefused, AlreadyDone
from records.orders import OrderView
from records.pharmacy_book import RecordsPharmacyBook
from records.work import Actor
from tests.records.helpers import START, World
from tests.records.helpers_journey import begin_sending
from tests.records.test_visit_records import draft_order

pytestmark = pytest.mark.slow


def sent(world: World, message: str = "m1") -> str:
    order = draft_order(world)
    begin_sending(world, order)
    world.store.record_dispatch(world.effect(), order, DispatchReceipt(state="accepted", message_id=message))
    return order


def fill(order: str, state: str, number: str = "f1") -> FillReport:
    at = START + timedelta(hours=1)
    return FillReport(message_id=number, relates_to="m1", order=order, state=state, at=at, simulated=True)


def seen(world: World, order: str) -> OrderView:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.orders.get(order)


def tasks(world: World) -> list[str]:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return [one.kind for one in scope.alerts.open(world.visit)]


def mails(world: World) -> list[tuple[str, str]]:
    """The notices about prescriptions, without saying more than that: to whom, and their state."""
    with world.database.scope(world.clinic, Actor.system("test")) as scope:
        found = [one for one in scope.messages.outbox() if one.template == "prescription_changed"]
    return [(one.audience, one.state) for one in found]


def ask(world: World, order: str, reason: str = "allergy") -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.ask_cancel(order, reason)


def test_a_pharmacys_message_is_kept_once_with_its_own_time(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    assert book.keep_fill(fill(order, "partly_dispensed")) and book.keep_fill(fill(order, "partly_dispensed"))
    assert book.keep_fill(fill(order, "dispensed", "f2"))
    view = seen(world, order)
    assert (view.state, view.stands, view.may_cancel) == ("sent", "dispensed", False)
    assert [one.state for one in view.steps][-2:] == ["partly_dispensed", "dispensed"]
    assert mails(world) == [], "nobody is written to about what they expect"
    assert view.steps[-1].at == START + timedelta(hours=1)


def test_a_message_about_nobodys_prescription_changes_nothing_and_what_nobody_gave_out_is_a_task(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    assert not book.keep_fill(fill("ord_never", "dispensed"))
    assert not book.keep_fill(replace(fill(order, "dispensed"), relates_to="m9"))
    assert seen(world, order).stands == "sent"
    book.keep_fill(fill(order, "not_dispensed"))
    assert (seen(world, order).stands, tasks(world)) == ("not_dispensed", ["not_dispensed"])
    book.keep_fill(fill(order, "transferred", "f2"))
    assert mails(world) == [("patient", "queued")], "what waits tells of both"
    with world.database.scope(world.clinic, Actor.system("notices")) as scope:
        scope.messages.sent(scope.messages.outbox()[0].id)
    book.keep_fill(fill(order, "not_dispensed", "f3"))
    assert mails(world) == [("patient", "queued"), ("patient", "sent")]


def test_a_cancellation_is_asked_once_and_ends_with_the_pharmacys_answer(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    ask(world, order)
    ask(world, order)
    (asked,) = book.asked()
    assert (asked.order, asked.message_id, asked.actor) == (order, "m1", world.provider)
    assert (seen(world, order).stands, seen(world, order).steps[-1].code) == ("cancelling", "allergy")
    receipt = DispatchReceipt(state="cancelled", message_id="c1", relates_to="m1")
    world.store.record_dispatch(world.effect(), order, receipt)
    assert (seen(world, order).stands, book.asked(), mails(world)) == ("cancelled", (), [("patient", "queued")])
    with pytest.raises(AlreadyDone):
        ask(world, order)


def test_a_refused_cancellation_stays_visible_when_the_medicine_was_given_out(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    ask(world, order)
    (asked,) = book.asked()
    receipt = DispatchReceipt(state="rejected", message_id="c1", relates_to="m1", code="already_filled")
    world.store.record_dispatch(world.effect(), order, receipt)
    book.refused(asked)
    book.refused(asked)
    book.keep_fill(fill(order, "dispensed"))
    view = seen(world, order)
    assert (view.state, view.stands, view.may_cancel) == ("sent", "cancel_refused", False)
    assert tasks(world) == ["cancel_refused"] and mails(world) == [("patient", "queued")]


def test_a_silent_pharmacy_is_put_before_people_and_its_late_answer_counts(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    ask(world, order)
    (asked,) = book.asked()
    book.unanswered(asked)
    assert (seen(world, order).stands, tasks(world)) == ("cancel_unanswered", ["cancel_unanswered"])
    assert book.asked() == (asked,), "it is asked on"
    receipt = DispatchReceipt(state="cancelled", message_id="c1", relates_to="m1")
    world.store.record_dispatch(world.effect(), order, receipt)
    book.unanswered(asked)
    assert (seen(world, order).stands, tasks(world)) == ("cancelled", [])
    # and a pharmacy that gives out what it had cancelled is put before people, too
    book.keep_fill(fill(order, "dispensed"))
    assert (seen(world, order).stands, tasks(world)) == ("dispensed", ["cancel_refused"])


def test_neither_a_stranger_nor_the_patient_cancels_a_prescription(world: World) -> None:
    order = sent(world)
    stranger = Actor(person="prs_stranger", role="provider", session="s")
    for actor in (world.as_patient, stranger):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, actor) as scope:
            scope.orders.ask_cancel(order, "other")
    with pytest.raises(ValueError, match="reason"):
        ask(world, order, "because")
    assert seen(world, order).stands == "sent"
