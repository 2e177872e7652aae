"""Whether requests are answered once, refused without a trace, and told once however often they are told."""

from __future__ import annotations

import asyncio
import gc
import socket
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from engine.plans import StoredPlan
from engine.ports import OutboxItem, VisitRef
from tests.workflows.conftest import Scene, scene_on
from tests.workflows.helpers import new_id, plan_of, step, stored
from workflows.client import VisitClient, VisitClosed, VisitUnreachable
from workflows.contracts import Answer, Ask
from workflows.outbox import LostVisits, OutboxPump, StaleDrafts


async def test_the_same_request_gets_the_same_answer_and_happens_once(scene: Scene) -> None:
    await scene.ask("book", request="r1")
    first = await scene.ask("book", request="r1")
    await asyncio.gather(*(scene.ask("pay", request="r2") for _ in range(5)))
    assert first == await scene.ask("book", request="r1")
    assert scene.records.log.count("hold_slot") == 1
    assert scene.processor.states() == ["authorised"]


async def test_an_act_that_is_not_possible_now_is_refused(scene: Scene) -> None:
    await scene.ask("book")
    for act in ("arrive", "admit", "join", "end_call", "prescribe", "sign", "recheck", "dance"):
        assert (await scene.ask(act)).code == "not_now"
    assert (await scene.ask("book")).code == "too_late"


@pytest.mark.slow
async def test_a_refused_act_leaves_no_trace_in_the_history(local: WorkflowEnvironment) -> None:
    async with scene_on(local, timedelta(hours=1), None) as scene:
        await scene.ask("book")
        handle = scene.client.temporal.get_workflow_handle(scene.ref.visit)
        before = len((await handle.fetch_history()).events)
        for _ in range(5):
            assert (await scene.ask("arrive")).code == "not_now"
        assert len((await handle.fetch_history()).events) == before


@pytest.mark.slow
async def test_operators_find_visits_by_coded_search_attributes(local: WorkflowEnvironment) -> None:
    async with scene_on(local, timedelta(hours=1), None) as scene:
        await scene.book_and_pay()
        query = "ClinicId = 'bay' and VisitType = 'urgent_video' and Stage = 'booked'"
        for _ in range(50):
            found = [one.id async for one in scene.client.temporal.list_workflows(query)]
            if found:
                break
            await asyncio.sleep(0.1)
        assert found == [scene.ref.visit]


@pytest.mark.slow
async def test_a_dead_node_s_room_moves_to_another_node(local: WorkflowEnvironment) -> None:
    async with scene_on(local, timedelta(hours=1), None) as scene:
        await scene.enter_call()
        scene.host.lose("heartbeats")
        for _ in range(150):
            if len(scene.records.places) == 2:
                break
            await asyncio.sleep(0.1)
        status = await scene.status()
        assert (status.stage, status.room) == ("in_call", f"{scene.ref.visit}.2")
        assert (await scene.ask("end_call")).done


async def test_the_answer_of_the_last_request_outlives_the_visit(scene: Scene) -> None:
    await scene.book_and_pay()
    first = await scene.ask("cancel", request="c1")
    await scene.result()
    assert await scene.ask("cancel", request="c1") == first
    with pytest.raises(VisitClosed):
        await scene.ask("pay")


async def test_a_visit_that_never_began_is_closed(scene: Scene) -> None:
    with pytest.raises(VisitClosed):
        await scene.ask("pay")
    assert not await scene.client.is_running(scene.ref)


async def test_a_plan_that_is_not_the_one_of_its_digest_is_not_walked(scene: Scene) -> None:
    plan = stored(scene.plan)
    broken = StoredPlan(canonical=plan.canonical, digest="sha256:0")
    with pytest.raises(ValueError, match="digest"):
        await scene.client.ask(scene.ref, Ask(request="r", act="book", actor="a"), plan=broken)


async def test_a_plan_with_an_unknown_kind_of_step_is_refused(scene: Scene) -> None:
    scene.plan = plan_of((step("book"), step("sing", "book")))
    assert (await scene.ask("book")).code == "not_now"
    assert scene.records.log == []


async def test_an_announcement_is_heard_once(scene: Scene) -> None:
    await scene.enter_call()
    for _ in range(3):
        await scene.tell("red_flag", "urgent/intake", item="same")
    await scene.skip(seconds=1)
    assert scene.records.alerts == ["red_flag"]


async def test_the_pump_tells_in_order_and_marks_done(scene: Scene) -> None:
    await scene.book_and_pay()
    for kind, subject in (
        ("place_attested", ""),
        ("intake_submitted", "urgent/intake"),
        ("consent_signed", "telehealth"),
    ):
        scene.records.items.append(OutboxItem(id=new_id(), ref=scene.ref, kind=kind, subject=subject))
    gone = VisitRef(clinic="bay", visit=new_id())
    scene.records.over.add(gone.visit)
    scene.records.items.append(OutboxItem(id=new_id(), ref=gone, kind="note_saved", subject=""))
    assert await OutboxPump(scene.records, scene.client).pump() == 4
    await scene.until_stage("ready")
    assert scene.records.items == []


