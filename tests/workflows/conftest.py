"""A clinic's worker over in-memory stand-ins, on a server that skips time or on one that does not."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest_asyncio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from engine.clinic_terms import QuietHours, Terms
from engine.plans import VisitPlan
from engine.ports import VisitRef
from tests.workflows.helpers import (
    CountingNetwork,
    CountingProcessor,
    DrugsBySchedule,
    MemoryHost,
    MemoryRecords,
    ScriptedKeeper,
    new_id,
    plan_of,
    stored,
)
from workflows.activities.gates import GateActivities
from workflows.activities.media import MediaActivities
from workflows.activities.payments import PaymentActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.activities.terms import TermsActivities
from workflows.activities.visits import VisitActivities
from workflows.client import VisitClient
from workflows.contracts import MEDIA_QUEUE, Answer, Ask, Told, VisitStatus
from workflows.visit import VisitWorkflow

STARTS = 4


@dataclass
class Scene:
    """One visit on one worker, and everything it touches."""

    env: WorkflowEnvironment
    client: VisitClient
    records: MemoryRecords
    keeper: ScriptedKeeper
    processor: CountingProcessor
    network: CountingNetwork
    host: MemoryHost
    plan: VisitPlan = field(default_factory=plan_of)
    terms: Terms = field(default_factory=lambda: Terms(quiet=QuietHours(since=time(3), until=time(3))))
    ref: VisitRef = field(default_factory=lambda: VisitRef(clinic="bay", visit=new_id()))

    async def ask(self, act: str, subject: str = "", request: str = "", actor: str = "someone") -> Answer:
        plan = stored(self.plan) if act == "book" else None
        ask = Ask(request=request or new_id(), act=act, actor=actor, subject=subject)
        return await self.client.ask(self.ref, ask, plan=plan)

    async def reschedule(self, to: datetime, request: str = "", provider: str = "") -> Answer:
        at, key = to.isoformat(), request or new_id()
        ask = Ask(request=key, act="reschedule", actor="patient", subject=provider, starts_at=at)
        return await self.client.ask(self.ref, ask)

    async def ask_for_a_minute(self, act: str, subject: str = "") -> Answer:
        """Asks while a minute is skipped: an act that runs into its patience ends at once.

        On a busy machine the minute may be over before the visit has heard: then another one is skipped.
        """
        asking = asyncio.create_task(self.ask(act, subject))
        await asyncio.sleep(0.2)  # a visit that has not begun yet would begin after the minute
        while not asking.done():
            await self.skip(minutes=1)
            await asyncio.wait([asking], timeout=5)
        return await asking

    async def tell(self, kind: str, subject: str = "", item: str = "") -> None:
        await self.client.tell(self.ref, Told(item=item or new_id(), kind=kind, subject=subject))

    async def status(self) -> VisitStatus:
        return await self.client.status(self.ref)

    async def until_stage(self, stage: str) -> VisitStatus:
        for _ in range(200):
            status = await self.status()
            if status.stage == stage:
                return status
            await self.env.sleep(timedelta(milliseconds=50))
        raise AssertionError(f"stage {status.stage} instead of {stage}")

    async def result(self) -> str:
        handle = self.client.temporal.get_workflow_handle(self.ref.visit, result_type=str)
        return str(await handle.result())

    async def tell_clock(self) -> None:
        """Says to this visit how far its client's clock is ahead, as a demonstration says it to all of them."""
        handle = self.env.client.get_workflow_handle(self.ref.visit)
        await handle.signal("clock_moved", round(self.client._moved().total_seconds()))

    async def skip(self, **duration: float) -> None:
        """Leaps; once more when an activity that was just ending on a busy machine kept the clock from leaping."""
        try:
            await self.env.sleep(timedelta(**duration))
        except RPCError:
            await self.env.sleep(timedelta(**duration))

    async def skip_to(self, at: datetime, **before: float) -> None:
        """Leaps to an instant, or to a while before it."""
        await self.skip(seconds=(at - timedelta(**before) - await self.env.get_current_time()).total_seconds())

    async def book_and_pay(self) -> None:
        assert (await self.ask("book")).done
        assert (await self.ask("pay")).done

    async def prepare(self) -> None:
        await self.book_and_pay()
        await self.tell("intake_submitted", "urgent/intake")
        await self.tell("place_attested")
        await self.tell("consent_signed", "telehealth")
        await self.until_stage("ready")

    async def submit_case(self) -> None:
        await self.book_and_pay()
        await self.tell("intake_submitted", "urgent/intake")
        await self.tell("place_attested")
        await self.tell("consent_signed", "telehealth")
        await self.until_stage("submitted")

    @staticmethod
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text)

    async def enter_call(self) -> None:
        await self.prepare()
        assert (await self.ask("arrive", "patient")).done
        assert (await self.ask("admit")).done

    async def finish_call(self) -> None:
        await self.enter_call()
        assert (await self.ask("end_call")).done

    async def complete(self) -> None:
        await self.finish_call()
        assert (await self.ask("sign", "note-1")).done
        await self.until_stage("completed")


