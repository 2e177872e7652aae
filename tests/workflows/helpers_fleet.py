"""A clinic's real processes (Temporal, worker, media node) on free ports, to be killed, and visits that go through."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.content import load_content
from engine.dossier import Place
from engine.plans import StoredPlan, VisitPlan
from engine.ports import VisitRef
from engine.settings import Settings, parse_settings, to_environment
from records.access import Role
from records.consents import ConsentDraft
from records.database import Database, PayloadKeys
from records.forms import Submission
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.notes import NoteDraft
from records.orders import OrderDraft
from records.seed import seed
from records.visits import VisitDraft
from records.work import Actor
from tests.records.helpers import PATIENT
from workflows.client import VisitClient, connect
from workflows.codec import CachedKeys
from workflows.contracts import Answer, Ask

ROOT = Path(__file__).resolve().parents[2]
MIAMI = Place(country="us", state="FL", postal_code="33101", time_zone="America/New_York")
KINDS = ("telehealth", "treatment", "privacy")
READY_SECONDS = 40


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Fleet:
    """The processes by name; ``kill`` is -9, ``start`` brings one back with the same data."""

    folder: Path
    settings: Settings
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self._command(name), cwd=ROOT, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """The process and the ones it started, as a crash of the machine would."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        process = self.running.pop(name)
        process.terminate()
        return process.wait(10)

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    async def until_ready(self, *names: str) -> None:
        for _ in range(READY_SECONDS * 10):
            if all("ready\n" in self.log(name) for name in names):
                return
            await asyncio.sleep(0.1)
        raise AssertionError({name: self.log(name)[-2000:] for name in names})

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **to_environment(self.settings), "PYTHONPATH": str(ROOT)}

    def _command(self, name: str) -> list[str]:
        if name != "temporal":
            return [sys.executable, "-u", "-m", "workflows.worker", "--role", name]
        attributes = [f"--search-attribute={each}=Keyword" for each in ("ClinicId", "VisitType", "Stage")]
        port = self.settings.temporal_address.rpartition(":")[2]
        return [
            str(Path(sys.executable).with_name("temporal")),
            *("server", "start-dev", "--ip", "127.0.0.1", "--port", port, "--headless", "--log-level", "error"),
            *("--db-filename", str(self.folder / "temporal.db"), "--namespace", "clinic", *attributes),
            *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
        ]


def build_fleet(folder: Path) -> Fleet:
    """A fleet on a copy of the content, so that an edit of the working tree changes no test."""
    for name in ("rules", "forms", "specialties", "clinics"):
        shutil.copytree(ROOT / name, folder / "root" / name)
    settings = parse_settings(
        {
            "CLINIC_ROOT": str(folder / "root"),
            "CLINIC_CLINICS": "clinics/marigold.yaml",
            "CLINIC_DATA_DIR": str(folder / "data"),
            "CLINIC_KEYS_DIR": str(folder / "keys"),
            "CLINIC_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
            "CLINIC_MEDIA_HTTP_PORT": str(free_port()),
            "CLINIC_MEDIA_UDP_PORT": str(free_port()),
            "CLINIC_LOG_LEVEL": "warning",
        }
    )
    settings.data_dir.mkdir(mode=0o700, parents=True)
    upgrade(settings.database_url)
    return Fleet(folder=folder, settings=settings)


@dataclass
class Clinic:
    """The demo clinic as web and tests see it: records, the door to the visits, people, one plan."""

    database: Database
    visits: VisitClient
    slug: str
    patient: str
    provider: str
    plan: VisitPlan

    @property
    def as_patient(self) -> Actor:
        return Actor(person=self.patient, role=Role.PATIENT)

    @property
    def as_provider(self) -> Actor:
        return Actor(person=self.provider, role=Role.PROVIDER)


async def open_clinic(settings: Settings, patience_seconds: float) -> Clinic:
    content = load_content(settings.root, settings.clinics)
    file = next(iter(content.clinics.values()))
    database = Database(settings.database_url, FileKeyProvider(settings.keys_dir))
    seed(database, file, demo=True)
    system = Actor.system("tests")
    with database.scope(file.slug, system) as scope:
        patient = scope.people.create_patient(PATIENT)
        first = file.people.providers[0].id
        provider = next(one.person for one in scope.people.providers() if one.seed_key == first)
    client = await connect(settings, CachedKeys(PayloadKeys(database)))
    return Clinic(
        database=database,
        visits=VisitClient(client.temporal, patience_seconds),
        slug=file.slug,
        patient=patient,
        provider=provider,
        plan=content.visit_type("urgent_care/video_visit").plan,
    )


