"""The day's round on a real server: its schedule starts it, both steps run, and a recorded one replays."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from workflows.client import VisitClient
from workflows.contracts import TASK_QUEUE, CredentialsInput
from workflows.credentials import CredentialsWorkflow
from workflows.schedules import keep_schedule, schedule_id

HISTORY = Path(__file__).resolve().parents[1] / "histories" / "credentials" / "round.json"


@dataclass
class Round:
    """Both activities, noting whom they were asked about."""

    asked: list[str] = field(default_factory=list)

    @activity.defn
    def check_credentials(self, asked: CredentialsInput) -> int:
        self.asked.append(f"check {asked.clinic}")
        return 3

    @activity.defn
    def tell_expiries(self, asked: CredentialsInput) -> int:
        self.asked.append(f"tell {asked.clinic}")
        return 1


async def test_a_recorded_round_replays_and_another_course_does_not() -> None:
    text = await asyncio.to_thread(HISTORY.read_text)
    replayer = Replayer(workflows=[CredentialsWorkflow])
    await replayer.replay_workflow(WorkflowHistory.from_json("round", text))
    assert '"check_credentials"' in text
    with pytest.raises(workflow.NondeterminismError):
        changed = text.replace('"check_credentials"', '"check_nothing"')
        await replayer.replay_workflow(WorkflowHistory.from_json("round", changed))


@pytest.mark.slow
async def test_the_schedule_starts_a_round_and_is_made_anew_when_the_clinic_moves(local: WorkflowEnvironment) -> None:
    played, client = Round(), local.client
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CredentialsWorkflow],
        activities=[played.check_credentials, played.tell_expiries],
        activity_executor=ThreadPoolExecutor(2),
    )
    async with worker:
        await keep_schedule(client, "palmetto", "America/New_York")
        await keep_schedule(client, "palmetto", "America/Denver")
        schedule = client.get_schedule_handle(schedule_id("palmetto"))
        assert (await schedule.describe()).schedule.spec.time_zone_name == "America/Denver"
        await VisitClient(client).check_credentials("palmetto")
        handle = client.get_workflow_handle("credentials-palmetto-now", result_type=int)
        assert await handle.result() == 3
    assert played.asked == ["check palmetto", "tell palmetto"]


async def record(environment: WorkflowEnvironment) -> str:
    """The history of one round, to be kept: recorded once for each shape of the workflow."""
    played = Round()
    async with Worker(
        environment.client,
        task_queue=TASK_QUEUE,
        workflows=[CredentialsWorkflow],
        activities=[played.check_credentials, played.tell_expiries],
        activity_executor=ThreadPoolExecutor(2),
    ):
        handle = await environment.client.start_workflow(
            "CredentialsWorkflow", CredentialsInput(clinic="bay"), id="round", task_queue=TASK_QUEUE
        )
        await handle.result()
        history = await handle.fetch_history()
        return re.sub(r'"identity": "[^"]*"', '"identity": "recorder"', history.to_json())
