"""Records the histories that every run replays: ``python -m tests.workflows.helpers_histories``.

A history is recorded once per shape of the workflow and kept for as long as such a visit may still be running. Record
new ones beside the old when the workflow learns something; never replace one to make a replay pass.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

from engine.clinic_terms import Terms
from engine.plans import Reminder
from tests.workflows.conftest import Scene, scene_on, start_skipping
from tests.workflows.helpers import new_id, plan_of, prescription
from tests.workflows.helpers_cases import CASE_STEPS
from workflows.contracts import Ask

FOLDER = Path(__file__).resolve().parents[1] / "histories"


async def completed(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    await scene.ask("join", "patient")
    await scene.ask("prescribe", "rx1")
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")


async def cancelled_in_call(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    await scene.ask("prescribe", "rx1")
    await scene.ask("cancel", "patient_asked")


async def withdrawn_by_key(scene: Scene) -> None:
    """The same since prescriptions are withdrawn by key, with one that the pharmacy kept."""
    scene.network.dispensed = True
    await cancelled_in_call(scene)


async def order_kept(scene: Scene) -> None:
    scene.records.orders["rx1"] = prescription("rx1")
    scene.records.unsent, scene.records.revise_at_dispatch = ["rx1"], 100
    await scene.complete()


async def case_answered(scene: Scene) -> None:
    """A case without a call: late, asked about, replied to and answered."""
    scene.plan = plan_of(CASE_STEPS)
    await scene.submit_case()
    await scene.skip(hours=25)
    await scene.ask("admit")
    await scene.ask("ask_more", "doc-1")
    await scene.tell("case_replied", "doc-2")
    await scene.until_stage("in_review")
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")


async def no_show(scene: Scene) -> None:
    await scene.prepare()
    await scene.skip(minutes=80)


async def expired(scene: Scene) -> None:
    await scene.ask("book")
    await scene.skip(minutes=20)


async def refused(scene: Scene) -> None:
    scene.keeper.shut.add("book")
    await scene.ask("book")


async def escalated(scene: Scene) -> None:
    await scene.book_and_pay()
    await scene.tell("red_flag", "urgent/intake")


async def blocked_then_completed(scene: Scene) -> None:
    await scene.book_and_pay()
    scene.keeper.shut.add("book")
    await scene.tell("place_attested")
    await scene.until_stage("blocked")
    scene.keeper.shut.clear()
    await scene.ask("recheck", "license")
    await scene.tell("intake_submitted", "urgent/intake")
    await scene.tell("consent_signed", "telehealth")
    await scene.until_stage("ready")
    await scene.ask("arrive", "patient")
    await scene.ask("admit")
    await scene.ask("end_call")
    scene.keeper.shut.add("sign")
    await scene.ask("sign", "note-1")
    scene.keeper.shut.clear()
    await scene.ask("recheck", "document")


async def duty_overdue(scene: Scene) -> None:
    scene.keeper.terms["join"] = "within 72 hours of encounter"
    await scene.complete()
    await scene.skip(days=4)


async def duty_met(scene: Scene) -> None:
    scene.keeper.terms |= {"join": "within 7 days of encounter", "prescribe": "within 24 hours of prescription"}
    scene.records.orders["rx1"] = prescription("rx1")
    await scene.enter_call()
    await scene.ask("prescribe", "rx1")
    scene.keeper.met = True
    await scene.ask("end_call")
    await scene.ask("sign", "note-1")
    await scene.skip(days=9)


async def cancelled_owing(scene: Scene) -> None:
    scene.keeper.terms["join"] = "within 72 hours of encounter"
    await scene.enter_call()
    await scene.ask("cancel", "patient_asked")


async def sign_overdue(scene: Scene) -> None:
    await scene.finish_call()
    await scene.skip(hours=50)
    await scene.ask("sign", "note-1")


async def moved_then_cancelled_late(scene: Scene) -> None:
    scene.terms = Terms(free_until_seconds=1800, late_fee_cents=2500)
    await scene.prepare()
    assert scene.records.starts_at is not None
    assert (await scene.reschedule(scene.records.starts_at + timedelta(days=1))).done
    await scene.skip_to(scene.records.starts_at, minutes=10)
    ask = Ask(request=new_id(), act="cancel", actor="patient", subject="time", agreed_cents=2500)
    assert (await scene.client.ask(scene.ref, ask)).done


SCENES: Mapping[str, Callable[[Scene], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (
        completed,
        cancelled_in_call,
        withdrawn_by_key,
        order_kept,
        no_show,
        expired,
        refused,
        escalated,
        blocked_then_completed,
        sign_overdue,
        duty_overdue,
        duty_met,
        cancelled_owing,
        moved_then_cancelled_late,
        case_answered,
    )
}


async def record(name: str) -> str:
    """Plays a scene on a server of its own and returns the history as JSON."""
    plan = plan_of(reminders=[Reminder(before_seconds=900, template="visit_soon")])
    async with await start_skipping() as env, scene_on(env, timedelta(hours=1), plan) as scene:
        await SCENES[name](scene)
        await scene.result()
        history = await scene.client.temporal.get_workflow_handle(scene.ref.visit).fetch_history()
    return re.sub(r'"identity": "[^"]*"', '"identity": "recorder"', history.to_json())


async def main(names: list[str]) -> None:
    for name in names or list(SCENES):
        file = FOLDER / f"{name}.json"
        if not file.exists():
            file.write_text(await record(name) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
