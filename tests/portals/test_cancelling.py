"""A prescription at its pharmacy: cancelled from the page, refused, unanswered; what both sides read of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.pharmacy import FillReport
from engine.ports import DispatchReceipt, Effect, GateRecord
from portals.base.visitor import csrf_token
from records.orders import Orders, OrderView
from records.pharmacy_book import RecordsPharmacyBook
from tests.portals.helpers_law import decision
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = pytest.mark.slow

CANCELLED = DispatchReceipt(state="cancelled", message_id="", simulated=True)
DENIED = DispatchReceipt(state="rejected", message_id="", code="already_filled", simulated=True)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    made.post(f"{made.at}/orders", **RX)
    made.post(f"{made.at}/orders/{of(made).order}/send", request="s" * 24)
    made.move("completed")
    yield made
    database.close()


def of(portal: Portal) -> OrderView:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        (order,) = scope.orders.for_visit(portal.world.visit)
    return order


def patients_page(portal: Portal, language: str = "en") -> str:
    """The summary as the patient reads it."""
    portal.sign_in("patient")
    portal.client.cookies.set("cw_language", language)
    return text_of(portal.client.get(f"/visits/{portal.world.visit}/summary").text)


def cancel(portal: Portal, receipt: DispatchReceipt | None, reason: str = "allergy") -> str:
    """Asked for on the page, held, let go, and answered; what the visit's screen says then."""
    held = text_of(portal.post(f"{portal.at}/orders/{of(portal).order}/cancel", reason=reason).text)
    assert "The cancellation leaves for the pharmacy shortly." in held and of(portal).stands == "cancel_held"
    book = RecordsPharmacyBook(portal.world.database)
    (asked,) = book.asked()
    assert book.let_go(asked)
    if receipt is not None:
        effect = Effect(ref=asked.ref, step="cancel_rx", key=asked.key, actor=asked.actor)
        answer = replace(receipt, message_id=f"cancel-{asked.key}", relates_to=asked.message_id)
        portal.world.store.record_dispatch(effect, asked.order, answer)
    return text_of(portal.client.get(portal.at).text)


def test_a_prescription_is_cancelled_after_the_visit_with_a_reason(portal: Portal) -> None:
    page = portal.client.get(portal.at).text
    path = f"{portal.at}/orders/{of(portal).order}/cancel"
    assert f'href="{path}"' in page
    asks = text_of(portal.client.get(path).text)
    assert "Why do you cancel it?" in asks and "Simulated pharmacy network" in asks and "Ana Reyes" in asks
    nothing = portal.post(path, reason="")
    assert nothing.status_code == 422 and "Choose why you cancel it" in nothing.text and of(portal).stands == "sent"
    page = cancel(portal, CANCELLED)
    assert "The pharmacy canceled it" in page and "The pharmacy was asked to cancel it" in page
    assert "it could still be undone, by Lena Okafor (reason: Allergy or intolerance)" in page
    again = portal.client.get(path)
    assert "cannot be canceled at the pharmacy now" in text_of(again.text)
    assert "It was canceled and is not filled any more." in patients_page(portal)
    assert "Se canceló y ya no se surte." in patients_page(portal, "es")


def test_a_refusal_says_that_it_was_dispensed_already_to_both(portal: Portal) -> None:
    assert "Not canceled (already dispensed)" in cancel(portal, DENIED)
    page = patients_page(portal)
    assert "Not canceled (already dispensed)" in page and "Do not take it before you have spoken" in page
    assert "No cancelada (ya se entregó)" in patients_page(portal, "es")


def test_silence_is_said_and_the_patient_is_warned_at_once(portal: Portal) -> None:
    assert "Being canceled" in cancel(portal, None)
    assert "Do not pick it up or take it" in patients_page(portal)
    book = RecordsPharmacyBook(portal.world.database)
    (asked,) = book.asked()
    book.unanswered(asked)
    portal.sign_in()
    queue = text_of(portal.client.get("/staff").text)
    assert "A pharmacy does not answer a cancellation" in queue and "Call the pharmacy now" in queue
    assert "Not canceled yet (no answer)" in text_of(portal.client.get(portal.at).text)
    assert "the pharmacy has not answered yet" in patients_page(portal)


