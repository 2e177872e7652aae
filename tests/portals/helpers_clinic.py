"""A whole web program over real records and real content, with stand-ins for the law and the workflows."""

from __future__ import annotations

import atexit
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from engine.content import Content
from engine.dossier import Dossier
from engine.evaluators import ClosuresOnly
from engine.library import Library, load_library
from engine.pharmacy import AskedCancellation
from engine.ports import DispatchReceipt, Effect, GateKeeper, GateRecord, PaymentReceipt, VisitChange, VisitRef
from engine.settings import Settings, parse_settings
from portals.app import create_app
from portals.auth.sessions import RecordsSessions
from portals.base.clinic import clinic_view
from portals.base.sealing import Sealer
from portals.deps import PortalDeps
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.room_tokens import RoomTokens
from records.seed import DEMO_PASSWORD, seed
from records.visit_records import RecordsVisitStore
from workflows.contracts import Answer, Ask, VisitStatus

ROOT = Path(__file__).resolve().parents[2]
SLUG = "marigold"
PORT = 8080
STATUTE = {
    "law": "Fla. Stat. 456.47(4)",
    "url": "https://example.org/456.47",
    "checked": "2026-11-01",
    "confidence": "high",
}


class FixedClock:
    """A clock that tests move."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at or datetime.now(UTC)


class LicenceGates:
    """A law of one rule: a licence of the patient's state, active on the day; and consent before joining."""

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        place = dossier.patient.attested_place or dossier.patient.booked_place
        state = place.state if place else None
        day = (dossier.starts_at or at).date()
        licensed = any(
            one.state == state and one.status == "active" and (one.expires is None or one.expires >= day)
            for one in dossier.provider.licenses
        )
        decisions: dict[str, Mapping[str, Any]] = {"licensing": _decision("permitted" if licensed else "forbidden")}
        if gate == "join":
            decisions["consent"] = _consent(any(one.kind == "telehealth" for one in dossier.consents))
        is_open = all(one["outcome"] == "permitted" for one in decisions.values())
        return GateRecord(gate=gate, open=is_open, asked_at=at, decisions=decisions)


def _decision(outcome: str) -> dict[str, Any]:
    forbids = [{"act": "practise", "rule": "us/fl/licensing", "cite": ["fla"]}] if outcome == "forbidden" else []
    return {"topic": "licensing", "outcome": outcome, "forbids": forbids, "permits": [], "sources": {"fla": STATUTE}}


def _consent(given: bool) -> dict[str, Any]:
    duty = {
        "duty": "telehealth_consent",
        "due": "before_join",
        "met": given,
        "detail": {},
        "rule": "r",
        "cite": ["fla"],
    }
    outcome = "permitted" if given else "permitted_with_duties"
    return {"topic": "consent", "outcome": outcome, "duties": [duty], "sources": {"fla": STATUTE}}


