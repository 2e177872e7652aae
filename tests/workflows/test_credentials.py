"""Licences as their source says today: asked before the gate and every day, and what a silent source means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.credentials import EXPIRED, LICENSE, Claim, Expiry, Reader, SourceAnswer
from engine.evaluators import ClosuresOnly
from engine.ports import VisitChange
from integrations.credentials.simulator import SimulatedPrimarySource, SimulatedRegister, Told
from records.credential_book import RecordsCredentialBook
from records.expiries import RecordsExpiryBook
from records.gates import GateView
from tests.records.helpers import PLACE, HandClock, World, build_world, draft_of, open_database
from tests.workflows.test_gatekeeper import rulebooks
from workflows.activities.credentials import CheckPatience, CredentialChecks
from workflows.activities.expiries import ExpiryActivities, expiry_words
from workflows.activities.gates import GateActivities
from workflows.contracts import CredentialsInput, EffectInput, GateAnswer, GateInput
from workflows.gatekeeper import LawGateKeeper
from workflows.schedules import daily

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


AT = datetime(2026, 12, 1, 15, tzinfo=UTC)
IMPATIENT = CheckPatience(gate_seconds=5.0, leave_alone_seconds=0.0)


@cache
def library() -> Any:
    return SimpleNamespace(
        rulebooks={"palmetto": rulebooks()["elm"]}, content=SimpleNamespace(clauses=SimpleNamespace(clauses={}))
    )


@dataclass
class Scene:
    """A visit on record, its clinician's licence at a register, and the real gate between the two."""

    world: World
    visit: str
    clock: HandClock
    register: SimulatedRegister
    patience: CheckPatience = IMPATIENT
    asked: int = 0
    checks: CredentialChecks = field(init=False)

    def __post_init__(self) -> None:
        self.book = RecordsCredentialBook(self.world.database)
        self.checks = CredentialChecks(self.book, SimulatedPrimarySource(self.register), self.patience)
        self.gates = GateActivities(self.world.store, LawGateKeeper(library, ClosuresOnly()), self.checks)

    def claim(self) -> Claim:
        return next(one for one in self.book.claims("palmetto", (self.world.provider,)) if one.kind == LICENSE)

    def tell_place(self) -> None:
        """The patient says where they are: later gates go by that."""
        effect = replace(self.world.effect(), ref=replace(self.world.ref, visit=self.visit))
        self.world.store.change(effect, VisitChange(event="held", stage="held"))
        with self.world.database.scope("palmetto", self.world.as_system) as scope:
            scope.visits.attest_place(self.visit, PLACE)

    def book_gate(self) -> GateAnswer:
        return self.gate("book")

    def gate(self, name: str) -> GateAnswer:
        self.asked += 1
        effect = EffectInput(clinic="palmetto", visit=self.visit, step=name, key=f"k{self.asked}")
        return self.gates.ask_gate(GateInput(effect=effect, gate=name, at=self.clock.now().isoformat()))

    def licensing(self, name: str = "book") -> Mapping[str, Any]:
        with self.world.database.scope("palmetto", self.world.as_system) as scope:
            gate = scope.gates.latest(self.visit, name)
        assert isinstance(gate, GateView)
        decision: Mapping[str, Any] = gate.decisions["licensing"]
        return decision


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    clock = HandClock(AT)
    world = build_world(open_database(tmp_path, clock))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        visit = scope.visits.draft(draft_of(world.patient, world.provider, starts_at=AT + timedelta(days=1)))
    return Scene(world, visit, clock, SimulatedRegister(tmp_path / "source.sqlite3", clock.now))


def test_a_licence_suspended_this_morning_stops_the_visit_at_its_next_gate(scene: Scene) -> None:
    assert scene.book_gate().open
    scene.register.tell(scene.claim(), Told(status="suspended"))
    assert scene.book_gate().open  # the answer of a minute ago still counts
    scene.clock.move(minutes=11)
    assert not scene.book_gate().open
    assert scene.licensing()["outcome"] == "forbidden"
    scene.register.tell(scene.claim(), Told(status="active"))
    scene.clock.move(minutes=11)
    assert scene.book_gate().open


@pytest.mark.parametrize("name", ["join", "prescribe", "sign"])
def test_every_later_gate_goes_by_the_suspension_too(scene: Scene, name: str) -> None:
    scene.tell_place()
    scene.gate(name)
    assert scene.licensing(name)["outcome"] == "permitted"
    scene.register.tell(scene.claim(), Told(status="suspended"))
    scene.clock.move(minutes=11)
    assert not scene.gate(name).open
    assert scene.licensing(name)["outcome"] == "forbidden"


