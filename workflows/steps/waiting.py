"""The waiting room: arrive, leave, be called back and return, and what happens when nobody returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from engine.plans import Step
from workflows.contracts import Answer, Ask
from workflows.state import AWAY, CALLED_BACK, IN_LINE, READY, WAITING
from workflows.steps.base import NOT_NOW, TOO_LATE, StepKind, Visit, seconds

NO_SHOW_SECONDS = 900
CALL_BACK_SECONDS = 900
READY_NOTICE, MISSED = "call_back_ready", "call_back_missed"
# In which stages each act is possible, and the stage that it leads to.
FROM: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "arrive": frozenset({READY}),
        "leave": IN_LINE,
        "step_out": frozenset({WAITING}),
        "come_back": frozenset({AWAY, CALLED_BACK}),
        "call_back": frozenset({AWAY}),
    }
)
TO: Mapping[str, str] = MappingProxyType(
    {"arrive": WAITING, "leave": READY, "step_out": AWAY, "come_back": WAITING, "call_back": CALLED_BACK}
)


class Wait(StepKind):
    """The waiting room: the patient arrives (and may leave again) until the clinician lets them in.

    Who steps out keeps their place until the clinician calls them back; then they have a while to return.
    """

    acts = frozenset(FROM)

    async def run(self, visit: Visit, step: Step) -> None:
        await visit.move(step.id, "ready", READY)
        await visit.until(lambda: visit.state.call is not None)

    def refusal(self, visit: Visit, step: Step, ask: Ask) -> str:
        if visit.is_open(step) and visit.state.stage in FROM[ask.act]:
            return ""
        return TOO_LATE if visit.is_finished(step) else NOT_NOW

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        if ask.act == "call_back":
            return await _call_back(visit, step, ask)
        await visit.move(step.id, ask.request, TO[ask.act], ask.actor)
        visit.state.arrived = visit.state.stage in IN_LINE
        visit.state.called_until = None
        return Answer(done=True)


async def _call_back(visit: Visit, step: Step, ask: Ask) -> Answer:
    """Gives the patient a while to return, and tells them by mail, and by text where they asked for texts."""
    visit.state.call_backs += 1
    until = visit.seconds_from_now(seconds(step, "call_back_seconds", CALL_BACK_SECONDS))
    effect = replace(visit.effect(step.id, ask.request, ask.actor), at=until.isoformat())
    await visit.move_for(effect, CALLED_BACK)
    visit.state.called_until = until
    for audience in ("patient", "patient_text"):
        await visit.notify(step.id, f"{READY_NOTICE}:{visit.state.call_backs}:{audience}", READY_NOTICE, audience)
    return Answer(done=True)


async def watch_call_backs(visit: Visit) -> None:
    """Gives up the place of who was called back and did not return in time.

    The visit stays booked, both sides are told, and nobody counts as missed before as long has passed again as any
    patient is waited for.
    """
    step = next((one for one in visit.plan.steps if one.kind == "wait"), None)
    if step is None:
        return
    state = visit.state
    while True:
        await visit.until(lambda: state.called_until is not None)
        until = state.called_until
        if await visit.until(_settled(visit, until), until):
            continue
        async with visit.lock(step.id):
            if state.called_until == until:
                await _miss(visit, step)


def _settled(visit: Visit, until: datetime | None) -> Callable[[], bool]:
    return lambda: visit.state.called_until != until


async def _miss(visit: Visit, step: Step) -> None:
    state, number = visit.state, visit.state.call_backs
    grace = timedelta(seconds=seconds(step, "no_show_seconds", NO_SHOW_SECONDS))
    state.called_until, state.arrived = None, False
    state.grace_until = visit.now() + grace
    effect = replace(visit.effect(step.id, f"{MISSED}:{number}", code=MISSED), at=state.grace_until.isoformat())
    await visit.move_for(effect, READY)
    for audience in ("patient", "patient_text"):
        await visit.notify(step.id, f"{MISSED}:{number}:{audience}", MISSED, audience)
    await visit.alert(step.id, f"{MISSED}:{number}", MISSED)
