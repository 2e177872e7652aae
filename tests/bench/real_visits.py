"""Visits over everything that is real in one process: records with encryption and audit, and both rule engines.

Networks outside (cards, pharmacies, the room) are the tests' stand-ins, because their time is not ours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from engine.clinics import ClinicFile
from engine.dossier import Place
from engine.evaluator_pool import EvaluatorPool
from engine.library import Library, load_library
from engine.plans import StoredPlan, VisitPlan
from engine.ports import Effect, VisitChange, VisitRef
from engine.settings import HOME
from records.consents import ConsentDraft
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.notes import NoteDraft
from records.people import PatientDraft, ProviderView
from records.seed import seed
from records.visit_records import RecordsVisitStore
from records.visits import VisitDraft
from records.work import Actor
from workflows.gatekeeper import LawGateKeeper

SLOT = timedelta(minutes=30)
PATIENT = PatientDraft(
    given="Ann",
    family="Doe",
    birth_date=date(1990, 4, 2),
    sex="female",
    email="ann.doe@example.org",
    phone="+1 305 555 0100",
    residence_state="FL",
    postal_code="33132",
)
CONSENTS = ("telehealth", "treatment", "privacy")


class MachineClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A visit that can be booked: everything the patient says is said already."""

    ref: VisitRef
    plan: StoredPlan
    patient: str
    provider: str
    note: str


class Clinic:
    """One clinic of the project with its demo's people, on a database of its own."""

    def __init__(self, folder: Path, pool: EvaluatorPool) -> None:
        self.library: Library = load_library(HOME)
        self.file: ClinicFile = next(iter(self.library.content.clinics.values()))
        url = f"sqlite:///{folder / 'records.sqlite3'}"
        upgrade(url)
        self.database = Database(url, FileKeyProvider(folder / "keys"), clock=MachineClock())
        seed(self.database, self.file, demo=False)
        with self.database.scope(self.file.slug, Actor.system("bench")) as scope:
            self._patient = scope.people.create_patient(PATIENT)
            self._provider = max(scope.people.providers(), key=self._valid_until).person
        self.gates = LawGateKeeper(lambda: self.library, pool)
        name = next(iter(self.file.prices))
        self.plan: VisitPlan = self.library.content.visit_type(name).plan
        self._price = self.file.prices[name]
        self._drafted = 0

    def _valid_until(self, provider: ProviderView) -> str:
        """The last day of a full licence in the clinic's first state; empty without one."""
        held = (one for one in provider.licenses if one.state == self.file.states[0] and one.kind == "full")
        return max((str(one.expires) for one in held), default="")

    def draft(self) -> Drafted:
        """One more visit, with place, consents, card and note, half an hour after the one before."""
        self._drafted += 1
        place = Place(country="us", state=self.file.states[0], postal_code=self.file.pharmacies[0].postal_code)
        slug, visit = self.file.slug, ""
        draft = VisitDraft(
            patient=self._patient,
            provider=self._provider,
            plan=self.plan,
            starts_at=self._slot(),
            booked_place=place,
            price_cents=self._price.cents,
            currency=self._price.currency,
        )
        with self.database.scope(slug, Actor(person=self._patient, role="patient")) as scope:
            visit = scope.visits.draft(draft)
            scope.visits.set_payment_method(visit, "tok_visa", "Visa ending 4242")
        begun = Effect(ref=VisitRef(clinic=slug, visit=visit), step="bench", key="begun", actor="bench")
        RecordsVisitStore(self.database).change(begun, VisitChange(event="held", stage="held"))
        with self.database.scope(slug, Actor(person=self._patient, role="patient")) as scope:
            scope.visits.attest_place(visit, place)
            for kind in CONSENTS:
                scope.consents.sign(_consent(visit, kind, place))
        with self.database.scope(slug, Actor(person=self._provider, role="provider")) as scope:
            draft_note = NoteDraft(visit=visit, template=self.plan.note_template, fields={}, version=0, key="first")
            note = scope.notes.save(draft_note).note
        stored = StoredPlan(canonical=self.plan.canonical(), digest=self.plan.digest)
        return Drafted(VisitRef(clinic=slug, visit=visit), stored, self._patient, self._provider, note)

    def _slot(self) -> datetime:
        start = datetime.now(UTC).replace(second=0, microsecond=0)
        start += timedelta(minutes=5 - start.minute % 5)
        return start + self._drafted * SLOT


def _consent(visit: str, kind: str, place: Place) -> ConsentDraft:
    return ConsentDraft(
        visit=visit,
        kind=kind,
        form="electronic",
        jurisdiction=f"us/{str(place.state).lower()}",
        clauses=(),
        text="I agree.",
        language="en",
        signature="Somebody",
    )
