"""An upgrade with visits open: the old programs stop, the schema goes up, the new ones take every visit to its end.

The steps are those of docs/guides/engineer.md. The older version is this one with its database taken back to the
schema of that version; what older programs recorded of visits is replayed by `tests/workflows/test_replay.py`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from records.audit import verify
from records.migrate import downgrade, standing, upgrade
from tests.admin_ui.helpers_cli import Cli
from tests.records.helpers_postgres import Server, programs
from tests.workflows.helpers_fleet import Clinic, Fleet, Journey, build_fleet, open_clinic

OLDER = "0007"
STAGES = ["draft", "held", "booked", "preparing", "ready", "waiting", "in_call", "documenting", "completed"]
ONCE = {"payment_authorised": 1, "payment_captured": 1}


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.soak), pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database; empty itself for the file of the fleet's own."""
    if request.param == "sqlite":
        yield ""
        return
    if programs() is None:
        pytest.skip("this machine has no PostgreSQL server; `./clinic test all` installs Debian's")
    server = Server()
    yield server.create()
    server.stop()


@pytest_asyncio.fixture
async def fleet(tmp_path: Path, url: str) -> AsyncIterator[Fleet]:
    built = build_fleet(tmp_path)
    if url:
        upgrade(url)
        built.settings = dataclasses.replace(built.settings, database_url=url)
    try:
        for name in ("temporal", "worker", "media"):
            built.start(name)
        yield built
    finally:
        built.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_visits_that_are_open_go_on_after_an_upgrade(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic = await open_clinic(fleet.settings, patience_seconds=120)
    await fleet.until_ready("worker", "media")
    booked, waiting, seen = (Journey(clinic, number) for number in range(3))
    await asyncio.gather(_book(booked), _arrive(waiting), _begin(seen))

    assert [fleet.stop("worker"), fleet.stop("media")] == [0, 0]
    asked = asyncio.create_task(waiting.ask("admit", by=clinic.provider))  # while nobody works: it waits
    await asyncio.to_thread(booked.prepare)  # said and written while nobody works: it is told later
    clinic.database.engine.dispose()
    await asyncio.to_thread(downgrade, fleet.settings.database_url, OLDER)

    cli, told = Cli(capsys), ("--data", str(fleet.settings.data_dir), "--json")
    monkeypatch.setenv("CLINIC_DATABASE_URL", fleet.settings.database_url)
    monkeypatch.setenv("CLINIC_KEYS_DIR", str(fleet.settings.keys_dir))
    before = cli("db", "status", *told)
    assert (before.status, json.loads(before.out)["schema"]) == (1, OLDER)
    assert cli("db", "migrate", "--as", "dana", *told).status == 0
    assert standing(fleet.settings.database_url).schema == standing(fleet.settings.database_url).newest

    for name in ("worker", "media"):
        (fleet.folder / f"{name}.log").write_text("")
        fleet.start(name)
    await fleet.until_ready("worker", "media")
    assert (await asked).done
    await asyncio.gather(_from_ready(booked), _from_admitted(waiting), _from_call(seen))

    assert [_record(clinic, journey) for journey in (booked, waiting, seen)] == [(STAGES, ONCE, ["sent"])] * 3
    assert verify(clinic.database, clinic.slug).ok
    clinic.database.close()


async def _book(journey: Journey) -> None:
    await asyncio.to_thread(journey.draft)
    await journey.ask("book", plan=True)
    await journey.ask("pay")


async def _arrive(journey: Journey) -> None:
    await _book(journey)
    await asyncio.to_thread(journey.prepare)
    await journey.until("ready")
    await journey.ask("arrive", subject=journey.clinic.patient)


async def _begin(journey: Journey) -> None:
    await _arrive(journey)
    await journey.ask("admit", by=journey.clinic.provider)
    await journey.ask("join", subject=await asyncio.to_thread(journey.participant))


async def _from_ready(journey: Journey) -> None:
    await journey.until("ready")
    await journey.ask("arrive", subject=journey.clinic.patient)
    await journey.ask("admit", by=journey.clinic.provider)
    await _from_admitted(journey)


async def _from_admitted(journey: Journey) -> None:
    await journey.ask("join", subject=await asyncio.to_thread(journey.participant))
    await _from_call(journey)


async def _from_call(journey: Journey) -> None:
    order, note = await asyncio.to_thread(journey.write)
    await journey.ask("prescribe", subject=order, by=journey.clinic.provider)
    await journey.ask("end_call", by=journey.clinic.provider)
    await journey.until("documenting")
    await journey.ask("sign", subject=note, by=journey.clinic.provider)
    await journey.until("completed")


def _record(clinic: Clinic, journey: Journey) -> tuple[list[str], dict[str, int], list[str]]:
    """The stages a visit went through, how often money moved, and what became of its orders."""
    with clinic.database.scope(clinic.slug, clinic.as_provider) as scope:
        events = scope.visits.events(journey.visit)
        orders = [order.state for order in scope.orders.for_visit(journey.visit)]
    money = Counter(event.event for event in events if event.event.startswith("payment_"))
    return [event.stage for event in events if event.stage], dict(money), orders
