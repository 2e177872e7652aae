"""Visits: their rows as pages show them, the queue of a provider, and what a patient says about place and payment."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.exc import IntegrityError

from engine.access import Relation
from engine.dossier import Dossier, Place
from engine.pinned import Document
from engine.plans import VisitPlan, plan_from_json
from engine.ports import RoomPlace
from engine.waiting import WaitFacts
from records.access import Role, only_by, permitted, sees
from records.acting import held_for, joining
from records.acts import Act
from records.codes import new_id, sha256
from records.course import append_event, tell
from records.documents import AMONG_CLINICIANS
from records.dossiers import build_dossier
from records.errors import AlreadyDone, Erased, NotFound
from records.lines import MISSED, by_turn, called_until, facts_of, newest_stage
from records.places import place_from_json, place_to_json
from records.stages import DRAFT, FINAL, IN_LINE, READY
from records.standing import open_emergencies, standing_at, standing_to
from records.tables.clinical import DocumentRow, OrderRow
from records.tables.people import Patient, Person, Provider
from records.tables.visits import AlertRow, GateRow, PackRow, ParticipantRow, Visit, VisitEventRow
from records.urgency import ROUTINE, urgencies
from records.work import Repository, Work
from records.worked import counted_place

_QUEUE_AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitDraft:
    """A visit before it is booked. ``starts_at`` is the slot's start; the price is in cents.

    ``documents`` is what its plan was compiled from: its forms and its specialty, kept for as long as it may need them.
    """

    patient: str
    provider: str
    plan: VisitPlan
    starts_at: datetime
    booked_place: Place
    price_cents: int
    currency: str
    encounter_kind: str = "new"
    payer: str = "self_pay"
    reason: str = ""
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitView:
    """A visit as the actor may see it: what they may not comes empty (engine/access.yaml, ``fields``)."""

    visit: str
    patient: str
    provider: str
    specialty: str
    visit_type: str
    modality: str
    encounter_kind: str
    recording: bool
    stage: str
    starts_at: datetime
    ends_at: datetime
    plan_digest: str
    price_cents: int
    currency: str
    payment_label: str
    payment_state: str
    booked_place: Place | None
    attested_place: Place | None
    arrived_at: datetime | None
    encounter_at: datetime | None
    room: RoomPlace | None
    version: int
    created_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QueueEntry:
    """One line of a provider's queue; ``position`` counts those who wait, from 1, by urgency and arrival."""

    visit: VisitView
    patient_name: str
    patient_birth_date: date
    position: int | None
    alerts: tuple[str, ...]
    urgency: str = ROUTINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A place in the waiting room: from 1, how many are before, and what tells how long it may take.

    ``until`` is until when somebody who was called back may return.
    """

    position: int
    ahead: int
    facts: WaitFacts = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEvent:
    """One thing that happened to a visit; ``detail`` holds ids and codes."""

    sequence: int
    at: datetime
    event: str
    stage: str | None
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A person's part in a visit; its id is what a room knows them by."""

    id: str
    person: str
    role: str


