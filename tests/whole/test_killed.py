"""Sixty visits through the web while web, worker and Temporal server are killed with -9 in turn: all end right."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from engine.content import Content, load_content
from engine.forms_answers import read_answer
from engine.ports import VisitRef
from engine.settings import parse_settings
from records.audit import verify
from records.database import Database, PayloadKeys
from records.keys import FileKeyProvider
from tests.browser.helpers_stack import ROOT, SLUG, Stack, running_stack
from tests.whole.helpers_killing import Killer, left_running
from tests.whole.helpers_pages import Browser, Site
from tests.whole.helpers_people import Clinician, Patient
from workflows.client import VisitClient, connect
from workflows.codec import CachedKeys

VISITS = 60
REQUESTS_AT_ONCE = 12
KILLS = (*("web", "worker", "temporal") * 3, "media", *("web", "worker", "temporal") * 2)
# What a visit counts as done one after the other: seven of the patient before the call, two joins, four in the end.
STEPS = 13
STAGES = ["draft", "held", "booked", "preparing", "ready", "waiting", "in_call", "documenting", "completed"]
# Whatever else a visit's story holds, each of these is in it exactly once.
ONCE = ("payment_authorised", "payment_captured", "form_submitted", "note_started", "note_signed")
CRASH = re.compile(r"Traceback \(most recent|page failed|request ended| (ERROR|CRITICAL) ")
FORM = "urgent_care/intake"
CONSENTS = ["privacy", "telehealth", "treatment"]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as stack:
        yield stack
    assert left_running(tmp_path / "data") == []


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_visits_in_flight_end_right_while_everything_is_killed_in_turn(stack: Stack) -> None:
    content, began = load_content(ROOT), time.monotonic()
    site = Site(port=stack.port, host=f"{SLUG}.localhost", at_once=asyncio.Semaphore(REQUESTS_AT_ONCE))
    killer = Killer(stack, site, KILLS, STEPS * VISITS)
    async with _people(stack, site, content) as (patients, clinicians):
        await _through_the_kills(patients, clinicians, killer)
    _say(site, killer, time.monotonic() - began)
    assert killer.killed == Counter(KILLS)
    assert {name: count for name, count in site.trouble.items() if name.startswith("500")} == {}
    assert _unlike(stack, content, patients, clinicians) == {}
    assert _done_outside(stack.data / "simulators") == {"authorise": VISITS, "capture": VISITS, "message": VISITS}
    assert await _still_doing(stack, patients) == {("completed", ("follow_up",)): VISITS}
    assert _chain_problems(stack) == ()
    assert _crashes(stack) == []


async def _through_the_kills(patients: Sequence[Patient], clinicians: Mapping[str, Clinician], killer: Killer) -> None:
    """All sixty are booked before any goes on, so that every kill after that hits sixty visits in flight."""
    all_booked = asyncio.Barrier(len(patients))
    async with asyncio.TaskGroup() as group:
        killing = group.create_task(killer.run())
        await asyncio.gather(*(_visit(patient, clinicians, all_booked) for patient in patients))
        killing.cancel()


async def _visit(patient: Patient, clinicians: Mapping[str, Clinician], all_booked: asyncio.Barrier) -> None:
    await _each(patient, patient.sign_up, patient.book, patient.pay)
    await all_booked.wait()
    await _each(patient, patient.answer_everything, patient.say_place, patient.consent, patient.arrive)
    clinician, visit = clinicians[patient.provider], patient.visit
    await asyncio.gather(_each(patient, partial(clinician.let_in, visit)), _each(patient, patient.join))
    closing = (clinician.write, clinician.prescribe, clinician.end, clinician.sign)
    await _each(patient, *(partial(act, visit) for act in closing))
    await patient.until("completed")


async def _each(patient: Patient, *steps: Callable[[], Awaitable[object]]) -> None:
    for step in steps:
        await step()
        patient.browser.site.steps += 1


@asynccontextmanager
async def _people(
    stack: Stack, site: Site, content: Content
) -> AsyncIterator[tuple[list[Patient], dict[str, Clinician]]]:
    """The patients, and every clinician by person id, signed in."""
    emails = {one.id: one.email for one in content.clinic(SLUG).people.providers}
    with stack.records() as scope:
        providers = [(one.person, emails[one.seed_key or ""]) for one in scope.people.providers()]
    async with AsyncExitStack() as open_browsers:
        browsers = [
            await open_browsers.enter_async_context(Browser(site, number)) for number in range(VISITS + len(providers))
        ]
        patients = [Patient(browsers[number], number) for number in range(VISITS)]
        pairs = zip(providers, browsers[VISITS:], strict=True)
        clinicians = {person: Clinician(browser, email) for (person, email), browser in pairs}
        for clinician in clinicians.values():
            await clinician.sign_in()
        yield patients, clinicians


def _unlike(
    stack: Stack, content: Content, patients: Sequence[Patient], clinicians: Mapping[str, Clinician]
) -> dict[str, object]:
    """What is not as it should be, by visit; empty when every visit went its way once and lost nothing."""
    wrong: dict[str, object] = {}
    for patient in patients:
        found = [*_story(stack, patient), *_lost(stack, content, patient)]
        found += _note_problems(stack, patient, clinicians[patient.provider])
        if found:
            wrong[patient.visit] = found
    return wrong


def _story(stack: Stack, patient: Patient) -> list[object]:
    """What the visit's story has that it should not, or has not that it should."""
    with stack.records() as scope:
        events = scope.visits.events(patient.visit)
        orders = [order.state for order in scope.orders.for_visit(patient.visit)]
        consents = sorted(one.kind for one in scope.consents.for_visit(patient.visit))
        documents = [one.kind for one in scope.documents.for_visit(patient.visit)]
    counts = Counter(event.event for event in events)
    facts = {
        "stages": ([event.stage for event in events if event.stage], STAGES),
        "once": ({name: counts[name] for name in ONCE}, dict.fromkeys(ONCE, 1)),
        "orders": (orders, ["sent"]),
        "consents": (consents, CONSENTS),
        "documents": (documents, ["after_visit_summary"]),
    }
    return [(name, found) for name, (found, expected) in facts.items() if found != expected]


