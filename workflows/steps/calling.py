"""The call: admit, join, and a room that outlives the node it was opened on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow

from engine.plans import Step
from workflows import effects
from workflows.contracts import Answer, Ask, GateInput, PlaceInput, RoomAllocation, RoomInput
from workflows.state import DOCUMENTING, IN_CALL, WAITING, Call
from workflows.steps import cases
from workflows.steps.base import GATE_SHUT, NETWORK_UNAVAILABLE, NOT_NOW, TOO_LATE, StepKind, Visit, seconds, shut

OVERRUN_SECONDS = 3600
JOIN_LINK_SECONDS = 600
NOT_OFFERED = "not_offered"
# What of a call's settings its room goes by (`engine.rooms.RoomTimers`).
TIMERS = ("closing_notice", "extension", "no_show", "empty")
ROOMLESS = frozenset({"chat", "asynchronous"})


class Consult(StepKind):
    """The call. ``admit`` opens its room, ``join`` gives a link, ``end_call`` (or the room itself) finishes it.

    One without a call is a case (`workflows.steps.cases`).
    """

    acts = frozenset({"admit", "join", "record", "ask_more", "end_call"})

    async def run(self, visit: Visit, step: Step) -> None:
        if cases.is_case(step):
            await cases.read_case(visit, step)
            return
        await visit.until(lambda: visit.state.call is not None)
        while not visit.state.call_over:
            if _has_room(step):
                await _lead_room(visit, step)
            else:
                await visit.until(lambda: visit.state.call_over)
        await visit.move(step.id, "documenting", DOCUMENTING)

    def refusal(self, visit: Visit, step: Step, ask: Ask) -> str:
        if cases.is_case(step):
            return cases.refusal(visit, step, ask)
        if visit.is_finished(step) or visit.state.call_over:
            return TOO_LATE
        if ask.act == "ask_more":
            return NOT_NOW
        if ask.act == "admit":
            lets_in = visit.state.stage == WAITING or (visit.is_reached(step) and visit.state.call is None)
            return "" if lets_in and not visit.state.blocked else NOT_NOW
        has_room = ask.act == "end_call" or _has_room(step)
        return "" if visit.state.stage == IN_CALL and has_room else NOT_NOW

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        if cases.is_case(step):
            return await cases.answer(visit, step, ask)
        if ask.act == "admit":
            return await _admit(visit, step, ask)
        if ask.act == "join":
            return await _join(visit, step, ask)
        if ask.act == "record":
            return await _record(visit, step, ask)
        visit.state.call_over = True
        await visit.until(lambda: visit.state.stage != IN_CALL or bool(visit.state.ending))
        return Answer(done=True)


async def _admit(visit: Visit, step: Step, ask: Ask) -> Answer:
    gate = await visit.ask_gate(step, ask)
    if not gate.open:
        await visit.block(step, ask)
        return shut(gate)
    call = await _open_room(visit, step, somebody_waits=True)
    if call is None:
        return Answer(done=False, code=NETWORK_UNAVAILABLE, gate=gate.record)
    await visit.move(step.id, "in_call", IN_CALL, ask.actor)
    visit.state.call = call
    return Answer(done=True, gate=gate.record)


async def _join(visit: Visit, step: Step, ask: Ask) -> Answer:
    """Every join asks the gate at its own instant; a shut one leaves those who are in the room there."""
    gate = await visit.ask_gate(step, ask)
    if not gate.open:
        return Answer(done=False, code=GATE_SHUT, gate=gate.record)
    until = workflow.now() + timedelta(seconds=seconds(step, "join_link_seconds", JOIN_LINK_SECONDS))
    effect = visit.effect(step.id, ask.request, ask.actor, subject=ask.subject)
    link = await effects.issue_join_link(replace(effect, at=until.isoformat()))
    return Answer(done=True, gate=gate.record, made=link)


async def _record(visit: Visit, step: Step, ask: Ask) -> Answer:
    """Whether the call may be recorded, decided anew at this instant; what it says changes nothing about the visit."""
    if not visit.plan.recordable:
        return Answer(done=False, code=NOT_OFFERED)
    at = visit.now().isoformat()
    effect = visit.effect(step.id, f"{ask.request}@{at}", ask.actor)
    gate = await effects.ask_gate(GateInput(effect=effect, gate="join", at=at, recording=ask.subject or "asked"))
    return Answer(done=gate.open, code="" if gate.open else GATE_SHUT, gate=gate.record)


def _has_room(step: Step) -> bool:
    return step.settings.get("medium", "video") not in ROOMLESS


async def _open_room(visit: Visit, step: Step, *, somebody_waits: bool) -> Call | None:
    """Opens the call's next room on a node that has space; a call without a medium gets a room of no place."""
    number = visit.state.rooms + 1
    if not _has_room(step):
        return Call(room="", number=number, node="", queue="", endpoint="", closes_at="")
    visit.state.rooms = number
    room = _room(visit, step, number)
    allocation = await effects.allocate_room(room, somebody_waits=somebody_waits)
    if allocation is None:
        return None
    return await _place(visit, step, room, allocation)


