"""A patient's record as FHIR R4: every resource is one by the standard's own definitions, and points inside."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from fhir.resources.R4B.bundle import Bundle

from integrations.fhir.records import (
    FhirConsent,
    FhirMessage,
    FhirOrder,
    FhirPaper,
    FhirPatient,
    FhirRecord,
    FhirVisit,
    bundle,
)

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
PATIENT = FhirPatient(
    id="per_1",
    given="Ana",
    family="Reyes",
    birth_date=date(1990, 4, 2),
    sex="female",
    phone="+13055550100",
    email="ana@example.org",
    address={"line": "1 Palm Way", "city": "Miami", "state": "FL", "postal_code": "33101"},
    language="es",
)
VISIT = FhirVisit(
    id="vis_1",
    stage="completed",
    kind="Video visit",
    starts_at=AT,
    ends_at=AT,
    provider="per_2",
    provider_name="Dr. Okafor",
)
WHOLE = FhirRecord(
    patient=PATIENT,
    clinic="Marigold",
    at=AT,
    visits=(VISIT,),
    orders=tuple(
        FhirOrder(
            id=f"ord_{state}",
            visit="vis_1",
            state=state,
            drug="amoxicillin 500 mg",
            sig="one twice a day",
            quantity=quantity,
            unit="capsule",
            days=10,
            refills=0,
            written_at=AT,
            provider="per_2",
        )
        for quantity, state in (("20", "verified"), ("a few", "rejected"))
    ),
    consents=(FhirConsent(id="con_1", visit="vis_1", kind="telehealth", text="I <agree> & sign", at=AT, holds=False),),
    papers=(
        FhirPaper(id="doc_1", visit="vis_1", title="Summary", at=AT, text="Rest."),
        FhirPaper(id="blb_1", visit="vis_1", title="Photo 1", at=AT, name="files/1.jpg", media_type="image/jpeg"),
    ),
    messages=(
        FhirMessage(id="cmg_1", visit="vis_1", subject="A question", text="Is it fine?", at=AT, by=""),
        FhirMessage(id="cmg_2", visit="vis_1", subject="A question", text="Yes.", at=AT, by="per_3", by_name="Lund"),
        FhirMessage(id="cmg_3", visit="vis_1", subject="", text="Thanks.", at=AT, by="", by_name="Olga for Ana"),
    ),
)


@pytest.mark.parametrize("record", [WHOLE, FhirRecord(patient=PATIENT, clinic="Marigold", at=AT)])
def test_every_resource_is_valid_and_every_reference_is_in_the_bundle(record: FhirRecord) -> None:
    made = json.dumps(bundle(record))
    Bundle.model_validate_json(made)
    there = {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in json.loads(made)["entry"]}
    named = {part.split('"')[0] for part in made.split('"reference": "')[1:]}
    assert named <= there


def test_what_a_pharmacy_refused_and_a_consent_taken_back_are_told_as_such() -> None:
    states = {one["resource"]["id"]: one["resource"].get("status") for one in bundle(WHOLE)["entry"]}
    assert (states["ord-verified"], states["ord-rejected"], states["con-1"]) == ("active", "stopped", "inactive")