def _lost(stack: Stack, content: Content, patient: Patient) -> list[object]:
    """Answers that the page said were saved and that records do not have so."""
    form = content.form(FORM)
    with stack.records() as scope:
        kept = scope.forms.answers(patient.visit, FORM)
        submitted = scope.forms.submitted(patient.visit)
    lost: list[object] = []
    for name, answer in patient.acknowledged.items():
        item = form.item(name)
        assert item is not None
        value = read_answer(item, answer.raw).value
        if name not in kept or (kept[name].value, kept[name].version) != (value, answer.version):
            lost.append(("answer", name))
        if len(submitted) != 1 or (item.type != "info" and submitted[0].answers.get(name) != value):
            lost.append(("submitted", name))
    return lost if patient.acknowledged else ["nothing was acknowledged"]


def _note_problems(stack: Stack, patient: Patient, clinician: Clinician) -> list[object]:
    with stack.records() as scope:
        note = scope.notes.current(patient.visit)
    if note is None or note.state != "signed" or note.signed_by != patient.provider:
        return ["note not signed"]
    typed = clinician.notes[patient.visit]
    return [("note", name) for name, words in typed.items() if note.fields.get(name) != words]


def _done_outside(simulators: Path) -> dict[str, int]:
    """How often each network outside did each thing, out of the networks' own memory."""
    names: list[str] = []
    for file in simulators.glob("*.sqlite3"):
        with closing(sqlite3.connect(file)) as connection:
            names += [name for (name,) in connection.execute("select name from entries")]
    done = Counter(name.split(":")[0] for name in names)
    return {act: done[act] for act in ("authorise", "capture", "message")}


async def _still_doing(stack: Stack, patients: Sequence[Patient]) -> Counter[tuple[str, tuple[str, ...]]]:
    """Where each visit's workflow stands and what it still has open: the notice some days later, nothing else."""
    with _database(stack) as database:
        settings = parse_settings({"CLINIC_TEMPORAL_ADDRESS": _temporal_address(stack)})
        client: VisitClient = await connect(settings, CachedKeys(PayloadKeys(database)))
        statuses = [await client.status(VisitRef(clinic=SLUG, visit=patient.visit)) for patient in patients]
    return Counter((status.stage, status.open) for status in statuses)


@contextmanager
def _database(stack: Stack) -> Iterator[Database]:
    database = Database(f"sqlite:///{stack.data / 'records.sqlite3'}", FileKeyProvider(stack.folder / "data.keys"))
    try:
        yield database
    finally:
        database.close()


def _temporal_address(stack: Stack) -> str:
    programs = json.loads((stack.data / "programs.json").read_text(encoding="utf-8"))
    return f"127.0.0.1:{programs['temporal']['port']}"


def _chain_problems(stack: Stack) -> tuple[str, ...]:
    with _database(stack) as database:
        report = verify(database, SLUG)
    assert report.entries > 20 * VISITS
    return report.problems


def _crashes(stack: Stack) -> list[str]:
    """What the programs logged that a kill of a neighbour must not cause: crashed pages, errors, tracebacks."""
    logs = {file.stem: file.read_text(errors="replace") for file in (stack.data / "logs").glob("*.log")}
    return [f"{name}: {line}" for name, log in logs.items() for line in log.splitlines() if CRASH.search(line)]


def _say(site: Site, killer: Killer, seconds: float) -> None:
    """Figures for whoever reads the output; ids and codes only."""
    told = f"{VISITS} visits in {seconds:.0f} s, {site.requests} requests, slowest {site.slowest:.1f} s"
    print(f"{told}, killed at step {killer.killed_at}, asked again {dict(site.trouble)}")  # noqa: T201
