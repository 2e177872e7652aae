"""Whether a visit can be given another time, what cancelling it costs, and which of its clocks follow."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from engine.clinic_terms import QuietHours, Terms
from engine.plans import Reminder
from tests.workflows.conftest import Scene, scene_on
from tests.workflows.helpers import ZONE, new_id, plan_of
from workflows.contracts import Ask

pytestmark = pytest.mark.slow

DAY = 86400
REMINDERS = (
    Reminder(before_seconds=DAY, template="visit_tomorrow"),
    Reminder(before_seconds=900, template="visit_soon"),
)


def start_of(scene: Scene) -> datetime:
    assert scene.records.starts_at is not None
    return scene.records.starts_at


async def cancel(scene: Scene, agreed: int) -> str:
    ask = Ask(request=new_id(), act="cancel", actor="patient", subject="time", agreed_cents=agreed)
    return (await scene.client.ask(scene.ref, ask)).code


async def test_a_moved_visit_asks_the_book_gate_for_the_new_time_and_keeps_its_payment(scene: Scene) -> None:
    await scene.prepare()
    asked = scene.keeper.asked["book"]
    assert (await scene.reschedule(start_of(scene) + timedelta(days=1))).done
    assert scene.keeper.asked["book"] == asked + 1
    assert scene.processor.states() == ["authorised"]
    assert scene.records.messages[-2:] == ["visit_moved", "visit_moved"]
    assert (await scene.status()).stage == "ready"


async def test_the_same_request_moves_once(scene: Scene) -> None:
    await scene.book_and_pay()
    to, request = start_of(scene) + timedelta(days=1), new_id()
    assert await scene.reschedule(to, request) == await scene.reschedule(to, request)
    assert scene.records.log.count("move_slot") == 1


async def test_a_move_to_another_clinician_asks_the_gate_about_them_and_not_while_somebody_was_promised_it(
    scene: Scene,
) -> None:
    await scene.book_and_pay()
    before = start_of(scene)
    scene.keeper.shut.add("book")
    assert (await scene.reschedule(before + timedelta(days=1), provider="second")).code == "gate_shut"
    assert (scene.records.asked_for[-1], scene.records.provider) == ("second", "first")
    scene.keeper.shut.clear()
    assert (await scene.reschedule(before + timedelta(days=1), provider="second")).done
    assert (scene.records.asked_for[-1], scene.records.provider) == ("second", "second")
    assert scene.records.messages[-2:] == ["visit_moved", "visit_moved"]
    await scene.ask("hand_off", "hnd_1")
    assert (await scene.reschedule(before + timedelta(days=2), provider="first")).code == "not_now"


async def test_a_shut_gate_or_a_taken_time_leaves_the_visit_as_it_is(scene: Scene) -> None:
    await scene.book_and_pay()
    before = start_of(scene)
    scene.keeper.shut.add("book")
    assert (await scene.reschedule(before + timedelta(days=1))).code == "gate_shut"
    scene.keeper.shut.clear()
    scene.records.slot_is_free = False
    assert (await scene.reschedule(before + timedelta(days=1))).code == "slot_taken"
    assert (start_of(scene), (await scene.status()).stage) == (before, "booked")
    assert (await scene.status()).starts_at == before.isoformat()


async def test_the_terms_say_how_often_and_until_when_a_visit_moves(scene: Scene) -> None:
    scene.terms = Terms(free_until_seconds=3600, moves=1)
    await scene.book_and_pay()
    first = start_of(scene)
    assert (await scene.reschedule(first + timedelta(days=1))).code == "no_more_moves"  # it begins within the hour
    scene.terms = Terms(free_until_seconds=600, moves=1)
    assert (await scene.reschedule(first + timedelta(days=1))).done
    assert (await scene.reschedule(first + timedelta(days=2))).code == "no_more_moves"


async def test_nobody_misses_a_visit_that_was_moved_until_its_new_time_is_over(scene: Scene) -> None:
    await scene.prepare()
    assert (await scene.reschedule(start_of(scene) + timedelta(hours=5))).done
    await scene.skip(hours=4)
    assert (await scene.status()).stage == "ready"
    await scene.skip(hours=2, minutes=20)
    assert await scene.result() == "no_show"


async def test_reminders_follow_a_moved_visit_and_none_comes_for_a_cancelled_one(skipping: WorkflowEnvironment) -> None:
    async with scene_on(skipping, timedelta(hours=2), plan_of(reminders=REMINDERS)) as scene:
        await scene.book_and_pay()
        assert (await scene.reschedule(start_of(scene) + timedelta(days=2))).done
        await scene.skip(hours=3)
        assert "visit_soon" not in scene.records.messages
        await scene.skip_to(start_of(scene), hours=23)
        assert scene.records.messages.count("visit_tomorrow") == 1
        assert await cancel(scene, 0) == ""
        await scene.result()
        await scene.skip(days=2)
        assert "visit_soon" not in scene.records.messages


async def test_a_reminder_that_would_come_at_night_waits_for_the_morning_of_the_patient(
    skipping: WorkflowEnvironment,
) -> None:
    """Due a day before a visit at 23:30 where the patient is: sent at eight in the morning, before the visit."""
    now = await skipping.get_current_time()
    local = now.astimezone(ZoneInfo(ZONE))
    night = datetime.combine(local.date() + timedelta(days=3), time(23, 30), ZoneInfo(ZONE))
    async with scene_on(skipping, night - now, plan_of(reminders=REMINDERS[:1])) as scene:
        scene.terms = Terms(quiet=QuietHours())
        await scene.book_and_pay()
        await scene.skip_to(night - timedelta(days=1), minutes=-30)
        assert "visit_tomorrow" not in scene.records.messages
        await scene.skip_to(night, hours=15, minutes=20)
        assert "visit_tomorrow" in scene.records.messages


async def test_cancelling_late_costs_what_was_agreed_to_and_frees_the_rest(scene: Scene) -> None:
    scene.terms = Terms(free_until_seconds=DAY, late_fee_cents=2500)
    await scene.book_and_pay()
    assert await cancel(scene, 0) == "terms_changed"
    assert await cancel(scene, 2500) == ""
    assert await scene.result() == "cancelled"
    assert scene.processor.states() == ["authorised", "captured"]
    assert [receipt.amount_cents for receipt in scene.records.receipts] == [8900, 2500]


async def test_what_the_clinic_calls_off_costs_nothing_and_both_are_told(scene: Scene) -> None:
    scene.terms = Terms(free_until_seconds=DAY, late_fee_cents=2500)
    await scene.book_and_pay()
    assert (await scene.ask("call_off", "clinician_away")).done
    assert await scene.result() == "cancelled"
    assert scene.processor.states() == ["authorised", "voided"]
    assert scene.records.messages[-2:] == ["visit_cancelled", "visit_cancelled"]
