"""How a visit is handed to a colleague: offered, taken once, brought back when nobody answers, asked of the gate."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.workflows.conftest import Scene

pytestmark = pytest.mark.slow


async def waiting(scene: Scene) -> None:
    await scene.prepare()
    assert (await scene.ask("arrive", "patient")).done


async def test_a_colleague_takes_a_waiting_visit_through_the_gate_and_the_patient_is_told(scene: Scene) -> None:
    await waiting(scene)
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    joins = scene.keeper.asked["join"]
    assert (await scene.ask("take_over", "h1", actor="second")).done
    assert (scene.records.provider, scene.records.asked_for[-1]) == ("second", "second")
    assert scene.keeper.asked["join"] == joins + 1
    assert scene.records.messages[-1] == "visit_handed_over"
    assert (await scene.ask("admit")).done


async def test_of_two_who_take_it_at_once_one_gets_it(scene: Scene) -> None:
    await waiting(scene)
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    answers = await asyncio.gather(
        scene.ask("take_over", "h1", actor="second"), scene.ask("take_over", "h1", actor="third")
    )
    assert sorted(one.code for one in answers) == ["", "not_offered"]
    assert scene.records.log.count("hand_over") == 1


async def test_a_shut_gate_leaves_the_visit_where_it_is_and_still_on_offer(scene: Scene) -> None:
    await waiting(scene)
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    scene.keeper.shut.add("join")
    assert (await scene.ask("take_over", "h1", actor="second")).code == "gate_shut"
    assert scene.records.provider == "first"
    assert ((await scene.status()).stage, (await scene.status()).gate) == ("waiting", "")
    scene.keeper.shut.clear()
    assert (await scene.ask("take_over", "h1", actor="third")).done


async def test_nobody_answers_it_comes_back_and_any_colleague_may_take_it(scene: Scene) -> None:
    await waiting(scene)
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    await scene.skip(minutes=6)
    assert ("handoff_ended", "unanswered") in scene.records.events
    assert scene.records.alerts[-1] == "handoff_unanswered"
    assert (await scene.ask("take_over", "h1", actor="third")).done
    assert scene.records.provider == "third"


async def test_a_decline_comes_back_at_once_and_what_is_kept_is_offered_no_more(scene: Scene) -> None:
    await waiting(scene)
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    assert (await scene.ask("decline", "h1", actor="second")).done
    assert scene.records.alerts[-1] == "handoff_declined"
    assert (await scene.ask("hand_off", "h2", actor="first")).done
    assert (await scene.ask("keep", "h2", actor="first")).done
    assert (await scene.ask("take_over", "h2", actor="second")).code == "not_offered"
    await scene.skip(minutes=20)
    assert "handoff_unanswered" not in scene.records.alerts


async def test_a_visit_that_a_licence_keeps_shut_goes_on_with_a_colleague_who_holds_one(scene: Scene) -> None:
    await waiting(scene)
    scene.keeper.shut.add("join")
    assert (await scene.ask("admit")).code == "gate_shut"
    assert (await scene.status()).stage == "blocked"
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    scene.keeper.shut.clear()
    assert (await scene.ask("take_over", "h1", actor="second")).done
    assert (await scene.status()).stage == "waiting"


async def test_a_booked_visit_is_asked_of_the_book_gate_and_answered_before_it_begins(scene: Scene) -> None:
    await scene.book_and_pay()
    books = scene.keeper.asked["book"]
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    starts = scene.records.starts_at
    assert starts is not None and scene.records.offers["h1"] < starts - timedelta(minutes=1)
    scene.records.no_hand_over = "slot_taken"
    assert (await scene.ask("take_over", "h1", actor="second")).code == "slot_taken"
    assert scene.keeper.asked["book"] == books + 1
    assert (await scene.status()).stage == "booked"


async def test_nothing_is_handed_over_before_it_is_booked_or_once_the_call_runs(scene: Scene) -> None:
    assert (await scene.ask("book")).done
    assert (await scene.ask("hand_off", "h1", actor="first")).code == "not_now"
    assert (await scene.ask("pay")).done
    await scene.tell("intake_submitted", "urgent/intake")
    await scene.tell("place_attested")
    await scene.tell("consent_signed", "telehealth")
    await scene.until_stage("ready")
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("hand_off", "h1", actor="first")).done
    assert (await scene.ask("admit")).done
    assert (await scene.ask("take_over", "h1", actor="second")).code == "too_late"
    assert (await scene.ask("end_call")).done
    await scene.skip(minutes=6)
    assert "handoff_unanswered" not in scene.records.alerts