@dataclass
class Journey:
    """One visit, from its draft to its end, as patient and clinician would click through it."""

    clinic: Clinic
    number: int
    visit: str = ""
    answers: list[tuple[str, Answer]] = field(default_factory=list)

    @property
    def ref(self) -> VisitRef:
        return VisitRef(clinic=self.clinic.slug, visit=self.visit)

    async def run(self) -> None:
        note = await self.until_documenting()
        await self.ask("sign", subject=note, by=self.clinic.provider)
        await self.until("completed")

    async def until_documenting(self) -> str:
        """Everything up to the signature; returns the note that waits for it."""
        await asyncio.to_thread(self.draft)
        await self.ask("book", plan=True)
        await self.ask("pay")
        await asyncio.to_thread(self.prepare)
        await self.until("ready")
        await self.ask("arrive", subject=self.clinic.patient)
        await self.ask("admit", by=self.clinic.provider)
        await self.ask("join", subject=await asyncio.to_thread(self.participant))
        order, note = await asyncio.to_thread(self.write)
        await self.ask("prescribe", subject=order, by=self.clinic.provider)
        await self.ask("end_call", by=self.clinic.provider)
        await self.until("documenting")
        return note

    async def ask(self, act: str, *, subject: str = "", by: str = "", plan: bool = False) -> Answer:
        ask = Ask(request=uuid.uuid4().hex, act=act, actor=by or self.clinic.patient, subject=subject)
        stored = StoredPlan(canonical=self.clinic.plan.canonical(), digest=self.clinic.plan.digest) if plan else None
        answer = await self.clinic.visits.ask(self.ref, ask, plan=stored)
        self.answers.append((act, answer))
        assert answer.done, (act, answer, self._reasons(answer.gate))
        return answer

    async def until(self, stage: str, seconds: float = 90) -> None:
        for _ in range(int(seconds / 0.2)):
            status = await self.clinic.visits.status(self.ref)
            if status.stage == stage:
                return
            await asyncio.sleep(0.2)
        raise AssertionError((stage, status, self._reasons(status.gate)))

    def draft(self) -> None:
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        length = timedelta(seconds=self.clinic.plan.duration_seconds)
        with self.clinic.database.scope(self.clinic.slug, self.clinic.as_patient) as scope:
            draft = VisitDraft(
                patient=self.clinic.patient,
                provider=self.clinic.provider,
                plan=self.clinic.plan,
                starts_at=start + self.number * length,
                booked_place=MIAMI,
                price_cents=8900,
                currency="USD",
            )
            self.visit = scope.visits.draft(draft)
            scope.visits.set_payment_method(self.visit, "tok_visa", "Visa 4242")

    def prepare(self) -> None:
        """What the patient says: it is written, and the outbox tells the visit."""
        intake = next(step for step in self.clinic.plan.steps if step.kind == "intake")
        form = str(intake.settings["form"])
        fills = {
            "patient.setting": "home",
            "patient.pregnant": False,
            "patient.conditions": [],
            "patient.allergies": [],
        }
        with self.clinic.database.scope(self.clinic.slug, self.clinic.as_patient) as scope:
            scope.forms.submit(Submission(visit=self.visit, form=form, form_digest="sha256:0", shown=(), fills=fills))
            scope.visits.attest_place(self.visit, replace(MIAMI, attested=True))
            for kind in KINDS:
                scope.consents.sign(_consent(self.visit, kind))

    def participant(self) -> str:
        with self.clinic.database.scope(self.clinic.slug, self.clinic.as_patient) as scope:
            return scope.visits.participant_of(self.visit, self.clinic.patient).id

    def write(self) -> tuple[str, str]:
        """What the clinician writes; returns the ids of order and note."""
        with self.clinic.database.scope(self.clinic.slug, self.clinic.as_provider) as scope:
            order = scope.orders.draft(_order(self.visit))
            note = scope.notes.save(
                NoteDraft(visit=self.visit, template=self.clinic.plan.note_template, fields={}, version=0, key="n1")
            )
        return order, note.note

    def _reasons(self, gate: str) -> object:
        if not gate:
            return ""
        with self.clinic.database.scope(self.clinic.slug, self.clinic.as_provider) as scope:
            return scope.gates.get(gate).reasons


def _consent(visit: str, kind: str) -> ConsentDraft:
    return ConsentDraft(
        visit=visit,
        kind=kind,
        form="written",
        jurisdiction="us/fl",
        clauses=(f"{kind}@1",),
        text="I agree",
        language="en",
        signature="A name",
    )


def _order(visit: str) -> OrderDraft:
    return OrderDraft(
        visit=visit,
        drug={"name": "amoxicillin", "strength": "500 mg"},
        sig="one capsule twice a day",
        quantity="20",
        quantity_unit="capsule",
        days_supply=10,
        refills=0,
        pharmacy={"id": "palm-way", "name": "A pharmacy", "ncpdp": "1234567"},
        purpose="other",
    )
