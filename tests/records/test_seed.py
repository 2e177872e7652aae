"""A clinic file's people are loaded once; afterwards records own them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import cast

import pytest

from engine.clinics import ClinicFile, DateRule, People, SeedDea, SeedLicense, SeedPatient, SeedProvider, SeedStaff
from engine.sign_in_rules import HOUSE_RULES
from engine.slots import Opening, WeekHours
from records.audit import verify
from records.database import Database
from records.devices import Browser
from records.errors import SignInRefused
from records.errors_identity import FactorRefused
from records.second_step import Step, open_without_proof, prove_with_password
from records.seed import DEMO_PASSWORD, demo_left_over, seed
from records.sign_in import Credentials, sign_in
from records.work import Actor
from tests.records.helpers import HandClock

PROVIDER = SeedProvider(
    id="okafor",
    given="Lena",
    family="Okafor",
    email="lena@clinic.example",
    profession="MD",
    credentials="MD",
    npi="1234567893",
    home_state="GA",
    location_state="GA",
    licenses=(
        SeedLicense(
            state="FL",
            profession="MD",
            kind="full",
            status="active",
            issued=DateRule(date(2019, 1, 1)),
            expires=DateRule(None, -1),
            number=None,
        ),
    ),
    dea=(SeedDea(state="FL", schedules=("II",), expires=None),),
    languages=("en", "es"),
    visit_types=("urgent_care/video_visit",),
    hours=WeekHours(by_weekday={0: (Opening(time(9), time(17)), Opening(time(18), None))}),
    facts={"supervision.agreement": True},
)
STAFF = SeedStaff(id="admin", given="Ada", family="Min", email="ada@clinic.example", role="clinic_admin")
DEMO_PATIENT = SeedPatient(
    id="reyes",
    given="Ana",
    family="Reyes",
    email="ana@example.org",
    phone="+13055550100",
    birth_date=date(1990, 4, 2),
    sex="female",
    residence_state="FL",
    address={"line": "1 Palm Way", "city": "Miami", "postal_code": "33101"},
    language="es",
)
PEOPLE = People(providers=(PROVIDER,), staff=(STAFF,), patients=(DEMO_PATIENT,))


@dataclass
class FakeClinic:
    """The fields of a clinic file that seeding reads."""

    slug: str
    people: People
    time_zone: str = "America/New_York"


def clinic(people: People = PEOPLE) -> ClinicFile:
    return cast(ClinicFile, FakeClinic("palmetto", people))


def names(database: Database) -> list[str]:
    with database.scope("palmetto", Actor.system()) as scope:
        return [provider.display_name for provider in scope.people.providers()]


def test_people_are_loaded_once(database: Database) -> None:
    seed(database, clinic(), demo=False)
    entries = verify(database, "palmetto").entries
    seed(database, clinic(), demo=False)
    assert verify(database, "palmetto").entries == entries
    assert names(database) == ["Lena Okafor, MD"]


def test_dates_count_from_the_day_of_loading(database: Database) -> None:
    seed(database, clinic(), demo=False)
    with database.scope("palmetto", Actor.system()) as scope:
        (provider,) = scope.people.providers()
    assert provider.licenses[0].expires == date(2026, 3, 4)
    assert provider.extra == {"supervision.agreement": True}
    assert provider.visit_types == ("urgent_care/video_visit",)
    assert provider.availability == (
        {"weekday": 0, "since": "09:00", "until": "17:00"},
        {"weekday": 0, "since": "18:00", "until": ""},
    )


def test_what_records_changed_later_stays(database: Database) -> None:
    seed(database, clinic(), demo=True)
    with database.scope("palmetto", Actor.system()) as scope:
        (provider,) = scope.people.providers()
        scope.people.set_credentials(provider.person, (), ())
    changed = replace(PEOPLE, providers=(replace(PROVIDER, family="Other"),))
    seed(database, clinic(changed), demo=True)
    with database.scope("palmetto", Actor.system()) as scope:
        (provider,) = scope.people.providers()
    assert (provider.display_name, provider.licenses) == ("Lena Okafor, MD", ())


def test_a_person_added_to_the_file_later_is_loaded_then(database: Database) -> None:
    seed(database, clinic(), demo=False)
    added = replace(PROVIDER, id="second", given="Bo", email="bo@clinic.example")
    seed(database, clinic(replace(PEOPLE, providers=(PROVIDER, added))), demo=False)
    assert names(database) == ["Bo Okafor, MD", "Lena Okafor, MD"]


def test_everybody_of_a_demo_can_sign_in(database: Database) -> None:
    people = seed(database, clinic(), demo=True)
    assert [(one.id, one.role, one.portal) for one in people] == [
        ("reyes", "patient", "patient"),
        ("okafor", "provider", "staff"),
        ("admin", "clinic_admin", "staff"),
    ]
    for one in people:
        tried = Credentials(
            clinic="palmetto",
            email=one.email,
            password=DEMO_PASSWORD,
            portal=one.portal,
            browser=Browser(rules=HOUSE_RULES.in_demo()),
        )
        assert sign_in(database, tried).session.role == one.role


def test_when_the_demo_is_over_its_public_password_opens_nothing(database: Database) -> None:
    people = seed(database, clinic(), demo=True)
    here = Browser(rules=HOUSE_RULES.in_demo())
    desk = Step(clinic="palmetto", portal="patient", browser=here)
    token = open_without_proof(database, desk, people[0].email, "demo").token
    assert demo_left_over(database, "palmetto") == len(people)
    assert database.sessions.resolve("palmetto", token, "patient") is None
    tried = Credentials(clinic="palmetto", email=people[0].email, password=DEMO_PASSWORD, portal="patient")
    with pytest.raises(SignInRefused, match="wrong"):
        sign_in(database, tried)
    opened = sign_in(database, replace(tried, browser=here)).session
    with pytest.raises(FactorRefused):
        prove_with_password(database, replace(desk, browser=Browser()), opened.id, DEMO_PASSWORD)


def test_a_clinic_that_was_no_demo_is_not_taken_for_one(database: Database) -> None:
    seed(database, clinic(), demo=False)
    assert demo_left_over(database, "palmetto") == 0


def test_outside_a_demo_there_are_no_demo_patients_and_no_passwords(database: Database) -> None:
    assert seed(database, clinic(), demo=False) == ()
    with database.engine.connect() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in ("patients", "accounts")
        ]
    assert counts == [0, 0]


def test_days_are_counted_from_the_clinics_own_day(database: Database, clock: HandClock) -> None:
    clock.at = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)  # still the evening of March 5 in New York
    seed(database, clinic(), demo=False)
    with database.scope("palmetto", Actor.system("test")) as scope:
        [okafor] = scope.people.providers()
    assert okafor.licenses[0].expires == date(2026, 3, 4)
