"""Loads a clinic file's people once; what the file says later changes nobody who is already in records.

Each person is known by the name the file gives them. Demo patients and the demo password exist only in a demo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.clinics import ClinicFile, SeedChild, SeedPatient, SeedProvider, SeedStaff
from engine.dossier import Place
from engine.slots import WeekHours
from records.access import Role
from records.accounts import Accounts
from records.acts import Act
from records.database import Database
from records.people import PatientDraft, PatientView, People, ProviderDraft, StaffDraft
from records.relationships import RelationshipDraft, seed_child, seed_helper
from records.sessions import Sessions
from records.sign_in import PUBLIC_PASSWORD, hash_password
from records.tables.people import Account, Patient, Person, SeedMark, SessionRow
from records.work import Actor, Work

# Everybody's in a demo, which listens on this machine only and never holds real patients.
DEMO_PASSWORD = PUBLIC_PASSWORD
_COUNTRY = "us"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody a demo can sign in as: with this e-mail address and `DEMO_PASSWORD`, in this portal."""

    id: str
    name: str
    role: str
    portal: str
    email: str


def seed(database: Database, clinic: ClinicFile, demo: bool) -> tuple[DemoPerson, ...]:
    """Makes who is not there yet, all in one transaction; returns the demo's people, none outside a demo.

    Outside a demo no patients are made and nobody gets a password: they come by invitation.
    """
    actor = Actor.system("seed")
    with database.work(clinic.slug, actor) as work:
        missing = bool(_missing(work, clinic, demo))
    if missing:
        password = hash_password(DEMO_PASSWORD) if demo else None  # slow: before the transaction
        with database.work(clinic.slug, actor) as work:
            _make_missing(work, clinic, demo, password)
    return demo_people(clinic) if demo else ()


def demo_left_over(database: Database, clinic: str) -> int:
    """How many log-ins of a demo there are in a clinic that is none any more; their one-click sessions are ended.

    A file's patients are made in a demo only, so a clinic without any of them was none.
    """
    loaded = select(Person.id).where(Person.clinic == clinic, Person.seed_key.is_not(None))
    with database.reading() as session:
        patients = session.scalar(select(Patient.person).where(Patient.person.in_(loaded)).limit(1))
        accounts = session.scalars(select(Account.id).where(Account.person.in_(loaded), ~Account.disabled)).all()
        one_click = session.scalars(
            select(SessionRow.id).where(
                SessionRow.clinic == clinic, SessionRow.method == "demo", SessionRow.closed_at.is_(None)
            )
        ).all()
    if one_click:
        with database.work(clinic, Actor.system("seed")) as work:
            for one in one_click:
                Sessions(work).close(one)
    return len(accounts) if patients is not None else 0


def demo_people(clinic: ClinicFile) -> tuple[DemoPerson, ...]:
    """Who a demo of the clinic can be signed in as."""
    people = clinic.people
    patients = [_demo(one, Role.PATIENT, "patient") for one in people.patients]
    providers = [_demo(one, Role.PROVIDER, "staff") for one in people.providers]
    return (*patients, *providers, *(_demo(one, one.role, "staff") for one in people.staff))


Maker = Callable[[Work, date], tuple[str, str, str]]
"""Makes a person; returns their id, e-mail address and role."""


def _missing(work: Work, clinic: ClinicFile, demo: bool) -> dict[str, Maker]:
    """How to make each person of the file who was never loaded, by their name in it."""
    loaded = work.session.scalars(select(SeedMark.key).where(SeedMark.clinic == work.clinic))
    kept = work.session.scalars(select(Person.seed_key).where(Person.clinic == work.clinic))
    known = {*loaded, *kept}
    return {key: maker for key, maker in _makers(clinic, demo).items() if key not in known}


def _make_missing(work: Work, clinic: ClinicFile, demo: bool, password: str | None) -> None:
    today = work.at.astimezone(ZoneInfo(clinic.time_zone)).date()
    for key, make in _missing(work, clinic, demo).items():
        person, email, role = make(work, today)
        if password is not None and email:
            Accounts(work).create(person, email, password, [Role(role)])
        work.session.add(SeedMark(clinic=work.clinic, key=key, at=work.now))
        work.note(Act.CLINIC_SEEDED, person)
        work.session.flush()


