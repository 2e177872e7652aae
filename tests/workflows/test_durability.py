"""Whether visits come through crashes: worker, Temporal and media node are killed with -9 in turn while they run."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from tests.workflows.helpers_fleet import Clinic, Fleet, Journey, build_fleet, open_clinic

VISITS = 24  # sixty through the web, with more kills: `tests/whole/test_killed.py`
AT_ONCE = 12
KILLS = ("worker", "temporal", "media")
SECONDS_BETWEEN_KILLS = 4
STAGES = ["draft", "held", "booked", "preparing", "ready", "waiting", "in_call", "documenting", "completed"]


@pytest_asyncio.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    fleet = build_fleet(tmp_path)
    try:
        for name in ("temporal", "worker", "media"):
            fleet.start(name)
        yield fleet
    finally:
        fleet.close()


@pytest.mark.soak  # in `all` the drill of tests/whole/test_upgrade.py goes this way, and the canary reads the histories
@pytest.mark.timeout(150)
async def test_a_visit_goes_through_on_the_real_parts_and_they_stop_cleanly(fleet: Fleet) -> None:
    clinic = await open_clinic(fleet.settings, patience_seconds=30)
    await fleet.until_ready("worker", "media")
    journey = Journey(clinic, 0)
    await asyncio.wait_for(journey.run(), 60)
    assert _unlike(clinic, [journey]) == {}
    assert _histories_leak(fleet, ("amoxicillin", "I agree", "Reyes", "tok_visa")) == []
    assert [fleet.stop("worker"), fleet.stop("media")] == [0, 0]


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_visits_in_flight_end_right_and_nothing_happens_twice(fleet: Fleet) -> None:
    clinic = await open_clinic(fleet.settings, patience_seconds=120)
    await fleet.until_ready("worker", "media")
    journeys = [Journey(clinic, number) for number in range(VISITS)]
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(journey: Journey) -> None:
        async with slots:
            await journey.run()

    killing = asyncio.create_task(_kill_in_turn(fleet))
    try:
        await asyncio.gather(*(run(journey) for journey in journeys))
    finally:
        killing.cancel()
    assert _unlike(clinic, journeys) == {}
    done = _done_outside(fleet.settings.data_dir / "simulators")
    assert done == {"authorise": VISITS, "capture": VISITS, "message": VISITS}


async def _kill_in_turn(fleet: Fleet) -> None:
    for name in KILLS:
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        fleet.kill(name)
        fleet.start(name)


def _unlike(clinic: Clinic, journeys: Iterable[Journey]) -> dict[str, object]:
    """The visits whose record is not that of one journey, each effect once; empty when all are."""
    wrong: dict[str, object] = {}
    for journey in journeys:
        with clinic.database.scope(clinic.slug, clinic.as_provider) as scope:
            events = scope.visits.events(journey.visit)
            orders = [order.state for order in scope.orders.for_visit(journey.visit)]
            note = scope.notes.current(journey.visit)
        stages = [event.stage for event in events if event.stage]
        money = Counter(event.event for event in events if event.event.startswith("payment_"))
        signed = note is not None and note.signed_at is not None
        once = {"payment_authorised": 1, "payment_captured": 1}
        if (stages, dict(money), orders, signed) != (STAGES, once, ["sent"], True):
            wrong[journey.visit] = (stages, money, orders, signed)
    return wrong


def _done_outside(simulators: Path) -> dict[str, int]:
    """How often each network outside did each thing, out of the networks' own memory."""
    names: list[str] = []
    for file in simulators.glob("*.sqlite3"):
        with closing(sqlite3.connect(file)) as connection:
            names += [name for (name,) in connection.execute("select name from entries")]
    done = Counter(name.split(":")[0] for name in names)
    return {act: done[act] for act in ("authorise", "capture", "message")}


def _histories_leak(fleet: Fleet, words: Iterable[str]) -> list[str]:
    """Words that can be read in Temporal's database or in a program's log."""
    files = [*fleet.folder.glob("temporal.db*"), *fleet.folder.glob("*.log")]
    return [word for word in words for file in files if word.encode() in file.read_bytes()]
