"""People: patients with their sealed profile, providers with licences, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select, update

from engine.dossier import DeaRegistration, License, Place
from records.acts import Act
from records.codes import new_id
from records.errors import Conflict
from records.places import place_from_json, place_to_json
from records.tables.people import DeaRow, LicenseRow, Patient, Person, Provider
from records.work import Repository, Work
from records.worked import counted_facts

CLINIC_FILE = "clinic_file"
"""The source of what a clinic said itself; every other one is the name of a primary source."""
HOLDS = LicenseRow.replaced_at.is_(None)
REGISTERED = DeaRow.replaced_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientDraft:
    """A patient as they describe themselves; ``residence_state`` is a USPS code, ``sex`` a code of the vocabulary."""

    given: str
    family: str
    birth_date: date
    sex: str
    email: str
    phone: str
    residence_state: str
    postal_code: str
    language: str = "en"
    address: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientView(PatientDraft):
    """A patient as kept; ``version`` goes back with a change."""

    person: str
    version: int

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StaffDraft:
    """Somebody who works for the clinic."""

    given: str
    family: str
    email: str
    seed_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProviderDraft:
    """A clinician. ``availability`` lists openings as ``weekday`` (Monday 0), ``since`` and ``until`` (``HH:MM``, until
    empty at midnight); ``extra`` holds further facts by path below ``provider``; no ``visit_types`` means all."""

    staff: StaffDraft
    display_name: str
    profession: str
    npi: str = ""
    home_state: str | None = None
    place: Place | None = None
    licenses: tuple[License, ...] = ()
    dea: tuple[DeaRegistration, ...] = ()
    languages: tuple[str, ...] = ("en",)
    visit_types: tuple[str, ...] = ()
    availability: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Called:
    """A clinician's name and profession, as every page about a visit shows them."""

    display_name: str
    profession: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProviderView:
    """A clinician as the clinic shows them: nothing here is a patient's. ``extra`` has counts of their work by now."""

    person: str
    seed_key: str | None
    display_name: str
    profession: str
    npi: str
    home_state: str | None
    place: Place | None
    licenses: tuple[License, ...]
    dea: tuple[DeaRegistration, ...]
    languages: tuple[str, ...]
    visit_types: tuple[str, ...]
    availability: tuple[Mapping[str, Any], ...]
    extra: Mapping[str, Any]
    active: bool


