"""Settles what runs against what is on record, after a backup was restored: records are the truth of what people did.

A visit that is open on record and not running goes to a person's inbox, and so does one whose workflow had come to
another stage than its record: nobody but a person can tell what the lost hours held. A workflow without a record, or
ahead of a record that is only a draft, is ended: its patient has no visit, and may book one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from temporalio.client import WorkflowExecution

from engine.ports import Effect, VisitCensus, VisitRecords, VisitRef
from workflows.client import CLINIC_ID, STAGE, VisitClient
from workflows.outbox import LostVisits

RUNNING = "WorkflowType = 'VisitWorkflow' AND ExecutionStatus = 'Running'"
_DRAFT = "draft"
_BOOKING = frozenset({_DRAFT, "held", ""})  # a workflow that has just begun is not ahead of a draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The visits (ids) that a person has to look at, and the workflows that were ended."""

    handed_over: tuple[str, ...]
    ended: tuple[str, ...]


async def reconcile(census: VisitCensus, records: VisitRecords, visits: VisitClient) -> Settled:
    """Compares every running visit with its record, and every open record with what runs; may be done again."""
    running = [run async for run in visits.temporal.list_workflows(RUNNING)]
    stages = await asyncio.to_thread(census.kept_stages, [run.id for run in running])
    handed, ended = [], []
    for run in running:
        stage, reached = stages.get(run.id), _stage_of(run)
        if stage is None or (stage == _DRAFT and reached not in _BOOKING):
            await visits.temporal.get_workflow_handle(run.id).terminate(
                "restored records do not have this visit so far"
            )
            ended.append(run.id)
        if stage is not None and stage != reached and not (stage == _DRAFT and reached in _BOOKING):
            await asyncio.to_thread(records.raise_alert, _effect(_ref_of(run)), "review")
            handed.append(run.id)
    lost = await LostVisits(census, records, visits).report()
    return Settled(handed_over=tuple(sorted({*handed, *(ref.visit for ref in lost)})), ended=tuple(sorted(ended)))


def _stage_of(run: WorkflowExecution) -> str:
    return str(run.typed_search_attributes.get(STAGE) or "")


def _ref_of(run: WorkflowExecution) -> VisitRef:
    return VisitRef(clinic=str(run.typed_search_attributes.get(CLINIC_ID) or ""), visit=run.id)


def _effect(ref: VisitRef) -> Effect:
    return Effect(ref=ref, step="reconcile", key="behind")