def _makers(clinic: ClinicFile, demo: bool) -> dict[str, Maker]:
    people = clinic.people
    makers: dict[str, Maker] = {one.id: _provider_maker(one) for one in people.providers}
    makers |= {one.id: _staff_maker(one) for one in people.staff}
    if demo:
        makers |= {one.id: _patient_maker(one) for one in people.patients}
        makers |= {one.id: _child_maker(one) for one in people.children}
    return makers


def _provider_maker(one: SeedProvider) -> Maker:
    def make(work: Work, today: date) -> tuple[str, str, str]:
        draft = ProviderDraft(
            staff=StaffDraft(given=one.given, family=one.family, email=one.email, seed_key=one.id),
            display_name=one.display_name,
            profession=one.profession,
            npi=one.npi,
            home_state=one.home_state or None,
            place=Place(country=_COUNTRY, state=one.location_state) if one.location_state else None,
            licenses=tuple(license.on(today) for license in one.licenses),
            dea=tuple(dea.on(today) for dea in one.dea),
            languages=one.languages,
            visit_types=one.visit_types,
            availability=_openings(one.hours),
            extra=one.facts,
        )
        return People(work).create_provider(draft), one.email, Role.PROVIDER

    return make


def _staff_maker(one: SeedStaff) -> Maker:
    def make(work: Work, _today: date) -> tuple[str, str, str]:
        draft = StaffDraft(given=one.given, family=one.family, email=one.email, seed_key=one.id)
        return People(work).create_staff(draft), one.email, one.role

    return make


def _patient_maker(one: SeedPatient) -> Maker:
    def make(work: Work, _today: date) -> tuple[str, str, str]:
        draft = PatientDraft(
            given=one.given,
            family=one.family,
            birth_date=one.birth_date,
            sex=one.sex,
            email=one.email,
            phone=one.phone,
            residence_state=one.residence_state,
            postal_code=str(one.address.get("postal_code", "")),
            language=one.language,
            address=one.address,
        )
        return People(work).create_patient(draft, seed_key=one.id), one.email, Role.PATIENT

    return make


def _child_maker(one: SeedChild) -> Maker:
    """A child with its guardian and whoever else acts for it; without a log-in, and so without an address."""

    def make(work: Work, _today: date) -> tuple[str, str, str]:
        guardian = _seeded(work, one.guardian)
        home = People(work).patient(guardian)
        draft = replace(
            _own_words(home),
            given=one.given,
            family=one.family,
            birth_date=one.birth_date,
            sex=one.sex,
            email="",
        )
        child = seed_child(work, draft, one.id, guardian)
        for helper in one.helpers:
            person = _seeded(work, helper.person)
            wanted = RelationshipDraft(
                patient=child,
                email="",
                name=People(work).patient(person).name,
                relation=helper.relation,
                kind=helper.kind,
                scopes=helper.scopes,
            )
            seed_helper(work, wanted, person)
        return child, "", Role.PATIENT

    return make


def _seeded(work: Work, key: str) -> str:
    """The person whom the file names so; those of a demonstration are made before whoever needs them."""
    query = select(Person.id).where(Person.clinic == work.clinic, Person.seed_key == key)
    return work.session.scalars(query).one()


def _own_words(view: PatientView) -> PatientDraft:
    return PatientDraft(**{one.name: getattr(view, one.name) for one in fields(PatientDraft)})


def _openings(hours: WeekHours) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "weekday": weekday,
            "since": opening.since.strftime("%H:%M"),
            "until": opening.until.strftime("%H:%M") if opening.until else "",
        }
        for weekday, openings in sorted(hours.by_weekday.items())
        for opening in _ordered(openings)
    )


def _ordered(openings: Sequence[Any]) -> list[Any]:
    return sorted(openings, key=lambda opening: opening.since)


def _demo(one: SeedProvider | SeedStaff | SeedPatient, role: str, portal: str) -> DemoPerson:
    return DemoPerson(id=one.id, name=f"{one.given} {one.family}", role=str(role), portal=portal, email=one.email)
