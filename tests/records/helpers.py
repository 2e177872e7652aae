"""Builds a small clinic in a fresh database: what most tests of records start from."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from engine.dossier import DeaRegistration, License, Place
from engine.plans import Step, VisitPlan
from engine.ports import Effect, VisitChange, VisitRef
from records.access import Role
from records.accounts import Accounts
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.people import PatientDraft, ProviderDraft, StaffDraft
from records.sessions import PATIENT_PORTAL, STAFF_PORTAL
from records.visit_records import RecordsVisitStore
from records.visits import VisitDraft
from records.work import Actor

START = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
PLACE = Place(country="us", state="FL", postal_code="33101", time_zone="America/New_York")
PLAN = VisitPlan(
    specialty="urgent_care",
    visit_type="video_visit",
    modality="audio_video",
    recording=False,
    duration_seconds=1200,
    professions=("MD",),
    steps=(Step(id="follow", kind="follow_up", after=(), gate=None, settings={"after_seconds": 259200}),),
    reminders=(),
    note_template="urgent_care/soap",
    formulary=None,
)
PATIENT = PatientDraft(
    given="Ana",
    family="Reyes",
    birth_date=date(1990, 4, 2),
    sex="female",
    email="ana@example.org",
    phone="+13055550100",
    residence_state="FL",
    postal_code="33101",
    address={"line": "1 Palm Way", "city": "Miami"},
)
PROVIDER = ProviderDraft(
    staff=StaffDraft(given="Lena", family="Okafor", email="lena@clinic.example", seed_key="lena"),
    display_name="Dr. Lena Okafor",
    profession="MD",
    npi="1234567893",
    home_state="GA",
    place=Place(country="us", state="GA", time_zone="America/New_York"),
    licenses=(
        License(
            state="FL",
            profession="MD",
            kind="full",
            status="active",
            issued=date(2019, 1, 1),
            expires=date(2027, 1, 31),
        ),
    ),
    dea=(DeaRegistration(state="FL", schedules=("II", "III"), expires=date(2027, 12, 31)),),
)


class HandClock:
    """A clock that stands until it is moved; it serves as machine time and as visit time."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: int) -> None:
        self.at += timedelta(**by)


def open_database(folder: Path, clock: HandClock | None = None, url: str = "") -> Database:
    """A database with the newest schema; the migrations run once for the whole run, their file is copied.

    Without an address it is a SQLite file in the folder; PostgreSQL's were migrated where they come from.
    """
    url = url or f"sqlite:///{folder / 'records.sqlite3'}"
    if url.startswith("sqlite"):
        (folder / "records.sqlite3").write_bytes(_migrated())
    keys = FileKeyProvider(folder / "keys")
    return Database(url, keys) if clock is None else Database(url, keys, now=clock.now, clock=clock)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A clinic with one patient, one provider, both signed in, and one draft visit of theirs."""

    database: Database
    clinic: str
    patient: str
    provider: str
    visit: str
    as_patient: Actor
    as_provider: Actor
    as_system: Actor

    @property
    def ref(self) -> VisitRef:
        return VisitRef(clinic=self.clinic, visit=self.visit)

    @property
    def store(self) -> RecordsVisitStore:
        return RecordsVisitStore(self.database)

    def begin(self) -> None:
        """Holds the draft's time, as its workflow does when it is booked: from now on the patient may say things."""
        self.store.change(self.effect(), VisitChange(event="held", stage="held"))

    def effect(self, step: str = "step", key: str | None = None, actor: str = "system") -> Effect:
        return Effect(ref=self.ref, step=step, key=key or f"k{next(_NUMBERS)}", actor=actor)


_NUMBERS = itertools.count(1)


def build_world(database: Database, clinic: str = "palmetto", patient: PatientDraft = PATIENT) -> World:
    system = Actor.system("tests")
    with database.scope(clinic, system) as scope:
        person = scope.people.create_patient(patient)
        provider = scope.people.create_provider(PROVIDER)
        visit = scope.visits.draft(draft_of(person, provider))
        patient_session = _sign_in(scope.accounts, person, patient.email, Role.PATIENT)
        provider_session = _sign_in(scope.accounts, provider, PROVIDER.staff.email, Role.PROVIDER)
        sessions = (
            scope.sessions.open(patient_session, PATIENT_PORTAL)[1],
            scope.sessions.open(provider_session, STAFF_PORTAL)[1],
        )
    return World(
        database=database,
        clinic=clinic,
        patient=person,
        provider=provider,
        visit=visit,
        as_patient=sessions[0].actor("ip:127.0.0.1"),
        as_provider=sessions[1].actor("ip:127.0.0.1"),
        as_system=system,
    )


def shred(world: World) -> None:
    """Destroys the patient's key; whether that is allowed is asked elsewhere."""
    with world.database.work(world.clinic, world.as_system) as work:
        work.ring.shred_person(work.session, world.clinic, world.patient)


def draft_of(patient: str, provider: str, **changes: object) -> VisitDraft:
    draft = VisitDraft(
        patient=patient,
        provider=provider,
        plan=PLAN,
        starts_at=START + timedelta(hours=1),
        booked_place=PLACE,
        price_cents=7500,
        currency="USD",
        reason="sore throat",
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def _sign_in(accounts: Accounts, person: str, email: str, role: Role) -> str:
    return accounts.create(person, email, "not a hash", [role])