async def _place(visit: Visit, step: Step, room: RoomInput, allocation: RoomAllocation) -> Call:
    place = PlaceInput(effect=room.effect, room=room.room, node=allocation.node, endpoint=allocation.endpoint)
    await visit.insist(step.id, room.room, lambda: effects.place_room(place))
    return Call(
        room=room.room,
        number=visit.state.rooms,
        node=allocation.node,
        queue=allocation.queue,
        endpoint=allocation.endpoint,
        closes_at=room.closes_at,
    )


def _room(visit: Visit, step: Step, number: int) -> RoomInput:
    """A room id is used once, so a room that moves to another node is the visit's next room."""
    starts = max(visit.state.starts_at or visit.now(), visit.now())
    overrun = seconds(step, "overrun_seconds", OVERRUN_SECONDS)
    closes_at = starts + timedelta(seconds=visit.plan.duration_seconds + overrun)
    return RoomInput(
        effect=visit.effect(step.id, f"room-{number}"),
        room=f"{visit.given.visit}.{number}",
        closes_at=closes_at.isoformat(),
        max_participants=int(step.settings.get("max_participants", 6)),
        ends_at=(closes_at - timedelta(seconds=overrun)).isoformat(),
        timers={name: int(step.settings[f"{name}_seconds"]) for name in TIMERS if f"{name}_seconds" in step.settings},
    )


async def _lead_room(visit: Visit, step: Step) -> None:
    """Runs one room's session until the call is over; when its node dies, opens the next room elsewhere."""
    call = visit.state.call
    if call is None:
        return
    room = replace(_room(visit, step, call.number), closes_at=call.closes_at)
    session = effects.start_session(room, call.queue)
    try:
        await visit.until(lambda: session.done() or visit.state.call_over)
    finally:
        if not session.done():
            session.add_done_callback(_leave_behind)
            session.cancel()
    if not session.done():
        return
    if _closed_by_itself(session):
        visit.state.call_over = True
    else:
        await _move_room(visit, step, call)


async def _move_room(visit: Visit, step: Step, lost: Call) -> None:
    """Opens the call's next room on any node, at once the first time, later with growing pauses."""
    if lost.number > 1:
        await visit.until(lambda: visit.state.call_over, visit.seconds_from_now(min(2**lost.number, 30)))
    opening = asyncio.create_task(_open_room(visit, step, somebody_waits=False))
    try:
        await visit.until(lambda: opening.done() or visit.state.call_over)
    finally:
        opening.add_done_callback(_leave_behind)
        opening.cancel()
    if opening.done() and not opening.cancelled() and opening.exception() is None:
        visit.state.call = opening.result() or lost


def _leave_behind(task: asyncio.Task[Any]) -> None:
    """Looks at how a task ended that nobody waits for, or asyncio complains of it."""
    if not task.cancelled():
        task.exception()


def _closed_by_itself(session: workflow.ActivityHandle[object]) -> bool:
    """True when the room was ended in the room or its time was over; False when its node was lost or is stopping."""
    if session.cancelled() or session.exception() is not None:
        return False
    outcome = session.result()
    return getattr(outcome, "reason", "") != "node_stopped"
