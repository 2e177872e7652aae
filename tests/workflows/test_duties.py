"""Whether what the law asks for after a visit is called for in time, once, and only when it was not done.

Clocks of duties need no patch of old histories: a visit has one only when a gate's recorded answer left a duty, which
no answer from before did (`tests/histories` replays both).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from engine.dossier import Dossier, DutyDone
from engine.ports import GateRecord, VisitRef
from tests.workflows.conftest import Scene, scene_on, scene_without_workers, working
from tests.workflows.helpers import ZONE, MemoryRecords, ScriptedKeeper, plan_of, prescription, step

pytestmark = pytest.mark.slow

TERM = "within 72 hours of encounter"
CALLED = ["duty_due"]
BOTH = ["duty_due", "duty_overdue"]


CHAT = (step("book"), step("consult", "book", medium="chat"), step("prescribe", "consult"), step("document", "consult"))
"""Steps that hold no room open, for which the server's clock would wait."""


@pytest_asyncio.fixture
async def scene(skipping: WorkflowEnvironment) -> AsyncIterator[Scene]:
    async with scene_on(skipping, timedelta(hours=1), plan_of(CHAT)) as scene:
        yield scene


@dataclass
class MarkedRecords(MemoryRecords):
    """Records in which a clinician marks duties as done."""

    marks: tuple[DutyDone, ...] = ()

    def dossier(self, ref: VisitRef, order: str | None = None, provider: str = "") -> Dossier:
        return replace(super().dossier(ref, order, provider), done=self.marks)


class MarkedKeeper(ScriptedKeeper):
    """Finds a duty met once the dossier says that it was done."""

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        self.met = any(mark.duty == "report" for mark in dossier.done)
        return super().ask(dossier, gate, at)


async def enter(scene: Scene) -> None:
    assert (await scene.ask("book")).done
    assert (await scene.ask("admit")).done


async def complete(scene: Scene) -> None:
    await enter(scene)
    assert (await scene.ask("end_call")).done
    assert (await scene.ask("sign", "note-1")).done
    await scene.until_stage("completed")


async def outcome(scene: Scene) -> str:
    """How the visit ends once every term is over."""
    await scene.skip(days=4)
    return await scene.result()


async def test_a_duty_that_is_not_met_is_called_for_and_once_more_when_it_is_overdue(scene: Scene) -> None:
    scene.keeper.terms["join"] = TERM
    await complete(scene)
    duty = scene.keeper.left[0]
    assert (await scene.ask("cancel")).code == "too_late"
    await scene.skip_to(duty.call_at, minutes=1)
    assert scene.records.alerts == []
    await scene.skip(minutes=2)
    assert scene.records.alerts == CALLED
    await scene.skip_to(duty.over_at, minutes=1)
    assert scene.records.alerts == CALLED
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == BOTH
    assert scene.records.alert_subjects == ["licensing:report"] * 2


async def test_a_duty_met_in_time_is_never_spoken_of(scene: Scene) -> None:
    scene.keeper.terms["join"] = TERM
    await complete(scene)
    scene.keeper.met = True
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == []


async def test_what_a_clinician_marks_as_done_after_the_call_for_it_is_spoken_of_no_more(
    skipping: WorkflowEnvironment,
) -> None:
    scene = await scene_without_workers(skipping, timedelta(hours=1), plan_of(CHAT))
    records = MarkedRecords(starts_at=scene.records.starts_at)
    scene.keeper, scene.records = MarkedKeeper(terms={"join": TERM}), records
    async with working(scene):
        await complete(scene)
        await scene.skip_to(scene.keeper.left[0].call_at + timedelta(minutes=1))
        assert records.alerts == CALLED
        records.marks = (DutyDone(topic="licensing", duty="report", at=await skipping.get_current_time()),)
        assert await outcome(scene) == "completed"
    assert records.alerts == CALLED


async def test_a_duty_met_after_the_call_for_it_is_not_overdue(scene: Scene) -> None:
    scene.keeper.terms["join"] = TERM
    await complete(scene)
    await scene.skip_to(scene.keeper.left[0].call_at + timedelta(minutes=1))
    scene.keeper.met = True
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == CALLED


async def test_a_duty_met_before_its_gate_has_no_clock(scene: Scene) -> None:
    scene.keeper.terms["join"], scene.keeper.met = TERM, True
    await complete(scene)
    scene.keeper.met = False
    assert await scene.result() == "completed"  # at once: no clock holds it
    assert (scene.records.alerts, scene.keeper.asked["join"]) == ([], 1)


async def test_a_gate_asked_again_has_one_clock_for_its_duty(scene: Scene) -> None:
    scene.keeper.terms["book"] = "within 72 hours of booking"
    scene.records.slot_is_free = False
    assert (await scene.ask("book")).code == "slot_taken"
    scene.records.slot_is_free = True
    await complete(scene)
    assert scene.keeper.asked["book"] == 2
    assert await outcome(scene) == "completed"
    assert (scene.records.alerts, scene.keeper.asked["book"]) == (BOTH, 2 + 2)


async def test_days_end_at_the_patients_midnight_also_when_the_clocks_were_changed(scene: Scene) -> None:
    zone = ZoneInfo(ZONE)
    now = (await scene.env.get_current_time()).astimezone(zone)
    days = next(n for n in (130, 240) if (now + timedelta(days=n)).utcoffset() != now.utcoffset())
    scene.keeper.terms["join"] = f"within {days} days of encounter"
    await complete(scene)
    duty = scene.keeper.left[0]
    called, over = duty.call_at.astimezone(zone), duty.over_at.astimezone(zone)
    assert (called.hour, called.minute, over.hour, over.date() - called.date()) == (0, 0, 0, timedelta(days=1))
    assert called.utcoffset() != now.utcoffset()
    await scene.skip_to(duty.call_at, minutes=1)
    assert scene.records.alerts == []
    await scene.skip(minutes=2)
    assert scene.records.alerts == CALLED


