"""Prescription messages: NewRx, CancelRx, RxFill and the network's Status and Error, as XML.

Element names are the publicly known ones of NCPDP SCRIPT (Message, Header, Body, NewRx, MedicationPrescribed ...).
The standard's schema is licensed to its members; this module holds a small schema of our own and is not certified.
Built and read with the standard library; a document type declaration is refused before parsing.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from engine.pharmacy import DISPENSED, NOT_DISPENSED, PARTLY_DISPENSED, TRANSFERRED, FillReport
from engine.ports import JSON, PrescriptionOrder

VERSION = "2023011"
MOST_BYTES = 64 * 1024
ACCEPTED = "000"
CANCEL_RESPONSE = "CancelRxResponse"
_SENT = "%Y-%m-%dT%H:%M:%SZ"
FILL_STATUS: Mapping[str, str] = MappingProxyType(
    {
        DISPENSED: "Dispensed",
        PARTLY_DISPENSED: "PartiallyDispensed",
        NOT_DISPENSED: "NotDispensed",
        TRANSFERRED: "Transferred",
    }
)


class MalformedMessage(ValueError):
    """A message that is not one of ours; says which element, never what it held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message's header: who to whom, its id, and what it answers."""

    message_id: str
    sender: str
    recipient: str
    sent_at: datetime
    relates_to: str = ""
    order_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The network's answer: ``status`` (000 accepted, 010 verified) or an error code with ``kind`` Error."""

    kind: str
    code: str
    message_id: str
    relates_to: str


def message_id(key: str) -> str:
    """At most 35 characters, the same for the same key, so that a repeated message is seen to be one."""
    return "CW" + hashlib.sha256(key.encode()).hexdigest()[:33]


def new_rx(envelope: Envelope, order: PrescriptionOrder) -> bytes:
    """A NewRx for ``order``."""
    message, body = _message(envelope)
    new = ET.SubElement(body, "NewRx")
    _patient(ET.SubElement(new, "Patient"), order.patient)
    _pharmacy(ET.SubElement(new, "Pharmacy"), order.pharmacy)
    _prescriber(ET.SubElement(new, "Prescriber"), order.prescriber)
    _medication(ET.SubElement(new, "MedicationPrescribed"), order)
    return _bytes(message)


def cancel_rx(envelope: Envelope, order: PrescriptionOrder) -> bytes:
    """A CancelRx for the NewRx that ``envelope.relates_to`` names."""
    message, body = _message(envelope)
    cancel = ET.SubElement(body, "CancelRx")
    _pharmacy(ET.SubElement(cancel, "Pharmacy"), order.pharmacy)
    _prescriber(ET.SubElement(cancel, "Prescriber"), order.prescriber)
    _medication(ET.SubElement(cancel, "MedicationPrescribed"), order)
    return _bytes(message)


def reply(envelope: Envelope, kind: str, code: str) -> bytes:
    """A Status, CancelRxResponse or Error that answers ``envelope.relates_to``."""
    message, body = _message(envelope)
    answer = ET.SubElement(body, kind)
    if kind == CANCEL_RESPONSE:
        _said_to_cancel(ET.SubElement(answer, "Response"), code)
    else:
        ET.SubElement(answer, "Code").text = code
    return _bytes(message)


def rx_fill(envelope: Envelope, fill: str) -> bytes:
    """An RxFill for the NewRx that ``envelope.relates_to`` names; ``fill`` is one of `engine.pharmacy.FILLS`."""
    message, body = _message(envelope)
    status = ET.SubElement(ET.SubElement(body, "RxFill"), "FillStatus")
    ET.SubElement(status, FILL_STATUS[fill])
    return _bytes(message)


def read_fill(text: bytes, simulated: bool) -> FillReport:
    """Reads an RxFill. Raises `MalformedMessage` for anything else."""
    root = read(text)
    status = root.find("Body/RxFill/FillStatus")
    told = {tag: fill for fill, tag in FILL_STATUS.items()}.get(
        status[0].tag if status is not None and len(status) else ""
    )
    if told is None:
        raise MalformedMessage("Body/RxFill/FillStatus")
    return FillReport(
        message_id=root.findtext("Header/MessageID", ""),
        relates_to=root.findtext("Header/RelatesToMessageID", ""),
        order=root.findtext("Header/PrescriberOrderNumber", ""),
        state=told,
        at=_instant(root.findtext("Header/SentTime", "")),
        simulated=simulated,
    )


def read(text: bytes) -> ET.Element:
    """Parses a message.

    Raises:
        MalformedMessage: too long, not XML, with a document type, or without header and body.
    """
    if len(text) > MOST_BYTES or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise MalformedMessage("Message")
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        raise MalformedMessage("Message") from None
    for name in ("Header/MessageID", "Header/SentTime", "Body"):
        if root.find(name) is None:
            raise MalformedMessage(name)
    return root