class People(Repository):
    """The clinic's people."""

    def create_patient(self, draft: PatientDraft, seed_key: str | None = None) -> str:
        """Makes the person, their own key and their profile; returns the person's id."""
        person = new_id("per")
        self._work.note(Act.PATIENT_CREATED, person)
        make_patient(self._work, person, draft, seed_key)
        return person

    def create_staff(self, draft: StaffDraft) -> str:
        person = new_id("per")
        self._work.note(Act.STAFF_CREATED, person)
        contact = {"given": draft.given, "family": draft.family, "email": draft.email, "phone": "", "language": "en"}
        self._person(person, contact, draft.seed_key, "")
        return person

    def create_provider(self, draft: ProviderDraft) -> str:
        self._work.note(Act.PROVIDER_CREATED, draft.staff.seed_key or "provider")
        person = self.create_staff(draft.staff)
        self._session.add(_provider_row(self._work.clinic, person, draft))
        self._session.flush()
        self._add_credentials(person, draft.licenses, draft.dea)
        return person

    def patient(self, person: str) -> PatientView:
        self._work.patient(person, Act.PATIENT_VIEWED)
        self._work.note(Act.PATIENT_VIEWED, person)
        return self._patient_view(person)

    def update_patient(self, person: str, draft: PatientDraft, version: int) -> int:
        """Replaces the profile; returns its new version. Raises `Conflict` when it changed since ``version``."""
        self._work.patient(person, Act.PATIENT_MODIFIED)
        row, patient = self._work.row(Person, person), self._work.row(Patient, person)
        if row.version != version:
            raise Conflict("patient", row.version)
        self._work.note(Act.PATIENT_MODIFIED, person)
        row.contact = self._work.seal(("persons", "contact", person), _contact(draft), person)
        patient.profile = self._work.seal(("patients", "profile", person), _profile(draft), person)
        row.version, row.updated_at = version + 1, self._work.now
        self._session.flush()
        return row.version

    def name(self, person: str) -> str:
        """What a patient or colleague is called."""
        row = self._work.row(Person, person)
        if self._session.get(Patient, person) is None:
            self._work.allow(Act.PROVIDER_VIEWED, person)
        else:
            self._work.patient(person, Act.PATIENT_VIEWED)
            self._work.note(Act.PATIENT_VIEWED, person, field="name")
        contact = self._work.open(("persons", "contact", person), row.contact)
        return f"{contact['given']} {contact['family']}".strip()

    def provider(self, person: str) -> ProviderView:
        self._work.allow(Act.PROVIDER_VIEWED, person)
        return self._provider_views([self._work.row(Provider, person)])[0]

    def called(self, person: str) -> Called:
        """What a clinician is called and practises as, and nothing that they hold."""
        self._work.allow(Act.PROVIDER_VIEWED, person)
        row = self._work.row(Provider, person)
        return Called(display_name=row.display_name, profession=row.profession)

    def providers(self) -> tuple[ProviderView, ...]:
        """The clinic's active clinicians by name, in three queries."""
        self._work.allow(Act.PROVIDER_VIEWED)
        query = select(Provider).where(Provider.clinic == self._work.clinic, Provider.active.is_(True))
        return self._provider_views(self._session.scalars(query.order_by(Provider.display_name)).all())

    def set_credentials(self, person: str, licenses: tuple[License, ...], dea: tuple[DeaRegistration, ...]) -> None:
        """Replaces a provider's licences and DEA registrations, as the clinic says; what was held before is kept."""
        self._work.note(Act.PROVIDER_CREATED, person, field="credentials")
        self._work.row(Provider, person)
        for table in (LicenseRow, DeaRow):
            held = (table.person == person, table.clinic == self._work.clinic, table.replaced_at.is_(None))
            self._session.execute(update(table).where(*held).values(replaced_at=self._work.now))
        self._add_credentials(person, licenses, dea)

    def _person(self, person: str, contact: Mapping[str, Any], seed_key: str | None, key_of: str) -> None:
        _add_person(self._work, person, self._work.seal(("persons", "contact", person), contact, key_of), seed_key)

    def _patient_view(self, person: str) -> PatientView:
        row, patient = self._work.row(Person, person), self._work.row(Patient, person)
        contact = self._work.open(("persons", "contact", person), row.contact)
        profile = self._work.open(("patients", "profile", person), patient.profile)
        profile["birth_date"] = date.fromisoformat(profile["birth_date"])
        return PatientView(person=person, version=row.version, **contact, **profile)

    def _provider_views(self, rows: Sequence[Provider]) -> tuple[ProviderView, ...]:
        people = [row.person for row in rows]
        licenses = self._session.scalars(select(LicenseRow).where(LicenseRow.person.in_(people), HOLDS)).all()
        registrations = self._session.scalars(select(DeaRow).where(DeaRow.person.in_(people), REGISTERED)).all()
        query = select(Person.id, Person.seed_key).where(Person.id.in_(people))
        keys = {row.id: row.seed_key for row in self._session.execute(query)}
        return tuple(
            _provider_view(
                row,
                keys.get(row.person),
                tuple(license_of(item) for item in licenses if item.person == row.person),
                tuple(dea_of(item) for item in registrations if item.person == row.person),
                counted_facts(self._work, row),
            )
            for row in rows
        )

    def _add_credentials(
        self, person: str, licenses: tuple[License, ...], registrations: tuple[DeaRegistration, ...]
    ) -> None:
        for item in licenses:
            row = {"status": item.status, **_of_license(item)}
            self._session.add(LicenseRow(**self._first_version("lic", person), **row))
        for dea in registrations:
            row = {"status": dea.status, "number": dea.number, "expires": dea.expires, "state": dea.state}
            self._session.add(DeaRow(**self._first_version("dea", person), **row, schedules=list(dea.schedules)))
        self._session.flush()

    def _first_version(self, kind: str, person: str) -> dict[str, Any]:
        """What every credential begins with: the clinic says so itself, now, until its source is asked."""
        credential = new_id(kind)
        return {
            "id": credential,
            "clinic": self._work.clinic,
            "person": person,
            "credential": credential,
            "version": 1,
            "source": CLINIC_FILE,
            "verified_at": self._work.at,
            "recorded_at": self._work.now,
        }


