"""What stands in for the world around a visit that is walked for its case: records, money, pharmacy and room.

Nothing here is kept, sent or charged. A port answers as the real one would on a good day.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from engine.dossier import Dossier
from engine.ports import (
    DispatchReceipt,
    Effect,
    GateKeeper,
    GateRecord,
    OrderVersion,
    PaymentDue,
    PaymentReceipt,
    PrescriptionOrder,
    RoomPlace,
    VisitChange,
    VisitRef,
    VisitStanding,
)
from engine.rooms import RoomReport, RoomSpec, RoomState
from engine.visit_case_world import CaseWorld
from engine.zones import zip_place

CENTS = 100
ZONE = "UTC"
TEXTS = "patient_text"  # the audience of notices by text, which nobody in a case has asked for


@dataclass
class CaseRecords:
    """``VisitRecords`` of one case."""

    world: CaseWorld
    done: dict[tuple[str, str], Any] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    paid: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def once(self, what: str, effect: Effect, make: Callable[[], Any]) -> Any:
        with self.lock:
            if (what, effect.id) not in self.done:
                self.done[what, effect.id] = make()
            return self.done[what, effect.id]

    def dossier(self, ref: VisitRef, order: str | None = None, provider: str = "") -> Dossier:
        return replace(self.world.dossier(ref.visit, self.world.case.at, order), clinic=ref.clinic)

    def record_gate(self, effect: Effect, gate: GateRecord) -> str:
        def make() -> str:
            self.world.saw(gate)
            return effect.id

        return str(self.once("gate", effect, make))

    def hold_slot(self, effect: Effect, until: datetime) -> bool:
        return True

    def standing(self, ref: VisitRef) -> VisitStanding:
        starts = self.world.case.at + self.world.case.starts_in
        booked = self.world.case.patient.booked_place
        found = zip_place(booked.postal_code or "") if booked else None
        zone = found.time_zone if found else ZONE
        return VisitStanding(starts_at=starts, price_cents=CENTS, moved=0, time_zone=zone)

    def move_slot(self, effect: Effect, starts_at: datetime, provider: str = "") -> bool:
        return False

    def issue_requests(self, effect: Effect, kind: str) -> int:
        return self.world.requests.count(kind)

    def offer_visit(self, effect: Effect, handoff: str, until: datetime) -> None:
        """No case has a colleague."""

    def hand_over(self, effect: Effect, handoff: str) -> str:
        return "not_offered"

    def release_slot(self, effect: Effect) -> None:
        """The slot was never taken from anybody."""

    def change(self, effect: Effect, change: VisitChange) -> None:
        if change.stage:
            self.world.outcome.stage = change.stage

    def payment_due(self, ref: VisitRef) -> PaymentDue:
        return PaymentDue(amount_cents=CENTS, currency="USD", method_token="card", method="card")

    def record_payment(self, effect: Effect, receipt: PaymentReceipt) -> None:
        self.paid = receipt.reference if receipt.state == "authorised" else ""

    def payment_reference(self, ref: VisitRef) -> str | None:
        return self.paid or None

    def prescription(self, ref: VisitRef, order: str) -> PrescriptionOrder:
        said = self.world.case.orders[order]
        return PrescriptionOrder(
            order=order,
            drug={"name": said.drug},
            sig="",
            quantity="1",
            quantity_unit="tablet",
            days_supply=said.days,
            refills=said.refills,
            substitutions_allowed=True,
            note_to_pharmacy="",
            patient={},
            prescriber={},
            pharmacy={},
            written_at=self.world.case.at,
        )

    def order_version(self, ref: VisitRef, order: str) -> OrderVersion:
        return OrderVersion(version=1, digest=order)

    def begin_dispatch(self, effect: Effect, order: str, version: int) -> PrescriptionOrder:
        self.once("dispatch", effect, lambda: True)
        return self.prescription(effect.ref, order)

    def is_dispatched(self, effect: Effect) -> bool:
        return ("dispatch", effect.id) in self.done

    def record_dispatch(self, effect: Effect, order: str, receipt: DispatchReceipt) -> None:
        if receipt.state == "accepted":
            self.sent.add(order)

    def unsent_orders(self, ref: VisitRef) -> Sequence[str]:
        written = [act.about for act in self.world.case.acts if act.word == "prescribe"]
        return [order for order in dict.fromkeys(written) if order not in self.sent]

    def sign_note(self, effect: Effect, note: str) -> None:
        """The note of a case says nothing."""

    def issue_join_link(self, effect: Effect, participant: str, until: datetime) -> str:
        return effect.id

    def place_room(self, effect: Effect, place: RoomPlace) -> None:
        """Nobody looks for the room."""

    def write_summary(self, effect: Effect) -> str:
        return effect.id

    def queue_message(self, effect: Effect, template: str, audience: str) -> None:
        if audience != TEXTS:
            self.once("message", effect, lambda: self.world.outcome.messages.append(template))

    def raise_alert(self, effect: Effect, kind: str, subject: str = "") -> str:
        self.once("task", effect, lambda: self.world.outcome.tasks.append(kind))
        return effect.id


@dataclass(frozen=True, slots=True)
class CaseKeeper:
    """Asks the gates about the case as it stands at the instant of the question."""

    keeper: GateKeeper
    world: CaseWorld

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        known = self.world.dossier(dossier.visit, at, dossier.order.order if dossier.order else None)
        return self.keeper.ask(replace(known, starts_at=dossier.starts_at), gate, at)


class CaseProcessor:
    """A card that is good."""

    def authorise(self, key: str, due: PaymentDue) -> PaymentReceipt:
        return _paid("authorised", key, due.amount_cents)

    def capture(self, key: str, reference: str, amount_cents: int) -> PaymentReceipt:
        return _paid("captured", reference, amount_cents)

    def void(self, key: str, reference: str) -> PaymentReceipt:
        return _paid("voided", reference, 0)

    def withdraw(self, key: str) -> PaymentReceipt:
        return _paid("voided", key, 0)


class CaseNetwork:
    """A pharmacy that takes what it is sent."""

    def send_new(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        return DispatchReceipt(state="accepted", message_id=key, simulated=True)

    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt:
        return DispatchReceipt(state="cancelled", message_id=key, relates_to=message_id, simulated=True)

    def withdraw(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        return DispatchReceipt(state="cancelled", message_id=key, relates_to=key, simulated=True)


class CaseHost:
    """A room without media, which closes when it is told to."""

    endpoint = "none"

    def __init__(self) -> None:
        self._rooms: dict[str, asyncio.Future[RoomReport]] = {}

    async def open_room(self, spec: RoomSpec) -> None:
        self._rooms.setdefault(spec.room_id, asyncio.get_running_loop().create_future())

    def snapshot(self, room_id: str) -> RoomState:
        return RoomState(room_id=room_id, at=datetime.now(UTC), open=not self._rooms[room_id].done())

    async def wait_closed(self, room_id: str) -> RoomReport:
        return await asyncio.shield(self._rooms[room_id])

    async def close_room(self, room_id: str, reason: str) -> RoomReport:
        closing = self._rooms[room_id]
        if not closing.done():
            now = datetime.now(UTC)
            closing.set_result(RoomReport(room_id=room_id, reason=reason, opened_at=now, ended_at=now))
        return closing.result()


def _paid(state: str, reference: str, cents: int) -> PaymentReceipt:
    return PaymentReceipt(state=state, reference=reference, amount_cents=cents, currency="USD", simulated=True)