@dataclass
class FakeVisits:
    """Does to records what the visit's workflow would, at once and without waiting for anything."""

    store: RecordsVisitStore
    gates: GateKeeper
    clock: FixedClock
    asked: list[Ask] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    pharmacy: DispatchReceipt | None = None

    async def ask(self, ref: VisitRef, ask: Ask, plan: Any = None) -> Answer:
        self.asked.append(ask)
        answer: Answer = getattr(self, f"_{ask.act}")(ref, ask)
        return answer

    async def status(self, ref: VisitRef) -> VisitStatus:
        return VisitStatus(stage="booked")

    async def clock_moved(self) -> None:
        """No visit of these waits for anything."""

    async def ask_monitoring(self, ref: VisitRef, report: str, patience_seconds: float) -> None:
        """No program of these answers."""

    async def cancel_prescription(self, asked: AskedCancellation) -> None:
        """The pharmacy answers what it was told to; nothing said, it stays silent."""
        if self.pharmacy is None:
            return
        effect = Effect(ref=asked.ref, step="cancel_rx", key=asked.key, actor=asked.actor)
        receipt = replace(self.pharmacy, message_id=f"cancel-{asked.key}", relates_to=asked.message_id)
        self.store.record_dispatch(effect, asked.order, receipt)

    async def check_credentials(self, clinic: str) -> None:
        self.checked.append(clinic)

    def pump(self) -> None:
        """Tells the visits what was said, as the outbox does."""
        for item in self.store.pending(100):
            if item.kind == "place_attested":
                self._gate(item.ref, item.id)
            if item.kind == "red_flag":
                self.move(item.ref, "escalated")
            self.store.done(item)

    def move(self, ref: VisitRef, stage: str) -> None:
        self.store.change(_effect(ref), VisitChange(event=f"to_{stage}", stage=stage))

    def _gate(self, ref: VisitRef, key: str) -> GateRecord:
        record = self.gates.ask(self.store.dossier(ref), "book", self.clock.now())
        self.store.record_gate(_effect(ref), record)
        self.move(ref, "ready" if record.open else "blocked")
        return record

    def _book(self, ref: VisitRef, ask: Ask) -> Answer:
        record = self.gates.ask(self.store.dossier(ref), "book", self.clock.now())
        gate = self.store.record_gate(_effect(ref), record)
        if not record.open:
            self.move(ref, "refused")
            return Answer(done=False, code="gate_shut", gate=gate)
        if not self.store.hold_slot(_effect(ref), self.clock.now() + timedelta(minutes=15)):
            return Answer(done=False, code="slot_taken")
        self.move(ref, "held")
        return Answer(done=True)

    def _pay(self, ref: VisitRef, ask: Ask) -> Answer:
        due = self.store.payment_due(ref)
        state = "declined" if due.method_token == "tok_declined" else "authorised"
        receipt = PaymentReceipt(
            state=state,
            reference=f"pay_{ref.visit}",
            amount_cents=due.amount_cents,
            currency=due.currency,
            simulated=True,
        )
        self.store.record_payment(_effect(ref), receipt)
        if state == "declined":
            return Answer(done=False, code="payment_declined")
        self.move(ref, "booked")
        return Answer(done=True)

    def _arrive(self, ref: VisitRef, ask: Ask) -> Answer:
        self.move(ref, "waiting")
        return Answer(done=True)

    def _leave(self, ref: VisitRef, ask: Ask) -> Answer:
        self.move(ref, "ready")
        return Answer(done=True)

    def _step_out(self, ref: VisitRef, ask: Ask) -> Answer:
        self.move(ref, "away")
        return Answer(done=True)

    def _come_back(self, ref: VisitRef, ask: Ask) -> Answer:
        self.move(ref, "waiting")
        return Answer(done=True)

    def _call_back(self, ref: VisitRef, ask: Ask) -> Answer:
        due = (self.clock.now() + timedelta(minutes=15)).isoformat()
        self.store.change(_effect(ref), VisitChange(event="called", stage="called_back", detail={"due": due}))
        self.store.queue_message(_effect(ref), "call_back_ready", "patient")
        return Answer(done=True)

    def _join(self, ref: VisitRef, ask: Ask) -> Answer:
        until = datetime.now(UTC) + timedelta(minutes=10)
        return Answer(done=True, made=self.store.issue_join_link(_effect(ref), ask.subject, until))

    def _reschedule(self, ref: VisitRef, ask: Ask) -> Answer:
        moved = self.store.move_slot(_effect(ref), datetime.fromisoformat(ask.starts_at), ask.subject)
        return Answer(done=moved, code="" if moved else "slot_taken")

    def _hand_off(self, ref: VisitRef, ask: Ask) -> Answer:
        self.store.offer_visit(_effect(ref), ask.subject, datetime.now(UTC) + timedelta(minutes=5))
        return Answer(done=True)

    def _take_over(self, ref: VisitRef, ask: Ask) -> Answer:
        record = self.gates.ask(self.store.dossier(ref, None, ask.actor), "book", self.clock.now())
        if not record.open:
            return Answer(done=False, code="gate_shut")
        code = self.store.hand_over(replace(_effect(ref), actor=ask.actor), ask.subject)
        return Answer(done=not code, code=code)

    def _decline(self, ref: VisitRef, ask: Ask) -> Answer:
        detail = {"subject": ask.subject, "code": "declined" if ask.act == "decline" else "kept"}
        self.store.change(_effect(ref), VisitChange(event="handoff_ended", detail=detail))
        return Answer(done=True)

    _keep = _decline

    def _call_off(self, ref: VisitRef, ask: Ask) -> Answer:
        return self._cancel(ref, ask)

    def _cancel(self, ref: VisitRef, ask: Ask) -> Answer:
        self.store.release_slot(_effect(ref))
        self.move(ref, "cancelled")
        return Answer(done=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """The program under test and what is behind it."""

    app: FastAPI
    database: Database
    visits: FakeVisits
    content: Content
    clock: FixedClock

    def browser(self, host: str = f"{SLUG}.localhost", address: str = "127.0.0.1") -> TestClient:
        """A browser of its own (cookies and all) at a clinic's address."""
        return TestClient(
            self.app, base_url=f"http://{host}:{PORT}", client=(address, 50000), raise_server_exceptions=False
        )


def build_clinic(
    folder: Path, demo: bool = True, port: int = PORT, several: Library | None = None, law: GateKeeper | None = None
) -> Clinic:
    """A clinic with its demo people in a new database; ``several`` are served instead when they are given.

    ``law`` answers searches in the place of a law of one rule.
    """
    settings = _settings(folder, demo, port)
    shutil.copytree(_seeded(), folder, dirs_exist_ok=True)
    database = Database(settings.database_url, FileKeyProvider(folder / "keys"))
    for file in several.content.clinics.values() if several else ():
        seed(database, file, demo=True)
    library = several or _library()
    content = library.content
    clock, gates = FixedClock(), LicenceGates()
    visits = FakeVisits(RecordsVisitStore(database), gates, clock)
    deps = PortalDeps(
        settings=settings,
        clock=clock,
        clinics=lambda: {slug: clinic_view(file) for slug, file in content.clinics.items()},
        sessions=RecordsSessions(database),
        sealer=Sealer(secrets.token_bytes(32)),
        database=database,
        visits=visits,
        content=lambda: content,
        library=lambda: library,
        gates=gates,
        search=law or gates,
        evaluator=ClosuresOnly(),
        token_signer=RoomTokens(database),
    )
    return Clinic(app=create_app(deps), database=database, visits=visits, content=content, clock=clock)


def csrf_of(html: str) -> str:
    """The page's token."""
    found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', html)
    assert found, "the page carries no token"
    return found[1]


def post(browser: TestClient, page: str, data: Mapping[str, Any], to: str = "") -> Any:
    """Opens a page, then sends its form with its token; returns the page that follows."""
    token = csrf_of(browser.get(page).text)
    return browser.post(to or page, data={"csrf": token, **data})


def sign_in(browser: TestClient, person: str = "june_hartley") -> None:
    """Signs a demo person in with one click."""
    answer = post(browser, "/sign-in", {"person": person}, to="/demo/sign-in")
    assert answer.status_code == 200, answer.text


def password() -> str:
    """Every demo person's password."""
    return DEMO_PASSWORD


@cache
def _seeded() -> Path:
    """A folder with keys and a database that holds the demo people; made once, copied for each test."""
    folder = Path(tempfile.mkdtemp(prefix="clinic-seeded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = _settings(folder, True, PORT).database_url
    upgrade(url)
    database = Database(url, FileKeyProvider(folder / "keys"))
    for file in _library().content.clinics.values():
        seed(database, file, demo=True)
    database.close()
    return folder


@cache
def _library() -> Library:
    return load_library(ROOT, (ROOT / "clinics" / f"{SLUG}.yaml",))


def _settings(folder: Path, demo: bool, port: int) -> Settings:
    return parse_settings(
        {
            "CLINIC_ROOT": str(ROOT),
            "CLINIC_DATA_DIR": str(folder / "data"),
            "CLINIC_DATABASE_URL": f"sqlite:///{folder / 'records.sqlite3'}",
            "CLINIC_WEB_PORT": str(port),
            "CLINIC_DEMO": "1" if demo else "0",
        }
    )


def _effect(ref: VisitRef) -> Effect:
    return Effect(ref=ref, step="test", key=secrets.token_hex(6))
