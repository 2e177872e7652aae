"""After a restore every visit runs as its record says, is looked at by a person, or is ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment

from engine.ports import VisitRef
from tests.workflows.helpers import MemoryRecords, new_id
from workflows.client import CLINIC_ID, STAGE, VisitClient
from workflows.reconcile import RUNNING, Settled, reconcile

pytestmark = pytest.mark.slow


async def start(local: WorkflowEnvironment, stage: str) -> str:
    """A visit's workflow at a stage that nobody works on, as Temporal keeps it while records are restored."""
    attributes = [SearchAttributePair(CLINIC_ID, "bay"), SearchAttributePair(STAGE, stage)]
    handle = await local.client.start_workflow(
        "VisitWorkflow",
        id=new_id(),
        task_queue=f"nobody-{uuid.uuid4().hex}",
        search_attributes=TypedSearchAttributes(attributes),
    )
    return handle.id


async def settle(local: WorkflowEnvironment, records: MemoryRecords, expected: int) -> Settled:
    """Reconciles once Temporal lists what was started; the list is a moment behind."""
    for _ in range(200):
        if len([run async for run in local.client.list_workflows(RUNNING)]) >= expected:
            break
    return await reconcile(records, records, VisitClient(local.client))


async def is_running(local: WorkflowEnvironment, visit: str) -> bool:
    return (await local.client.get_workflow_handle(visit).describe()).close_time is None


async def test_each_visit_is_settled_by_what_is_on_record(local: WorkflowEnvironment) -> None:
    stages = ("waiting", "booked", "booked", "draft", "in_call", "completed")
    same, unknown, ahead, beginning, behind, over = [await start(local, stage) for stage in stages]
    lost = VisitRef(clinic="bay", visit=new_id())
    kept: Mapping[str, str] = {
        same: "waiting",
        ahead: "draft",
        beginning: "draft",
        behind: "waiting",
        over: "completed",
        lost.visit: "booked",
    }
    records = MemoryRecords(starts_at=None, kept=dict(kept), open=[lost])
    done = await settle(local, records, len(stages))
    assert set(done.ended) & {same, unknown, ahead, beginning, behind, over} == {unknown, ahead}
    assert set(done.handed_over) & {*kept} == {ahead, behind, lost.visit}
    assert [await is_running(local, visit) for visit in (same, unknown, ahead, beginning, behind, over)] == [
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    assert records.alerts.count("review") == 3
    await reconcile(records, records, VisitClient(local.client))
    assert records.alerts.count("review") == 3
    for visit in (same, beginning, behind, over):
        await local.client.get_workflow_handle(visit).terminate("the test is over")
