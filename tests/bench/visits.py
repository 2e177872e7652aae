"""How many whole visits a second, beside empty workflows with the same messages, activities and timers?

A visit goes from booking to the signed note through the real workflow, real records and both rule engines; its history
is counted, and the empty workflow is given the same counts. Both run in turns on one server, with one worker process.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Worker

from engine.evaluator_pool import EvaluatorPool
from records.database import PayloadKeys
from records.visit_records import RecordsVisitStore
from tests.bench.empty_visit import EmptyVisit, Shape, nothing
from tests.bench.real_visits import CONSENTS, Clinic, Drafted
from tests.bench.temporal import running_server
from tests.workflows.conftest import methods
from tests.workflows.helpers import CountingNetwork, CountingProcessor, DrugsBySchedule, MemoryHost
from workflows.activities.gates import GateActivities
from workflows.activities.media import MediaActivities
from workflows.activities.payments import PaymentActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.activities.visits import VisitActivities
from workflows.client import VisitClient
from workflows.codec import data_converter
from workflows.contracts import MEDIA_QUEUE, TASK_QUEUE, Answer, Ask, Told
from workflows.visit import VisitWorkflow

AT_ONCE = 8
BATCH = 16
READY_WITHIN = 20.0
EMPTY_QUEUE = "empty"
OURS, EMPTY = "whole visits", "empty workflows"


class Street:
    """What a patient and a provider do to one visit, through the one door of the web side."""

    def __init__(self, client: VisitClient, drafted: Drafted) -> None:
        self._client = client
        self._drafted = drafted

    async def walk(self) -> None:
        """From booking to completed; raises when an act is refused."""
        drafted = self._drafted
        await self._done("book", drafted.patient, plan=True)
        await self._done("pay", drafted.patient)
        for kind, subject in self._said():
            await self._client.tell(drafted.ref, Told(item=uuid.uuid4().hex, kind=kind, subject=subject))
        await self._done("arrive", drafted.patient, patiently=True)
        await self._done("admit", drafted.provider)
        await self._done("end_call", drafted.provider)
        await self._done("sign", drafted.provider, subject=drafted.note)

    def _said(self) -> list[tuple[str, str]]:
        steps = json.loads(self._drafted.plan.canonical)["steps"]
        forms = [step["settings"]["form"] for step in steps if step["kind"] == "intake"]
        said = [("place_attested", "")] + [("intake_submitted", form) for form in forms]
        return said + [("consent_signed", kind) for kind in CONSENTS]

    async def _done(
        self, act: str, actor: str, *, subject: str = "", plan: bool = False, patiently: bool = False
    ) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            ask = Ask(request=uuid.uuid4().hex, act=act, actor=actor, subject=subject)
            answer: Answer = await self._client.ask(self._drafted.ref, ask, self._drafted.plan if plan else None)
            if answer.done:
                return
            if not patiently or time.monotonic() > deadline:
                raise RuntimeError(f"{act} was refused: {answer.code}")
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of everything a visit's history holds."""

    activities: int
    timers: int
    updates: int
    signals: int

    @property
    def shape(self) -> Shape:
        return Shape(activities=self.activities, timers=self.timers, updates=self.updates)


async def counts_of(client: Client, visit: str) -> Counts:
    """Read off a visit's history."""
    history = await client.get_workflow_handle(visit).fetch_history()
    seen = Counter(event.event_type for event in history.events)
    return Counts(
        activities=seen[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] + seen[EventType.EVENT_TYPE_MARKER_RECORDED],
        timers=seen[EventType.EVENT_TYPE_TIMER_STARTED],
        updates=seen[EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED],
        signals=seen[EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED],
    )


