"""Whether a visit walks its plan: every stage of the journey, its acts, gates and exits."""

from __future__ import annotations

from tests.workflows.conftest import Scene
from tests.workflows.helpers import prescription


async def test_a_visit_walks_from_booking_to_completed(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    link = await scene.ask("join", "patient")
    assert link.made == "link-patient"
    assert (await scene.ask("prescribe", "rx1")).done
    assert (await scene.ask("end_call")).done
    assert (await scene.ask("sign", "note-1")).done
    assert await scene.result() == "completed"
    assert scene.records.stages == [
        "held", "booked", "preparing", "ready", "waiting", "in_call", "documenting", "completed"
    ]  # fmt: skip
    assert scene.processor.states() == ["authorised", "captured"]
    assert scene.records.signed == ["note-1"]
    assert [gate for gate, _, _ in scene.records.gates] == ["book", "book", "join", "join", "prescribe", "sign"]
    assert "summary_ready" in scene.records.messages
