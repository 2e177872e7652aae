"""What is a clinic: brand, places, hours, prices, policy, and the people it starts with?

A clinic is one file. Its people are loaded once into records and belong to them afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from engine.brand import Brand
from engine.clinic_recordings import USUAL_RULES, RecordingRules
from engine.clinic_terms import USUAL_TERMS, Terms
from engine.dossier import DeaRegistration, License
from engine.overlays import OwnLaw
from engine.prices import Price
from engine.reading import Node
from engine.sign_in_rules import HOUSE_RULES, SignInRules
from engine.slots import WeekHours
from engine.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach the clinic."""

    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pharmacy:
    """A pharmacy that patients may choose; the network behind it is simulated."""

    id: str
    name: str
    address: str
    city: str
    state: str
    postal_code: str
    phone: str


@dataclass(frozen=True, slots=True)
class DateRule:
    """A day, given or counted from the day the people are loaded (`today-1d`)."""

    day: date | None = None
    offset_days: int = 0

    def on(self, today: date) -> date:
        return self.day or today + timedelta(days=self.offset_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLicense:
    """A licence to start with."""

    state: str
    profession: str
    kind: str
    status: str
    issued: DateRule | None
    expires: DateRule | None
    number: str | None

    def on(self, today: date) -> License:
        return License(
            state=self.state,
            profession=self.profession,
            kind=self.kind,
            status=self.status,
            issued=self.issued.on(today) if self.issued else None,
            expires=self.expires.on(today) if self.expires else None,
            number=self.number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDea:
    """A DEA registration to start with."""

    state: str
    schedules: tuple[str, ...]
    expires: DateRule | None

    def on(self, today: date) -> DeaRegistration:
        expires = self.expires.on(today) if self.expires else None
        return DeaRegistration(state=self.state, schedules=self.schedules, expires=expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProvider:
    """A clinician to start with; `facts` are further facts by path below `provider` (`supervision.agreement`)."""

    id: str
    given: str
    family: str
    email: str
    profession: str
    credentials: str
    npi: str
    home_state: str
    location_state: str
    licenses: tuple[SeedLicense, ...]
    dea: tuple[SeedDea, ...]
    languages: tuple[str, ...]
    visit_types: tuple[str, ...]
    hours: WeekHours
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def display_name(self) -> str:
        return f"{self.given} {self.family}, {self.credentials}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStaff:
    """A member of staff to start with; `role` is one of the house's roles."""

    id: str
    given: str
    family: str
    email: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPatient:
    """A demonstration patient, invented."""

    id: str
    given: str
    family: str
    email: str
    phone: str
    birth_date: date
    sex: str
    residence_state: str
    address: Mapping[str, str]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedHelper:
    """Somebody who acts for a demonstration child: a demonstration patient, as what, how related, in which scopes."""

    person: str
    kind: str
    relation: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedChild:
    """A demonstration child, invented; ``guardian`` is the id of the demonstration patient who is the parent."""

    id: str
    given: str
    family: str
    birth_date: date
    sex: str
    guardian: str
    helpers: tuple[SeedHelper, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The people a clinic starts with."""

    providers: tuple[SeedProvider, ...] = ()
    staff: tuple[SeedStaff, ...] = ()
    patients: tuple[SeedPatient, ...] = ()
    children: tuple[SeedChild, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicFile:
    """A clinic as compiled.

    `prices` go by `specialty/visit_type`, with the usual ones of visit types that the file names none for. `own_law` is
    what the clinic adds to the law, as read, which the rulebook compiles; `policy` is the list of its own rules in it.
    `digest` names the tenant pack: everything but the people.
    """

    slug: str
    name: str
    brand: Brand
    languages: tuple[str, ...]
    states: tuple[str, ...]
    time_zone: str
    specialties: tuple[str, ...]
    hours: WeekHours
    hours_words: tuple[str, ...]
    prices: Mapping[str, Price]
    contact: Contact
    emergency: Texts
    texts: Mapping[str, Texts]
    pharmacies: tuple[Pharmacy, ...]
    people: People
    own_law: OwnLaw = field(compare=False, repr=False)
    digest: str
    sign_in: SignInRules = HOUSE_RULES
    discreet_mail: bool = False
    terms: Terms = USUAL_TERMS
    recordings: RecordingRules = USUAL_RULES

    @property
    def policy(self) -> Node | None:
        """The clinic's own rules as read; None where it has none."""
        return self.own_law.policy
