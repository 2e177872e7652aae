"""Stand-ins that the workflow's tests share: records, gate keeper and room host in memory, and a plan to walk."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.dossier import Dossier, PatientFacts, ProviderFacts
from engine.due import due_between, read_term
from engine.plans import Reminder, Step, StoredPlan, VisitPlan
from engine.ports import (
    JSON,
    DispatchReceipt,
    DutyDue,
    Effect,
    GateRecord,
    OrderChanged,
    OrderVersion,
    OutboxItem,
    PaymentDue,
    PaymentReceipt,
    PortUnavailable,
    PrescriptionOrder,
    RoomPlace,
    VisitChange,
    VisitRef,
    VisitStanding,
)
from engine.rooms import RoomReport, RoomSpec, RoomState, RoomUnknown

DAY = 86400
ZONE = "America/New_York"  # where the patient of every scene is


def step(kind: str, *after: str, gate: str | None = None, id: str = "", **settings: Any) -> Step:
    return Step(id=id or kind, kind=kind, after=after, gate=gate, settings=settings)


FULL_STEPS = (
    step("book", gate="book", hold_seconds=900),
    step("pay", "book"),
    step("intake", "pay", form="urgent/intake"),
    step("locate", "pay"),
    step("license", "locate", gate="book"),
    step("consent", "locate", kinds=["telehealth"]),
    step("wait", "intake", "license", "consent", no_show_seconds=900),
    step("consult", "wait", gate="join", medium="video"),
    step("prescribe", "consult", gate="prescribe"),
    step("document", "consult", gate="sign", due_seconds=DAY, repeat_seconds=DAY),
)


def plan_of(steps: Sequence[Step] = FULL_STEPS, reminders: Sequence[Reminder] = ()) -> VisitPlan:
    return VisitPlan(
        specialty="urgent",
        visit_type="urgent_video",
        modality="audio_video",
        recording=False,
        duration_seconds=900,
        professions=("MD",),
        steps=tuple(steps),
        reminders=tuple(reminders),
        note_template="urgent/note",
        formulary=None,
    )


def stored(plan: VisitPlan) -> StoredPlan:
    return StoredPlan(canonical=plan.canonical(), digest=plan.digest)


def new_id() -> str:
    return uuid.uuid4().hex


class NotFound(Exception):
    """Named as the error of records is: its type is what the workflow goes by."""


@dataclass
class MemoryRecords:
    """``VisitRecords`` and ``Outbox`` in memory: the truth is ``effects``, one entry for each effect's id and kind."""

    starts_at: datetime | None
    slot_is_free: bool = True
    price_cents: int = 8900
    token: str = "tok_visa"
    effects: dict[tuple[str, str], Any] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    clocks: list[tuple[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    gates: list[tuple[str, bool, datetime]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    alert_subjects: list[str] = field(default_factory=list)
    receipts: list[PaymentReceipt] = field(default_factory=list)
    dispatches: dict[str, list[DispatchReceipt]] = field(default_factory=dict)
    orders: dict[str, PrescriptionOrder] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    discarded: set[str] = field(default_factory=set)
    broken_summaries: int = 0
    over: set[str] = field(default_factory=set)
    unsent: list[str] = field(default_factory=list)
    places: list[RoomPlace] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    items: list[OutboxItem] = field(default_factory=list)
    away: int = 0
    away_for_dispatch: bool = False
    revise_at_dispatch: int = 0
    lost_alerts: int = 0
    unknown: set[str] = field(default_factory=set)
    asked_for: list[str] = field(default_factory=list)
    offers: dict[str, datetime] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    provider: str = "first"
    requests: list[str] = field(default_factory=list)
    no_hand_over: str = ""
    open: list[VisitRef] = field(default_factory=list)
    drafts: list[VisitRef] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def once(self, kind: str, effect: Effect, make: Callable[[], Any]) -> Any:
        with self.lock:
            if (effect.id, kind) not in self.effects:
                self.effects[effect.id, kind] = make()
                self.log.append(kind)
            return self.effects[effect.id, kind]

    def dossier(self, ref: VisitRef, order: str | None = None, provider: str = "") -> Dossier:
        self.asked_for.append(provider)
        if self.away:
            self.away -= 1
            raise ConnectionError("records are away")
        if order in self.unknown:
            raise NotFound("order")
        return dossier(ref, self.starts_at)

    def record_gate(self, effect: Effect, gate: GateRecord) -> str:
        def make() -> str:
            self.gates.append((gate.gate, gate.open, gate.asked_at))
            return f"gate-{len(self.gates)}"

        return str(self.once("record_gate", effect, make))

    def hold_slot(self, effect: Effect, until: datetime) -> bool:
        return bool(self.once("hold_slot", effect, lambda: self.slot_is_free))

    def release_slot(self, effect: Effect) -> None:
        self.once("release_slot", effect, lambda: True)

    def standing(self, ref: VisitRef) -> VisitStanding:
        assert self.starts_at is not None
        return VisitStanding(
            starts_at=self.starts_at, price_cents=self.price_cents, moved=self.log.count("move_slot"), time_zone=ZONE
        )

    def move_slot(self, effect: Effect, starts_at: datetime, provider: str = "") -> bool:
        def make() -> bool:
            if self.slot_is_free:
                self.starts_at, self.provider = starts_at, provider or self.provider
            return self.slot_is_free

        return bool(self.once("move_slot", effect, make))

    def issue_requests(self, effect: Effect, kind: str) -> int:
        return int(self.once(f"issue:{kind}", effect, lambda: self.requests.count(kind)))

    def offer_visit(self, effect: Effect, handoff: str, until: datetime) -> None:
        self.once("offer", effect, lambda: self.offers.update({handoff: until}))

    def hand_over(self, effect: Effect, handoff: str) -> str:
        self.provider = self.once("hand_over", effect, lambda: self.provider if self.no_hand_over else effect.actor)
        return self.no_hand_over

    def change(self, effect: Effect, change: VisitChange) -> None:
        def make() -> None:
            self.events.append((change.event, str(change.detail.get("code", ""))))
            if change.stage:
                self.stages.append(change.stage)
            if change.event == "answer_clock":
                self.clocks.append((str(change.detail["code"]), str(change.detail.get("due", ""))))

        self.once("change", effect, make)

    def payment_due(self, ref: VisitRef) -> PaymentDue:
        if not self.token:
            raise NotFound("payment method")
        return PaymentDue(
            amount_cents=self.price_cents, currency="USD", method_token=self.token, method=f"m-{self.token}"
        )

    def record_payment(self, effect: Effect, receipt: PaymentReceipt) -> None:
        self.once("record_payment", effect, lambda: self.receipts.append(receipt))

    def payment_reference(self, ref: VisitRef) -> str | None:
        open_states = {receipt.reference: receipt.state for receipt in self.receipts}
        return next((reference for reference, state in open_states.items() if state == "authorised"), None)

    def prescription(self, ref: VisitRef, order: str) -> PrescriptionOrder:
        return self.orders[order]

    def order_version(self, ref: VisitRef, order: str) -> OrderVersion:
        return OrderVersion(version=self.versions.get(order, 1), digest="d")

    def begin_dispatch(self, effect: Effect, order: str, version: int) -> PrescriptionOrder:
        if self.away_for_dispatch:
            raise ConnectionError("records are away")
        if self.revise_at_dispatch:
            self.revise_at_dispatch -= 1
            self.versions[order] = version + 1
        if (effect.id, "begin_dispatch") not in self.effects and (
            order in self.discarded or self.versions.get(order, 1) != version or "cancelled" in self.stages
        ):
            raise OrderChanged(order)
        self.once("begin_dispatch", effect, lambda: True)
        return self.orders[order]

    def record_dispatch(self, effect: Effect, order: str, receipt: DispatchReceipt) -> None:
        self.once("record_dispatch", effect, lambda: self.dispatches.setdefault(order, []).append(receipt))

    def unsent_orders(self, ref: VisitRef) -> Sequence[str]:
        return [order for order in self.unsent if order not in self.dispatches and order not in self.discarded]

    def is_dispatched(self, effect: Effect) -> bool:
        return (effect.id, "begin_dispatch") in self.effects

    def sign_note(self, effect: Effect, note: str) -> None:
        self.once("sign_note", effect, lambda: self.signed.append(note))

    def issue_join_link(self, effect: Effect, participant: str, until: datetime) -> str:
        if participant in self.unknown:
            raise NotFound("participant")
        return str(self.once("issue_join_link", effect, lambda: f"link-{participant}"))

    def place_room(self, effect: Effect, place: RoomPlace) -> None:
        self.once("place_room", effect, lambda: self.places.append(place))

    def write_summary(self, effect: Effect) -> str:
        if self.broken_summaries:
            self.broken_summaries -= 1
            raise NotFound("persons")
        return str(self.once("write_summary", effect, lambda: "summary-1"))

    def queue_message(self, effect: Effect, template: str, audience: str) -> None:
        self.once("queue_message", effect, lambda: self.messages.append(template))

    def raise_alert(self, effect: Effect, kind: str, subject: str = "") -> str:
        def make() -> str:
            self.alerts.append(kind)
            self.alert_subjects.append(subject)
            return f"task-{len(self.alerts)}"

        task = str(self.once("raise_alert", effect, make))
        if self.lost_alerts:
            self.lost_alerts -= 1
            raise ConnectionError("the answer was lost")
        return task

    def pending(self, limit: int, without: Collection[str] = ()) -> Sequence[OutboxItem]:
        with self.lock:
            return [item for item in self.items if item.ref.visit not in without][:limit]

    def is_over(self, ref: VisitRef) -> bool:
        return ref.visit in self.over

    def open_visits(self) -> Sequence[VisitRef]:
        return self.open

    def drafts_before(self, at: datetime) -> Sequence[VisitRef]:
        return self.drafts

    def kept_stages(self, visits: Collection[str]) -> Mapping[str, str]:
        return {visit: self.kept[visit] for visit in visits if visit in self.kept}

    def done(self, item: OutboxItem) -> None:
        with self.lock:
            self.items.remove(item)


def dossier(ref: VisitRef, starts_at: datetime | None) -> Dossier:
    return Dossier(
        clinic=ref.clinic,
        visit=ref.visit,
        specialty="urgent",
        visit_type="urgent_video",
        modality="audio_video",
        encounter_kind="new",
        payer="self_pay",
        recording=False,
        starts_at=starts_at,
        encounter_at=None,
        patient=PatientFacts(person="p", birth_date=None, residence_state=None, booked_place=None, attested_place=None),
        provider=ProviderFacts(person="d", profession="MD", home_state=None, place=None, licenses=(), dea=()),
        consents=(),
        established=False,
        established_via=None,
    )


def prescription(order: str, schedule: str | None = None) -> PrescriptionOrder:
    return PrescriptionOrder(
        order=order,
        drug={"name": "amoxicillin", "schedule": schedule, "strength": "500 mg"},
        sig="Take one capsule three times a day",
        quantity="30",
        quantity_unit="C48480",
        days_supply=10,
        refills=0,
        substitutions_allowed=True,
        note_to_pharmacy="",
        patient={"family": "Doe", "given": "Ann", "birth_date": "1990-04-02", "gender": "F"},
        prescriber={"npi": "1234567893", "family": "House", "given": "Greg"},
        pharmacy={"ncpdp": "1234567", "name": "Corner Pharmacy"},
        written_at=datetime(2026, 3, 5, 15, tzinfo=UTC),
    )


@dataclass
class ScriptedKeeper:
    """Opens every gate but those in ``shut``; breaks when asked for one in ``broken``.

    ``terms`` are what a gate leaves for later (``within 72 hours of encounter``), unless ``met``; ``left`` is what it
    did leave, and ``asked`` how often each gate was asked.
    """

    shut: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    review: set[str] = field(default_factory=set)
    terms: dict[str, str] = field(default_factory=dict)
    met: bool = False
    left: list[DutyDue] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    meanwhile: Callable[[], None] | None = None

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        self.asked[gate] += 1
        if self.meanwhile:
            self.meanwhile()
        if gate in self.broken:
            raise RuntimeError("CANARY-engine")
        is_open = gate not in self.shut | self.review
        outcome = "permitted" if is_open else "review" if gate in self.review else "forbidden"
        duties, due = self._later(gate, at)
        decisions = {"licensing": {"outcome": outcome, "duties": duties}}
        return GateRecord(gate=gate, open=is_open, asked_at=at, decisions=decisions, due=due if is_open else ())

    def _later(self, gate: str, at: datetime) -> tuple[list[JSON], list[DutyDue]]:
        """What the decision lists and what the gate leaves, with the instants that the engine gives to its term."""
        if gate not in self.terms:
            return [], []
        due = self.terms[gate]
        term = read_term(due)
        between = due_between(term, at, (ZONE,)) if term else None
        assert between is not None
        left = DutyDue(topic="licensing", duty="report", due=due, call_at=between[0], over_at=between[1])
        self.left += [left]
        return [{"duty": "report", "due": due, "met": self.met}], [] if self.met else [left]


class DrugsBySchedule:
    """A drug is controlled when its order says a schedule."""

    def is_controlled(self, drug: JSON) -> bool:
        return bool(drug.get("schedule"))


@dataclass
class CountingProcessor:
    """A processor that counts what it really did: one effect for each key."""

    decline: set[str] = field(default_factory=set)
    down: bool = False
    lose_answers: int = 0
    done: dict[str, PaymentReceipt] = field(default_factory=dict)

    def _once(self, key: str, receipt: PaymentReceipt) -> PaymentReceipt:
        if self.down:
            raise PortUnavailable("payments: down")
        kept = self.done.setdefault(key, receipt)
        if self.lose_answers:
            self.lose_answers -= 1
            raise PortUnavailable("payments: answer lost")
        return kept

    def authorise(self, key: str, due: PaymentDue) -> PaymentReceipt:
        declined = due.method_token in self.decline
        receipt = PaymentReceipt(
            state="declined" if declined else "authorised",
            reference=f"auth-{key}",
            amount_cents=due.amount_cents,
            currency=due.currency,
            code="card_declined" if declined else "",
        )
        return self._once(key, receipt)

    def capture(self, key: str, reference: str, amount_cents: int) -> PaymentReceipt:
        state = "declined" if "capture" in self.decline else "captured"
        receipt = PaymentReceipt(state=state, reference=reference, amount_cents=amount_cents, currency="USD")
        return self._once(key, receipt)

    def void(self, key: str, reference: str) -> PaymentReceipt:
        return self._once(key, PaymentReceipt(state="voided", reference=reference, amount_cents=0, currency="USD"))

    def withdraw(self, key: str) -> PaymentReceipt:
        known = self.done.get(key)
        if known is None or known.state != "authorised":
            return self._once(key, PaymentReceipt(state="declined", reference="", amount_cents=0, currency="USD"))
        return self.void(f"withdraw:{key}", known.reference)

    def states(self) -> list[str]:
        return [receipt.state for receipt in self.done.values()]


@dataclass
class CountingNetwork:
    """A prescription network that accepts everything but pharmacy 0000000, and counts what it did."""

    down: bool = False
    lose_answers: int = 0
    dispensed: bool = False
    done: dict[str, DispatchReceipt] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def send_new(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        self.asked.append(f"new:{key}")
        if self.down:
            raise PortUnavailable("erx: down")
        rejected = order.pharmacy["ncpdp"] == "0000000"
        state, code = ("rejected", "pharmacy_unknown") if rejected else ("accepted", "")
        kept = self.done.setdefault(key, DispatchReceipt(state=state, message_id=f"msg-{order.order}", code=code))
        if self.lose_answers:
            self.lose_answers -= 1
            raise PortUnavailable("erx: answer lost")
        return kept

    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt:
        if self.down:
            raise PortUnavailable("erx: down")
        return self.done.setdefault(
            key, DispatchReceipt(state="cancelled", message_id=f"cancel-{order.order}", relates_to=message_id)
        )

    def withdraw(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        self.asked.append(f"withdraw:{key}")
        if self.down:
            raise PortUnavailable("erx: down")
        known = self.done.setdefault(key, DispatchReceipt(state="rejected", message_id="", code="withdrawn"))
        answer = DispatchReceipt(
            state="rejected" if self.dispensed else "cancelled",
            message_id=f"cancel-{order.order}",
            relates_to=known.message_id or "never",
            code="" if known.state == "accepted" else "never_sent",
        )
        return self.done.setdefault(f"cancel:{key}", answer)


class MemoryHost:
    """A room host without media: rooms open, close and report."""

    def __init__(self, name: str = "n1") -> None:
        self.endpoint = f"ws://127.0.0.1/{name}"
        self.opened: list[str] = []
        self.lost: list[str] = []
        self.reports: dict[str, asyncio.Future[RoomReport]] = {}

    async def open_room(self, spec: RoomSpec) -> None:
        if spec.room_id not in self.reports:
            self.opened.append(spec.room_id)
            self.reports[spec.room_id] = asyncio.get_running_loop().create_future()

    def lose(self, what: str) -> None:
        """The node's next look at a room fails once, as it would on a node that is going down."""
        self.lost.append(what)

    def snapshot(self, room_id: str) -> RoomState:
        if self.lost:
            raise RuntimeError(self.lost.pop())
        if room_id not in self.reports:
            raise RoomUnknown(room_id)
        return RoomState(room_id=room_id, at=datetime.now(UTC), open=not self.reports[room_id].done())

    async def wait_closed(self, room_id: str) -> RoomReport:
        return await asyncio.shield(self.reports[room_id])

    async def close_room(self, room_id: str, reason: str) -> RoomReport:
        future = self.reports[room_id]
        if not future.done():
            now = datetime.now(UTC)
            future.set_result(RoomReport(room_id=room_id, reason=reason, opened_at=now, ended_at=now))
        return future.result()

    def reasons(self) -> dict[str, str]:
        return {room: future.result().reason for room, future in self.reports.items() if future.done()}
