"""Everything a gate needs to know about one visit, as records hand it over and before it becomes facts.

A dossier is what is *known*, with where it came from; ``engine.facts.gather_facts`` turns it into the facts of a
question (DESIGN: one place assembles facts). None means untold, an empty tuple means told to be none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Place:
    """Where somebody is. ``state`` is a USPS code, ``time_zone`` an IANA name; ``at`` the instant it was said.

    ``street`` and ``city`` are for whoever must send help there; no rule reads them.
    """

    country: str
    state: str | None
    postal_code: str | None = None
    time_zone: str | None = None
    attested: bool = False
    ip_state: str | None = None
    at: datetime | None = None
    street: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class License:
    """A licence as the primary source or the clinic's credentialing says; ``expires`` is the last valid day.

    ``verified_at`` is the instant that this was last so by whoever said it; ``disciplined`` whether the source tells of
    discipline or of a proceeding, None where nobody asked.
    """

    state: str
    profession: str
    kind: str
    status: str
    issued: date | None = None
    expires: date | None = None
    number: str | None = None
    verified_at: datetime | None = None
    disciplined: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeaRegistration:
    """A DEA registration: state, schedules (``II`` .. ``V``), last valid day; ``verified_at`` as with a licence."""

    state: str
    schedules: tuple[str, ...]
    expires: date | None = None
    number: str | None = None
    status: str = "active"
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Agreement:
    """Who supervises a clinician, or works with them by an agreement, in a state; both days are valid ones.

    ``specialties`` are those it is about, empty for all; ``schedules`` the controlled drugs that it lets the clinician
    prescribe. ``licenses`` are the supervisor's own.
    """

    state: str
    kind: str
    since: date
    until: date | None
    specialties: tuple[str, ...]
    schedules: tuple[str, ...]
    licenses: tuple[License, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProviderFacts:
    """The clinician's part of a dossier.

    ``agreements`` is None where the clinic never kept one of theirs; then ``extra`` may say that there is one.
    """

    person: str
    profession: str
    home_state: str | None
    place: Place | None
    licenses: tuple[License, ...]
    dea: tuple[DeaRegistration, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    agreements: tuple[Agreement, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientFacts:
    """The patient's part of a dossier; lists hold codes of the vocabulary."""

    person: str
    birth_date: date | None
    residence_state: str | None
    booked_place: Place | None
    attested_place: Place | None
    setting: str | None = None
    guardian_present: bool | None = None
    pregnant: bool | None = None
    conditions: tuple[str, ...] | None = None
    medications: tuple[str, ...] | None = None
    allergies: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConsentFact:
    """A consent as given: kind, form, instant, the jurisdiction it was made for, clauses, when it was withdrawn.

    ``disclosures`` are what its clauses told the patient (``engine.consent_text.with_disclosures``). ``this_visit``
    says whether it was given for the visit asked about (None: nobody told).
    """

    kind: str
    form: str
    at: datetime
    jurisdiction: str
    clauses: tuple[str, ...] = ()
    revoked_at: datetime | None = None
    disclosures: tuple[str, ...] = ()
    this_visit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExamFact:
    """An in-person examination: the day, who did it (self, group, referrer, other), and whether it was for the
    condition that is treated now (None: nobody told).
    """

    on: date
    by: str
    for_condition: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitFact:
    """An earlier encounter of the patient with the clinician: the instant it began, and how they met."""

    at: datetime
    modality: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MonitoringLook:
    """A prescriber's look at a state's monitoring programme: its network answered them, or they stated it."""

    at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderFacts:
    """The prescription a ``prescribe`` gate is asked about.

    ``statements`` is what the prescriber says of it themselves, by path of the vocabulary, ``stated_at`` when;
    ``look`` is the programme's own answer to them at this visit; ``last_look`` their newest look before, as the
    programme answered it or as they stated it for an earlier prescription of the patient.
    """

    order: str
    drug_name: str
    days_supply: int
    refills: int
    kind: str
    electronic: bool
    purpose: str | None
    quantity: float | None = None
    statements: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stated_at: datetime | None = None
    last_look: MonitoringLook | None = None
    look: MonitoringLook | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DutyDone:
    """A duty of the law that a clinician marked as done, and when it was; ``order`` is the prescription it is about."""

    topic: str
    duty: str
    at: datetime
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Dossier:
    """One visit as known to records. ``starts_at`` is the slot's start, ``encounter_at`` when the call began.

    ``done`` are duties that were marked as done; ``stated`` the flags that they make true, by path and since when
    (`engine.statements`). ``pictures`` says that photos of the patient's were handed in with a form and are kept.
    ``summary_at`` is when the summary of the visit was put on the patient's pages, none before.
    """

    clinic: str
    visit: str
    specialty: str
    visit_type: str
    modality: str
    encounter_kind: str
    payer: str
    recording: bool
    starts_at: datetime | None
    encounter_at: datetime | None
    patient: PatientFacts
    provider: ProviderFacts
    consents: tuple[ConsentFact, ...]
    established: bool
    established_via: str | None
    exams: tuple[ExamFact, ...] = ()
    visits: tuple[VisitFact, ...] | None = None
    treatment_purpose: str | None = None
    order: OrderFacts | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    done: tuple[DutyDone, ...] = ()
    stated: Mapping[str, datetime] = field(default_factory=dict)
    pictures: bool = False
    summary_at: datetime | None = None
