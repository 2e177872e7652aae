"""A clinic's web program over real records, with a visit's workflow played by a few lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.pharmacy import AskedCancellation
from engine.ports import DispatchReceipt, Effect, GateRecord, RoomPlace, VisitChange, VisitRef
from engine.rulebook import join, load_law
from engine.safety import SafetyBase
from engine.safety_file import load_safety
from engine.settings import parse_settings
from engine.sign_in_rules import HOUSE_RULES
from engine.visits import Formulary, FormularyDrug, NoteChoice, NoteField, NoteSection, NoteTemplate, Sig
from portals.app import create_app
from portals.base.clinic import ClinicView
from portals.base.sealing import Sealer
from portals.base.visitor import STAFF, SessionView, csrf_token
from portals.deps import PortalDeps
from records.monitoring_book import RecordsMonitoringBook
from records.room_tokens import RoomTokens
from records.tables.clinical import OrderRow
from tests.portals.helpers_law import decision
from tests.records.helpers import HandClock, World
from workflows.contracts import Answer, Ask, VisitStatus

ROOT = Path(__file__).parents[2]
SECRETS = {("staff", "s" * 32): "provider", ("patient", "p" * 32): "patient"}

NOTE = NoteTemplate(
    id="urgent_care/soap",
    version=1,
    sections=(
        NoteSection(
            id="subjective",
            title={"en": "Subjective"},
            fields=(
                NoteField(id="history", type="text", label={"en": "History"}, help={"en": "Onset"}, required=True),
                NoteField(id="reviewed", type="flag", label={"en": "Lists reviewed"}, help={}, required=True),
            ),
        ),
        NoteSection(
            id="plan",
            title={"en": "Plan"},
            fields=(
                NoteField(id="minutes", type="number", label={"en": "Minutes"}, help={}, required=False),
                NoteField(
                    id="enough",
                    type="choice",
                    label={"en": "Was video enough?"},
                    help={},
                    required=False,
                    choices=(
                        NoteChoice(id="yes", text={"en": "It was"}),
                        NoteChoice(id="no", text={"en": "It was not"}),
                    ),
                ),
            ),
        ),
    ),
)
FORMULARY = Formulary(
    id="urgent_care/formulary",
    drugs=(
        FormularyDrug(
            name="amoxicillin",
            strength="500 mg",
            dose_form="capsule",
            sigs=(
                Sig(
                    text={"en": "Take 1 capsule 2 times a day", "es": "Tome 1 cápsula 2 veces al día"},
                    quantity="20",
                    unit="capsule",
                    days_supply=10,
                ),
            ),
            refills_most=0,
            purpose="other",
            note={},
        ),
    ),
    never=(),
)
PHARMACY = SimpleNamespace(
    id="bay", name="Bay Pharmacy", address="2 Palm Way", city="Miami", state="FL", postal_code="33101", phone="3055550"
)
PHARMACIES = (PHARMACY,)
SHUT = {
    "act": "prescribe",
    "rule": "us/fl/prescribing/schedule-ii",
    "title": "Schedule II by telehealth only for psychiatric treatment",
    "law": "Fla. Stat. 456.47(2)(c)",
    "cite": ["fla-456.47-2c"],
    "because": {"drug.schedule": "II"},
}


class OneSpecialty:
    """Content of one specialty without an intake form."""

    safety: ClassVar[SafetyBase] = load_safety(ROOT)
    specialties: ClassVar[Mapping[str, Any]] = {"urgent_care": SimpleNamespace(note=NOTE, formulary=FORMULARY)}

    def visit_type(self, _name: str) -> Any:
        return SimpleNamespace(title={"en": "Video visit"}, intake_forms=())

    def form(self, name: str) -> Any:
        raise KeyError(name)

    def clinic(self, _slug: str) -> Any:
        return SimpleNamespace(pharmacies=PHARMACIES, sign_in=HOUSE_RULES)


@cache
def library(clinic: str) -> Any:
    """The law as carried, without a policy of the clinic."""
    law = load_law(ROOT)
    return SimpleNamespace(law=law, rulebooks={clinic: join(law)})


@dataclass
class PlayedVisits:
    """The visit's workflow in a few lines: writes to records what the real one would, refuses what it is told to."""

    world: World
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)
    gates: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    monitoring: Any = None
    pharmacy: DispatchReceipt | None = None

    async def ask(self, ref: VisitRef, ask: Ask, plan: Any = None) -> Answer:
        self.asked.append(ask)
        gate = self._gate(ask)
        if ask.act in self.answers:
            return replace(self.answers[ask.act], gate=gate)
        return getattr(self, f"_{ask.act}")(ask)  # type: ignore[no-any-return]

    async def clock_moved(self) -> None:
        """No visit of these waits for anything."""

    async def ask_monitoring(self, ref: VisitRef, report: str, patience_seconds: float) -> None:
        """The program answers at once, as it was told to."""
        book = RecordsMonitoringBook(self.world.database)
        if self.monitoring is None:
            book.unanswered(ref, report, "down")
        elif self.monitoring != "late":
            book.answered(ref, report, self.monitoring)

    async def cancel_prescription(self, asked: AskedCancellation) -> None:
        """The pharmacy answers what it was told to; nothing said, it stays silent."""
        if self.pharmacy is None:
            return
        effect = Effect(ref=asked.ref, step="cancel_rx", key=asked.key, actor=asked.actor)
        receipt = replace(self.pharmacy, message_id=f"cancel-{asked.key}", relates_to=asked.message_id)
        self.world.store.record_dispatch(effect, asked.order, receipt)

    async def check_credentials(self, clinic: str) -> None:
        raise NotImplementedError

    async def status(self, ref: VisitRef) -> VisitStatus:
        return VisitStatus(stage="in_call", finished=(), open=("follow",))

    def _gate(self, ask: Ask) -> str:
        gate = {"admit": "join", "join": "join", "prescribe": "prescribe", "sign": "sign"}.get(ask.act, "")
        decisions = self.gates.get(gate)
        if decisions is None:
            return ""
        record = GateRecord(
            gate=gate,
            open=all(str(one["outcome"]).startswith("permitted") for one in decisions.values()),
            asked_at=self.world.database.now(),
            decisions=decisions,
            subject=ask.subject if gate == "prescribe" else "",
        )
        return self.world.store.record_gate(self._effect(ask), record)

    def _effect(self, ask: Ask) -> Effect:
        return Effect(ref=self.world.ref, step=ask.act, key=ask.request, actor=self.world.provider)

    def _move(self, ask: Ask, event: str, stage: str) -> None:
        self.world.store.change(self._effect(ask), VisitChange(event=event, stage=stage))

    def _admit(self, ask: Ask) -> Answer:
        self._move(ask, "admitted", "in_call")
        self.world.store.place_room(
            self._effect(ask), RoomPlace(room="room1", node="n1", endpoint="ws://127.0.0.1:9/room")
        )
        return Answer(done=True)

    def _join(self, ask: Ask) -> Answer:
        until = self.world.database.now() + timedelta(minutes=10)
        return Answer(done=True, made=self.world.store.issue_join_link(self._effect(ask), ask.subject, until))

    def _end_call(self, ask: Ask) -> Answer:
        self._move(ask, "call_ended", "documenting")
        return Answer(done=True)

    def _prescribe(self, ask: Ask) -> Answer:
        with self.world.database.scope(self.world.clinic, self.world.as_system) as scope:
            row = scope.orders._session.get(OrderRow, ask.subject)
            assert row is not None
            row.state = "sending"  # as the workflow leaves it before it speaks to the network
        receipt = DispatchReceipt(state="accepted", message_id="m1", simulated=True)
        self.world.store.record_dispatch(self._effect(ask), ask.subject, receipt)
        return Answer(done=True)

    def _sign(self, ask: Ask) -> Answer:
        self.world.store.sign_note(self._effect(ask), ask.subject)
        self._move(ask, "completed", "completed")
        return Answer(done=True)