async def test_a_cancelled_visit_owes_nothing(scene: Scene) -> None:
    scene.keeper.terms["join"] = TERM
    await enter(scene)
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await scene.result() == "cancelled"  # at once as well
    assert (scene.records.alerts, scene.keeper.asked["join"]) == ([], 1)


async def test_a_cancelled_visit_that_waits_for_a_network_is_called_to_nothing_meanwhile(scene: Scene) -> None:
    scene.keeper.terms["join"] = "within 2 hours of encounter"
    scene.records.orders["rx1"] = prescription("rx1")
    await enter(scene)
    assert (await scene.ask("prescribe", "rx1")).done
    scene.network.down = True
    assert (await scene.ask("cancel", "patient_asked")).done
    await scene.skip(hours=3)
    scene.network.down = False
    await scene.skip(minutes=10)
    assert await scene.result() == "cancelled"
    assert set(scene.records.alerts) == {"review"}


async def test_a_shut_gate_owes_nothing_and_an_opened_one_does(scene: Scene) -> None:
    scene.keeper.terms["sign"] = "within 2 hours of signing"
    scene.keeper.shut.add("sign")
    await enter(scene)
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")
    await scene.skip(hours=3)
    assert scene.records.alerts == ["sign_gate_shut"]
    scene.keeper.shut.clear()
    assert (await scene.ask("recheck")).done
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == ["sign_gate_shut", *BOTH]


async def test_each_order_that_went_out_owes_its_own_and_one_that_was_rejected_nothing(scene: Scene) -> None:
    scene.keeper.terms["prescribe"] = "within 24 hours of prescription"
    scene.records.orders |= {order: prescription(order) for order in ("rx1", "rx2", "rx3")}
    scene.records.orders["rx3"] = replace(prescription("rx3"), pharmacy={"ncpdp": "0000000"})
    await enter(scene)
    for order in scene.records.orders:
        await scene.ask("prescribe", order)
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == ["prescription_rejected", "duty_due", "duty_due", "duty_overdue", "duty_overdue"]
    assert sorted(set(scene.records.alert_subjects)) == ["licensing:report:rx1", "licensing:report:rx2", "rx3"]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_cancelled_visit_owes_what_the_law_asks_for_about_a_prescription_the_pharmacy_kept(
    scene: Scene, kept: bool
) -> None:
    scene.keeper.terms |= {"prescribe": "within 24 hours of prescription", "join": TERM}
    scene.records.orders["rx1"] = prescription("rx1")
    await enter(scene)
    assert (await scene.ask("prescribe", "rx1")).done
    scene.network.dispensed = kept
    assert (await scene.ask("cancel", "patient_asked")).done
    assert await outcome(scene) == "cancelled"
    told = zip(scene.records.alerts, scene.records.alert_subjects, strict=True)
    owed = [("duty_due", "licensing:report:rx1"), ("duty_overdue", "licensing:report:rx1")]
    assert list(told) == ([("not_cancelled", "rx1"), *owed] if kept else [])


async def test_a_shorter_term_that_comes_later_is_called_for_first(scene: Scene) -> None:
    scene.keeper.terms |= {"join": TERM, "sign": "within 2 hours of signing"}
    await complete(scene)
    long, short = scene.keeper.left[0], scene.keeper.left[-1]
    assert short.over_at < long.call_at
    await scene.skip_to(short.over_at + timedelta(minutes=1))
    assert scene.records.alerts == BOTH
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == BOTH * 2


async def test_an_engine_that_fails_leaves_the_duty_open(scene: Scene) -> None:
    scene.keeper.terms["join"] = TERM
    await complete(scene)
    scene.keeper.broken.add("join")
    assert await outcome(scene) == "completed"
    assert scene.records.alerts == BOTH


async def test_a_follow_up_and_a_duty_do_not_wait_for_each_other(skipping: WorkflowEnvironment) -> None:
    steps = (*CHAT, step("follow_up", "document", after_seconds=86400, template="how_are_you"))
    async with scene_on(skipping, timedelta(hours=1), plan_of(steps)) as scene:
        scene.keeper.terms["join"] = TERM
        await complete(scene)
        await scene.skip(days=1, minutes=1)
        assert ("how_are_you" in scene.records.messages, scene.records.alerts) == (True, [])
        assert await outcome(scene) == "completed"
        assert scene.records.alerts == BOTH


async def test_a_worker_that_takes_over_and_an_answer_that_is_lost_neither_lose_nor_double_a_call(
    skipping: WorkflowEnvironment,
) -> None:
    scene = await scene_without_workers(skipping, timedelta(hours=1), plan_of(CHAT))
    scene.keeper.terms["join"] = TERM
    async with working(scene, cached=0):
        await complete(scene)
    scene.records.lost_alerts = 2
    async with working(scene, cached=0):
        await scene.skip_to(scene.keeper.left[0].call_at + timedelta(minutes=1))
        assert (scene.records.alerts, scene.records.lost_alerts) == (CALLED, 0)
    async with working(scene, cached=0):
        assert await outcome(scene) == "completed"
    assert scene.records.alerts == BOTH


async def test_a_term_that_is_over_when_it_is_looked_at_is_overdue_at_once(scene: Scene) -> None:
    scene.keeper.terms["join"] = "within 0 hours of encounter"
    await complete(scene)
    assert await scene.result() == "completed"
    assert scene.records.alerts == ["duty_overdue"]