class Visits(Repository):
    """The clinic's visits."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._plan: VisitPlan | None = None  # the one read last: a page asks for its visit's plan more than once

    def draft(self, draft: VisitDraft) -> str:
        """Makes a draft visit with its participants and keeps its plan by digest; returns the visit's id.

        Who acts for the patient takes part, too, where the relationship lets them join: a minor's guardians do,
        whoever books, and an adult's helper who books.
        """
        work, visit = self._work, new_id("vis")
        work.patient(draft.patient, Act.VISIT_CREATED)
        work.row(Patient, draft.patient)
        work.row(Provider, draft.provider)
        work.note(Act.VISIT_CREATED, visit, visit, patient=draft.patient)
        self._keep_pack(draft.plan.digest, "plan", draft.plan.canonical())
        for one in draft.documents:
            self._keep_pack(one.digest, one.kind, one.text)
        row, held = _visit_row(work, visit, draft), held_for(work, draft.patient)
        row.relationship = held.relationship if held else None
        self._session.add(row)
        self._session.flush()
        people = [(draft.patient, Role.PATIENT), (draft.provider, Role.PROVIDER)]
        people += [(person, Role.CAREGIVER) for person in joining(work, draft.patient)]
        for person, role in people:
            part = ParticipantRow(id=new_id("par"), clinic=work.clinic, visit=visit, person=person, role=str(role))
            self._session.add(part)
        append_event(work, row, "drafted", DRAFT)
        return visit

    def get(self, visit: str) -> VisitView:
        return self._view(self._work.visit(visit, Act.VISIT_VIEWED))

    def glimpse(self, visit: str) -> VisitView | None:
        """The visit, where the actor may know when it is and no more of it; None where they may know more."""
        row = self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        if "visit_type" in sees(standing_at(self._work, row), "visit"):
            return None
        return self.get(visit)

    def plan(self, visit: str) -> VisitPlan:
        """The compiled plan that the visit started with; holds nothing about a person.

        It says of which kind the visit is: who may not know that is refused.
        """
        row = self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        if "visit_type" not in sees(standing_at(self._work, row), "visit"):
            self._work.refuse(Act.VISIT_VIEWED, visit, visit)
        if self._plan is None or self._plan.digest != row.plan_digest:
            pack = self._session.get(PackRow, (self._work.clinic, row.plan_digest))
            if pack is None:
                raise NotFound(f"pack {row.plan_digest}")
            self._plan = plan_from_json(pack.canonical, pack.digest)
        return self._plan

    def document(self, visit: str, digest: str) -> str | None:
        """The text of a form or specialty that the visit began with; None where it is not kept, or not this visit's."""
        if digest not in self.plan(visit).pins.values():
            return None
        pack = self._session.get(PackRow, (self._work.clinic, digest))
        return None if pack is None else pack.canonical

    def for_patient(self, patient: str) -> tuple[VisitView, ...]:
        """A patient's visits, newest first; who only gets the notices about them is told when and how far each is."""
        held = held_for(self._work, patient)
        listed = held is None or permitted(standing_to(self._work, patient), Act.VISITS_LISTED)
        act = Act.VISITS_LISTED if listed else Act.VISIT_TIMES_LISTED
        self._work.patient(patient, act)
        self._work.note(act, patient)
        query = select(Visit).where(Visit.clinic == self._work.clinic, Visit.patient == patient)
        if self._work.actor.role == Role.PROVIDER and patient not in open_emergencies(self._work):
            query = query.where(Visit.provider == self._work.actor.person)
        rows = self._session.scalars(query.order_by(Visit.starts_at.desc())).all()
        if held is not None:
            rows = [row for row in rows if permitted(standing_at(self._work, row), Act.VISIT_VIEWED)]
        for row in rows:  # whoever treats the patient, too, sees colleagues' visits by the emergency alone
            if only_by(standing_at(self._work, row), Act.VISIT_VIEWED, Relation.EMERGENCY):
                emergency = open_emergencies(self._work)[patient]
                self._work.record(Act.VISITS_LISTED, patient, row.id, emergency=emergency)
        return tuple(self._view(row) for row in rows)

    def queue(self, provider: str) -> tuple[QueueEntry, ...]:
        """A provider's open visits until tomorrow: who waits by urgency and arrival, then the others by start."""
        self._may_see_queue(provider)
        self._work.note(Act.QUEUE_VIEWED, provider)
        alerts = self._open_alerts(provider)
        rows = [row for row in self._queued(provider) if row.stage not in FINAL or row.id in alerts]
        people = self._people([row.patient for row in rows])
        rows = [row for row in rows if row.patient in people]  # nobody waits who was erased
        waiting = [row.id for row in rows if row.stage in IN_LINE]
        levels = urgencies(self._work, [row.id for row in rows])
        return tuple(
            QueueEntry(
                urgency=levels.get(row.id, ROUTINE),
                visit=self._view(row),
                patient_name=people[row.patient][0],
                patient_birth_date=people[row.patient][1],
                position=waiting.index(row.id) + 1 if row.id in waiting else None,
                alerts=tuple(alerts.get(row.id, ())),
            )
            for row in rows
        )

    def waiting(self, visit: str) -> Waiting | None:
        """The visit's place among those who wait for its provider; None when it does not wait. Not audited: no PHI."""
        row = self._work.visit(visit, Act.WAITING_VIEWED, audited=False)
        if row.stage not in IN_LINE or row.arrived_at is None:
            return None
        facts = facts_of(self._work, row)
        ahead = len(facts.ahead)
        return Waiting(position=ahead + 1, ahead=ahead, facts=facts, until=called_until(self._work, row))

    def missed_call_back(self, visit: str) -> bool:
        """Whether the place in line was given up last because nobody returned. Not audited: no PHI."""
        row = self._work.visit(visit, Act.WAITING_VIEWED, audited=False)
        return row.stage == READY and newest_stage(self._work, row).get("code") == MISSED

    def changes(self, visit: str) -> str:
        """A digest that differs when a page about the visit would; it discloses nothing and is not audited."""
        row = self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        return self._digest([row])

    def queue_changes(self, provider: str) -> str:
        """The same for a provider's queue."""
        self._may_see_queue(provider)
        return sha256(self._digest(self._queued(provider)) + str(self._handoffs_told()))

    def events(self, visit: str) -> tuple[VisitEvent, ...]:
        seen = sees(standing_at(self._work, self._work.visit(visit, Act.EVENTS_VIEWED)), "event")
        query = select(VisitEventRow).where(VisitEventRow.visit == visit).order_by(VisitEventRow.sequence)
        return tuple(
            VisitEvent(
                sequence=row.sequence,
                at=row.at,
                event=row.event,
                stage=row.stage,
                actor=row.actor if "actor" in seen else "",
                detail=row.detail if "detail" in seen else {},
            )
            for row in self._session.scalars(query)
        )

    def set_payment_method(self, visit: str, token: str, label: str) -> None:
        """Keeps the processor's token of a card and what to call it (``Visa ending 4242``), never a card's number."""
        row = self._work.visit(visit, Act.PAYMENT_METHOD_SET)
        method = {"token": token, "label": label}
        row.payment_method = self._work.seal(("visits", "payment_method", visit), method, row.patient)
        self._session.flush()

    def attest_place(self, visit: str, place: Place, *, doubted: bool = False) -> None:
        """Keeps where the patient says they are, from this instant, and announces it.

        ``doubted`` when their network suggested another place and they confirmed theirs all the same: an event of
        the visit says so.

        Raises:
            AlreadyDone: the encounter has begun, or the visit has ended: its place stays the one attested for it.
        """
        row = self._work.visit(visit, Act.PLACE_ATTESTED)
        if row.encounter_at is not None or row.stage in FINAL:
            raise AlreadyDone("place")
        said = {**place_to_json(place), "attested": True, "at": self._work.at.isoformat()}
        row.attested_place = self._work.seal(("visits", "attested_place", visit), said, row.patient)
        row.counted_place = counted_place(self._work, visit, place)
        append_event(self._work, row, "place_attested")
        if doubted:
            append_event(self._work, row, "place_doubted")
        tell(self._work, visit, "place_attested")

    def participants(self, visit: str) -> tuple[Participant, ...]:
        row = self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        named = "person" in sees(standing_at(self._work, row), "participant")
        query = select(ParticipantRow).where(ParticipantRow.visit == visit).order_by(ParticipantRow.role)
        return tuple(
            Participant(id=part.id, person=part.person if named else "", role=part.role)
            for part in self._session.scalars(query)
        )

    def participant_of(self, visit: str, person: str) -> Participant:
        """The person's part in the visit. Raises `NotFound`."""
        for part in self.participants(visit):
            if part.person == person:
                return part
        raise NotFound(f"participant of {visit}")

    def dossier(self, visit: str, order: str | None = None) -> Dossier:
        """Everything known about the visit that a gate may ask for."""
        return build_dossier(self._work, self._work.visit(visit, Act.DOSSIER_VIEWED), order)

    def dossier_with(self, visit: str, provider: str) -> Dossier:
        """The same as if another clinician had the visit: whether they may is asked before it is offered to them."""
        return build_dossier(self._work, self._work.visit(visit, Act.DOSSIER_VIEWED), None, provider)

    def _may_see_queue(self, provider: str) -> None:
        self._work.allow(Act.QUEUE_VIEWED, provider)
        if self._work.actor.role == Role.PROVIDER and self._work.actor.person != provider:
            self._work.refuse(Act.QUEUE_VIEWED, provider)

    def _digest(self, rows: Sequence[Visit]) -> str:
        ids = [row.id for row in rows]
        parts: list[object] = [(row.id, row.version, row.stage, str(row.arrived_at), row.payment_state) for row in rows]
        events = select(VisitEventRow.visit, literal("events"), func.max(VisitEventRow.sequence))
        news = union_all(
            events.where(VisitEventRow.visit.in_(ids)).group_by(VisitEventRow.visit),
            select(OrderRow.id, OrderRow.state + OrderRow.code, OrderRow.version).where(OrderRow.visit.in_(ids)),
            select(AlertRow.id, AlertRow.state, literal(0)).where(AlertRow.visit.in_(ids)),
            select(GateRow.id, literal("gate"), literal(0)).where(GateRow.visit.in_(ids)),
        )
        parts.append(sorted(tuple(found) for found in self._session.execute(news)))
        return sha256(repr(parts))

    def _handoffs_told(self) -> int:
        """How often a hand-off of the clinic was offered or ended: any of them may change what is on offer."""
        written = select(DocumentRow.visit).where(
            DocumentRow.clinic == self._work.clinic, DocumentRow.kind.in_(AMONG_CLINICIANS)
        )
        events = select(func.count()).where(VisitEventRow.visit.in_(written), VisitEventRow.event.like("handoff_%"))
        return self._session.scalar(events) or 0

    def _keep_pack(self, digest: str, kind: str, text: str) -> None:
        clinic = self._work.clinic
        if self._session.get(PackRow, (clinic, digest)) is None:
            pack = PackRow(clinic=clinic, digest=digest, kind=kind, canonical=text, kept_at=self._work.now)
            with contextlib.suppress(IntegrityError), self._session.begin_nested():  # another draft keeps it just now
                self._session.add(pack)

    def _queued(self, provider: str) -> Sequence[Visit]:
        query = select(Visit).where(
            Visit.clinic == self._work.clinic,
            Visit.provider == provider,
            Visit.stage != DRAFT,
            Visit.starts_at < self._work.at + _QUEUE_AHEAD,
            Visit.stage.not_in(FINAL)
            | Visit.id.in_(
                select(AlertRow.visit).where(AlertRow.clinic == self._work.clinic, AlertRow.state == "open")
            ),
        )
        rows = self._session.scalars(query).all()
        others = sorted(
            (row for row in rows if row.stage not in IN_LINE), key=lambda row: (row.arrived_at or row.starts_at, row.id)
        )
        return [*by_turn(self._work, (row for row in rows if row.stage in IN_LINE)), *others]

    def _open_alerts(self, provider: str) -> dict[str, list[str]]:
        query = (
            select(AlertRow.visit, AlertRow.kind)
            .join(Visit, Visit.id == AlertRow.visit)
            .where(AlertRow.clinic == self._work.clinic, AlertRow.state == "open", Visit.provider == provider)
        )
        found: dict[str, list[str]] = {}
        for visit, kind in self._session.execute(query):
            found.setdefault(visit, []).append(kind)
        return found

    def _people(self, patients: Sequence[str]) -> dict[str, tuple[str, date]]:
        query = select(Person, Patient).join(Patient, Patient.person == Person.id).where(Person.id.in_(patients))
        found = {}
        for person, patient in self._session.execute(query):
            try:
                contact = self._work.open(("persons", "contact", person.id), person.contact)
                profile = self._work.open(("patients", "profile", person.id), patient.profile)
            except Erased:
                continue
            name = f"{contact['given']} {contact['family']}".strip()
            found[person.id] = (name, date.fromisoformat(profile["birth_date"]))
        return found

    def _view(self, row: Visit) -> VisitView:
        return view_of(self._work, row)


