"""One visit's dossier out of its rows: what was said, by whom, as far as it is known; None where nobody said it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from engine.consent_text import GUARDIAN
from engine.dossier import (
    ConsentFact,
    Dossier,
    DutyDone,
    MonitoringLook,
    OrderFacts,
    PatientFacts,
    Place,
    ProviderFacts,
    VisitFact,
)
from records import acting
from records.agreements import agreement_facts, licenses_of
from records.documents import summary_of
from records.duties import statements_of
from records.errors import NotFound
from records.monitoring import look_before, look_for
from records.people import REGISTERED, dea_of
from records.places import place_from_json
from records.shots import gone, shots_in
from records.tables.clinical import ConsentRow, OrderRow, SubmissionRow
from records.tables.people import DeaRow, Patient, Provider
from records.tables.visits import ParticipantRow, Visit
from records.work import Work
from records.worked import counted_facts

_COMPLETED = "completed"
_LOOKS = 20  # how many earlier orders are opened in search of a look at the monitoring programme
# Facts an answer may fill that have a field of their own in the dossier; every other one stands under ``answers``.
_PATIENT_FACTS = {
    "patient.setting": "setting",
    "patient.pregnant": "pregnant",
    "patient.conditions": "conditions",
    "patient.medications": "medications",
    "patient.allergies": "allergies",
}


def build_dossier(work: Work, visit: Visit, order: str | None, provider: str = "") -> Dossier:
    """The dossier; ``order`` is the prescription a gate is asked about, ``provider`` a clinician it is asked for who
    does not have the visit.

    ``answers`` maps vocabulary paths that answers filled, and ``form.<form's last name>.<item>`` of every answer
    that was shown, to JSON values as they were handed in.
    """
    fills, answers = _submitted(work, visit.id)
    clinician = provider or visit.provider
    visits = _visits(work, visit, clinician)
    return Dossier(
        clinic=work.clinic,
        visit=visit.id,
        specialty=visit.specialty,
        visit_type=visit.visit_type,
        modality=visit.modality,
        encounter_kind=visit.encounter_kind,
        payer=visit.payer,
        recording=visit.recording,
        starts_at=visit.starts_at,
        encounter_at=visit.encounter_at,
        patient=_patient(work, visit, fills),
        provider=_provider(work, clinician, visit.id),
        consents=_consents(work, visit),
        established=bool(visits),
        established_via=visits[0].modality if visits else None,
        visits=visits,
        treatment_purpose=fills.get("treatment.purpose"),
        order=_order(work, visit, order) if order else None,
        answers={**answers, **{path: value for path, value in fills.items() if path not in _PATIENT_FACTS}},
        done=tuple(
            DutyDone(topic=one.topic, duty=one.duty, order=one.order, at=one.done_at)
            for one in statements_of(work, visit.id)
        ),
        pictures=_has_pictures(work, visit.id, answers.values()),
        summary_at=summary_of(work, visit.id),
    )


def _has_pictures(work: Work, visit: str, answers: Iterable[Any]) -> bool:
    """Whether a form was handed in with photos that are still kept: one that its check refused is none."""
    named = {blob for answer in answers for blob in shots_in(answer).values()}
    return bool(named - gone(work, visit, named))


def _patient(work: Work, visit: Visit, fills: Mapping[str, Any]) -> PatientFacts:
    profile = work.open(("patients", "profile", visit.patient), work.row(Patient, visit.patient).profile)
    told = {field: _frozen(fills[path]) for path, field in _PATIENT_FACTS.items() if path in fills}
    return PatientFacts(
        person=visit.patient,
        birth_date=date.fromisoformat(profile["birth_date"]),
        residence_state=profile["residence_state"] or None,
        guardian_present=_guardian_present(work, visit),
        booked_place=_place(work, visit, "booked_place"),
        attested_place=_place(work, visit, "attested_place"),
        **told,
    )


def _guardian_present(work: Work, visit: Visit) -> bool | None:
    """Whether a minor's guardian of today is among the visit's participants; nobody tells that of an adult."""
    if acting.is_adult(work, visit.patient, visit.encounter_at):
        return None
    query = select(ParticipantRow.person).where(ParticipantRow.visit == visit.id, ParticipantRow.clinic == work.clinic)
    return acting.guardian_takes_part(work, visit.patient, work.session.scalars(query))


def _provider(work: Work, person: str, visit: str) -> ProviderFacts:
    row = work.row(Provider, person)
    registrations = work.session.scalars(select(DeaRow).where(DeaRow.person == person, REGISTERED).order_by(DeaRow.id))
    return ProviderFacts(
        person=person,
        profession=row.profession,
        home_state=row.home_state,
        place=place_from_json(row.place) if row.place else None,
        licenses=licenses_of(work, person),
        dea=tuple(dea_of(item) for item in registrations),
        extra=counted_facts(work, row, but=visit),
        agreements=agreement_facts(work, person),
    )


def _consents(work: Work, visit: Visit) -> tuple[ConsentFact, ...]:
    """Everything the patient ever consented to here: whether it still holds is the law's to say.

    A guardian's consent is one that a guardian signed. What was signed for a minor counts no longer once the patient
    is an adult, who signs for themselves.
    """
    adult = acting.is_adult(work, visit.patient, visit.encounter_at)
    guardians = {row.id for row in acting.rows_of(work, visit.patient) if row.kind == acting.GUARDIAN}
    query = select(ConsentRow).where(ConsentRow.clinic == work.clinic, ConsentRow.patient == visit.patient)
    return tuple(
        ConsentFact(
            kind=row.kind,
            form=row.form,
            at=row.at,
            jurisdiction=row.jurisdiction,
            clauses=tuple(row.clauses),
            revoked_at=row.revoked_at,
            this_visit=row.visit == visit.id,
        )
        for row in work.session.scalars(query.order_by(ConsentRow.at, ConsentRow.id))
        if (row.relationship in guardians if row.kind == GUARDIAN else not (adult and row.relationship in guardians))
    )


def _order(work: Work, visit: Visit, order: str) -> OrderFacts:
    row = work.row(OrderRow, order)
    if row.visit != visit.id:
        raise NotFound(f"orders {order[:40]}")
    content = work.open(("orders", "content", order), row.content)
    return OrderFacts(
        order=order,
        drug_name=content["drug"]["name"],
        days_supply=content["days_supply"],
        refills=content["refills"],
        quantity=_amount(content["quantity"]),
        kind=content["kind"],
        electronic=True,
        purpose=content["purpose"],
        statements=content.get("statements", {}),
        stated_at=row.written_at,
        last_look=_newest(_last_look(work, visit, order), look_before(work, visit)),
        look=look_for(work, visit),
    )


def _amount(text: str) -> float | None:
    """How many units are dispensed; nothing where an older order says it in words."""
    try:
        return float(text)
    except ValueError:
        return None


def _last_look(work: Work, visit: Visit, order: str) -> MonitoringLook | None:
    """The newest look at a monitoring programme that this prescriber stated for another order of the patient."""
    query = (
        select(OrderRow)
        .join(Visit, Visit.id == OrderRow.visit)
        .where(
            OrderRow.clinic == work.clinic,
            OrderRow.id != order,
            Visit.patient == visit.patient,
            Visit.provider == visit.provider,
        )
        .order_by(OrderRow.written_at.desc(), OrderRow.id)
        .limit(_LOOKS)
    )
    for row in work.session.scalars(query):
        stated = work.open(("orders", "content", row.id), row.content).get("statements", {})
        if stated.get("pdmp.checked") is True and stated.get("pdmp.state"):
            return MonitoringLook(at=row.written_at, state=stated["pdmp.state"])
    return None


def _newest(*looks: MonitoringLook | None) -> MonitoringLook | None:
    return max((look for look in looks if look is not None), key=lambda look: look.at, default=None)


def _visits(work: Work, visit: Visit, provider: str) -> tuple[VisitFact, ...]:
    """The visits that a provider has completed with the patient before, the earliest first."""
    query = select(Visit).where(
        Visit.clinic == work.clinic,
        Visit.patient == visit.patient,
        Visit.provider == provider,
        Visit.stage == _COMPLETED,
        Visit.id != visit.id,
    )
    found = work.session.scalars(query.order_by(Visit.starts_at, Visit.id))
    return tuple(VisitFact(at=row.encounter_at or row.starts_at, modality=row.modality) for row in found)


def _submitted(work: Work, visit: str) -> tuple[dict[str, Any], dict[str, Any]]:
    fills: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    query = select(SubmissionRow).where(SubmissionRow.visit == visit, SubmissionRow.clinic == work.clinic)
    for row in work.session.scalars(query.order_by(SubmissionRow.at, SubmissionRow.id)):
        content = work.open(("submissions", "content", row.id), row.content)
        fills.update(content["fills"])
        name = row.form.rpartition("/")[2]
        answers.update({f"form.{name}.{item}": value for item, value in content["answers"].items()})
    return fills, answers


def _place(work: Work, visit: Visit, column: str) -> Place | None:
    sealed = getattr(visit, column)
    return place_from_json(work.open(("visits", column, visit.id), sealed)) if sealed else None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
