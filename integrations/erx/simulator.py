"""A pharmacy network that reaches no pharmacy: NewRx and CancelRx go in as XML, Status, Error and RxFill come back.

It behaves like the network: it answers a repeated MessageID as it did the first time, refuses what a pharmacy system
would refuse (unknown pharmacy, a prescriber without a valid NPI, nothing to dispense), never takes a controlled drug
without the two-factor ceremony of 21 CFR 1311, and is sometimes away. A while after a prescription was taken it says
what the pharmacy made of it; what was given out is not cancelled any more. Everything says that it is simulated.
"""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from engine.pharmacy import ALREADY_FILLED, DISPENSED, NOT_DISPENSED, PARTLY_DISPENSED, TRANSFERRED, FillReport
from engine.ports import DispatchReceipt, PortUnavailable, PrescriptionOrder
from integrations.erx import script
from integrations.ledger import Entry, Ledger
from integrations.npi import is_npi

# Codes of refusals: our own words for what a network answers with an Error.
UNKNOWN_PHARMACY, UNKNOWN_PRESCRIBER, NOTHING_TO_DISPENSE = "unknown_pharmacy", "unknown_prescriber", "no_quantity"
NEEDS_EPCS, UNKNOWN_ORDER, MALFORMED = "needs_epcs", "unknown_order", "malformed"
CANCELLED_FIRST = "cancelled_first"
CLOSED_PHARMACY = "closed"  # a pharmacy id that begins so does not take prescriptions
AWAY_PHARMACY = "away"  # a pharmacy id that begins so does not answer at first
OUTAGES = 2
# What a pharmacy makes of a prescription, by how its id begins; every other one gives the medicine out.
FATES: Mapping[str, str] = MappingProxyType(
    {"partial": PARTLY_DISPENSED, "unclaimed": NOT_DISPENSED, "elsewhere": TRANSFERRED}
)
_GIVEN_OUT = frozenset({DISPENSED, PARTLY_DISPENSED, TRANSFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the network behaves: the time an answer takes, and that a pharmacy takes to fill, in seconds."""

    latency_seconds: float = 0.2
    fill_seconds: float = 180.0


class SimulatedNetwork:
    """The far side: takes a message's bytes, gives the answer's bytes, remembers ids and answers only."""

    def __init__(self, state_file: Path, behaviour: Behaviour, now: Callable[[], datetime]) -> None:
        self._ledger = Ledger(state_file)
        self._behaviour = behaviour
        self._now = now

    def exchange(self, message: bytes) -> bytes:
        """Answers one message.

        Raises:
            PortUnavailable: the network is away; send the same message again.
        """
        time.sleep(self._behaviour.latency_seconds)
        try:
            root = script.read(message)
        except script.MalformedMessage:
            return self._answer("", "Error", MALFORMED)
        ident = root.findtext("Header/MessageID", "")
        self._perhaps_away(ident, root)
        entry = self._ledger.once(f"message:{ident}", lambda: self._verdict(ident, root))
        return self._answer(ident, str(entry["kind"]), str(entry["code"]))

    def _verdict(self, ident: str, root: ET.Element) -> dict[str, str]:
        new, cancel = root.find("Body/NewRx"), root.find("Body/CancelRx")
        if new is not None:
            code = _refusal(new)
            if code:
                return {"kind": "Error", "code": code}
            self._will_fill(ident, root)
            return {"kind": "Status", "code": script.ACCEPTED}
        if cancel is not None:
            return self._cancellation(root.findtext("Header/RelatesToMessageID", ""))
        return {"kind": "Error", "code": MALFORMED}

    def _cancellation(self, relates_to: str) -> dict[str, str]:
        """A message that was not known is refused should it arrive after its cancellation."""
        known = self._ledger.once(f"message:{relates_to}", lambda: {"kind": "Error", "code": CANCELLED_FIRST})
        if known["kind"] != "Status":
            return {"kind": "Error", "code": UNKNOWN_ORDER}
        if self._is_given_out(relates_to):
            return {"kind": script.CANCEL_RESPONSE, "code": ALREADY_FILLED}
        self._ledger.drop(f"mail:{relates_to}")
        self._ledger.drop(f"fill:{relates_to}")
        return {"kind": script.CANCEL_RESPONSE, "code": script.ACCEPTED}

    def mail(self, most: int) -> tuple[bytes, ...]:
        """The RxFill messages that wait to be collected, each as it will lie there until it is taken."""
        waiting = (name.removeprefix("mail:") for name, _ in self._ledger.starting("mail:"))
        due = [(relates_to, entry) for relates_to in waiting if (entry := self._filled(relates_to)) is not None]
        return tuple(self._rx_fill(relates_to, entry) for relates_to, entry in due[:most])

    def taken(self, message_id: str) -> None:
        """Forgets that a message waits."""
        for name, _ in self._ledger.starting("mail:"):
            if _fill_id(name.removeprefix("mail:")) == message_id:
                self._ledger.drop(name)

    def _will_fill(self, ident: str, root: ET.Element) -> None:
        """Remembers by when the pharmacy has seen to it: codes, the order's number and an instant."""
        due = self._now() + timedelta(seconds=self._behaviour.fill_seconds)
        order = root.findtext("Header/PrescriberOrderNumber", "")
        state = _fate(root.findtext(".//Pharmacy/Identification/NCPDPID", ""))
        self._ledger.put(f"fill:{ident}", {"state": state, "due": due.isoformat(), "order": order})
        self._ledger.put(f"mail:{ident}", {})

    def _filled(self, ident: str) -> Entry | None:
        """What the pharmacy has made of a message by now; None while it has not come to it."""
        entry = self._ledger.get(f"fill:{ident}")
        return entry if entry is not None and datetime.fromisoformat(str(entry["due"])) <= self._now() else None

    def _is_given_out(self, ident: str) -> bool:
        entry = self._filled(ident)
        return entry is not None and entry["state"] in _GIVEN_OUT

    def _rx_fill(self, relates_to: str, entry: Entry) -> bytes:
        envelope = script.Envelope(
            message_id=_fill_id(relates_to),
            sender="SIMULATOR",
            recipient="CLINIC",
            sent_at=datetime.fromisoformat(str(entry["due"])),
            relates_to=relates_to,
            order_number=str(entry["order"]),
        )
        return script.rx_fill(envelope, str(entry["state"]))

    def _perhaps_away(self, ident: str, root: ET.Element) -> None:
        pharmacy = root.findtext(".//Pharmacy/Identification/NCPDPID", "")
        if not pharmacy.startswith(AWAY_PHARMACY) or self._ledger.get(f"message:{ident}") is not None:
            return
        tried = self._ledger.count(f"outage:{ident}:")
        if tried < OUTAGES:
            self._ledger.put(f"outage:{ident}:{tried}", {"tried": tried})
            raise PortUnavailable("erx: no answer")

    def _answer(self, relates_to: str, kind: str, code: str) -> bytes:
        envelope = script.Envelope(
            message_id=script.message_id(f"answer:{relates_to}"),
            sender="SIMULATOR",
            recipient="CLINIC",
            sent_at=self._now(),
            relates_to=relates_to,
        )
        return script.reply(envelope, kind, code)


class SimulatedPrescriptionNetwork:
    """``engine.ports.PrescriptionNetwork`` over the simulated network."""

    def __init__(
        self,
        state_file: Path,
        behaviour: Behaviour | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._network = SimulatedNetwork(state_file, behaviour or Behaviour(), now)
        self._now = now

    def send_new(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        """Sends a NewRx; a refusal is a receipt with its code."""
        envelope = self._envelope(key, order)
        return _receipt(envelope, script.read_reply(self._network.exchange(script.new_rx(envelope, order))))

    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt:
        """Asks the pharmacy to cancel what ``message_id`` sent."""
        envelope = self._envelope(key, order, relates_to=message_id)
        return _receipt(envelope, script.read_reply(self._network.exchange(script.cancel_rx(envelope, order))))

    def withdraw(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        """Asks to cancel what was sent by ``key``; an order that the network does not know is not out."""
        receipt = self.cancel(f"withdraw:{key}", order, script.message_id(key))
        return replace(receipt, state="cancelled") if receipt.code == UNKNOWN_ORDER else receipt

    def collect(self, most: int) -> Sequence[FillReport]:
        """The pharmacies' RxFill messages that nobody has taken yet (``engine.pharmacy.PharmacyMail``)."""
        return tuple(script.read_fill(message, simulated=True) for message in self._network.mail(most))

    def taken(self, message_id: str) -> None:
        self._network.taken(message_id)

    def _envelope(self, key: str, order: PrescriptionOrder, relates_to: str = "") -> script.Envelope:
        return script.Envelope(
            message_id=script.message_id(key),
            sender="CLINIC",
            recipient=str(order.pharmacy.get("id", "")),
            sent_at=self._now(),
            relates_to=relates_to,
            order_number=order.order,
        )


def _refusal(new: ET.Element) -> str:
    """The code a network would refuse this NewRx with, empty when it takes it."""
    pharmacy = new.findtext("Pharmacy/Identification/NCPDPID", "")
    if not pharmacy or pharmacy.startswith(CLOSED_PHARMACY):
        return UNKNOWN_PHARMACY
    if not is_npi(new.findtext("Prescriber/NonVeterinarian/Identification/NPI", "")):
        return UNKNOWN_PRESCRIBER
    if new.findtext("MedicationPrescribed/DEASchedule"):
        return NEEDS_EPCS
    quantity = new.findtext("MedicationPrescribed/Quantity/Value", "")
    description = new.findtext("MedicationPrescribed/DrugDescription", "")
    return "" if description and _is_positive(quantity) else NOTHING_TO_DISPENSE


def _fate(pharmacy: str) -> str:
    return next((state for prefix, state in FATES.items() if pharmacy.startswith(prefix)), DISPENSED)


def _fill_id(relates_to: str) -> str:
    return script.message_id(f"fill:{relates_to}")


def _is_positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _receipt(envelope: script.Envelope, reply: script.Reply) -> DispatchReceipt:
    states = {"Status": "accepted", script.CANCEL_RESPONSE: "cancelled", "Error": "rejected"}
    denied = reply.kind == script.CANCEL_RESPONSE and reply.code != script.ACCEPTED
    return DispatchReceipt(
        state="rejected" if denied else states[reply.kind],
        message_id=envelope.message_id,
        relates_to=envelope.relates_to,
        code="" if reply.code == script.ACCEPTED else reply.code,
        simulated=True,
    )
