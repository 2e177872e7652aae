"""Whether visits that are running would go on: every recorded history replays on the workflow as it is now."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.workflows.helpers_histories import FOLDER, SCENES
from workflows.visit import VisitWorkflow

HISTORIES = sorted(FOLDER.glob("*.json"))


def test_every_scene_has_a_recorded_history() -> None:
    assert {file.stem for file in HISTORIES} >= set(SCENES)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    await replay(await asyncio.to_thread(file.read_text))


async def replay(text: str) -> None:
    history = WorkflowHistory.from_json("visit", text)
    await Replayer(workflows=[VisitWorkflow]).replay_workflow(history)


async def test_a_history_of_another_course_does_not_replay() -> None:
    """The proof that a replay can fail: the same history with one activity called otherwise."""
    text = await asyncio.to_thread((FOLDER / "completed.json").read_text)
    assert '"capture_payment"' in text
    with pytest.raises(workflow.NondeterminismError):
        await replay(text.replace('"capture_payment"', '"capture_money"'))