def make_patient(work: Work, person: str, draft: PatientDraft, seed_key: str | None = None) -> None:
    """Makes the rows and the own key of a patient whose id is new; whoever calls this has asked and audited it."""
    work.made.add(person)
    work.ring.make_person(work.session, work.clinic, person)
    _add_person(work, person, work.seal(("persons", "contact", person), _contact(draft), person), seed_key)
    profile = work.seal(("patients", "profile", person), _profile(draft), person)
    work.session.add(Patient(person=person, clinic=work.clinic, profile=profile))
    work.session.flush()


def _add_person(work: Work, person: str, sealed: bytes, seed_key: str | None) -> None:
    now = work.now
    row = Person(
        id=person, clinic=work.clinic, seed_key=seed_key, contact=sealed, version=1, created_at=now, updated_at=now
    )
    work.session.add(row)
    work.session.flush()


def license_of(row: LicenseRow) -> License:
    return License(
        state=row.state,
        profession=row.profession,
        kind=row.kind,
        status=row.status,
        issued=row.issued,
        expires=row.expires,
        number=row.number,
        verified_at=row.verified_at,
        disciplined=row.disciplined,
    )


def dea_of(row: DeaRow) -> DeaRegistration:
    return DeaRegistration(
        state=row.state,
        schedules=tuple(row.schedules),
        expires=row.expires,
        number=row.number,
        status=row.status,
        verified_at=row.verified_at,
    )


def _of_license(item: License) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("state", "profession", "kind", "issued", "expires", "number")}


def _contact(draft: PatientDraft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("given", "family", "email", "phone", "language")}


def _profile(draft: PatientDraft) -> dict[str, Any]:
    return {
        "birth_date": draft.birth_date.isoformat(),
        "sex": draft.sex,
        "residence_state": draft.residence_state,
        "postal_code": draft.postal_code,
        "address": dict(draft.address),
    }


def _provider_row(clinic: str, person: str, draft: ProviderDraft) -> Provider:
    return Provider(
        person=person,
        clinic=clinic,
        display_name=draft.display_name,
        profession=draft.profession,
        npi=draft.npi,
        home_state=draft.home_state,
        place=place_to_json(draft.place) if draft.place else None,
        languages=list(draft.languages),
        visit_types=list(draft.visit_types),
        availability=[dict(item) for item in draft.availability],
        extra=dict(draft.extra),
        active=True,
    )


def _provider_view(
    row: Provider,
    seed_key: str | None,
    licenses: tuple[License, ...],
    dea: tuple[DeaRegistration, ...],
    extra: Mapping[str, Any],
) -> ProviderView:
    return ProviderView(
        person=row.person,
        seed_key=seed_key,
        display_name=row.display_name,
        profession=row.profession,
        npi=row.npi,
        home_state=row.home_state,
        place=place_from_json(row.place) if row.place else None,
        licenses=licenses,
        dea=dea,
        languages=tuple(row.languages),
        visit_types=tuple(row.visit_types),
        availability=tuple(row.availability),
        extra=extra,
        active=row.active,
    )
