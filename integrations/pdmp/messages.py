"""The question to a prescription monitoring program and its answer, as XML: RxHistoryRequest and RxHistoryResponse.

Element names are the publicly known ones of NCPDP SCRIPT's medication history (Message, Header, Body,
RxHistoryRequest, RxHistoryResponse, MedicationDispensed ...), by which states are asked through a hub. The standard's
schema is licensed to its members; this module holds a small schema of our own and is not certified. Reading is strict:
what is missing or odd is no report.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.monitoring import FOUND, NO_MATCH, NOT_CONNECTED, NOTHING, DispensedDrug, MonitoringQuestion

VERSION = "2023011"
MOST_BYTES = 512 * 1024
MOST_ROWS = 500
# Their words for what came of a question, and ours.
RESULTS = {"Approved": FOUND, "NoRecords": NOTHING, "NoMatch": NO_MATCH, "NotConnected": NOT_CONNECTED}
SCHEDULES = ("II", "III", "IV", "V")  # 21 U.S.C. 812, without the one that is never dispensed


class MalformedReport(Exception):
    """The message cannot be read; nothing of it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reply:
    """An answer as read: whom it answers, for which state, by whom, when; rows newest first."""

    outcome: str
    sender: str
    as_of: datetime
    rows: tuple[DispensedDrug, ...] = field(default=())


def request(question: MonitoringQuestion, message_id: str, sent_at: datetime) -> bytes:
    """An RxHistoryRequest about one patient of one prescriber."""
    message, body = _message((question.state, "CLINIC"), message_id, sent_at)
    asked = ET.SubElement(body, "RxHistoryRequest")
    prescriber = ET.SubElement(ET.SubElement(asked, "Prescriber"), "NonVeterinarian")
    _texts(ET.SubElement(prescriber, "Identification"), (("NPI", question.prescriber.get("npi", "")),))
    _name(prescriber, question.prescriber.get("family", ""), question.prescriber.get("given", ""))
    patient = ET.SubElement(ET.SubElement(asked, "Patient"), "HumanPatient")
    _name(patient, question.patient.get("family", ""), question.patient.get("given", ""))
    _texts(patient, (("DateOfBirth", question.patient.get("birth_date", "")),))
    _texts(ET.SubElement(patient, "Address"), (("PostalCode", question.patient.get("postal_code", "")),))
    _texts(asked, (("StartDate", question.since.isoformat()), ("EndDate", question.until.isoformat())))
    return _bytes(message)


def response(about: ET.Element, sender: str, as_of: datetime, result: tuple[str, Sequence[DispensedDrug]]) -> bytes:
    """What the program says to a request (`read`): one of `RESULTS`, and the rows."""
    ident, state = about.findtext("Header/MessageID", ""), about.findtext("Header/To", "")
    message, body = _message(("CLINIC", sender), f"{ident}R", as_of)
    header = message.find("Header")
    if header is not None:
        _texts(header, (("RelatesToMessageID", ident),))
    answer = ET.SubElement(body, "RxHistoryResponse")
    _texts(answer, (("State", state), ("Response", result[0])))
    for row in result[1]:
        _dispensed(ET.SubElement(answer, "MedicationDispensed"), row)
    return _bytes(message)


def read(text: bytes) -> ET.Element:
    """Parses a message. Raises `MalformedReport`: too long, not XML, with a document type, or without its parts."""
    if len(text) > MOST_BYTES or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise MalformedReport
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        raise MalformedReport from None
    if root.tag != "Message" or root.find("Body") is None or not root.findtext("Header/MessageID"):
        raise MalformedReport
    return root


def read_response(text: bytes, message_id: str, question: MonitoringQuestion) -> Reply:
    """The answer to one question.

    Raises:
        MalformedReport: it is none, answers another question or speaks for another state, or a row cannot be read: a
            report with a hole in it is worse than none.
    """
    root = read(text)
    answer = root.find("Body/RxHistoryResponse")
    if answer is None or root.findtext("Header/RelatesToMessageID") != message_id:
        raise MalformedReport
    outcome = RESULTS.get(answer.findtext("Response", ""))
    if outcome is None or answer.findtext("State") != question.state:
        raise MalformedReport
    try:
        as_of = datetime.fromisoformat(root.findtext("Header/SentTime", ""))
        rows = [_row(part) for part in answer.findall("MedicationDispensed")]
    except ValueError:
        raise MalformedReport from None
    if as_of.tzinfo is None or len(rows) > MOST_ROWS or bool(rows) != (outcome == FOUND):
        raise MalformedReport
    newest_first = sorted(rows, key=lambda row: (row.filled_on, row.drug), reverse=True)
    sender = root.findtext("Header/From", "").lower()
    return Reply(outcome=outcome, sender=sender, as_of=as_of, rows=tuple(newest_first))


def _row(part: ET.Element) -> DispensedDrug:
    drug, schedule = part.findtext("DrugDescription", ""), part.findtext("DEASchedule", "")
    if not drug or schedule not in ("", *SCHEDULES):
        raise ValueError("row")
    return DispensedDrug(
        drug=drug,
        quantity=part.findtext("Quantity/Value", ""),
        unit=part.findtext("Quantity/QuantityUnitOfMeasure", ""),
        days_supply=int(part.findtext("DaysSupply", "")),
        filled_on=date.fromisoformat(part.findtext("LastFillDate", "")),
        prescriber=part.findtext("Prescriber/NonVeterinarian/Name/LastName", ""),
        pharmacy=part.findtext("Pharmacy/BusinessName", ""),
        schedule=schedule,
    )


def _dispensed(part: ET.Element, row: DispensedDrug) -> None:
    _texts(part, (("DrugDescription", row.drug), ("DEASchedule", row.schedule)))
    amount = ET.SubElement(part, "Quantity")
    _texts(amount, (("Value", row.quantity), ("QuantityUnitOfMeasure", row.unit)))
    _texts(part, (("DaysSupply", str(row.days_supply)), ("LastFillDate", row.filled_on.isoformat())))
    _name(ET.SubElement(ET.SubElement(part, "Prescriber"), "NonVeterinarian"), row.prescriber, "")
    _texts(ET.SubElement(part, "Pharmacy"), (("BusinessName", row.pharmacy),))


def _message(to_and_from: tuple[str, str], message_id: str, sent_at: datetime) -> tuple[ET.Element, ET.Element]:
    message = ET.Element("Message", {"version": VERSION})
    header = ET.SubElement(message, "Header")
    _texts(header, (("To", to_and_from[0]), ("From", to_and_from[1]), ("MessageID", message_id)))
    _texts(header, (("SentTime", sent_at.isoformat()),))
    return message, ET.SubElement(message, "Body")


def _name(element: ET.Element, family: str, given: str) -> None:
    _texts(ET.SubElement(element, "Name"), (("LastName", family), ("FirstName", given)))


def _texts(element: ET.Element, pairs: tuple[tuple[str, str], ...]) -> None:
    for tag, text in pairs:
        if text:
            ET.SubElement(element, tag).text = text


def _bytes(message: ET.Element) -> bytes:
    return bytes(ET.tostring(message, encoding="utf-8", xml_declaration=True))
