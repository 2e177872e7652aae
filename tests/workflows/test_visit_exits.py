"""Whether every clock and every side exit of a visit does what it should, and takes back what was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from engine.plans import Reminder
from tests.workflows.conftest import Scene, scene_on
from tests.workflows.helpers import FULL_STEPS, plan_of, prescription, step
from workflows.client import VisitClient

pytestmark = pytest.mark.slow


async def test_a_shut_book_gate_refuses_the_visit_without_holding_a_slot(scene: Scene) -> None:
    scene.keeper.shut.add("book")
    answer = await scene.ask("book")
    assert (answer.done, answer.code, answer.gate) == (False, "gate_shut", "gate-1")
    assert await scene.result() == "refused"
    assert "hold_slot" not in scene.records.log
    assert scene.records.stages == ["refused"]


async def test_a_fault_of_the_engines_shuts_the_gate_and_asks_for_review(scene: Scene) -> None:
    scene.keeper.broken.add("book")
    assert (await scene.ask("book")).code == "gate_shut"
    assert await scene.result() == "refused"
    assert scene.records.gates[0][:2] == ("book", False)


async def test_a_gate_waits_for_records_that_are_away_for_a_moment(scene: Scene) -> None:
    scene.records.away = 3
    assert (await scene.ask("book")).done
    assert [gate for gate, _, _ in scene.records.gates] == ["book"]


async def test_a_gate_about_an_order_that_is_not_there_is_shut(scene: Scene) -> None:
    await scene.enter_call()
    scene.records.unknown.add("rx9")
    answer = await scene.ask("prescribe", "rx9")
    assert (answer.done, answer.code, answer.gate) == (False, "gate_shut", "")


async def test_a_slot_that_is_taken_may_be_asked_for_again(scene: Scene) -> None:
    scene.records.slot_is_free = False
    assert (await scene.ask("book")).code == "slot_taken"
    scene.records.slot_is_free = True
    assert (await scene.ask("book")).done


async def test_a_visit_that_never_holds_a_slot_expires(scene: Scene) -> None:
    scene.records.slot_is_free = False
    await scene.ask("book")
    await scene.skip(minutes=16)
    assert await scene.result() == "expired"
    assert "release_slot" not in scene.records.log


async def test_a_hold_that_is_not_paid_expires_and_frees_the_slot(scene: Scene) -> None:
    assert (await scene.ask("book")).done
    await scene.skip(minutes=14)
    assert (await scene.status()).stage == "held"
    await scene.skip(minutes=2)
    assert await scene.result() == "expired"
    assert "release_slot" in scene.records.log
    assert scene.processor.done == {}


async def test_a_declined_card_may_be_replaced_within_the_hold(scene: Scene) -> None:
    scene.processor.decline.add("tok_visa")
    await scene.ask("book")
    assert (await scene.ask("pay")).code == "payment_declined"
    scene.processor.decline.clear()
    assert (await scene.ask("pay")).done
    assert (await scene.status()).stage == "booked"


async def test_paying_without_a_card_is_declined_and_can_be_made_good(scene: Scene) -> None:
    await scene.ask("book")
    scene.records.token = ""
    answer = await scene.ask("pay")
    assert (answer.code, answer.made) == ("payment_declined", "no_payment_method")
    scene.records.token = "tok_visa"
    assert (await scene.ask("pay")).done
    assert scene.processor.states() == ["authorised"]


async def test_a_capture_that_is_declined_is_a_task_and_the_visit_is_completed(scene: Scene) -> None:
    await scene.finish_call()
    scene.processor.decline.add("capture")
    await scene.ask("sign", "note-1")
    assert await scene.result() == "completed"
    assert scene.records.alerts == ["review"]


async def test_a_subject_that_is_not_the_visit_s_is_an_answer(scene: Scene) -> None:
    await scene.enter_call()
    scene.records.unknown.add("stranger")
    assert (await scene.ask("join", "stranger")).code == "unknown_subject"


async def test_an_authorisation_whose_answer_was_lost_is_voided_when_the_hold_expires(scene: Scene) -> None:
    scene.processor.lose_answers = 100
    await scene.ask("book")
    assert (await scene.ask_for_a_minute("pay")).code == "network_unavailable"
    scene.processor.lose_answers = 0
    await scene.skip(minutes=16)
    assert await scene.result() == "expired"
    assert scene.processor.states() == ["authorised", "voided"]


async def test_an_authorisation_whose_answer_was_lost_is_not_doubled_by_paying_again(scene: Scene) -> None:
    scene.processor.lose_answers = 100
    await scene.ask("book")
    await scene.ask_for_a_minute("pay")
    scene.processor.lose_answers = 0
    assert (await scene.ask("pay")).done
    assert scene.processor.states() == ["authorised"]


async def test_reminders_go_out_before_the_start_and_those_too_late_are_left_out(
    skipping: WorkflowEnvironment,
) -> None:
    reminders = [Reminder(before_seconds=86400, template="day_before"), Reminder(before_seconds=900, template="soon")]
    async with scene_on(skipping, timedelta(hours=3), plan_of(reminders=reminders)) as scene:
        await scene.book_and_pay()
        await scene.skip(hours=2, minutes=44)
        assert "soon" not in scene.records.messages
        await scene.skip(minutes=2)
        assert scene.records.messages.count("soon") == 1
        assert "day_before" not in scene.records.messages


async def test_nobody_came(scene: Scene) -> None:
    await scene.prepare()
    await scene.skip(minutes=74)
    assert (await scene.status()).stage == "ready"
    await scene.skip(minutes=2)
    assert await scene.result() == "no_show"
    assert scene.processor.states() == ["authorised", "voided"]
    assert scene.records.messages[-1] == "visit_no_show"


async def test_a_patient_who_waits_is_never_a_no_show_but_one_who_leaves_is(scene: Scene) -> None:
    await scene.prepare()
    assert (await scene.ask("arrive", "patient")).done
    await scene.skip(hours=5)
    assert (await scene.status()).stage == "waiting"
    assert (await scene.ask("leave", "patient")).done
    await scene.skip(minutes=16)
    assert await scene.result() == "no_show"


async def test_an_unsigned_note_is_brought_up_again_and_again(scene: Scene) -> None:
    await scene.finish_call()
    await scene.skip(hours=23)
    assert scene.records.alerts == []
    await scene.skip(hours=2)
    assert scene.records.alerts == ["sign_overdue"]
    await scene.skip(hours=48)
    assert scene.records.alerts == ["sign_overdue"] * 3
    assert (await scene.ask("sign", "note-1")).done
    assert await scene.result() == "completed"


async def test_a_shut_sign_gate_signs_the_note_and_keeps_the_money_until_it_opens(scene: Scene) -> None:
    scene.keeper.shut.add("sign")
    await scene.finish_call()
    answer = await scene.ask("sign", "note-1")
    assert (answer.done, answer.code) == (True, "gate_shut")
    assert scene.records.signed == ["note-1"]
    assert scene.records.alerts == ["sign_gate_shut"]
    assert scene.processor.states() == ["authorised"]
    assert (await scene.ask("recheck")).code == "gate_shut"
    scene.keeper.shut.clear()
    assert (await scene.ask("recheck")).done
    assert await scene.result() == "completed"
    assert scene.processor.states() == ["authorised", "captured"]


async def test_an_attested_place_that_shuts_the_gate_blocks_the_visit_until_it_is_attested_again(
    scene: Scene,
) -> None:
    await scene.book_and_pay()
    scene.keeper.shut.add("book")
    await scene.tell("place_attested")
    status = await scene.until_stage("blocked")
    assert (status.blocked, status.gate) == ("license", "gate-2")
    assert (await scene.ask("recheck", "license")).code == "gate_shut"
    scene.keeper.shut.clear()
    await scene.tell("place_attested")
    await scene.until_stage("preparing")
    await scene.tell("intake_submitted", "urgent/intake")
    await scene.tell("consent_signed", "telehealth")
    assert (await scene.until_stage("ready")).gate == ""


async def test_a_visit_still_blocked_after_its_start_ends_refused(scene: Scene) -> None:
    await scene.book_and_pay()
    scene.keeper.shut.add("book")
    await scene.tell("place_attested")
    await scene.until_stage("blocked")
    await scene.skip(minutes=80)
    assert await scene.result() == "refused"
    assert scene.processor.states() == ["authorised", "voided"]


async def test_a_join_gate_shut_at_admit_blocks_and_a_new_consent_lets_the_visit_go_on(scene: Scene) -> None:
    await scene.prepare()
    await scene.ask("arrive", "patient")
    scene.keeper.shut.add("join")
    assert (await scene.ask("admit")).code == "gate_shut"
    assert scene.host.opened == []
    scene.keeper.shut.clear()
    await scene.tell("consent_signed", "telehealth")
    await scene.until_stage("waiting")
    assert (await scene.ask("admit")).done


async def test_a_join_gate_shut_during_the_call_refuses_the_join_and_leaves_the_call(scene: Scene) -> None:
    await scene.enter_call()
    scene.keeper.shut.add("join")
    assert (await scene.ask("join", "patient")).code == "gate_shut"
    assert (await scene.status()).stage == "in_call"
    assert "issue_join_link" not in scene.records.log


async def test_a_red_flag_before_care_alerts_and_takes_everything_back(scene: Scene) -> None:
    await scene.book_and_pay()
    await scene.tell("red_flag", "urgent/intake", item="flag-1")
    assert await scene.result() == "escalated"
    assert scene.records.alerts == ["red_flag"]
    assert scene.processor.states() == ["authorised", "voided"]
    assert "release_slot" in scene.records.log


async def test_a_red_flag_during_the_call_alerts_and_the_call_goes_on(scene: Scene) -> None:
    await scene.enter_call()
    await scene.tell("red_flag", "urgent/intake")
    await scene.skip(seconds=1)
    assert scene.records.alerts == ["red_flag"]
    assert (await scene.status()).stage == "in_call"


async def test_cancelling_takes_back_in_reverse_order(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    await scene.ask("prescribe", "rx1")
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await scene.result() == "cancelled"
    undone = [name for name in scene.records.log if name in ("record_dispatch", "record_payment", "release_slot")]
    assert undone == ["record_payment", "record_dispatch", "record_dispatch", "record_payment", "release_slot"]
    assert [one.state for one in scene.records.dispatches["rx1"]] == ["accepted", "cancelled"]
    await scene.skip(seconds=3)
    assert scene.host.reasons() == {f"{scene.ref.visit}.1": "closed"}


async def test_a_visit_cannot_be_cancelled_once_care_was_given(scene: Scene) -> None:
    await scene.finish_call()
    assert (await scene.ask("cancel", "patient_asked")).code == "too_late"


async def test_a_controlled_drug_is_never_sent(scene: Scene) -> None:
    scene.records.orders["rx2"] = prescription("rx2", schedule="II")
    await scene.enter_call()
    answer = await scene.ask("prescribe", "rx2")
    assert (answer.done, answer.code) == (False, "needs_epcs")
    assert scene.network.done == {}


async def test_a_shut_prescribe_gate_sends_nothing(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    scene.keeper.shut.add("prescribe")
    assert (await scene.ask("prescribe", "rx1")).code == "gate_shut"
    assert scene.network.done == {}


async def test_a_rejected_prescription_is_an_answer_and_a_task(scene: Scene) -> None:
    order = prescription("rx1")
    scene.records.orders["rx1"] = replace(order, pharmacy={"ncpdp": "0000000"})
    await scene.enter_call()
    assert (await scene.ask("prescribe", "rx1")).code == "pharmacy_unknown"
    assert scene.records.alerts == ["prescription_rejected"]


async def test_orders_that_wait_are_sent_at_signing_and_never_twice(scene: Scene) -> None:
    scene.records.orders |= {"rx1": prescription("rx1"), "rx2": prescription("rx2")}
    scene.records.unsent = ["rx1", "rx2"]
    await scene.enter_call()
    assert (await scene.ask("prescribe", "rx1")).done
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")
    assert await scene.result() == "completed"
    assert sorted(scene.network.done) == [f"{scene.ref.visit}:prescribe:{order}@1" for order in ("rx1", "rx2")]


async def test_a_network_that_is_down_is_an_answer_and_the_same_order_can_be_sent_later(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.finish_call()
    scene.network.down = True
    assert (await scene.ask_for_a_minute("prescribe", "rx1")).code == "network_unavailable"
    scene.network.down = False
    assert (await scene.ask("prescribe", "rx1")).done


async def test_a_room_ended_in_the_room_ends_the_call(scene: Scene) -> None:
    await scene.enter_call()
    await scene.host.close_room(f"{scene.ref.visit}.1", "ended_by_provider")
    await scene.until_stage("documenting")


async def test_a_follow_up_goes_out_after_the_visit_is_completed(skipping: WorkflowEnvironment) -> None:
    steps = (*FULL_STEPS, step("follow_up", "document", after_seconds=3 * 86400, template="how_are_you"))
    async with scene_on(skipping, timedelta(hours=1), plan_of(steps)) as scene:
        await scene.finish_call()
        await scene.ask("sign", "note-1")
        await scene.until_stage("completed")
        assert "how_are_you" not in scene.records.messages
        assert (await scene.ask("cancel")).code == "too_late"
        await scene.skip(days=3, minutes=1)
        assert await scene.result() == "completed"
        assert "how_are_you" in scene.records.messages


async def test_a_visit_without_payment_is_booked_at_once(skipping: WorkflowEnvironment) -> None:
    steps = (step("book"), step("document", "book"))
    async with scene_on(skipping, timedelta(hours=1), plan_of(steps)) as scene:
        await scene.ask("book")
        assert (await scene.status()).stage == "booked"


@pytest.mark.parametrize("medium", ["chat", "asynchronous"])
async def test_a_visit_without_a_medium_opens_no_room(skipping: WorkflowEnvironment, medium: str) -> None:
    steps = (step("book"), step("consult", "book", medium=medium), step("document", "consult"))
    async with scene_on(skipping, timedelta(hours=1), plan_of(steps)) as scene:
        await scene.ask("book")
        assert (await scene.ask("admit")).done
        assert (await scene.ask("join", "patient")).code == "not_now"
        assert (await scene.ask("end_call")).done
        assert scene.host.opened == []


async def test_a_moved_clock_brings_what_was_waited_for_and_asks_gates_of_its_day(scene: Scene) -> None:
    await scene.prepare()
    ahead = timedelta(hours=1)
    scene.client = VisitClient(scene.env.client, moved=lambda: ahead)
    await scene.tell_clock()
    assert (await scene.status()).stage == "ready"
    before = await scene.env.get_current_time()
    assert (await scene.ask("recheck")).code == "not_now"
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("admit")).done
    assert scene.records.gates[-1][2] - before >= ahead
    assert (await scene.ask("end_call")).done


async def test_a_clock_moved_past_the_start_makes_a_visit_nobody_came_to(scene: Scene) -> None:
    await scene.prepare()
    scene.client = VisitClient(scene.env.client, moved=lambda: timedelta(days=2))
    await scene.tell_clock()
    assert await scene.result() == "no_show"
