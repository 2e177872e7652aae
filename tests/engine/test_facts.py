"""A dossier becomes facts in one way: the place by stage, what is untold absent, answers never above records."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.dossier import (
    ConsentFact,
    DeaRegistration,
    Dossier,
    ExamFact,
    License,
    OrderFacts,
    PatientFacts,
    Place,
    VisitFact,
)
from engine.dossier import ProviderFacts as Provider
from engine.facts import gather_facts

NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)
BOOKED = Place(country="us", state="FL", postal_code="32202", at=NOW - timedelta(days=3))
ATTESTED = Place(country="us", state="GA", postal_code="30301", attested=True, ip_state="GA", at=NOW)


def dossier(**changes: object) -> Dossier:
    patient = PatientFacts(
        person="p1",
        birth_date=date(1990, 4, 2),
        residence_state="FL",
        booked_place=BOOKED,
        attested_place=ATTESTED,
        allergies=("penicillin",),
    )
    provider = Provider(
        person="d1",
        profession="MD",
        home_state="FL",
        place=None,
        licenses=(
            License(
                state="FL", profession="MD", kind="full", status="active", expires=date(2027, 1, 31), verified_at=NOW
            ),
        ),
        dea=(DeaRegistration(state="FL", schedules=("II", "III"), verified_at=NOW),),
        extra={"supervision.agreement": True},
    )
    base = Dossier(
        clinic="elm",
        visit="v1",
        specialty="urgent_care",
        visit_type="video_visit",
        modality="audio_video",
        encounter_kind="new",
        payer="self_pay",
        recording=False,
        starts_at=NOW,
        encounter_at=None,
        patient=patient,
        provider=provider,
        consents=(ConsentFact(kind="telehealth", form="electronic", at=NOW, jurisdiction="us/ga"),),
        established=False,
        established_via=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def with_patient(**changes: object) -> Dossier:
    base = dossier()
    return replace(base, patient=replace(base.patient, **changes))  # type: ignore[arg-type]


def test_booking_goes_by_the_stated_place_and_its_zip_gives_the_zone() -> None:
    location = gather_facts(dossier(), "book", NOW).facts["patient"]["location"]
    assert location == {
        "country": "us",
        "state": "FL",
        "postal_code": "32202",
        "attested": False,
        "time_zone": "America/New_York",
    }


@pytest.mark.parametrize("stage", ["join", "prescribe", "sign"])
def test_every_later_gate_goes_by_the_attested_place(stage: str) -> None:
    facts = gather_facts(dossier(), stage, NOW).facts
    assert facts["patient"]["location"]["state"] == "GA"
    assert facts["encounter"]["stage"] == stage


def test_without_an_attestation_the_place_is_untold() -> None:
    assert "location" not in gather_facts(with_patient(attested_place=None), "join", NOW).facts["patient"]


def test_an_attestation_of_yesterday_does_not_count_today() -> None:
    stale = replace(ATTESTED, at=NOW - timedelta(hours=24, seconds=1))
    assert "location" not in gather_facts(with_patient(attested_place=stale), "join", NOW).facts["patient"]


def test_at_signing_the_attestation_counts_to_the_encounter() -> None:
    base = dossier(encounter_at=NOW)
    assert gather_facts(base, "sign", NOW + timedelta(days=3)).facts["patient"]["location"]["state"] == "GA"


def test_a_zip_code_of_another_state_gives_no_zone() -> None:
    odd = replace(BOOKED, postal_code="90210")
    assert "time_zone" not in gather_facts(with_patient(booked_place=odd), "book", NOW).facts["patient"]["location"]


def test_untold_dates_of_a_licence_stay_untold() -> None:
    provider = gather_facts(dossier(), "book", NOW).facts["provider"]
    assert provider["licenses"] == [
        {"state": "FL", "profession": "MD", "kind": "full", "status": "active", "expires": "2027-01-31"}
    ]
    assert provider["dea"] == [{"state": "FL", "schedules": ["II", "III"]}]
    assert provider["supervision"] == {"agreement": True}


def test_an_answer_fills_what_is_untold_but_never_what_records_own_or_where_the_patient_is() -> None:
    answers = {
        "patient.allergies": [],
        "patient.pregnant": True,
        "patient.location.state": "FL",
        "provider.profession": "DO",
    }
    gathered = gather_facts(dossier(answers=answers), "join", NOW)
    patient = gathered.facts["patient"]
    assert patient["allergies"] == ["penicillin"]
    assert patient["pregnant"] is True
    assert patient["location"]["state"] == "GA"
    assert gathered.facts["provider"]["profession"] == "MD"
    assert gathered.provenance["patient.pregnant"].source == "patient"


def test_an_order_brings_drug_prescription_and_purpose() -> None:
    order = OrderFacts(
        order="o1",
        drug_name="oxycodone",
        days_supply=3,
        refills=0,
        kind="new",
        electronic=True,
        purpose="acute_pain",
    )
    facts = gather_facts(
        dossier(order=order, exams=(ExamFact(on=date(2026, 1, 2), by="self"),)), "prescribe", NOW
    ).facts
    assert facts["drug"] == {"name": "oxycodone"}
    assert facts["prescription"] == {"days_supply": 3, "refills": 0, "kind": "new", "electronic": True}
    assert facts["treatment"] == {"purpose": "acute_pain"}
    assert facts["relationship"]["in_person_exams"] == [{"date": "2026-01-02", "by": "self"}]


@pytest.mark.parametrize("for_condition", [True, False])
def test_an_examination_says_what_it_was_for_only_where_that_was_told(for_condition: bool) -> None:
    exams = (
        ExamFact(on=date(2026, 1, 2), by="self", for_condition=for_condition),
        ExamFact(on=date(2026, 1, 3), by="group"),
    )
    told = gather_facts(dossier(exams=exams), "prescribe", NOW).facts["relationship"]["in_person_exams"]
    assert told == [
        {"date": "2026-01-02", "by": "self", "for_condition": for_condition},
        {"date": "2026-01-03", "by": "group"},
    ]


def test_earlier_encounters_are_told_by_a_day_that_is_never_too_late() -> None:
    seen = (
        VisitFact(at=datetime(2026, 9, 2, 10, 59, tzinfo=UTC), modality="audio_video"),
        VisitFact(at=datetime(2026, 9, 2, 11, tzinfo=UTC), modality="audio_only"),
    )
    assert gather_facts(dossier(visits=seen), "prescribe", NOW).facts["relationship"]["visits"] == [
        {"date": "2026-09-01", "modality": "audio_video"},
        {"date": "2026-09-02", "modality": "audio_only"},
    ]
    assert "visits" not in gather_facts(dossier(), "prescribe", NOW).facts["relationship"]


def test_every_fact_names_its_source() -> None:
    gathered = gather_facts(dossier(), "join", NOW)
    assert gathered.provenance["patient.location.state"].as_of == NOW
    assert gathered.provenance["provider.licenses"].source == "board"


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown stage"):
        gather_facts(dossier(), "later", NOW)


def test_the_summary_on_the_patients_pages_is_told_with_its_instant_and_none_is_untold() -> None:
    assert "summary_given" not in gather_facts(dossier(), "join", NOW).facts["encounter"]
    gathered = gather_facts(dossier(summary_at=NOW), "join", NOW)
    assert gathered.facts["encounter"]["summary_given"] is True
    source = gathered.provenance["encounter.summary_given"]
    assert (source.source, source.as_of) == ("clinic", NOW)