async def walk_empty(client: Client, counts: Counts) -> None:
    """One empty workflow: the same messages, and the activities shared out over the updates."""
    handle = await client.start_workflow(
        EmptyVisit.run, counts.shape, id=f"empty-{uuid.uuid4().hex}", task_queue=EMPTY_QUEUE
    )
    for number in range(counts.signals):
        await handle.signal(EmptyVisit.told, number)
    for number in range(counts.updates):
        share = counts.activities * (number + 1) // counts.updates - counts.activities * number // counts.updates
        await handle.execute_update(EmptyVisit.ask, share)
    await handle.result()


def real_workers(client: Client, clinic: Clinic) -> list[Worker]:
    """One worker for visits and one for each media queue, over the clinic's real records."""
    records: Any = RecordsVisitStore(clinic.database)
    node = f"media-{uuid.uuid4().hex}"
    media = MediaActivities(MemoryHost(), "bench", node)
    activities = [
        *methods(VisitActivities(records)),
        *methods(GateActivities(records, clinic.gates)),
        *methods(PaymentActivities(records, CountingProcessor())),
        *methods(PrescribingActivities(records, CountingNetwork(), DrugsBySchedule())),
    ]
    executor = ThreadPoolExecutor(AT_ONCE)
    return [
        Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[VisitWorkflow],
            activities=activities,
            activity_executor=executor,
        ),
        Worker(client, task_queue=MEDIA_QUEUE, activities=[media.allocate]),
        Worker(client, task_queue=node, activities=[media.media_session]),
        Worker(
            client,
            task_queue=EMPTY_QUEUE,
            workflows=[EmptyVisit],
            activities=[nothing],
            activity_executor=executor,
        ),
    ]


async def batch(walks: list[Callable[[], Awaitable[None]]]) -> float:
    """Walks a second, `AT_ONCE` at a time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(walk: Callable[[], Awaitable[None]]) -> None:
        async with turn:
            await walk()

    started = time.perf_counter()
    await asyncio.gather(*(one(walk) for walk in walks))
    return len(walks) / (time.perf_counter() - started)


async def run(seconds: float, folder: Path, pool: EvaluatorPool) -> dict[str, Any]:
    """Rounds of one batch each until the time is up."""
    clinic = Clinic(folder, pool)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(running_server(folder))
        keys = data_converter(PayloadKeys(clinic.database))
        client = await Client.connect(address, namespace="clinic", data_converter=keys)
        for worker in real_workers(client, clinic):
            await stack.enter_async_context(worker)
        door = VisitClient(client)
        first = clinic.draft()
        await Street(door, first).walk()
        counts = await counts_of(client, first.ref.visit)
        speeds: dict[str, list[float]] = {OURS: [], EMPTY: []}
        deadline = time.monotonic() + seconds
        while not speeds[OURS] or time.monotonic() < deadline:
            drafts = [clinic.draft() for _ in range(BATCH)]
            speeds[OURS].append(await batch([Street(door, drafted).walk for drafted in drafts]))
            speeds[EMPTY].append(await batch([lambda: walk_empty(client, counts)] * BATCH))
    clinic.database.close()
    return _report(speeds, counts)


def _report(speeds: dict[str, list[float]], counts: Counts) -> dict[str, Any]:
    per_second = {name: round(statistics.median(rates), 2) for name, rates in speeds.items()}
    ratio = round(statistics.median(a / b for a, b in zip(speeds[OURS], speeds[EMPTY], strict=True)), 2)
    lines = [f"{name:<16}  {rate:>8.2f} a second" for name, rate in per_second.items()]
    shape = (
        f"{counts.updates} updates, {counts.signals} signals, {counts.activities} activities, {counts.timers} timers"
    )
    text = "\n".join([*lines, f"{'ratio':<16}  {ratio:>8.2f}", f"each with {shape}", ""])
    return {"per_second": per_second, "ratio": ratio, "rounds": len(speeds[OURS]), "each": shape, "table": text}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, EvaluatorPool(1) as pool:
        print(json.dumps(asyncio.run(run(seconds, Path(folder), pool))))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