def view_of(work: Work, row: Visit) -> VisitView:
    """The visit as the actor may see it: what the access table withholds is not even opened."""
    seen = sees(standing_at(work, row), "visit")
    method, booked, attested, reason = (
        _opened(work, row, column) if field in seen else None
        for field, column in (
            ("payment_label", "payment_method"),
            ("booked_place", "booked_place"),
            ("attested_place", "attested_place"),
            ("reason", "reason"),
        )
    )
    return VisitView(
        visit=row.id,
        patient=row.patient if "patient" in seen else "",
        provider=row.provider if "provider" in seen else "",
        specialty=row.specialty if "specialty" in seen else "",
        visit_type=row.visit_type if "visit_type" in seen else "",
        modality=row.modality,
        encounter_kind=row.encounter_kind if "encounter_kind" in seen else "",
        recording=row.recording,
        stage=row.stage,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        plan_digest=row.plan_digest,
        price_cents=row.price_cents if "price_cents" in seen else 0,
        currency=row.currency if "currency" in seen else "",
        payment_label=method["label"] if method else "",
        payment_state=row.payment_state if "payment_state" in seen else "",
        booked_place=place_from_json(booked) if booked else None,
        attested_place=place_from_json(attested) if attested else None,
        arrived_at=row.arrived_at,
        encounter_at=row.encounter_at,
        room=_room(row) if "room" in seen else None,
        version=row.version,
        created_at=row.created_at,
        reason=reason or "",
    )