@pytest.mark.parametrize("mood", ["down", "garbled"])
def test_while_the_source_is_silent_its_last_answer_counts_for_a_week_and_no_longer(scene: Scene, mood: str) -> None:
    assert scene.book_gate().open
    scene.register.moods.behave(mood)
    scene.clock.move(days=7)
    assert scene.book_gate().open
    scene.clock.move(minutes=1)
    assert not scene.book_gate().open
    decision = scene.licensing()
    assert (decision["outcome"], "provider.licenses" in decision["missing"]) == ("incomplete", True)
    scene.register.moods.behave("up")
    assert scene.book_gate().open


def test_an_answer_too_late_for_the_gate_is_kept_for_the_next(scene: Scene) -> None:
    scene.checks = CredentialChecks(
        scene.book, SimulatedPrimarySource(scene.register), CheckPatience(gate_seconds=0.0, leave_alone_seconds=0.0)
    )
    scene.gates = GateActivities(scene.world.store, LawGateKeeper(library, ClosuresOnly()), scene.checks)
    scene.register.tell(scene.claim(), Told(status="suspended"))
    assert scene.book_gate().open
    scene.checks.settle()
    assert scene.claim().status == "suspended"
    assert not scene.book_gate().open


def test_a_source_that_was_silent_is_left_alone_for_a_while(scene: Scene) -> None:
    source = Counting()
    checks = CredentialChecks(scene.book, source, CheckPatience(leave_alone_seconds=3600.0))
    for _ in range(3):
        checks.before_gate(scene.world.ref)
    assert source.asked == 2  # the licence and the registration, once each


@dataclass
class Counting:
    """A source that never answers."""

    asked: int = 0

    def ask(self, claim: Claim) -> SourceAnswer:
        self.asked += 1
        raise OSError("no such host")


def test_whatever_goes_wrong_at_the_source_the_gate_goes_by_the_record(scene: Scene) -> None:
    scene.gates = GateActivities(
        scene.world.store,
        LawGateKeeper(library, ClosuresOnly()),
        CredentialChecks(scene.book, Counting(), IMPATIENT),
    )
    assert scene.book_gate().open  # the clinic's own word of today


def test_a_days_round_asks_about_everybody_and_a_repeated_one_about_nobody(scene: Scene) -> None:
    asked = CredentialsInput(clinic="palmetto")
    assert scene.checks.check_credentials(asked) == 2
    assert scene.checks.check_credentials(asked) == 0
    scene.clock.move(days=1)
    assert scene.checks.check_credentials(asked) == 2
    assert scene.claim().verified_at == scene.clock.now()


def test_people_hear_of_a_threshold_once_in_the_clinics_own_day(scene: Scene) -> None:
    zone = "Pacific/Honolulu"
    activities = ExpiryActivities(RecordsExpiryBook(scene.world.database), scene.clock, lambda _slug: zone)
    last = date(2027, 1, 31)
    scene.clock.at = scene.clock.at.replace(year=2027, month=1, day=2, hour=5)  # still the first in Hawaii: 30 days
    assert activities.tell_expiries(CredentialsInput(clinic="palmetto")) == 1
    assert activities.tell_expiries(CredentialsInput(clinic="palmetto")) == 0
    scene.clock.at = scene.clock.at.replace(month=2, day=1)  # in Hawaii the last valid day
    assert activities.tell_expiries(CredentialsInput(clinic="palmetto")) == 1
    with scene.world.database.scope("palmetto", scene.world.as_system) as scope:
        today, before = scope.mails.outbox()
    assert last.isoformat() in before.body
    assert "today" in today.body


@pytest.mark.parametrize("threshold", [EXPIRED, 0, 30])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_mail_names_the_credential_and_nobody(threshold: int, language: str) -> None:
    expiry = Expiry(
        credential="lic_1", person="per_1", kind="dea", state="FL", expires=date(2027, 1, 31), threshold=threshold
    )
    subject, body = expiry_words(expiry, language)
    assert "2027-01-31" in body
    assert "DEA" in body
    assert not {"per_1", "lic_1"} & set(f"{subject} {body}".split())
    assert expiry_words(expiry, "xx") == expiry_words(expiry, "en")


def test_the_round_is_early_in_the_clinics_own_morning() -> None:
    schedule = daily("palmetto", "America/Denver")
    assert schedule.spec.time_zone_name == "America/Denver"
    assert schedule.spec.calendars[0].hour[0].start == 5
    assert schedule.policy.catchup_window == timedelta(days=2)


def test_a_reader_without_an_address_is_noted_and_gets_no_mail(scene: Scene) -> None:
    book = RecordsExpiryBook(scene.world.database)
    (due,) = book.due("palmetto", date(2027, 1, 31))
    nobody = Reader(person="per_9", address="", language="en")
    book.tell("palmetto", due, nobody, ("s", "b"))
    with scene.world.database.scope("palmetto", scene.world.as_system) as scope:
        assert scope.mails.outbox() == ()
