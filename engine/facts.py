"""What may a gate be told about a visit at a stage, and where does each fact come from?

The one place that turns a dossier (what is known) into facts (what a question holds). What is untold stays absent, so
that a decision can name it as missing; None in the facts is a told "there is none".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from engine.credential_ages import young
from engine.dossier import ConsentFact, DeaRegistration, Dossier, ExamFact, License, OrderFacts, Place, VisitFact
from engine.zones import ZipPlace, zip_place

STAGES = ("book", "join", "prescribe", "sign")
_STATE = "patient.location.state"
_PLACE = "patient.location."
_DAY = timedelta(days=1)
LICENSES, DEA = "provider.licenses", "provider.dea"
USUAL_AGES: Mapping[str, timedelta] = {
    **dict.fromkeys(("patient.location.country", _STATE, "patient.location.attested"), _DAY),
    **dict.fromkeys(("pdmp.checked", "pdmp.available", "pdmp.attempt_documented", "pdmp.state"), _DAY),
    **dict.fromkeys((LICENSES, DEA), 7 * _DAY),
}
"""How long facts count, for whoever has no vocabulary at hand (`Vocabulary.ages`)."""

_FILLABLE = "patient."
_NOT_FILLABLE = (
    "patient.location",
    "patient.jurisdiction",
    "patient.age",
    "patient.birth_date",
    "patient.residence",
    # what a clinician or the clinic establishes, and what a minor could say of a guardian who is not there
    "patient.guardian_present",
    "patient.identity_verified",
    "patient.self_consent_documented",
    "patient.service",
    "patient.hiv_service",
    "patient.counseling_for",
    "patient.life_threatening_condition",
    "patient.va_beneficiary",
    "patient.primary_physician_documentation",
    "patient.clinical_trial_unavailable",
    "patient.outpatient_emergency",
    "patient.minor_consents",
    "patient.gestational_weeks",
    "patient.registered_facility",
    "patient.with_registered_practitioner",
    "patient.with_licensed_provider",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who or what supplied a fact, and the instant it is from where one is known."""

    source: str
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Gathered:
    """Facts in the nested shape of a question, and the source of each by its path."""

    facts: Mapping[str, Any]
    provenance: Mapping[str, Source]


_STATABLE = frozenset(
    {
        "pdmp.checked",
        "pdmp.available",
        "pdmp.attempt_documented",
        "pdmp.state",
        "prescription.acute_pain_exception",
        "prescription.for_weight_loss",
        "prescription.mme_per_day",
        "prescription.doses",
        "prescription.route",
        "prescription.physician_approved",
        "prescription.physician_began",
        "treatment.circumstances",
        "treatment.diagnosis",
        "treatment.indication",
    }
)
_MODALITIES = ("audio_only", "store_and_forward", "chat", "questionnaire", "audio_video")
_SKEW = timedelta(minutes=1)
_WESTERNMOST = timezone(timedelta(hours=-11))
_Found = tuple[str, Any, str, datetime | None]
"""Path, value, source, as of."""


def gather_facts(
    dossier: Dossier,
    stage: str,
    at: datetime,
    find_zip: Callable[[str], ZipPlace | None] = zip_place,
    ages: Mapping[str, timedelta] = USUAL_AGES,
) -> Gathered:
    """The facts of a visit for a stage (`book`, `join`, `prescribe`, `sign`) at an instant.

    The gate `book` goes by the place the patient stated for the slot, every other one by the place attested for the
    encounter. A fact older than its greatest age (`ages`), or of no known age where it has one, is untold, and so is
    one of the future (but for the minute by which two clocks may differ); the place is counted to the encounter, once
    it began.

    Raises:
        ValueError: there is no such stage.
    """
    if stage not in STAGES:
        raise ValueError(f"unknown stage {stage}")
    facts: dict[str, Any] = {}
    provenance: dict[str, Source] = {}
    for path, value, source, as_of in _found(dossier, stage, at, find_zip, ages):
        # what records own comes first and is never overwritten by an answer
        if path not in provenance and _counts(path, as_of, at, ages):
            _put(facts, path, value)
            provenance[path] = Source(source=source, as_of=as_of)
    return Gathered(facts=facts, provenance=provenance)


def may_be_filled(path: str) -> bool:
    """Whether a form's answer may supply a fact: what patients say of themselves, never where they are or who."""
    return path.startswith(_FILLABLE) and not path.startswith(_NOT_FILLABLE)


def may_be_stated(path: str) -> bool:
    """Whether a prescriber's own statement about a prescription may supply a fact."""
    return path in _STATABLE


def _counts(path: str, as_of: datetime | None, at: datetime, ages: Mapping[str, timedelta]) -> bool:
    """Whether a fact is young enough. The place was looked at before: it has an encounter of its own to count to."""
    age = ages.get(path)
    return age is None or path.startswith(_PLACE) or (as_of is not None and as_of <= at + _SKEW and at - as_of <= age)