def test_what_the_pharmacy_says_later_stands_on_both_sides_and_in_the_record(portal: Portal) -> None:
    order, at = of(portal), portal.world.database.visit_time() + timedelta(minutes=40)
    told = FillReport(message_id="f1", relates_to=order.message_id, order=order.order, state="dispensed", at=at)
    assert RecordsPharmacyBook(portal.world.database).keep_fill(told)
    page = text_of(portal.client.get(portal.at).text)
    assert "Dispensed" in page and "The pharmacy gave the medicine out" in page
    assert f"orders/{order.order}/cancel" not in portal.client.get(portal.at).text
    page = patients_page(portal)
    assert "The pharmacy has given the medicine out." in page
    assert "The pharmacy gave the medicine out: " in page
    record = text_of(portal.client.get("/record").text)
    assert "Dispensed" in record and "The pharmacy gave the medicine out: " in record
    portal.client.cookies.set("cw_language", "es")
    assert "La farmacia entregó el medicamento" in text_of(portal.client.get("/record").text)


def test_directions_are_read_in_the_patients_language_and_english_at_the_pharmacy(portal: Portal) -> None:
    written = of(portal)
    assert written.draft.directions == {"es": "Tome 1 cápsula 2 veces al día"}
    assert portal.world.store.prescription(portal.world.ref, written.order).sig == "Take 1 capsule 2 times a day"
    assert "Tome 1 cápsula 2 veces al día" in patients_page(portal, "es")
    assert "Take 1 capsule 2 times a day" in patients_page(portal)
    portal.sign_in()
    portal.client.cookies.set("cw_language", "es")
    page = text_of(portal.client.get(portal.at).text)
    assert "Take 1 capsule 2 times a day" in page and "Tome 1 cápsula" not in page


def test_directions_that_were_changed_are_shown_as_english(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Orders.__dict__["for_visit"]

    def changed(self: Orders, visit: str) -> tuple[OrderView, ...]:
        return tuple(replace(one, draft=replace(one.draft, directions={})) for one in shown(self, visit))

    monkeypatch.setattr(Orders, "for_visit", changed)
    assert "Take 1 capsule 2 times a day (Estas indicaciones están en inglés." in patients_page(portal, "es")
    assert "Estas indicaciones" not in patients_page(portal)


def test_sending_returns_to_the_prescription_with_what_happened_to_it(portal: Portal) -> None:
    order = of(portal).order
    answer = portal.client.post(
        f"{portal.at}/orders/{order}/send",
        data={"csrf": csrf_token("s" * 32), "request": "t" * 24},
        follow_redirects=False,
    )
    assert answer.headers["location"] == f"{portal.at}?said=sent&order={order}#order-{order}"
    page = portal.client.get(f"{portal.at}?said=sent&order={order}").text
    [(before, article)] = re.findall(rf'(.*)<article class="order" id="order-{order}"(.*?)</article>', page, re.S)
    assert "Sent to the simulated pharmacy network." in article and "data-notice" not in before
    assert 'tabindex="-1"' in article


def test_a_cancelled_prescription_shows_what_happened_and_no_verdict(portal: Portal) -> None:
    effect = Effect(ref=portal.world.ref, step="prescribe", key="k", actor=portal.world.provider)
    verdict = {"prescribing": decision(outcome="permitted", topic="prescribing")}
    at = portal.world.database.now()
    record = GateRecord(gate="prescribe", open=True, asked_at=at, decisions=verdict, subject=of(portal).order)
    portal.world.store.record_gate(effect, record)
    assert portal.client.get(portal.at).text.count('data-gate="prescribe" data-open="true"') == 2
    cancel(portal, CANCELLED)
    page = portal.client.get(portal.at).text
    assert 'data-gate="prescribe" data-open="true"' not in page
    [article] = re.findall(r'<article class="order"(.*?)</article>', page, re.S)
    assert "data-gate" not in article and '<details class="order__course" open>' in article
    assert "The pharmacy canceled it" in article


def test_a_cancellation_is_undone_with_one_press_until_it_leaves(portal: Portal) -> None:
    order = of(portal).order
    path = f"{portal.at}/orders/{order}/cancel"
    asks = text_of(portal.client.get(path).text)
    assert "For 30 seconds nothing leaves, and you can undo it." in asks
    page = portal.post(path, reason="wrong_dose").text
    [article] = re.findall(r'<article class="order"(.*?)</article>', page, re.S)
    assert f'action="{path}/undo"' in article and "you can undo it" in article and "data-gate" not in article
    assert "Do not pick it up" not in patients_page(portal)
    portal.sign_in()
    done = portal.post(f"{path}/undo")
    assert "Undone. The pharmacy was not asked" in text_of(done.text) and of(portal).stands == "sent"
    assert "Cancellation undone before it left, by Lena Okafor" in text_of(done.text)
    portal.post(path, reason="wrong_dose")
    book = RecordsPharmacyBook(portal.world.database)
    (asked,) = book.asked()
    assert book.let_go(asked)
    assert "Too late to undo" in text_of(portal.post(f"{path}/undo").text) and of(portal).stands == "cancelling"