@asynccontextmanager
async def scene_on(env: WorkflowEnvironment, starts_in: timedelta, plan: VisitPlan | None) -> AsyncIterator[Scene]:
    scene = await scene_without_workers(env, starts_in, plan)
    async with working(scene):
        yield scene


async def scene_without_workers(env: WorkflowEnvironment, starts_in: timedelta, plan: VisitPlan | None) -> Scene:
    now: datetime = await env.get_current_time()
    return Scene(
        env=env,
        client=VisitClient(env.client),
        records=MemoryRecords(starts_at=now + starts_in),
        keeper=ScriptedKeeper(),
        processor=CountingProcessor(),
        network=CountingNetwork(),
        host=MemoryHost(),
        plan=plan or plan_of(),
    )


@asynccontextmanager
async def working(scene: Scene, cached: int = 1000) -> AsyncIterator[None]:
    """New workers of the scene's, which know nothing but what histories and records hold.

    Without a cache each task begins from the history; the server that skips time waits for ever for a worker that is
    gone and had promised to remember.
    """
    async with AsyncExitStack() as stack:
        for worker in workers(scene.env.client, scene, cached):
            await stack.enter_async_context(worker)
        yield


def workers(client: Client, scene: Scene, cached: int) -> list[Worker]:
    records: Any = scene.records
    node = f"media-{uuid.uuid4().hex}"
    media = MediaActivities(scene.host, "n1", node)
    visits = VisitActivities(records)
    return [
        Worker(
            client,
            task_queue="visits",
            workflows=[VisitWorkflow],
            activities=[
                *methods(visits),
                *methods(TermsActivities(records, lambda clinic: scene.terms)),
                *methods(GateActivities(records, scene.keeper)),
                *methods(PaymentActivities(records, scene.processor)),
                *methods(PrescribingActivities(records, scene.network, DrugsBySchedule())),
            ],
            activity_executor=ThreadPoolExecutor(8),
            max_cached_workflows=cached,
        ),
        Worker(client, task_queue=MEDIA_QUEUE, activities=[media.allocate]),
        Worker(
            client,
            task_queue=node,
            activities=[media.media_session],
            max_heartbeat_throttle_interval=timedelta(seconds=1),
        ),
    ]


def methods(activities: object) -> list[Any]:
    return [
        getattr(activities, name)
        for name in dir(activities)
        if hasattr(getattr(activities, name), "__temporal_activity_definition")
    ]


async def register_attributes(env: WorkflowEnvironment) -> None:
    """What an administrator does on a server once: the clinic's search attributes."""
    kinds = dict.fromkeys(("ClinicId", "VisitType", "Stage"), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    await env.client.operator_service.add_search_attributes(AddSearchAttributesRequest(search_attributes=kinds))


async def started(start: Callable[[], Awaitable[WorkflowEnvironment]]) -> WorkflowEnvironment:
    """A server that came up. The SDK gives one five seconds, which a busy machine may not: then another is tried.

    Each try has a free port of its own, so one that another process took in between is no end either.
    """
    for _ in range(STARTS - 1):
        with contextlib.suppress(RuntimeError):
            return await start()
    return await start()


async def start_skipping() -> WorkflowEnvironment:
    """A server whose clock leaps over idle time, with the clinic's search attributes."""
    path = shutil.which("temporal-test-server") or _beside_python("temporal-test-server")
    env = await started(partial(WorkflowEnvironment.start_time_skipping, test_server_existing_path=path))
    await register_attributes(env)
    return env


@pytest_asyncio.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    async with await start_skipping() as env:
        yield env


@pytest_asyncio.fixture
async def local() -> AsyncIterator[WorkflowEnvironment]:
    """A real development server with the clinic's search attributes."""
    path = shutil.which("temporal") or _beside_python("temporal")
    attributes = [f"--search-attribute={name}=Keyword" for name in ("ClinicId", "VisitType", "Stage")]
    start = partial(
        WorkflowEnvironment.start_local,
        dev_server_existing_path=path,
        dev_server_extra_args=attributes,
        dev_server_log_level="error",
    )
    async with await started(start) as env:
        yield env


@pytest_asyncio.fixture
async def scene(skipping: WorkflowEnvironment) -> AsyncIterator[Scene]:
    async with scene_on(skipping, timedelta(hours=1), None) as scene:
        yield scene


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
