"""Whether what a network did, and nobody heard of, is known before it is done again, replaced or taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.workflows.conftest import Scene
from tests.workflows.helpers import FULL_STEPS, plan_of, prescription

pytestmark = pytest.mark.slow

# A call by chat: time does not leap while a room is led.
ROOMLESS = plan_of([replace(one, settings={"medium": "chat"}) if one.kind == "consult" else one for one in FULL_STEPS])


async def test_a_prescription_discarded_after_its_gate_opened_is_not_sent(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.records.discarded.add("rx1")
    answer = await scene.ask("prescribe", "rx1")
    assert (answer.done, answer.code) == (False, "order_changed")
    assert scene.network.done == {}


async def test_a_prescription_revised_while_its_gate_was_asked_is_not_sent(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.keeper.meanwhile = lambda: scene.records.versions.update(rx1=2)
    assert (await scene.ask("prescribe", "rx1")).code == "order_changed"
    scene.keeper.meanwhile = None
    assert (await scene.ask("prescribe", "rx1")).done
    assert list(scene.network.done) == [f"{scene.ref.visit}:prescribe:rx1@2"]


async def test_a_prescription_whose_answer_was_lost_is_cancelled_with_the_visit(scene: Scene) -> None:
    scene.plan = ROOMLESS
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.network.lose_answers = 100
    assert (await scene.ask_for_a_minute("prescribe", "rx1")).code == "network_unavailable"
    scene.network.lose_answers = 0
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await scene.result() == "cancelled"
    assert [one.state for one in scene.network.done.values()] == ["accepted", "cancelled"]


async def test_a_prescription_that_never_reached_the_network_is_not_delivered_in_order_to_cancel_it(
    scene: Scene,
) -> None:
    scene.plan = ROOMLESS
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.network.down = True
    assert (await scene.ask_for_a_minute("prescribe", "rx1")).code == "network_unavailable"
    scene.network.down = False
    scene.network.asked.clear()
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await scene.result() == "cancelled"
    assert scene.network.asked == [f"withdraw:{scene.ref.visit}:prescribe:rx1@1"]
    assert "accepted" not in {one.state for one in scene.network.done.values()}
    assert [one.state for one in scene.records.dispatches["rx1"]] == ["cancelled"]


async def test_a_prescription_that_records_never_let_go_is_neither_sent_nor_asked_about(scene: Scene) -> None:
    scene.plan = ROOMLESS
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.records.away_for_dispatch = True
    assert (await scene.ask_for_a_minute("prescribe", "rx1")).code == "network_unavailable"
    scene.records.away_for_dispatch = False
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await scene.result() == "cancelled"
    assert scene.network.asked == []


async def test_a_prescription_that_cannot_be_settled_is_a_task_and_the_rest_is_taken_back(scene: Scene) -> None:
    scene.plan = ROOMLESS
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.network.lose_answers = 100
    await scene.ask_for_a_minute("prescribe", "rx1")
    scene.network.lose_answers, scene.network.down = 0, True
    assert (await scene.ask("cancel", "patient_asked")).done
    await scene.skip(minutes=5)
    assert scene.records.alerts == ["review"]
    assert "release_slot" in scene.records.log
    assert scene.processor.states() == ["authorised", "voided"]
    scene.network.down = False
    await scene.skip(minutes=10)
    assert await scene.result() == "cancelled"
    assert [one.state for one in scene.network.done.values()] == ["accepted", "cancelled"]


async def test_an_order_revised_between_its_gate_and_its_sending_is_judged_anew_when_the_note_is_signed(
    scene: Scene,
) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    scene.records.unsent = ["rx1"]
    scene.records.revise_at_dispatch = 1
    await scene.finish_call()
    assert (await scene.ask("sign", "note-1")).done
    assert await scene.result() == "completed"
    assert list(scene.network.done) == [f"{scene.ref.visit}:prescribe:rx1@2"]
    assert scene.records.alerts == []


@pytest.mark.parametrize("why", ["keeps changing", "controlled", "gate shut"])
async def test_an_order_that_stays_behind_when_the_note_is_signed_is_a_task_that_names_it(
    scene: Scene, why: str
) -> None:
    scene.records.orders["rx1"] = prescription("rx1", schedule="II" if why == "controlled" else None)
    scene.records.unsent = ["rx1"]
    scene.records.revise_at_dispatch = 100 if why == "keeps changing" else 0
    await scene.finish_call()
    if why == "gate shut":
        scene.keeper.shut.add("prescribe")
    assert (await scene.ask("sign", "note-1")).done
    assert await scene.result() == "completed"
    assert (scene.records.alerts, scene.records.alert_subjects) == (["order_kept"], ["rx1"])
    assert scene.network.done == {}


async def test_an_order_discarded_while_the_note_is_signed_is_no_task(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    scene.records.unsent = ["rx1"]
    await scene.finish_call()
    scene.keeper.meanwhile = lambda: scene.records.discarded.add("rx1")
    assert (await scene.ask("sign", "note-1")).done
    assert await scene.result() == "completed"
    assert (scene.records.alerts, scene.network.done) == ([], {})


async def test_another_card_is_asked_only_after_the_lost_attempt_was_withdrawn(scene: Scene) -> None:
    scene.processor.lose_answers = 100
    await scene.ask("book")
    assert (await scene.ask_for_a_minute("pay")).code == "network_unavailable"
    scene.processor.lose_answers = 0
    scene.records.token = "tok_declined"
    scene.processor.decline.add("tok_declined")
    assert (await scene.ask("pay")).code == "payment_declined"
    assert scene.processor.states() == ["authorised", "voided", "declined"]
    assert (await scene.status()).stage == "held"


async def test_an_attempt_that_never_reached_the_processor_is_not_made_in_order_to_undo_it(scene: Scene) -> None:
    scene.processor.down = True
    await scene.ask("book")
    assert (await scene.ask_for_a_minute("pay")).code == "network_unavailable"
    scene.processor.down = False
    await scene.skip(minutes=16)
    assert await scene.result() == "expired"
    assert "authorised" not in scene.processor.states()


async def test_a_summary_that_cannot_be_written_is_a_task_and_the_visit_waits_for_it(scene: Scene) -> None:
    scene.records.broken_summaries = 3
    await scene.finish_call()
    assert (await scene.ask("sign", "note-1")).done
    await asyncio.sleep(0.2)
    await scene.skip(seconds=10)
    assert scene.records.alerts == ["review"]
    assert (await scene.status()).stage == "documenting"
    await scene.skip(minutes=5)
    assert await scene.result() == "completed"
    assert scene.records.alerts == ["review"]