def read_reply(text: bytes) -> Reply:
    """Reads the network's answer."""
    root = read(text)
    body = root.find("Body")
    answer = body[0] if body is not None and len(body) else None
    if answer is None or answer.tag not in ("Status", "Error", CANCEL_RESPONSE):
        raise MalformedMessage("Body")
    return Reply(
        kind=answer.tag,
        code=_read_cancelled(answer) if answer.tag == CANCEL_RESPONSE else answer.findtext("Code", ""),
        message_id=root.findtext("Header/MessageID", ""),
        relates_to=root.findtext("Header/RelatesToMessageID", ""),
    )


def _said_to_cancel(response: ET.Element, code: str) -> None:
    """Approved, or denied with a reason."""
    if code == ACCEPTED:
        ET.SubElement(response, "Approved")
    else:
        ET.SubElement(ET.SubElement(response, "Denied"), "DenialReason").text = code


def _read_cancelled(answer: ET.Element) -> str:
    """Fails closed: what is not an approval is a refusal."""
    if answer.find("Response/Approved") is not None:
        return ACCEPTED
    return answer.findtext("Response/Denied/DenialReason", "") or "denied"


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, _SENT).replace(tzinfo=UTC)
    except ValueError:
        raise MalformedMessage("Header/SentTime") from None


def _message(envelope: Envelope) -> tuple[ET.Element, ET.Element]:
    message = ET.Element("Message", {"version": VERSION})
    header = ET.SubElement(message, "Header")
    sent = envelope.sent_at.strftime(_SENT)
    _texts(header, (("To", envelope.recipient), ("From", envelope.sender), ("MessageID", envelope.message_id)))
    _texts(header, (("RelatesToMessageID", envelope.relates_to), ("SentTime", sent)))
    _texts(header, (("PrescriberOrderNumber", envelope.order_number),))
    return message, ET.SubElement(message, "Body")


def _patient(element: ET.Element, patient: JSON) -> None:
    person = ET.SubElement(element, "HumanPatient")
    _name(person, patient)
    _texts(person, (("Gender", _text(patient, "sex")), ("DateOfBirth", _text(patient, "birth_date"))))
    _address(person, patient.get("address") or {}, patient)


def _prescriber(element: ET.Element, prescriber: JSON) -> None:
    person = ET.SubElement(element, "NonVeterinarian")
    _texts(ET.SubElement(person, "Identification"), (("NPI", _text(prescriber, "npi")),))
    _name(person, prescriber)


def _pharmacy(element: ET.Element, pharmacy: JSON) -> None:
    _texts(ET.SubElement(element, "Identification"), (("NCPDPID", _text(pharmacy, "id")),))
    _texts(element, (("BusinessName", _text(pharmacy, "name")),))
    _address(element, pharmacy, pharmacy)


def _medication(element: ET.Element, order: PrescriptionOrder) -> None:
    drug = " ".join(part for part in (_text(order.drug, "name"), _text(order.drug, "strength")) if part)
    _texts(element, (("DrugDescription", drug), ("DEASchedule", _text(order.drug, "schedule"))))
    quantity = ET.SubElement(element, "Quantity")
    _texts(quantity, (("Value", str(order.quantity)), ("QuantityUnitOfMeasure", order.quantity_unit)))
    substitution = "0" if order.substitutions_allowed else "1"
    _texts(element, (("DaysSupply", str(order.days_supply)), ("Substitutions", substitution)))
    _texts(element, (("NumberOfRefills", str(order.refills)), ("WrittenDate", f"{order.written_at:%Y-%m-%d}")))
    _texts(element, (("Note", order.note_to_pharmacy),))
    ET.SubElement(ET.SubElement(element, "Sig"), "SigText").text = order.sig


def _name(element: ET.Element, person: JSON) -> None:
    name = ET.SubElement(element, "Name")
    _texts(name, (("LastName", _text(person, "family")), ("FirstName", _text(person, "given"))))


def _address(element: ET.Element, address: JSON, fallback: JSON) -> None:
    place = ET.SubElement(element, "Address")
    line = _text(address, "line") or _text(address, "address")
    _texts(place, (("AddressLine1", line), ("City", _text(address, "city"))))
    _texts(place, (("StateProvince", _text(address, "state") or _text(fallback, "state")),))
    _texts(place, (("PostalCode", _text(address, "postal_code") or _text(fallback, "postal_code")),))


def _texts(element: ET.Element, pairs: tuple[tuple[str, str], ...]) -> None:
    for tag, text in pairs:
        if text:
            ET.SubElement(element, tag).text = text


def _text(values: JSON, key: str) -> str:
    value = values.get(key)
    return "" if value is None or not isinstance(value, str | int) else str(value)


def _bytes(message: ET.Element) -> bytes:
    return bytes(ET.tostring(message, encoding="utf-8", xml_declaration=True))
