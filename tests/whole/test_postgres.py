"""The whole product on PostgreSQL: visits from sign-up to signature, past a server that was killed; and a backup."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from engine.content import load_content
from records.audit import verify
from records.database import Database
from records.keys import FileKeyProvider
from tests.admin_ui.helpers_cli import Cli
from tests.browser.helpers_stack import ROOT, SLUG, Stack, running_stack
from tests.records.helpers_postgres import LASTING, Server, programs
from tests.whole.helpers_pages import Browser, Site
from tests.whole.helpers_people import Clinician, Patient

VISITS = 2
STAGES = ["draft", "held", "booked", "preparing", "ready", "waiting", "in_call", "documenting", "completed"]


@pytest.fixture
def server() -> Iterator[Server]:
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    started = Server(LASTING)
    yield started
    started.stop()


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_visits_go_through_on_postgresql_past_a_server_that_lost_its_power(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_stack(tmp_path, server.create()) as stack:
        site = Site(port=stack.port, host=f"{SLUG}.localhost", at_once=asyncio.Semaphore(4))
        async with _people(stack, site) as (patients, clinicians):
            await asyncio.gather(*(_arrive(patient) for patient in patients))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await asyncio.gather(*(_be_seen(patient, clinicians[patient.provider]) for patient in patients))
        assert [_stages(stack, patient) for patient in patients] == [STAGES] * VISITS
        assert _chain_is_whole(stack.url, tmp_path / "data.keys")
        backup = tmp_path / "evening.backup"
        monkeypatch.setenv("CLINIC_DATABASE_URL", stack.url)
        cli = Cli(capsys)
        told = cli("db", "backup", str(backup), "--as", "ops", "--data", str(stack.data), "--json")
        assert json.loads(told.out)["database"] == "postgresql"
    other = server.create()
    monkeypatch.setenv("CLINIC_DATABASE_URL", other)
    said = cli("db", "restore", str(backup), "--as", "ops", "--data", str(stack.data))
    assert said.status == 0, said.err
    assert _chain_is_whole(other, tmp_path / "data.keys")


async def _arrive(patient: Patient) -> None:
    for step in (patient.sign_up, patient.book, patient.pay):
        await step()
    for step in (patient.answer_everything, patient.say_place, patient.consent, patient.arrive):
        await step()


async def _be_seen(patient: Patient, clinician: Clinician) -> None:
    visit = patient.visit
    await asyncio.gather(clinician.let_in(visit), patient.join())
    for act in (clinician.write, clinician.prescribe, clinician.end, clinician.sign):
        await partial(act, visit)()
    await patient.until("completed")


@asynccontextmanager
async def _people(stack: Stack, site: Site) -> AsyncIterator[tuple[list[Patient], dict[str, Clinician]]]:
    emails = {one.id: one.email for one in load_content(ROOT).clinic(SLUG).people.providers}
    with stack.records() as scope:
        providers = [(one.person, emails[one.seed_key or ""]) for one in scope.people.providers()]
    async with AsyncExitStack() as opened:
        browsers = [await opened.enter_async_context(Browser(site, n)) for n in range(VISITS + len(providers))]
        patients = [Patient(browsers[number], number) for number in range(VISITS)]
        pairs = zip(providers, browsers[VISITS:], strict=True)
        clinicians = {person: Clinician(browser, email) for (person, email), browser in pairs}
        for clinician in clinicians.values():
            await clinician.sign_in()
        yield patients, clinicians


def _stages(stack: Stack, patient: Patient) -> list[str]:
    with stack.records() as scope:
        return [event.stage for event in scope.visits.events(patient.visit) if event.stage]


def _chain_is_whole(url: str, keys: Path) -> bool:
    database = Database(url, FileKeyProvider(keys))
    try:
        report = verify(database, SLUG)
        return report.ok and report.entries > 20 * VISITS
    finally:
        database.close()