def _found(
    dossier: Dossier,
    stage: str,
    at: datetime,
    find_zip: Callable[[str], ZipPlace | None],
    ages: Mapping[str, timedelta],
) -> Iterator[_Found]:
    yield from _encounter(dossier, stage)
    yield from _patient(dossier)
    place = dossier.patient.booked_place if stage == "book" else _attested(dossier, at, ages.get(_STATE))
    if place is not None:
        yield from _place(place, find_zip)
    yield from _provider(dossier)
    yield from _credentials(dossier, place, at, ages)
    yield from _relationship(dossier)
    yield from _order(dossier, at)
    yield from ((path, True, "provider", since) for path, since in dossier.stated.items())
    yield from _answers(dossier)


def _encounter(dossier: Dossier, stage: str) -> Iterator[_Found]:
    yield "encounter.modality", dossier.modality, "clinic", None
    yield "encounter.stage", stage, "clinic", None
    yield "encounter.kind", dossier.encounter_kind, "clinic", None
    yield "encounter.payer", dossier.payer, "patient", None
    yield "encounter.recording", dossier.recording, "clinic", None
    if dossier.pictures:
        yield "encounter.images_or_records", True, "patient", None
    if dossier.summary_at is not None:
        yield "encounter.summary_given", True, "clinic", dossier.summary_at


def _patient(dossier: Dossier) -> Iterator[_Found]:
    patient = dossier.patient
    told = {
        "patient.birth_date": _day(patient.birth_date),
        "patient.residence.state": patient.residence_state,
        "patient.setting": patient.setting,
        "patient.guardian_present": patient.guardian_present,
        "patient.pregnant": patient.pregnant,
        "patient.conditions": _list(patient.conditions),
        "patient.medications": _list(patient.medications),
        "patient.allergies": _list(patient.allergies),
    }
    yield from ((path, value, "patient", None) for path, value in told.items() if value is not None)


def _place(place: Place, find_zip: Callable[[str], ZipPlace | None]) -> Iterator[_Found]:
    told = {
        "patient.location.country": place.country,
        "patient.location.state": place.state,
        "patient.location.postal_code": place.postal_code,
        "patient.location.attested": place.attested,
    }
    yield from ((path, value, "patient", place.at) for path, value in told.items() if value is not None)
    if place.ip_state is not None:
        yield "patient.location.ip_state", place.ip_state, "clinic", place.at
    zone = _zone(place, find_zip)
    if zone is not None:
        yield "patient.location.time_zone", zone, "clinic", place.at


def _attested(dossier: Dossier, at: datetime, age: timedelta | None) -> Place | None:
    """The place attested for the encounter, while the attestation is fresh; an undated one is not."""
    place = dossier.patient.attested_place
    if place is None or place.at is None or not place.attested:
        return None
    if dossier.encounter_at is None and place.at > at + _SKEW:  # once it began, who moves on may say so again
        return None
    counted_to = dossier.encounter_at or at
    return place if age is None or counted_to - place.at <= age else None


def _zone(place: Place, find_zip: Callable[[str], ZipPlace | None]) -> str | None:
    """The zone told, else that of the ZIP code where the code lies in the state that was said."""
    if place.time_zone is not None:
        return place.time_zone
    found = find_zip(place.postal_code) if place.postal_code else None
    return found.time_zone if found is not None and found.state == place.state else None


def _provider(dossier: Dossier) -> Iterator[_Found]:
    provider = dossier.provider
    yield "provider.profession", provider.profession, "clinic", None
    if provider.home_state is not None:
        yield "provider.home_state", provider.home_state, "clinic", None
    if provider.place is not None:
        yield "provider.location.country", provider.place.country, "provider", provider.place.at
        if provider.place.state is not None:
            yield "provider.location.state", provider.place.state, "provider", provider.place.at
    for name, value in provider.extra.items():
        yield (name if name.startswith("provider.") else f"provider.{name}"), value, "clinic", None


def _credentials(
    dossier: Dossier, place: Place | None, at: datetime, ages: Mapping[str, timedelta]
) -> Iterator[_Found]:
    """Licences and registrations, as far as their answers are young enough where they matter."""
    provider = dossier.provider
    here = {provider.home_state, place.state if place else None}
    licenses = young(provider.licenses, here, at, ages.get(LICENSES))
    yield LICENSES, [_license(entry) for entry in licenses.told], "board", licenses.as_of
    registrations = young(provider.dea, here, at, ages.get(DEA))
    valid = [_dea(entry) for entry in registrations.told if entry.status == "active"]
    yield DEA, valid, "board", registrations.as_of
    if any(entry.disciplined for entry in provider.licenses):
        yield "provider.discipline", True, "board", None


