"""The visit's activities reach records here: every effect is made once, audited in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from engine.dossier import Dossier
from engine.ports import (
    JSON,
    DispatchReceipt,
    Effect,
    GateRecord,
    OrderVersion,
    OutboxItem,
    PaymentDue,
    PaymentReceipt,
    PrescriptionOrder,
    RoomPlace,
    SignedNote,
    VisitChange,
    VisitRef,
    VisitStanding,
)
from engine.slots import Span
from engine.visits_asynchronous import WITHOUT_A_CALL
from records import slots
from records.access import Role
from records.acts import Act
from records.agreements import licenses_of
from records.codes import as_code, new_id, sha256
from records.course import (
    append_event,
    done_before,
    keep_effect,
    queue_message,
    raise_alert,
)
from records.database import Database
from records.dispatch import SENDING, begin_sending, keep_receipt, version_of
from records.documents import write_summary
from records.dossiers import build_dossier
from records.errors import NotFound
from records.gates import keep_gate
from records.handoffs import hand_over, offer_visit
from records.hours import ClinicHours, Wanted, kind_of, unknown_hours, works_then
from records.links import call_back, issue_link
from records.matters import Matter, put, settle, settle_at
from records.moves import move_visit, standing_of
from records.nights import Nights, usual_night
from records.notes import SIGNED
from records.orders import DRAFTED
from records.service_requests import issue
from records.stages import (
    BLOCKED,
    BOOKED,
    CALLED_BACK,
    DOCUMENTING,
    DRAFT,
    FINAL,
    IN_CALL,
    IN_LINE,
    IN_REVIEW,
    REFUSED,
    WAITING,
)
from records.tables.clinical import NoteRow, OrderRow
from records.tables.people import Patient, Person, Provider
from records.tables.visits import GateRow, OutboxRow, PaymentRow, Visit
from records.work import Actor, Work

Made = Mapping[str, Any]
_AT_ONCE = 500


class RecordsVisitStore:
    """`engine.ports.VisitRecords`, `Outbox` and `VisitCensus` over one database; safe for threads."""

    def __init__(
        self, database: Database, clinic_hours: ClinicHours = unknown_hours, nights: Nights = usual_night
    ) -> None:
        self._database = database
        self._nights = nights
        self._clinic_hours = clinic_hours

    # --- reading ---

    def dossier(self, ref: VisitRef, order: str | None = None, provider: str = "") -> Dossier:
        with self._work(ref, "gates") as work:
            return build_dossier(work, work.visit(ref.visit, Act.DOSSIER_VIEWED), order, provider)

    def payment_due(self, ref: VisitRef) -> PaymentDue:
        """What the visit costs. Raises `NotFound` when it costs something and no card was given."""
        with self._work(ref, "payments") as work:
            visit = work.visit(ref.visit, Act.PAYMENT_VIEWED)
            token = method = ""
            if visit.payment_method is not None:
                token = work.open(("visits", "payment_method", visit.id), visit.payment_method)["token"]
                method = sha256(f"{visit.id}|{token}")[:16]
            elif visit.price_cents:
                raise NotFound(f"payment method of {visit.id}")
            return PaymentDue(
                amount_cents=visit.price_cents, currency=visit.currency, method_token=token, method=method
            )

    def payment_reference(self, ref: VisitRef) -> str | None:
        with self._work(ref, "payments") as work:
            visit = work.visit(ref.visit, Act.PAYMENT_VIEWED)
            return visit.payment_reference

    def prescription(self, ref: VisitRef, order: str) -> PrescriptionOrder:
        with self._work(ref, "prescribing") as work:
            visit = work.visit(ref.visit, Act.ORDER_VIEWED)
            return _prescription(work, visit, _order(work, visit, order))

    def order_version(self, ref: VisitRef, order: str) -> OrderVersion:
        with self._work(ref, "prescribing") as work:
            visit = work.visit(ref.visit, Act.ORDER_VIEWED)
            return version_of(work, _order(work, visit, order))

    def unsent_orders(self, ref: VisitRef) -> Sequence[str]:
        """The orders that still wait: drafts, and those whose answer from the network was lost."""
        with self._work(ref, "prescribing") as work:
            work.visit(ref.visit, Act.ORDER_VIEWED)
            query = select(OrderRow.id).where(OrderRow.visit == ref.visit, OrderRow.state.in_((DRAFTED, SENDING)))
            return tuple(work.session.scalars(query.order_by(OrderRow.written_at, OrderRow.id)))

    # --- effects ---

    def record_gate(self, effect: Effect, gate: GateRecord) -> str:
        made = self._once(effect, f"gate:{gate.gate}", lambda work, visit: {"id": keep_gate(work, visit, gate)})
        return str(made["id"])

    def hold_slot(self, effect: Effect, until: datetime) -> bool:
        """Takes the visit's time; a draft that does not get it is closed, so that it waits for nobody.

        The clinician's hours are asked in the same transaction: they may have changed since the time was offered.
        """

        def make(work: Work, visit: Visit) -> Made:
            held = visit.stage not in FINAL and self._works(work, visit, visit.starts_at)
            held = held and slots.hold(work, visit, until)
            if not held and visit.stage == DRAFT:
                append_event(work, visit, "slot_taken", REFUSED)
            return {"held": held}

        return bool(self._once(effect, "hold_slot", make)["held"])

    def release_slot(self, effect: Effect) -> None:
        def make(work: Work, visit: Visit) -> Made:
            slots.release(work, visit)
            return {}

        self._once(effect, "release_slot", make)

    def standing(self, ref: VisitRef) -> VisitStanding:
        with self._work(ref, "terms") as work:
            return standing_of(work, work.visit(ref.visit, Act.VISIT_VIEWED))

    def move_slot(self, effect: Effect, starts_at: datetime, provider: str = "") -> bool:
        def make(work: Work, visit: Visit) -> Made:
            works = self._works(work, visit, starts_at, provider)
            return move_visit(work, visit, starts_at, provider) if works else {"moved": False}

        return bool(self._once(effect, "move_slot", make)["moved"])

    def offer_visit(self, effect: Effect, handoff: str, until: datetime) -> None:
        def make(work: Work, visit: Visit) -> Made:
            offer_visit(work, visit, handoff, until)
            return {}

        self._once(effect, "offer_visit", make)

    def issue_requests(self, effect: Effect, kind: str) -> int:
        """Issues the referrals or tests that stand written; how many."""
        return int(self._once(effect, "requests", lambda work, visit: {"count": issue(work, visit, kind)})["count"])

    def hand_over(self, effect: Effect, handoff: str) -> str:
        """Gives the visit to the effect's actor, who must work then where it has a time to come."""

        def make(work: Work, visit: Visit) -> Made:
            meets = visit.modality not in WITHOUT_A_CALL and visit.starts_at > work.at
            if meets and not self._works(work, visit, visit.starts_at, effect.actor):
                return {"code": "hours"}
            return {"code": hand_over(work, visit, handoff, effect.actor)}

        return str(self._once(effect, "hand_over", make)["code"])

    def _works(self, work: Work, visit: Visit, starts_at: datetime, provider: str = "") -> bool:
        """Whether the visit's clinician, or another one, works then; audited when they do not."""
        span, person = Span(starts_at, starts_at + (visit.ends_at - visit.starts_at)), provider or visit.provider
        wanted = Wanted(visit=visit.id, provider=person, kind=kind_of(visit), span=span)
        works = works_then(work, wanted, self._clinic_hours(work.clinic))
        if not works:
            work.record(Act.SLOT_REFUSED, person, visit.id, code="hours")
        return works

    def change(self, effect: Effect, change: VisitChange) -> None:
        """Appends the event and moves the visit; one that has ended stays as it ended (a draft that was closed)."""

        def make(work: Work, visit: Visit) -> Made:
            stage = None if visit.stage in FINAL and change.stage in FINAL else change.stage
            _move(work, visit, stage)
            _put_blocked(work, visit, stage, effect)
            if stage == CALLED_BACK and "due" in change.detail:
                call_back(work, visit, datetime.fromisoformat(str(change.detail["due"])))
            append_event(work, visit, change.event, stage, change.detail)
            work.note(Act.STAGE_CHANGED, visit.id, visit.id, event=change.event, stage=stage or "")
            return {}

        self._once(effect, f"change:{change.event}"[:40], make)

    def record_payment(self, effect: Effect, receipt: PaymentReceipt) -> None:
        self._once(effect, f"payment:{receipt.state}", lambda work, visit: _keep_payment(work, visit, receipt))

    def begin_dispatch(self, effect: Effect, order: str, version: int) -> PrescriptionOrder:
        def make(work: Work, visit: Visit) -> Made:
            begin_sending(work, visit, _order(work, visit, order), version)
            return {}

        self._once(effect, "sending", make)
        return self.prescription(effect.ref, order)

    def is_dispatched(self, effect: Effect) -> bool:
        with self._work(effect.ref, "prescribing") as work:
            return done_before(work, effect, "sending") is not None

    def record_dispatch(self, effect: Effect, order: str, receipt: DispatchReceipt) -> None:
        def make(work: Work, visit: Visit) -> Made:
            keep_receipt(work, _order(work, visit, order), receipt, self._nights(visit.clinic))
            return {}

        self._once(effect, "dispatch", make)

    def sign_note(self, effect: Effect, note: str) -> None:
        self._once(effect, "sign_note", lambda work, visit: _sign(work, visit, note))

    def issue_join_link(self, effect: Effect, participant: str, until: datetime) -> str:
        made = self._once(effect, "join_link", lambda work, visit: {"id": issue_link(work, visit, participant, until)})
        return str(made["id"])

    def place_room(self, effect: Effect, place: RoomPlace) -> None:
        def make(work: Work, visit: Visit) -> Made:
            visit.room, visit.node, visit.endpoint = place.room, place.node, place.endpoint
            append_event(work, visit, "room_placed", detail={"room": place.room, "node": place.node})
            work.note(Act.ROOM_PLACED, place.room, visit.id)
            return {}

        self._once(effect, "place_room", make)

    def write_summary(self, effect: Effect) -> str:
        return str(self._once(effect, "summary", lambda work, visit: {"id": write_summary(work, visit)})["id"])

    def queue_message(self, effect: Effect, template: str, audience: str) -> None:
        def make(work: Work, visit: Visit) -> Made:
            return {"id": queue_message(work, visit, template, audience)}

        self._once(effect, f"message:{audience}", make)

    def raise_alert(self, effect: Effect, kind: str, subject: str = "") -> str:
        def make(work: Work, visit: Visit) -> Made:
            about = as_code(subject) if subject else ""
            alert = raise_alert(work, visit.id, kind, about, (effect.step, effect.key))
            work.note(Act.ALERT_RAISED, alert, visit.id, kind=kind)
            return {"id": alert}

        return str(self._once(effect, f"alert:{kind}"[:40], make)["id"])

    # --- outbox and census: every clinic's, ids and codes only ---

    def pending(self, limit: int, without: Collection[str] = ()) -> Sequence[OutboxItem]:
        with self._database.reading() as session:
            query = select(OutboxRow).join(Visit, Visit.id == OutboxRow.visit).where(OutboxRow.told_at.is_(None))
            query = query.where(Visit.stage != DRAFT, OutboxRow.visit.not_in(without))
            query = query.order_by(OutboxRow.number).limit(limit)
            return tuple(
                OutboxItem(
                    id=row.id, ref=VisitRef(clinic=row.clinic, visit=row.visit), kind=row.kind, subject=row.subject
                )
                for row in session.scalars(query)
            )

    def done(self, item: OutboxItem) -> None:
        with self._database.writing() as session:
            row = update(OutboxRow).where(OutboxRow.id == item.id, OutboxRow.told_at.is_(None))
            session.execute(row.values(told_at=self._database.now()))
            session.commit()

    def is_over(self, ref: VisitRef) -> bool:
        with self._database.reading() as session:
            stage = session.scalar(select(Visit.stage).where(Visit.id == ref.visit, Visit.clinic == ref.clinic))
            return stage in FINAL

    def drafts_before(self, at: datetime) -> Sequence[VisitRef]:
        """The visits drafted before an instant that were neither booked nor closed."""
        with self._database.reading() as session:
            query = select(Visit.clinic, Visit.id).where(Visit.stage == DRAFT, Visit.created_at < at).order_by(Visit.id)
            return tuple(VisitRef(clinic=clinic, visit=visit) for clinic, visit in session.execute(query))

    def open_visits(self) -> Sequence[VisitRef]:
        """Every visit that was begun and has not ended."""
        with self._database.reading() as session:
            query = select(Visit.clinic, Visit.id).where(Visit.stage.not_in({*FINAL, DRAFT})).order_by(Visit.id)
            return tuple(VisitRef(clinic=clinic, visit=visit) for clinic, visit in session.execute(query))

    def signed_notes(self) -> Sequence[SignedNote]:
        """The signed notes of visits that are still being documented."""
        with self._database.reading() as session:
            query = select(Visit.clinic, Visit.id, NoteRow.id, NoteRow.signed_by).join(
                NoteRow, NoteRow.visit == Visit.id
            )
            query = query.where(Visit.stage == DOCUMENTING, NoteRow.state == SIGNED).order_by(Visit.id)
            return tuple(
                SignedNote(id=note, ref=VisitRef(clinic=clinic, visit=visit), by=by or "")
                for clinic, visit, note, by in session.execute(query)
            )

    def kept_stages(self, visits: Collection[str]) -> Mapping[str, str]:
        """The stage of each of these visits that is on record."""
        wanted, found = list(visits), dict[str, str]()
        with self._database.reading() as session:
            for first in range(0, len(wanted), _AT_ONCE):
                query = select(Visit.id, Visit.stage).where(Visit.id.in_(wanted[first : first + _AT_ONCE]))
                found |= dict(session.execute(query).tuples().all())
        return found

    def _work(self, ref: VisitRef, name: str) -> AbstractContextManager[Work]:
        return self._database.work(ref.clinic, Actor.system(name))

    def _once(self, effect: Effect, kind: str, make: Callable[[Work, Visit], Made]) -> Made:
        """Makes an effect in one transaction with its audit, or returns what it returned when it was made."""
        actor = Actor(person=effect.actor, role=Role.SYSTEM)
        with self._database.work(effect.ref.clinic, actor) as work:
            work.lock(Visit, effect.ref.visit)
            visit = work.row(Visit, effect.ref.visit)
            known = done_before(work, effect, kind)
            if known is not None:
                return known
            made = make(work, visit)
            keep_effect(work, effect, kind, made)
            return made


