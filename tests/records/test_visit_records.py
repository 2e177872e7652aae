"""Effects happen once however often they are asked for, and leave the visit as the workflow says it is."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.dossier import Place
from engine.ports import (
    DispatchReceipt,
    Effect,
    GateRecord,
    OrderChanged,
    Outbox,
    PaymentReceipt,
    RoomPlace,
    VisitCensus,
    VisitChange,
    VisitRecords,
    VisitRef,
)
from records.consents import ConsentDraft
from records.errors import AlreadyDone, Conflict, NotFound
from records.notes import NoteDraft
from records.visit_records import RecordsVisitStore
from tests.records.helpers import START, HandClock, World, draft_of
from tests.records.helpers_journey import begin_sending, consent_of, gate_record, order_of

LATER = START + timedelta(minutes=15)
HELD = PaymentReceipt(state="authorised", reference="auth_1", amount_cents=7500, currency="USD", simulated=True)


def save_note(world: World, version: int = 0, text: str = "sore throat") -> str:
    draft = NoteDraft(
        visit=world.visit, template="urgent_care/soap", fields={"plan": text}, version=version, key=f"n{version}"
    )
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.notes.save(draft).note


def draft_order(world: World) -> str:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.orders.draft(order_of(world.visit))


def test_the_store_is_the_ports() -> None:
    """Mypy checks the types here; the names are checked at run time."""
    ports: tuple[type[VisitRecords], type[Outbox], type[VisitCensus]] = (VisitRecords, Outbox, VisitCensus)
    for port in ports:
        for name, _ in inspect.getmembers(port, inspect.isfunction):
            if not name.startswith("_"):
                assert callable(getattr(RecordsVisitStore, name))


def typed(store: RecordsVisitStore) -> tuple[VisitRecords, Outbox, VisitCensus]:
    return store, store, store


def test_every_effect_made_twice_is_made_once(world: World) -> None:
    store, order, note = world.store, draft_order(world), save_note(world)
    begin_sending(world, order)
    with world.database.scope(world.clinic, world.as_system) as scope:
        part = scope.visits.participant_of(world.visit, world.patient).id
    effect = world.effect
    calls: list[Callable[[Effect], object]] = [
        lambda e: store.record_gate(e, gate_record("book")),
        lambda e: store.hold_slot(e, LATER),
        lambda e: store.record_payment(e, HELD),
        lambda e: store.change(e, VisitChange(event="booked", stage="booked")),
        lambda e: store.place_room(e, RoomPlace(room="r", node="n", endpoint="ws://x")),
        lambda e: store.queue_message(e, "visit_booked", "patient"),
        lambda e: store.raise_alert(e, "review"),
        lambda e: store.issue_join_link(e, part, LATER),
        lambda e: store.record_dispatch(e, order, DispatchReceipt(state="accepted", message_id="m")),
        lambda e: store.sign_note(e, note),
        lambda e: store.write_summary(e),
        lambda e: store.release_slot(e),
    ]
    for call in calls:
        once = effect()
        first, events = call(once), count_rows(world)
        assert call(once) == first
        assert count_rows(world) == events


def count_rows(world: World) -> list[tuple[str, int]]:
    tables = ("visit_events", "effects", "gate_records", "payments", "messages", "alerts", "join_links", "documents")
    with world.database.engine.connect() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in (*tables, "order_events", "slot_cells", "audit_entries")
        ]
    return list(zip(tables, counts, strict=False))


def test_the_dossier_says_what_is_known_and_no_more(world: World) -> None:
    dossier = world.store.dossier(world.ref)
    assert (dossier.clinic, dossier.visit, dossier.modality) == (world.clinic, world.visit, "audio_video")
    assert dossier.patient.booked_place is not None
    assert (dossier.patient.booked_place.state, dossier.patient.attested_place) == ("FL", None)
    assert (dossier.patient.conditions, dossier.consents, dossier.established, dossier.order) == (None, (), False, None)
    assert dossier.provider.licenses[0].state == "FL"
    assert dossier.provider.dea[0].schedules == ("II", "III")


def test_what_was_said_of_a_draft_waits_until_it_begins_and_a_visit_may_be_left_out(world: World) -> None:
    save_note(world)
    assert world.store.pending(10) == ()
    world.begin()
    assert len(world.store.pending(10)) == 1
    assert world.store.pending(10, without=(world.visit,)) == ()
    assert not world.store.is_over(world.ref)
    world.store.change(world.effect(), VisitChange(event="cancelled", stage="cancelled"))
    assert world.store.is_over(world.ref)


def test_the_dossier_follows_attestation_consent_and_order(world: World) -> None:
    world.begin()
    place = Place(country="us", state="GA", time_zone="America/New_York")
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(world.visit, place)
        consent = scope.consents.sign(consent_of(world.visit))
        scope.consents.revoke(consent)
    order = draft_order(world)
    dossier = world.store.dossier(world.ref, order)
    attested = dossier.patient.attested_place
    assert attested == replace(place, attested=True, at=START)
    assert (dossier.consents[0].kind, dossier.consents[0].revoked_at) == ("telehealth", START)
    assert dossier.order is not None
    assert (dossier.order.drug_name, dossier.order.days_supply) == ("amoxicillin", 10)
    told = [(item.kind, item.subject) for item in world.store.pending(10)]
    assert told == [("place_attested", ""), ("consent_signed", "telehealth"), ("consent_revoked", "telehealth")]


def test_an_order_of_another_visit_is_not_found(world: World) -> None:
    order = draft_order(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        second = scope.visits.draft(draft_of(world.patient, world.provider))
    with pytest.raises(NotFound):
        world.store.dossier(VisitRef(clinic=world.clinic, visit=second), order)


def test_an_announcement_is_told_once(world: World) -> None:
    world.begin()
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.consents.sign(consent_of(world.visit))
    (item,) = world.store.pending(10)
    world.store.done(item)
    world.store.done(item)
    assert world.store.pending(10) == ()


def test_an_announcement_is_gone_with_what_it_announces(world: World) -> None:
    world.begin()
    with pytest.raises(ZeroDivisionError), world.database.scope(world.clinic, world.as_patient) as scope:
        scope.consents.sign(consent_of(world.visit))
        raise ZeroDivisionError
    assert world.store.pending(10) == ()


def second_visit(world: World, minutes: int) -> VisitRef:
    starts_at = START + timedelta(hours=1, minutes=minutes)
    with world.database.scope(world.clinic, world.as_system) as scope:
        visit = scope.visits.draft(draft_of(world.patient, world.provider, starts_at=starts_at))
    return VisitRef(clinic=world.clinic, visit=visit)


@pytest.mark.parametrize(("minutes", "free"), [(0, False), (15, False), (-15, False), (20, True), (-20, True)])
def test_time_that_is_taken_cannot_be_taken_again_even_in_part(world: World, minutes: int, free: bool) -> None:
    other = second_visit(world, minutes)
    assert world.store.hold_slot(world.effect(), LATER)
    assert world.store.hold_slot(replace(world.effect(), ref=other), LATER) is free


def test_released_time_is_free_again(world: World) -> None:
    other = second_visit(world, 0)
    world.store.hold_slot(world.effect(), LATER)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        (taken,) = scope.slots.taken(world.provider, START, START + timedelta(days=1))
    assert (taken.starts_at, taken.ends_at) == (START + timedelta(hours=1), START + timedelta(hours=1, minutes=20))
    world.store.release_slot(world.effect())
    assert world.store.hold_slot(replace(world.effect(), ref=other), LATER)


def test_of_many_who_want_one_slot_one_gets_it(world: World) -> None:
    refs = [second_visit(world, 0) for _ in range(6)]
    got: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda ref=ref: got.append(world.store.hold_slot(replace(world.effect(), ref=ref), LATER))
        )
        for ref in refs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]


def test_the_waiting_room_goes_by_arrival(world: World, clock: HandClock) -> None:
    other = second_visit(world, 20)
    arrive = VisitChange(event="arrived", stage="waiting")
    world.store.change(replace(world.effect(), ref=other), arrive)
    clock.move(minutes=1)
    world.store.change(world.effect(), arrive)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        waiting = scope.visits.waiting(world.visit)
        assert waiting is not None
        assert (waiting.position, waiting.ahead) == (2, 1)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        before = scope.visits.queue_changes(world.provider)
        queue = scope.visits.queue(world.provider)
    assert [(entry.visit.visit, entry.position) for entry in queue] == [(other.visit, 1), (world.visit, 2)]
    assert queue[0].patient_name == "Ana Reyes"
    world.store.change(replace(world.effect(), ref=other), VisitChange(event="admitted", stage="in_call"))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert scope.visits.waiting(world.visit).position == 1  # type: ignore[union-attr]
        assert scope.visits.queue_changes(world.provider) != before


def test_the_encounter_begins_with_the_first_call_only(world: World, clock: HandClock) -> None:
    world.store.change(world.effect(), VisitChange(event="admitted", stage="in_call"))
    clock.move(minutes=5)
    world.store.change(world.effect(), VisitChange(event="admitted", stage="in_call"))
    assert world.store.dossier(world.ref).encounter_at == START


@pytest.mark.parametrize("stage", ["in_call", "cancelled"])
def test_the_place_of_an_encounter_stays_the_one_attested_for_it(world: World, stage: str) -> None:
    world.store.change(world.effect(), VisitChange(event="moved", stage=stage))
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.attest_place(world.visit, Place(country="us", state="GA"))


def test_money_follows_the_processor(world: World) -> None:
    with pytest.raises(NotFound):
        world.store.payment_due(world.ref)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.visits.set_payment_method(world.visit, "tok_visa", "Visa ending 4242")
    due = world.store.payment_due(world.ref)
    assert (due.amount_cents, due.currency, due.method_token) == (7500, "USD", "tok_visa")
    assert world.store.payment_reference(world.ref) is None
    world.store.record_payment(world.effect(), HELD)
    assert world.store.payment_reference(world.ref) == "auth_1"
    world.store.record_payment(world.effect(), replace(HELD, state="declined", reference="sim_2", code="too_much"))
    assert world.store.payment_reference(world.ref) == "auth_1"
    world.store.record_payment(world.effect(), replace(HELD, state="captured"))
    assert world.store.payment_reference(world.ref) is None


def test_an_order_goes_out_and_a_refused_cancel_leaves_it_out(world: World) -> None:
    order = draft_order(world)
    assert world.store.unsent_orders(world.ref) == (order,)
    prescription = world.store.prescription(world.ref, order)
    assert (prescription.patient["family"], prescription.prescriber["npi"]) == ("Reyes", "1234567893")
    begin_sending(world, order)
    assert world.store.unsent_orders(world.ref) == (order,)
    world.store.record_dispatch(world.effect(), order, DispatchReceipt(state="accepted", message_id="m1"))
    world.store.record_dispatch(
        world.effect(), order, DispatchReceipt(state="rejected", message_id="m2", relates_to="m1", code="dispensed")
    )
    with world.database.scope(world.clinic, world.as_patient) as scope:
        view = scope.orders.get(order)
        history = [(event.state, event.code) for event in scope.orders.history(order)]
    assert (view.state, view.message_id) == ("sent", "m1")
    assert history == [("drafted", ""), ("sending", ""), ("sent", ""), ("cancel_refused", "dispensed")]
    assert world.store.unsent_orders(world.ref) == ()
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.revise(order, order_of(world.visit), 1)


def test_a_refused_withdrawal_says_that_an_order_whose_answer_was_lost_is_out(world: World) -> None:
    order = draft_order(world)
    sending = world.effect()
    assert not world.store.is_dispatched(sending)
    begin_sending(world, order, sending)
    assert world.store.is_dispatched(sending)
    refused = DispatchReceipt(state="rejected", message_id="m2", relates_to="m1", code="dispensed")
    world.store.record_dispatch(world.effect(), order, refused)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        view = scope.orders.get(order)
    assert (view.state, view.message_id) == ("sent", "m1")


def judged_gate(world: World, order: str, *, is_open: bool = True) -> GateRecord:
    version = world.store.order_version(world.ref, order)
    return replace(gate_record("prescribe", is_open=is_open), subject=order, order=version)


def test_a_discarded_order_is_not_sent_and_no_answer_revives_it(world: World) -> None:
    order = draft_order(world)
    world.store.record_gate(world.effect(), judged_gate(world, order))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.discard(order)
    with pytest.raises(OrderChanged):
        world.store.begin_dispatch(world.effect(), order, 1)
    with pytest.raises(OrderChanged):
        world.store.record_dispatch(world.effect(), order, DispatchReceipt(state="accepted", message_id="m1"))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert scope.orders.get(order).state == "discarded"


def test_only_the_version_that_the_newest_gate_judged_open_is_sent(world: World) -> None:
    order = draft_order(world)
    with pytest.raises(OrderChanged):  # never judged
        world.store.begin_dispatch(world.effect(), order, 1)
    world.store.record_gate(world.effect(), judged_gate(world, order))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.revise(order, replace(order_of(world.visit), refills=9), 1)
    for version in (1, 2):
        with pytest.raises(OrderChanged):
            world.store.begin_dispatch(world.effect(), order, version)
    world.store.record_gate(world.effect(), judged_gate(world, order))
    assert world.store.begin_dispatch(world.effect(), order, 2).refills == 9


def test_a_shut_gate_keeps_the_draft(world: World) -> None:
    order = draft_order(world)
    world.store.record_gate(world.effect(), judged_gate(world, order, is_open=False))
    with pytest.raises(OrderChanged):
        world.store.begin_dispatch(world.effect(), order, 1)


def test_an_order_that_is_being_sent_stands_still_and_a_visit_that_is_over_sends_none(world: World) -> None:
    first, second = draft_order(world), draft_order(world)
    begin_sending(world, first)
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.discard(first)
    with pytest.raises(AlreadyDone), world.database.scope(world.clinic, world.as_provider) as scope:
        scope.orders.revise(first, order_of(world.visit), 1)
    world.store.change(world.effect(), VisitChange(event="cancelled", stage="cancelled"))
    with pytest.raises(OrderChanged):
        begin_sending(world, second)


def test_another_card_is_another_method_and_the_same_one_is_the_same(world: World) -> None:
    methods = []
    for token in ("tok_a", "tok_b", "tok_a"):
        with world.database.scope(world.clinic, world.as_patient) as scope:
            scope.visits.set_payment_method(world.visit, token, "a card")
        methods.append(world.store.payment_due(world.ref).method)
    assert methods[0] == methods[2] != methods[1]
    assert "tok" not in methods[0]


def test_a_draft_sent_twice_with_its_key_is_one_order(world: World) -> None:
    draft = replace(order_of(world.visit), key="a" * 24)
    made = []
    for key in (draft.key, draft.key, "b" * 24):
        with world.database.scope(world.clinic, world.as_provider) as scope:
            made.append(scope.orders.draft(replace(draft, key=key)))
    assert made[0] == made[1] != made[2]
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert sorted(one.order for one in scope.orders.for_visit(world.visit)) == sorted({*made})
        assert [event.state for event in scope.orders.history(made[0])] == ["drafted"]


def test_other_words_under_the_key_of_a_draft_are_an_order_of_their_own(world: World) -> None:
    first = replace(order_of(world.visit), key="a" * 24)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        made = [scope.orders.draft(one) for one in (first, replace(first, sig="another way of taking it"), first)]
    assert made[0] == made[2] != made[1]


def test_a_draft_is_rewritten_by_version_and_a_patient_does_not_see_it(world: World) -> None:
    order = draft_order(world)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert scope.orders.revise(order, replace(order_of(world.visit), refills=2), 1) == 2
        with pytest.raises(Conflict):
            scope.orders.revise(order, order_of(world.visit), 1)
        assert scope.orders.get(order).draft.refills == 2
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.orders.for_visit(world.visit) == ()


def test_a_note_is_signed_once_with_its_newest_version_and_its_gate(world: World) -> None:
    note = save_note(world)
    save_note(world, 1, "rest and fluids")
    world.store.record_gate(world.effect(), gate_record("sign", is_open=False))
    world.store.sign_note(world.effect(actor=world.provider), note)
    world.store.sign_note(world.effect(actor="somebody else"), note)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        signed = scope.notes.current(world.visit)
        assert signed is not None
        assert (signed.state, signed.version, signed.signed_by) == ("signed", 2, world.provider)
        assert [version.fields["plan"] for version in scope.notes.versions(note)] == ["sore throat", "rest and fluids"]
        gate = scope.gates.latest(world.visit, "sign")
        assert gate is not None
        assert (gate.open, gate.decisions["licensing"]["outcome"]) == (False, "forbidden")
        scope.notes.addendum(note, "patient called back")
    with pytest.raises(AlreadyDone):
        save_note(world, 2)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert [added.text for added in scope.notes.current(world.visit).addenda] == ["patient called back"]  # type: ignore[union-attr]


def test_two_tabs_on_one_note_do_not_overwrite_each_other(world: World) -> None:
    save_note(world)
    with pytest.raises(Conflict) as conflict, world.database.scope(world.clinic, world.as_provider) as scope:
        draft = NoteDraft(visit=world.visit, template="t", fields={}, version=0, key="other-tab")
        scope.notes.save(draft)
    assert conflict.value.current == 1


def test_the_summary_says_what_was_signed_and_sent(world: World) -> None:
    note, order = save_note(world), draft_order(world)
    draft_order(world)
    begin_sending(world, order)
    world.store.record_dispatch(world.effect(), order, DispatchReceipt(state="verified", message_id="m1"))
    world.store.sign_note(world.effect(), note)
    document = world.store.write_summary(world.effect())
    with world.database.scope(world.clinic, world.as_patient) as scope:
        (listed,) = scope.documents.for_patient(world.patient)
        content = scope.documents.content(document)
    assert (listed.id, listed.kind) == (document, "after_visit_summary")
    assert content["note"]["fields"] == {"plan": "sore throat"}
    assert [(one["order"], one["state"]) for one in content["prescriptions"]] == [(order, "verified")]
    assert content["follow_up"] == [{"step": "follow", "after_seconds": 259200}]


def test_a_completed_visit_establishes_the_relationship(world: World) -> None:
    other = second_visit(world, 60)
    world.store.change(world.effect(), VisitChange(event="completed", stage="completed"))
    dossier = world.store.dossier(other)
    assert (dossier.established, dossier.established_via) == (True, "audio_video")


def test_a_draft_that_is_left_behind_is_found_and_once_it_expired_takes_no_time(world: World) -> None:
    made = world.database.now()
    assert world.store.drafts_before(made) == ()
    assert world.store.drafts_before(made + timedelta(days=1)) == (world.ref,)
    world.store.change(world.effect(), VisitChange(event="draft_expired", stage="expired"))
    assert world.store.drafts_before(made + timedelta(days=1)) == ()
    assert not world.store.hold_slot(world.effect(), made + timedelta(minutes=15))


def test_the_census_counts_visits_that_run(world: World) -> None:
    assert world.store.open_visits() == ()
    world.store.change(world.effect(), VisitChange(event="held", stage="held"))
    assert world.store.open_visits() == (world.ref,)
    world.store.change(world.effect(), VisitChange(event="cancelled", stage="cancelled"))
    assert world.store.open_visits() == ()


def test_a_consent_signed_again_unchanged_is_the_same_consent(world: World) -> None:
    world.begin()
    with world.database.scope(world.clinic, world.as_patient) as scope:
        first = scope.consents.sign(consent_of(world.visit))
        assert scope.consents.sign(consent_of(world.visit)) == first
        changed: ConsentDraft = replace(consent_of(world.visit), text="another text")
        assert scope.consents.sign(changed) != first
        assert scope.consents.text(first) == "I agree"


def test_an_addendum_sent_again_is_added_once_and_another_text_is_never_lost(world: World) -> None:
    note = save_note(world)
    world.store.sign_note(world.effect(actor=world.provider), note)
    sent = [
        ("k1", "Culture is negative."),
        ("k1", "Culture is negative."),
        ("k1", "Patient called."),
        ("k1", "Patient called."),
    ]
    ids = []
    for key, text in sent:
        with world.database.scope(world.clinic, world.as_provider) as scope:
            ids.append(scope.notes.addendum(note, text, key))
    assert ids[0] == ids[1] != ids[2] == ids[3]
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.notes.addendum(note, "Culture is negative.", "k2")
        current = scope.notes.current(world.visit)
        events = [event.event for event in scope.visits.events(world.visit)]
    assert current is not None
    assert sorted(one.text for one in current.addenda) == ["Culture is negative."] * 2 + ["Patient called."]
    assert events.count("addendum_added") == 3
