"""A note signed on record whose visit never took it up: what was to follow follows once, by itself or when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.ports import Effect, SignedNote
from records.visit_records import RecordsVisitStore
from tests.workflows.conftest import Scene
from tests.workflows.helpers_fleet import Journey, build_fleet, open_clinic
from workflows.contracts import finishing
from workflows.outbox import UnfinishedSignings

pytestmark = pytest.mark.slow


@dataclass
class Signed:
    """Records in which these notes are signed."""

    notes: list[SignedNote]

    def signed_notes(self) -> Sequence[SignedNote]:
        return self.notes


async def test_a_signed_note_that_the_visit_missed_is_told_once_and_again_changes_nothing(scene: Scene) -> None:
    await scene.finish_call()
    look = UnfinishedSignings(Signed([SignedNote(id="note-1", ref=scene.ref, by="dr-1")]), scene.client)
    assert await look.finish() == (scene.ref,)
    await scene.until_stage("completed")
    assert await look.finish() == ()
    again = await scene.client.ask(scene.ref, finishing("note-1", "dr-1"))
    assert again.done
    assert scene.records.signed == ["note-1"]


async def test_a_worker_killed_between_the_two_writes_leaves_a_visit_that_the_next_worker_finishes(
    tmp_path: Path,
) -> None:
    fleet = build_fleet(tmp_path)
    try:
        for name in ("temporal", "worker", "media"):
            fleet.start(name)
        clinic = await open_clinic(fleet.settings, patience_seconds=60)
        await fleet.until_ready("worker", "media")
        journey = Journey(clinic, 0)
        note = await journey.until_documenting()
        fleet.kill("worker")
        store = RecordsVisitStore(clinic.database)
        effect = Effect(ref=journey.ref, step="document", key="lost", actor=clinic.provider)
        await asyncio.to_thread(store.sign_note, effect, note)  # the write that the dead worker had made
        assert [one.id for one in await asyncio.to_thread(store.signed_notes)] == [note]
        fleet.start("worker")
        await journey.until("completed")
        assert await asyncio.to_thread(store.signed_notes) == ()
    finally:
        fleet.close()
