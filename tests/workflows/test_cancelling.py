"""A prescription that went out is cancelled: asked through silence, refused, unanswered; ids alone in its history."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from engine.pharmacy import AskedCancellation, FillReport
from engine.ports import DispatchReceipt, Effect, PortUnavailable, PrescriptionOrder, VisitRef
from workflows.activities.cancelling import CancellingActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.cancelling import CancellationWorkflow
from workflows.client import VisitClient
from workflows.contracts import TASK_QUEUE
from workflows.pharmacies import PharmacyPump

HISTORY = Path(__file__).resolve().parents[1] / "histories" / "cancelling" / "refused_after_silence.json"
REF = VisitRef(clinic="palmetto", visit="vis_1")


def asked(key: str) -> AskedCancellation:
    return AskedCancellation(ref=REF, order="ord_1", message_id="m1", key=key, actor="prs_1")


@dataclass
class Pharmacy:
    """Network, records and book in a few lines; ``silent`` until people are told of it."""

    answer: DispatchReceipt
    silent: bool = False
    kept: list[str] = field(default_factory=list)
    waiting: list[AskedCancellation] = field(default_factory=list)
    mail: list[FillReport] = field(default_factory=list)
    undone: bool = False

    def prescription(self, ref: VisitRef, order: str) -> PrescriptionOrder:
        return cast(PrescriptionOrder, None)

    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt:
        if self.silent and "unanswered" not in self.kept:
            raise PortUnavailable("erx: no answer")
        return self.answer

    def record_dispatch(self, effect: Effect, order: str, receipt: DispatchReceipt) -> None:
        self.kept.append(receipt.state)

    def let_go(self, one: AskedCancellation) -> bool:
        self.kept.append("let_go")
        return not self.undone

    def unanswered(self, one: AskedCancellation) -> None:
        self.kept.append("unanswered")

    def refused(self, one: AskedCancellation) -> None:
        self.kept.append(f"refused:{one.order}")

    def asked(self) -> list[AskedCancellation]:
        return self.waiting


async def outcome(environment: WorkflowEnvironment, pharmacy: Pharmacy, key: str) -> tuple[str, str]:
    """What a cancellation ends with, and its history."""
    network = PrescribingActivities(cast(Any, pharmacy), cast(Any, pharmacy), cast(Any, None))
    keeping = CancellingActivities(cast(Any, pharmacy))
    async with Worker(
        environment.client,
        task_queue=TASK_QUEUE,
        workflows=[CancellationWorkflow],
        activities=[network.cancel_prescription, keeping.let_go, keeping.keep_unanswered, keeping.keep_refused],
        activity_executor=ThreadPoolExecutor(2),
    ):
        await VisitClient(environment.client).cancel_prescription(asked(key))
        await environment.sleep(timedelta(minutes=20 if pharmacy.silent else 1))
        handle: Any = environment.client.get_workflow_handle(f"cancel-{key}", result_type=str)
        return cast(str, await handle.result()), (await handle.fetch_history()).to_json()


CANCELLED = DispatchReceipt(state="cancelled", message_id="c1", relates_to="m1")
DENIED = DispatchReceipt(state="rejected", message_id="c1", relates_to="m1", code="already_filled")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pharmacy", "ends", "kept"),
    [
        (Pharmacy(CANCELLED), "cancelled", ["let_go", "cancelled"]),
        (Pharmacy(CANCELLED, undone=True), "undone", ["let_go"]),
        (Pharmacy(DENIED), "already_filled", ["let_go", "rejected", "refused:ord_1"]),
        (Pharmacy(CANCELLED, silent=True), "cancelled", ["let_go", "unanswered", "cancelled"]),
        (Pharmacy(DENIED, silent=True), "already_filled", ["let_go", "unanswered", "rejected", "refused:ord_1"]),
    ],
    ids=["at once", "undone", "refused", "after people were told", "refused after people were told"],
)
async def test_a_pharmacy_is_asked_until_it_answers_and_people_know(
    skipping: WorkflowEnvironment, pharmacy: Pharmacy, ends: str, kept: list[str]
) -> None:
    ended, history = await outcome(skipping, pharmacy, "ord_1-4")
    assert (ended, pharmacy.kept) == (ends, kept)
    assert ('"cancel_prescription"' in history) is not pharmacy.undone and "Reyes" not in history
    assert history.index("TIMER_FIRED") < history.index('"let_go"'), "it is held first, by a timer that outlives us"


async def test_a_recorded_cancellation_replays_and_another_course_does_not() -> None:
    """Recorded once per shape of the workflow: the last case above, kept while such a cancellation may be running."""
    text = await asyncio.to_thread(HISTORY.read_text)
    replayer = Replayer(workflows=[CancellationWorkflow])
    await replayer.replay_workflow(WorkflowHistory.from_json("cancellation", text))
    assert '"keep_unanswered"' in text and '"keep_refused"' in text
    with pytest.raises(workflow.NondeterminismError):
        changed = text.replace('"keep_refused"', '"keep_nothing"')
        await replayer.replay_workflow(WorkflowHistory.from_json("cancellation", changed))


class Begun:
    """A client that only counts."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def cancel_prescription(self, one: AskedCancellation) -> None:
        self.keys.append(one.key)


class Box:
    """A mailbox with one message that is nobody's."""

    def __init__(self) -> None:
        self.left = [cast(FillReport, type("Told", (), {"message_id": "f1"})())]

    def collect(self, most: int) -> list[FillReport]:
        return self.left[:most]

    def taken(self, message_id: str) -> None:
        self.left = [one for one in self.left if one.message_id != message_id]


async def test_what_a_page_could_not_begin_is_begun_and_mail_is_taken_once_it_is_kept() -> None:
    class Book(Pharmacy):
        def keep_fill(self, report: FillReport) -> bool:
            return False

    begun, box = Begun(), Box()
    pump = PharmacyPump(cast(Any, Book(CANCELLED, waiting=[asked("a"), asked("b")])), box, cast(Any, begun))
    await pump.pump()
    await pump.pump()
    assert (begun.keys, box.left) == (["a", "b"], [])