def _move(work: Work, visit: Visit, stage: str | None) -> None:
    if stage == BOOKED:
        slots.make_lasting(work, visit)
    elif stage == WAITING and visit.stage not in IN_LINE:
        visit.arrived_at = work.at
    elif stage in (IN_CALL, IN_REVIEW) and visit.encounter_at is None:
        visit.encounter_at = work.at


def _put_blocked(work: Work, visit: Visit, stage: str | None, effect: Effect) -> None:
    """A visit that is stopped comes before the clinic's people, until it goes on or ends."""
    if stage == BLOCKED and visit.stage != BLOCKED:
        key = f"{visit.id}:blocked:{visit.version}"
        put(work, Matter(key=key, kind="visit_blocked", subject=visit.id, visit=visit.id, cause=effect.step))
    elif stage is not None and visit.stage == BLOCKED and stage != BLOCKED:
        settle(work, "visit_blocked", visit.id)


def _keep_payment(work: Work, visit: Visit, receipt: PaymentReceipt) -> Made:
    row = PaymentRow(
        id=new_id("pay"),
        clinic=work.clinic,
        visit=visit.id,
        state=receipt.state,
        reference=receipt.reference,
        amount_cents=receipt.amount_cents,
        currency=receipt.currency,
        code=receipt.code,
        simulated=receipt.simulated,
        at=work.at,
    )
    work.session.add(row)
    visit.payment_state = receipt.state
    if receipt.state == "authorised":
        visit.payment_reference = receipt.reference
    elif receipt.state in ("captured", "voided"):  # a declined capture leaves the money reserved
        visit.payment_reference = None
    append_event(work, visit, f"payment_{receipt.state}", detail={"payment": row.id})
    work.note(Act.PAYMENT_RECORDED, row.id, visit.id, state=receipt.state)
    return {"id": row.id}


