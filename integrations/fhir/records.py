"""What is a patient's whole record as a FHIR R4 Bundle that they take home?

Pure: it is told of people, visits and papers in plain values and returns a `collection`. Ids are the clinic's own;
references are relative, to entries of the same bundle, and attachments name files that lie beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from engine.values import instant_text
from integrations.fhir.elements import Json

# FHIR's words for how far a visit and a prescription are (value sets encounter-status and medicationrequest-status).
ENCOUNTERS: Mapping[str, str] = {
    "completed": "finished",
    "documenting": "finished",
    "in_call": "in-progress",
    "in_review": "in-progress",
    "cancelled": "cancelled",
    "no_show": "cancelled",
    "refused": "cancelled",
    "expired": "cancelled",
    "escalated": "cancelled",
}
ORDERS: Mapping[str, str] = {
    "sent": "active",
    "verified": "active",
    "filled": "completed",
    "dispensed": "completed",
    "partly_dispensed": "active",
    "not_dispensed": "stopped",
    "transferred": "active",
    "cancel_held": "active",
    "cancelling": "active",
    "cancel_refused": "completed",
    "cancel_unanswered": "active",
    "rejected": "stopped",
    "cancelled": "cancelled",
}
GENDERS = frozenset({"female", "male", "other", "unknown"})
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirPatient:
    """Who: names, birth date, sex (a code of the vocabulary), how they are reached, and where they live."""

    id: str
    given: str
    family: str
    birth_date: date
    sex: str
    phone: str
    email: str
    address: Mapping[str, str]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirVisit:
    """A visit: its stage, what kind it is in words, when, and the clinician's id and name."""

    id: str
    stage: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    provider: str
    provider_name: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirOrder:
    """A prescription as it was written, and its state."""

    id: str
    visit: str
    state: str
    drug: str
    sig: str
    quantity: str
    unit: str
    days: int
    refills: int
    written_at: datetime
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirConsent:
    """A consent: its kind, its words as they were signed, when, and whether it still holds."""

    id: str
    visit: str
    kind: str
    text: str
    at: datetime
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirPaper:
    """A summary (its words) or a file that lies beside the bundle (its name there)."""

    id: str
    visit: str
    title: str
    at: datetime
    text: str = ""
    name: str = ""
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirMessage:
    """One message of a conversation.

    ``by`` is the clinician's id; empty where the patient wrote it, or where ``by_name`` did for them.
    """

    id: str
    visit: str
    subject: str
    text: str
    at: datetime
    by: str
    by_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FhirRecord:
    """Everything of one patient; ``responses`` are QuestionnaireResponses as `responses` makes them."""

    patient: FhirPatient
    clinic: str
    at: datetime
    visits: tuple[FhirVisit, ...] = ()
    orders: tuple[FhirOrder, ...] = ()
    consents: tuple[FhirConsent, ...] = ()
    papers: tuple[FhirPaper, ...] = ()
    messages: tuple[FhirMessage, ...] = ()
    responses: tuple[Json, ...] = field(default=())


def bundle(record: FhirRecord) -> Json:
    """The bundle: Patient, Organization, Practitioner, Encounter, MedicationRequest, Consent, DocumentReference,
    Communication and QuestionnaireResponse entries."""
    resources = [_patient(record.patient), {"resourceType": "Organization", "id": "clinic", "name": record.clinic}]
    resources += _practitioners(record)
    resources += [_encounter(one, record.patient.id) for one in record.visits]
    resources += [_medication(one, record.patient.id) for one in record.orders]
    resources += [_consent(one, record.patient.id) for one in record.consents]
    resources += [_paper(one, record.patient.id) for one in record.papers]
    resources += [_message(one, record.patient.id) for one in record.messages]
    resources += [{**one, "id": f"response-{number}"} for number, one in enumerate(record.responses, 1)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant_text(record.at),
        "entry": [{"fullUrl": f"urn:clinic:{one['resourceType']}/{one['id']}", "resource": one} for one in resources],
    }


def fhir_id(text: str) -> str:
    """An id of ours in the characters that FHIR allows."""
    return text.replace("_", "-")[:64]


def _patient(one: FhirPatient) -> Json:
    telecom = [("phone", one.phone), ("email", one.email)]
    address = {
        "line": [one.address["line"]] if one.address.get("line") else None,
        "city": one.address.get("city"),
        "state": one.address.get("state"),
        "postalCode": one.address.get("postal_code"),
    }
    return _without_gaps(
        {
            "resourceType": "Patient",
            "id": fhir_id(one.id),
            "name": [_without_gaps({"given": [one.given] if one.given else None, "family": one.family or None})],
            "telecom": [{"system": system, "value": value} for system, value in telecom if value] or None,
            "gender": one.sex if one.sex in GENDERS else "unknown",
            "birthDate": one.birth_date.isoformat(),
            "address": [_without_gaps(address)] if _without_gaps(address) else None,
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": one.language}]}}],
            "managingOrganization": {"reference": "Organization/clinic"},
        }
    )