@dataclass(frozen=True)
class Doors:
    """The sessions that two known cookies open."""

    world: World

    def find(self, clinic: str, portal: str, secret: str, touch: bool = True) -> SessionView | None:
        role = SECRETS.get((portal, secret))
        if clinic != self.world.clinic or role is None:
            return None
        actor = self.world.as_provider if role == "provider" else self.world.as_patient
        return SessionView(
            id=actor.session, account="a", person=actor.person, role=role, proved_at=self.world.database.now()
        )


@dataclass
class Portal:
    """The web program under test and who looks at it."""

    app: FastAPI
    client: TestClient
    visits: PlayedVisits
    world: World

    @property
    def at(self) -> str:
        return f"/staff/visits/{self.world.visit}"

    def sign_in(self, portal: str = STAFF) -> None:
        secret = next(secret for name, secret in SECRETS if name == portal)
        self.client.cookies.set(f"cw_{portal}", secret)

    def post(self, path: str, portal: str = STAFF, **form: str) -> Any:
        """Posts a form of ours as a signed-in person; answers with the page that follows."""
        secret = next(secret for name, secret in SECRETS if name == portal)
        return self.client.post(path, data={"csrf": csrf_token(secret), **form})

    def move(self, stage: str) -> None:
        self.world.store.change(self.world.effect(), VisitChange(event=f"to_{stage}", stage=stage))


def build_portal(world: World, clock: HandClock, folder: Path) -> Portal:
    """The web program of one clinic."""
    settings = parse_settings({"CLINIC_DATA_DIR": str(folder / "data"), "CLINIC_DEMO": "0"})
    view = ClinicView(slug=world.clinic, name="Palmetto", brand_colour="#1f5c4d", languages=("en", "es"))
    visits = PlayedVisits(world)
    deps = PortalDeps(
        settings=settings,
        clock=clock,
        clinics=lambda: {world.clinic: view},
        sessions=Doors(world),
        sealer=Sealer(b"k" * 32),
        database=world.database,
        visits=visits,
        content=OneSpecialty,
        library=lambda: library(world.clinic),
        evaluator=None,
        gates=SimpleNamespace(),
        search=SimpleNamespace(),
        token_signer=RoomTokens(world.database),
    )
    app = create_app(deps)
    client = TestClient(app, base_url=f"http://{world.clinic}.localhost:8080", client=("127.0.0.1", 50000))
    return Portal(app=app, client=client, visits=visits, world=world)


def shut(topic: str = "prescribing") -> Mapping[str, Any]:
    """A gate's decisions that forbid with a rule and its statute."""
    return {topic: decision(topic, "forbidden", forbids=[SHUT])}


def opened(topic: str = "licensing") -> Mapping[str, Any]:
    """A gate's decisions that permit."""
    permit = {"path": "full_license", "title": "A licence of the state", "cite": ["fla-456.47-4"]}
    return {topic: decision(topic, "permitted", permits=[permit])}


def text_of(html: str) -> str:
    """A page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