def _sign(work: Work, visit: Visit, note: str) -> Made:
    """Signs the newest version; a note that is signed already stays as it was signed."""
    row = work.row(NoteRow, note)
    if row.visit != visit.id:
        raise NotFound(f"notes {note[:40]}")
    if row.state != SIGNED:
        gate = select(GateRow.id).where(GateRow.visit == visit.id, GateRow.gate == "sign")
        row.gate = work.session.scalar(gate.order_by(GateRow.recorded_at.desc(), GateRow.id.desc()).limit(1))
        row.state, row.signed_at, row.signed_by = SIGNED, work.at, work.actor.person
        settle_at(work, visit.id, "note_overdue", "case_overdue", "case_escalated")
        append_event(work, visit, "note_signed", detail={"note": note, "version": row.version})
        work.note(Act.NOTE_SIGNED, note, visit.id, version=row.version, gate=row.gate or "")
    return {"version": row.version}


def _order(work: Work, visit: Visit, order: str) -> OrderRow:
    row = work.row(OrderRow, order)
    if row.visit != visit.id:
        raise NotFound(f"orders {order[:40]}")
    return row


def _prescription(work: Work, visit: Visit, row: OrderRow) -> PrescriptionOrder:
    content = work.open(("orders", "content", row.id), row.content)
    return PrescriptionOrder(
        order=row.id,
        drug=content["drug"],
        sig=content["sig"],
        quantity=content["quantity"],
        quantity_unit=content["quantity_unit"],
        days_supply=content["days_supply"],
        refills=content["refills"],
        substitutions_allowed=content["substitutions_allowed"],
        note_to_pharmacy=content["note_to_pharmacy"],
        patient=_patient_json(work, visit.patient),
        prescriber=_prescriber_json(work, visit.provider),
        pharmacy=content["pharmacy"],
        written_at=row.written_at,
    )


def _patient_json(work: Work, person: str) -> JSON:
    """``given family birth_date sex phone state postal_code address`` (a mapping: line, city, ...)."""
    contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    profile = work.open(("patients", "profile", person), work.row(Patient, person).profile)
    return {
        "given": contact["given"],
        "family": contact["family"],
        "phone": contact["phone"],
        "birth_date": date.fromisoformat(profile["birth_date"]).isoformat(),
        "sex": profile["sex"],
        "state": profile["residence_state"],
        "postal_code": profile["postal_code"],
        "address": profile["address"],
    }


def _prescriber_json(work: Work, person: str) -> JSON:
    """``given family display_name profession npi licenses`` (state and number of each)."""
    contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    row = work.row(Provider, person)
    licenses = licenses_of(work, person)
    return {
        "given": contact["given"],
        "family": contact["family"],
        "display_name": row.display_name,
        "profession": row.profession,
        "npi": row.npi,
        "licenses": [{"state": item.state, "number": item.number or ""} for item in licenses],
    }
