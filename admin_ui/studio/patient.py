"""Who are the invented patient and clinician of a walk-through, as the gates of a visit ask for them?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from admin_ui.studio.tried import Tried
from engine.dossier import (
    ConsentFact,
    DeaRegistration,
    Dossier,
    License,
    OrderFacts,
    PatientFacts,
    Place,
    ProviderFacts,
)
from engine.plans import VisitPlan
from engine.visits import Formulary

PREVIEW = "preview"
"""Stands where a visit or a person has an id: nobody's."""
_STARTS_IN = timedelta(hours=26)
_LASTS = timedelta(days=365)
_SCHEDULES = ("II", "III", "IV", "V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where and when a walk-through plays: the clinic, the patient's time zone, now, and another of its states."""

    clinic: str
    zone: str
    now: datetime
    elsewhere: str

    @property
    def starts_at(self) -> datetime:
        """A visit tomorrow, long enough ahead for every reminder of a day."""
        return self.now + _STARTS_IN


def dossier_of(tried: Tried, plan: VisitPlan, scene: Scene, fills: Mapping[str, Any]) -> Dossier:
    """What would be known of the visit before anybody signed a consent; ``fills`` are facts that answers supplied."""
    place = Place(country="us", state=tried.state, time_zone=scene.zone, at=scene.now)
    return Dossier(
        clinic=scene.clinic,
        visit=PREVIEW,
        specialty=plan.specialty,
        visit_type=plan.visit_type,
        modality=plan.modality,
        encounter_kind="new",
        payer="self_pay",
        recording=plan.recording,
        starts_at=scene.starts_at,
        encounter_at=None,
        patient=PatientFacts(
            person=PREVIEW,
            birth_date=_born(tried.age, scene.now.date()),
            residence_state=tried.state,
            booked_place=place,
            attested_place=None,
            guardian_present=True if tried.company == "guardian" else None,
        ),
        provider=_provider(tried, scene),
        consents=(),
        established=False,
        established_via=None,
        answers=fills,
    )


def arrived(dossier: Dossier, at: datetime, consents: tuple[ConsentFact, ...]) -> Dossier:
    """The same once the patient said where they are and signed; licences were looked up at that instant."""
    booked = dossier.patient.booked_place
    here = replace(booked, attested=True, at=at) if booked else None
    return replace(
        dossier,
        patient=replace(dossier.patient, attested_place=here),
        provider=_looked_up(dossier.provider, at),
        consents=consents,
    )


def prescribing(dossier: Dossier, formulary: Formulary, drug: str, at: datetime) -> Dossier:
    """The same with the first usual prescription of a drug of the formulary."""
    entry = next(one for one in formulary.drugs if one.name == drug)
    order = OrderFacts(
        order=PREVIEW,
        drug_name=entry.name,
        days_supply=entry.sigs[0].days_supply if entry.sigs else 1,
        refills=0,
        kind="new",
        electronic=True,
        purpose=entry.purpose or None,
        stated_at=at,
    )
    return replace(dossier, order=order)


def _born(age: int, today: date) -> date:
    """The birthday was half a year ago, so that no day nearby changes the age."""
    return today - timedelta(days=round(age * 365.2425 + 182))


def _provider(tried: Tried, scene: Scene) -> ProviderFacts:
    home = scene.elsewhere if tried.licence in ("elsewhere", "compact_privilege", "registration") else tried.state
    licenses = tuple(_licenses(tried, home, scene.now))
    return ProviderFacts(
        person=PREVIEW,
        profession=tried.profession,
        home_state=home,
        place=Place(country="us", state=home, at=scene.now),
        licenses=licenses,
        dea=tuple(
            DeaRegistration(
                state=one.state, schedules=_SCHEDULES, expires=scene.now.date() + _LASTS, verified_at=scene.now
            )
            for one in licenses
            if one.status == "active"
        ),
    )


def _licenses(tried: Tried, home: str, now: datetime) -> list[License]:
    today = now.date()
    usual = License(
        state=home,
        profession=tried.profession,
        kind="full",
        status="active",
        issued=today - 10 * _LASTS,
        expires=today + _LASTS,
        verified_at=now,
        disciplined=False,
    )
    if tried.licence == "none":
        return []
    if tried.licence == "expired":
        return [replace(usual, status="expired", expires=today - timedelta(days=1))]
    if tried.licence in ("full", "elsewhere"):
        return [usual]
    return [usual, replace(usual, state=tried.state, kind=tried.licence)]


def _looked_up(provider: ProviderFacts, at: datetime) -> ProviderFacts:
    return replace(
        provider,
        licenses=tuple(replace(one, verified_at=at) for one in provider.licenses),
        dea=tuple(replace(one, verified_at=at) for one in provider.dea),
    )
