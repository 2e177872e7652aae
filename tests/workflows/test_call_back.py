"""Who leaves the waiting room keeps their place, is called back, and is told before they are missed."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import Scene

pytestmark = pytest.mark.slow


async def stepped_out(scene: Scene) -> None:
    await scene.prepare()
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("step_out", "patient")).done


async def test_who_steps_out_is_called_back_and_returns(scene: Scene) -> None:
    await stepped_out(scene)
    assert (await scene.status()).stage == "away"
    assert (await scene.ask("admit")).code == "not_now", "there is nobody to let in"
    assert (await scene.ask("call_back")).done
    assert scene.records.messages[-2:] == ["call_back_ready", "call_back_ready"], "by mail, and by text where wanted"
    assert (await scene.ask("call_back")).code == "not_now"
    assert (await scene.ask("come_back", "patient")).done
    assert (await scene.status()).stage == "waiting"
    assert (await scene.ask("come_back", "patient")).code == "not_now", "once is enough"
    await scene.skip(minutes=40)
    assert (await scene.status()).stage == "waiting", "the time to return does not run for who is back"
    assert (await scene.ask("admit")).done


async def test_nobody_who_is_away_with_leave_is_missed(scene: Scene) -> None:
    await stepped_out(scene)
    await scene.skip(hours=3)
    assert (await scene.status()).stage == "away"
    assert (await scene.ask("come_back", "patient")).done
    assert (await scene.status()).stage == "waiting"


async def test_who_does_not_return_gives_up_the_place_is_told_and_may_still_come(scene: Scene) -> None:
    await stepped_out(scene)
    await scene.skip(hours=2)  # long after the start: the usual time to be missed is over
    assert (await scene.ask("call_back")).done
    await scene.skip(minutes=16)
    assert (await scene.status()).stage == "ready", "not missed: told first"
    assert scene.records.messages[-2:] == ["call_back_missed", "call_back_missed"]
    assert "call_back_missed" in scene.records.alerts
    await scene.skip(minutes=10)
    assert (await scene.status()).stage == "ready"
    assert (await scene.ask("arrive", "patient")).done
    assert (await scene.ask("admit")).done


async def test_who_never_comes_after_that_is_missed_like_everybody(scene: Scene) -> None:
    await stepped_out(scene)
    await scene.skip(hours=2)
    await scene.ask("call_back")
    await scene.skip(minutes=16 + 16)
    assert scene.records.stages[-1] == "no_show"
    assert scene.records.messages.count("call_back_missed") == 2
    assert scene.records.messages[-1] == "visit_no_show"


async def test_a_place_is_given_up_from_wherever_one_waits(scene: Scene) -> None:
    await stepped_out(scene)
    assert (await scene.ask("leave", "patient")).done
    assert (await scene.status()).stage == "ready"
    assert (await scene.ask("call_back")).code == "not_now"


async def test_a_visit_is_cancelled_while_its_patient_is_called_back(scene: Scene) -> None:
    await stepped_out(scene)
    await scene.ask("call_back")
    assert (await scene.ask("cancel", "time")).done
    await scene.skip(minutes=30)
    assert scene.records.stages[-1] == "cancelled"
    assert "call_back_missed" not in scene.records.messages
