"""A question to a monitoring program on a real server: asked a few times, silence kept, ids alone in its history."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from engine.monitoring import DispensedDrug, MonitoringQuestion, MonitoringReport
from engine.ports import PortUnavailable, VisitRef
from workflows.activities.monitoring import MonitoringActivities
from workflows.client import VisitClient
from workflows.contracts import TASK_QUEUE
from workflows.monitoring import MonitoringWorkflow

HISTORY = Path(__file__).resolve().parents[1] / "histories" / "monitoring" / "answered_at_the_second_try.json"
REF = VisitRef(clinic="palmetto", visit="vis_1")
AT = datetime(2026, 3, 5, tzinfo=UTC)
DAY = date(2026, 3, 1)
ROW = DispensedDrug(
    drug="oxycodone",
    quantity="20",
    unit="tablet",
    days_supply=5,
    filled_on=DAY,
    prescriber="M",
    pharmacy="H",
)


@dataclass
class Played:
    """A book and a network in a few lines: silent for as many questions as it is told."""

    silent: int
    fault: str = "pdmp: down"
    asked: int = 0
    kept: dict[str, str] = field(default_factory=dict)

    def question(self, ref: VisitRef, report: str) -> MonitoringQuestion | None:
        day = date(2026, 3, 5)
        return MonitoringQuestion(
            key=report, state="FL", since=day, until=day, patient={"family": "Doe"}, prescriber={}
        )

    def answered(self, ref: VisitRef, report: str, answer: MonitoringReport) -> str:
        self.kept[report] = answer.outcome
        return answer.outcome

    def unanswered(self, ref: VisitRef, report: str, code: str) -> str:
        self.kept[report] = code
        return code

    def ask(self, question: MonitoringQuestion) -> MonitoringReport:
        self.asked += 1
        if self.asked <= self.silent:
            raise PortUnavailable(self.fault)
        return MonitoringReport(
            outcome="found", sender="simulator", as_of=datetime(2026, 3, 5, tzinfo=UTC), rows=(ROW,)
        )


async def answered(environment: WorkflowEnvironment, played: Played, report: str) -> str:
    """The history after one question."""
    activities = MonitoringActivities(played, played)
    async with Worker(
        environment.client,
        task_queue=TASK_QUEUE,
        workflows=[MonitoringWorkflow],
        activities=[activities.ask_monitoring, activities.keep_silence],
        activity_executor=ThreadPoolExecutor(2),
    ):
        await VisitClient(environment.client).ask_monitoring(REF, report, 60.0)
        handle = environment.client.get_workflow_handle(f"monitoring-{report}")
        return (await handle.fetch_history()).to_json()


async def test_a_recorded_question_replays_and_another_course_does_not() -> None:
    text = await asyncio.to_thread(HISTORY.read_text)
    replayer = Replayer(workflows=[MonitoringWorkflow])
    await replayer.replay_workflow(WorkflowHistory.from_json("question", text))
    with pytest.raises(workflow.NondeterminismError):
        changed = text.replace('"ask_monitoring"', '"ask_nobody"')
        await replayer.replay_workflow(WorkflowHistory.from_json("question", changed))


@pytest.mark.slow
async def test_one_silence_is_asked_through_and_the_history_holds_ids_alone(local: WorkflowEnvironment) -> None:
    played = Played(silent=1)
    history = await answered(local, played, "mon_1")
    assert (played.asked, played.kept) == (2, {"mon_1": "found"})
    assert "oxycodone" not in history and "Doe" not in history


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "code"), [("pdmp: down", "down"), ("pdmp: garbled", "garbled")])
async def test_who_stays_silent_is_kept_as_silent(local: WorkflowEnvironment, fault: str, code: str) -> None:
    played = Played(silent=99, fault=fault)
    await answered(local, played, f"mon_{code}")
    assert (played.asked, played.kept) == (3, {f"mon_{code}": code})