def _relationship(dossier: Dossier) -> Iterator[_Found]:
    yield "relationship.established", dossier.established, "clinic", None
    yield "relationship.established_via", dossier.established_via, "clinic", None
    yield "relationship.in_person_exams", [_exam(entry) for entry in dossier.exams], "clinic", None
    if dossier.visits is not None:
        yield "relationship.visits", [_visit(entry) for entry in dossier.visits], "clinic", None
    if any(entry.kind == "privacy" and entry.revoked_at is None for entry in dossier.consents):
        yield "patient.privacy_notice.acknowledged", True, "patient", None
    newest = max((consent.at for consent in dossier.consents), default=None)
    yield "consents", [consent_facts(entry) for entry in dossier.consents], "patient", newest


def _order(dossier: Dossier, at: datetime) -> Iterator[_Found]:
    order = dossier.order
    purpose = (order.purpose if order else None) or dossier.treatment_purpose
    if purpose is not None:
        yield "treatment.purpose", purpose, "provider", None
    if order is None:
        return
    told = {
        "drug.name": order.drug_name,
        "prescription.days_supply": order.days_supply,
        "prescription.refills": order.refills,
        **({"prescription.quantity": order.quantity} if order.quantity is not None else {}),
        "prescription.kind": order.kind,
        "prescription.electronic": order.electronic,
    }
    yield from ((path, value, "provider", None) for path, value in told.items())
    yield from _look(dossier, at)
    yield from _statements(order)
    yield from _last_look(order, at)


def _look(dossier: Dossier, at: datetime) -> Iterator[_Found]:
    """What the programme of the patient's state answered at this visit: a look that nobody has to state."""
    look = dossier.order.look if dossier.order else None
    place = dossier.patient.attested_place or dossier.patient.booked_place
    if look is not None and place is not None and place.state == look.state and look.at <= at + _SKEW:
        told = {"pdmp.checked": True, "pdmp.available": True, "pdmp.state": look.state}
        yield from ((path, value, "pharmacy", look.at) for path, value in told.items())


def _statements(order: OrderFacts) -> Iterator[_Found]:
    """What the prescriber states."""
    for path, value in order.statements.items():
        if may_be_stated(path) and value is not None:
            yield path, value, "provider", order.stated_at


def _last_look(order: OrderFacts, at: datetime) -> Iterator[_Found]:
    """How long ago this prescriber last looked at the monitoring programme, begun days counted; of one state only."""
    look = order.last_look
    if look is None or look.at > at or order.statements.get("pdmp.state") not in (None, look.state):
        return
    yield "pdmp.days_since_last_check", -((look.at - at) // timedelta(days=1)), "clinic", at
    yield "pdmp.state", look.state, "clinic", at


def _answers(dossier: Dossier) -> Iterator[_Found]:
    """What submitted forms fill, by path of the vocabulary."""
    for path, value in dossier.answers.items():
        if may_be_filled(path) and value is not None:
            yield path, value, "patient", None


def _exam(entry: ExamFact) -> dict[str, Any]:
    told = {"date": entry.on.isoformat(), "by": entry.by, "for_condition": entry.for_condition}
    return {name: value for name, value in told.items() if value is not None}


def _license(entry: License) -> dict[str, Any]:
    told = {
        "state": entry.state,
        "profession": entry.profession,
        "kind": entry.kind,
        "status": entry.status,
        "issued": _day(entry.issued),
        "expires": _day(entry.expires),
        "number": entry.number,
    }
    return {name: value for name, value in told.items() if value is not None}


def _dea(entry: DeaRegistration) -> dict[str, Any]:
    told = {"state": entry.state, "schedules": list(entry.schedules), "expires": _day(entry.expires)}
    return {name: value for name, value in told.items() if value is not None}


def _visit(entry: VisitFact) -> dict[str, Any]:
    """An earlier encounter by its day; told in the westernmost zone, it is never later than it was for the patient."""
    return {"date": entry.at.astimezone(_WESTERNMOST).date().isoformat(), "modality": entry.modality}


def consent_facts(entry: ConsentFact) -> dict[str, Any]:
    """A consent; one with a clause that is named after a modality was given for that modality."""
    clauses = {ref.partition("@")[0] for ref in entry.clauses}
    modality = next((name for name in _MODALITIES if name in clauses), None)
    return {
        **({"modality": modality} if modality else {}),
        **({"this_encounter": entry.this_visit} if entry.this_visit is not None else {}),
        "kind": entry.kind,
        "form": entry.form,
        "at": entry.at.isoformat(),
        "jurisdiction": entry.jurisdiction,
        "clauses": list(entry.clauses),
        "disclosures": list(entry.disclosures),
        "revoked_at": entry.revoked_at.isoformat() if entry.revoked_at else None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _put(facts: dict[str, Any], path: str, value: Any) -> None:
    *outer, name = path.split(".")
    place = facts
    for part in outer:
        place = place.setdefault(part, {})
    place[name] = value