async def test_an_announcement_that_came_before_its_visit_began_waits_and_blocks_nobody(scene: Scene) -> None:
    early = OutboxItem(id=new_id(), ref=scene.ref, kind="place_attested", subject="")
    lost = [
        OutboxItem(id=new_id(), ref=VisitRef(clinic="bay", visit=new_id()), kind="x", subject="") for _ in range(60)
    ]
    scene.records.items += [*lost, early]
    pump = OutboxPump(scene.records, scene.client, later_seconds=0.0)
    pump_on = OutboxPump(scene.records, scene.client, later_seconds=60.0)
    await pump.pump()
    assert early in scene.records.items
    await scene.book_and_pay()
    await pump_on.pump()
    await pump_on.pump()
    assert scene.records.items == lost
    await scene.until_stage("preparing")


async def test_a_draft_whose_booking_was_never_answered_expires_and_one_that_is_being_booked_does_not(
    scene: Scene,
) -> None:
    await scene.ask("book")
    left = VisitRef(clinic="bay", visit=new_id())
    scene.records.drafts = [scene.ref, left]
    assert await StaleDrafts(scene.records, scene.records, scene.client).expire() == (left,)
    assert scene.records.stages == ["held", "expired"]


async def test_a_visit_that_temporal_lost_becomes_a_task_once(scene: Scene) -> None:
    await scene.ask("book")
    gone = VisitRef(clinic="bay", visit=new_id())
    scene.records.open = [scene.ref, gone]
    lost = LostVisits(scene.records, scene.records, scene.client)
    assert await lost.report() == (gone,)
    await lost.report()
    assert scene.records.alerts == ["review"]


class FlakyClient(VisitClient):
    """A door that fails so many times before it opens."""

    def __init__(self, failures: list[Exception], patience: float) -> None:
        super().__init__(cast(Client, None), patience)
        self._failures = failures
        self.requests: list[str] = []

    async def _ask_once(self, ref: VisitRef, ask: Ask, plan: StoredPlan | None) -> Answer:
        self.requests.append(ask.request)
        if self._failures:
            raise self._failures.pop(0)
        return Answer(done=True)


class DeadTemporal:
    """A server that does not answer, as the SDK reports it: by the call, and by the start that nobody waits for."""

    async def execute_update_with_start_workflow(self, *_: object, start_workflow_operation: Any, **__: object) -> None:
        error = failure(RPCStatusCode.UNAVAILABLE)
        start_workflow_operation._workflow_handle.set_exception(error)
        raise error


REF = VisitRef(clinic="bay", visit="v1")
ASK = Ask(request="r1", act="pay", actor="a")


def failure(status: RPCStatusCode) -> RPCError:
    return RPCError("trouble", status, b"")


@pytest.mark.parametrize("status", [RPCStatusCode.UNKNOWN, RPCStatusCode.UNAVAILABLE])
async def test_the_door_asks_again_with_the_same_id(status: RPCStatusCode) -> None:
    door = FlakyClient([failure(status), failure(status)], patience=5)
    assert (await door.ask(REF, ASK)).done
    assert door.requests == ["r1"] * 3


async def test_the_door_gives_up_after_its_patience() -> None:
    door = FlakyClient([failure(RPCStatusCode.UNAVAILABLE)] * 50, patience=0.3)
    with pytest.raises(VisitUnreachable):
        await door.ask(REF, ASK)


async def test_a_door_made_before_temporal_is_there_waits_for_it() -> None:
    with socket.socket() as nobody:  # bound, and never listening
        nobody.bind(("127.0.0.1", 0))
        temporal = await Client.connect(f"127.0.0.1:{nobody.getsockname()[1]}", lazy=True)
        for plan in (stored(plan_of()), None):
            with pytest.raises(VisitUnreachable):
                await VisitClient(temporal, patience_seconds=0.3).ask(REF, ASK, plan=plan)


@pytest.mark.slow
async def test_an_outage_while_a_visit_begins_leaves_no_error_in_the_log() -> None:
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["message"]))
    with pytest.raises(VisitUnreachable):
        await VisitClient(cast(Client, DeadTemporal()), patience_seconds=0.3).ask(REF, ASK, plan=stored(plan_of()))
    gc.collect()
    await asyncio.sleep(0)
    assert heard == []


async def test_a_mistake_is_not_asked_again() -> None:
    door = FlakyClient([failure(RPCStatusCode.INVALID_ARGUMENT)], patience=5)
    with pytest.raises(RPCError):
        await door.ask(REF, ASK)
    assert door.requests == ["r1"]
