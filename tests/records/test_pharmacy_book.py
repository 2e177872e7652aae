"""What becomes of a prescription at its pharmacy: told, asked back, refused, unanswered; each kept once and audited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from engine.clinic_terms import QuietHours
from engine.pharmacy import AskedCancellation, FillReport
from engine.ports import DispatchReceipt
from records.errors import AccessRefused, AlreadyDone
from records.messages import MessageQueue
from records.orders import OrderView
from records.pharmacy_book import RecordsPharmacyBook
from records.tables.visits import MessageRow
from records.work import Actor
from tests.records.helpers import START, HandClock, World
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


def waits(world: World) -> list[datetime | None]:
    """Until when each waiting notice about a prescription is kept back."""
    with world.database.reading() as session:
        wanted = select(MessageRow.not_before).where(MessageRow.template == "prescription_changed")
        return [at.astimezone(UTC) if at else None for at in session.scalars(wanted)]


def undo(world: World, order: str) -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.undo_cancel(order)


def leave(book: RecordsPharmacyBook) -> AskedCancellation:
    """The one cancellation that waits leaves for its pharmacy, however often that is said."""
    (asked,) = book.asked()
    assert book.let_go(asked) and book.let_go(asked)
    return asked


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
    asked = leave(book)
    assert (asked.order, asked.message_id, asked.actor) == (order, "m1", world.provider)
    held, left = seen(world, order).steps[-2:]
    assert (seen(world, order).stands, held.state, held.code) == ("cancelling", "cancel_held", "allergy")
    assert left.state == "cancelling"
    receipt = DispatchReceipt(state="cancelled", message_id="c1", relates_to="m1")
    world.store.record_dispatch(world.effect(), order, receipt)
    assert (seen(world, order).stands, book.asked(), mails(world)) == ("cancelled", (), [("patient", "queued")])
    with pytest.raises(AlreadyDone):
        ask(world, order)


def test_a_refused_cancellation_stays_visible_when_the_medicine_was_given_out(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    ask(world, order)
    asked = leave(book)
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
    asked = leave(book)
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


def test_a_cancellation_is_undone_until_it_leaves_and_its_patient_reads_nothing_of_it(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    with pytest.raises(AlreadyDone):
        undo(world, order)
    book.keep_fill(fill(order, "partly_dispensed"))
    ask(world, order)
    (first,) = book.asked()
    assert seen(world, order).stands == "partly_dispensed", "it may be undone yet"
    with world.database.scope(world.clinic, world.as_provider) as scope:
        found = scope.orders.get(order)
        assert (found.stands, found.may_undo, found.may_cancel) == ("cancel_held", True, False)
    undo(world, order)
    assert not book.let_go(first) and book.asked() == ()
    with world.database.scope(world.clinic, world.as_provider) as scope:
        found = scope.orders.get(order)
        assert (found.stands, found.may_undo, found.may_cancel) == ("partly_dispensed", False, True)
        assert [one.state for one in found.steps][-2:] == ["cancel_held", "cancel_undone"]
    ask(world, order)
    assert not book.let_go(first), "another asking is not the first one"
    assert leave(book).key != first.key
    with pytest.raises(AlreadyDone):
        undo(world, order)
    assert mails(world) == []


def test_what_the_pharmacy_says_while_it_is_held_is_not_lost_by_undoing(world: World) -> None:
    order, book = sent(world), RecordsPharmacyBook(world.database)
    ask(world, order)
    book.keep_fill(fill(order, "dispensed"))
    world.store.record_dispatch(world.effect(), order, DispatchReceipt(state="verified", message_id="m1"))
    assert len(book.asked()) == 1, "the answer to its sending does not hide that it is to be cancelled"
    undo(world, order)
    assert seen(world, order).stands == "dispensed"


def test_neither_a_stranger_nor_the_patient_undoes_a_cancellation(world: World) -> None:
    order = sent(world)
    ask(world, order)
    stranger = Actor(person="prs_stranger", role="provider", session="s")
    for actor in (world.as_patient, stranger):
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, actor) as scope:
            scope.orders.undo_cancel(order)
    assert len(RecordsPharmacyBook(world.database).asked()) == 1


def test_what_can_wait_is_written_in_the_morning_and_what_cannot_at_once(world: World, clock: HandClock) -> None:
    """The patient is in Miami: at three in the night nobody is written to but for what is not to be taken."""
    order, book = sent(world), RecordsPharmacyBook(world.database)
    night = datetime(2026, 3, 6, 8, tzinfo=UTC)
    clock.at = night
    ask(world, order)
    leave(book)
    receipt = DispatchReceipt(state="cancelled", message_id="c1", relates_to="m1")
    world.store.record_dispatch(world.effect(), order, receipt)
    assert waits(world) == [datetime(2026, 3, 6, 13, tzinfo=UTC)]
    assert MessageQueue(world.database).pending(9) == ()
    book.keep_fill(fill(order, "dispensed"))
    assert waits(world) == [None], "what waited for the morning goes along"
    assert len(MessageQueue(world.database).pending(9)) == 1


def test_a_clinic_may_have_another_night(world: World, clock: HandClock) -> None:
    order = sent(world)
    clock.at = datetime(2026, 3, 6, 8, tzinfo=UTC)
    day = QuietHours(since=time(13), until=time(14))
    RecordsPharmacyBook(world.database, lambda _clinic: day).keep_fill(fill(order, "not_dispensed"))
    assert waits(world) == [None]