def _practitioners(record: FhirRecord) -> Iterator[Json]:
    names = {one.by: one.by_name for one in record.messages if one.by}
    names |= {one.provider: one.provider_name for one in record.visits if one.provider}
    for person, name in sorted(names.items()):
        yield {"resourceType": "Practitioner", "id": fhir_id(person), "name": [{"text": name}]}


def _encounter(one: FhirVisit, patient: str) -> Json:
    return _without_gaps(
        {
            "resourceType": "Encounter",
            "id": fhir_id(one.id),
            "status": ENCOUNTERS.get(one.stage, "planned"),
            "class": {"system": _ACT, "code": "VR", "display": "virtual"},
            "type": [{"text": one.kind}] if one.kind else None,
            "subject": _to("Patient", patient),
            "participant": [{"individual": _to("Practitioner", one.provider)}] if one.provider else None,
            "period": {"start": instant_text(one.starts_at), "end": instant_text(one.ends_at)},
        }
    )


def _medication(one: FhirOrder, patient: str) -> Json:
    return _without_gaps(
        {
            "resourceType": "MedicationRequest",
            "id": fhir_id(one.id),
            "status": ORDERS.get(one.state, "unknown"),
            "intent": "order",
            "medicationCodeableConcept": {"text": one.drug},
            "subject": _to("Patient", patient),
            "encounter": _to("Encounter", one.visit),
            "authoredOn": instant_text(one.written_at),
            "requester": _to("Practitioner", one.provider) if one.provider else None,
            "dosageInstruction": [{"text": one.sig}] if one.sig else None,
            "dispenseRequest": _dispense(one),
        }
    )


def _dispense(one: FhirOrder) -> Json:
    amount = one.quantity if one.quantity.replace(".", "", 1).isdigit() else ""
    return _without_gaps(
        {
            "numberOfRepeatsAllowed": one.refills,
            "quantity": {"value": float(amount), "unit": one.unit} if amount else None,
            "expectedSupplyDuration": {"value": one.days, "unit": "days"} if one.days else None,
        }
    )


def _consent(one: FhirConsent, patient: str) -> Json:
    return {
        "resourceType": "Consent",
        "id": fhir_id(one.id),
        "status": "active" if one.holds else "inactive",
        "scope": {"coding": [{"system": _SCOPE, "code": "treatment"}]},
        "category": [{"coding": [{"system": _CATEGORY, "code": "INFA"}], "text": one.kind}],
        "patient": _to("Patient", patient),
        "dateTime": instant_text(one.at),
        "organization": [{"reference": "Organization/clinic"}],
        "policyRule": {"text": one.kind},
        "provision": {"type": "permit" if one.holds else "deny"},
        "text": _narrative(one.text),
    }


def _paper(one: FhirPaper, patient: str) -> Json:
    attachment = {"contentType": one.media_type, "title": one.title, "url": one.name or None}
    return _without_gaps(
        {
            "resourceType": "DocumentReference",
            "id": fhir_id(one.id),
            "status": "current",
            "subject": _to("Patient", patient),
            "date": instant_text(one.at),
            "description": one.title,
            "content": [{"attachment": _without_gaps(attachment)}],
            "context": {"encounter": [_to("Encounter", one.visit)]},
            "text": _narrative(one.text) if one.text else None,
        }
    )


def _message(one: FhirMessage, patient: str) -> Json:
    return _without_gaps(
        {
            "resourceType": "Communication",
            "id": fhir_id(one.id),
            "status": "completed",
            "subject": _to("Patient", patient),
            "encounter": _to("Encounter", one.visit),
            "topic": {"text": one.subject} if one.subject else None,
            "sent": instant_text(one.at),
            "sender": _sender(one, patient),
            "payload": [{"contentString": one.text}],
        }
    )


def _sender(one: FhirMessage, patient: str) -> Json:
    if one.by:
        return _to("Practitioner", one.by)
    return {"display": one.by_name} if one.by_name else _to("Patient", patient)


def _narrative(text: str) -> Json:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escaped}</p></div>'}


def _to(kind: str, row_id: str) -> Json:
    return {"reference": f"{kind}/{fhir_id(row_id)}"}


def _without_gaps(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