def _opened(work: Work, row: Visit, column: str) -> Any:
    sealed = getattr(row, column)
    try:
        return work.open(("visits", column, row.id), sealed) if sealed else None
    except Erased:
        return None


def _room(row: Visit) -> RoomPlace | None:
    if row.room is None or row.node is None or row.endpoint is None:
        return None
    return RoomPlace(room=row.room, node=row.node, endpoint=row.endpoint)


def _visit_row(work: Work, visit: str, draft: VisitDraft) -> Visit:
    booked = {**place_to_json(draft.booked_place), "at": work.at.isoformat()}
    return Visit(
        id=visit,
        clinic=work.clinic,
        patient=draft.patient,
        provider=draft.provider,
        specialty=draft.plan.specialty,
        visit_type=draft.plan.visit_type,
        modality=draft.plan.modality,
        encounter_kind=draft.encounter_kind,
        payer=draft.payer,
        recording=draft.plan.recording,
        stage=DRAFT,
        starts_at=draft.starts_at,
        ends_at=draft.starts_at + timedelta(seconds=draft.plan.duration_seconds),
        plan_digest=draft.plan.digest,
        price_cents=draft.price_cents,
        currency=draft.currency,
        reason=work.seal(("visits", "reason", visit), draft.reason, draft.patient) if draft.reason else None,
        booked_place=work.seal(("visits", "booked_place", visit), booked, draft.patient),
        counted_place=counted_place(work, visit, draft.booked_place),
        payment_state="none",
        version=1,
        created_at=work.now,
    )
