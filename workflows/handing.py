"""How a visit gets another clinician: offered by the one who has it, taken by one colleague, each asked of the gate.

What was said about it is on record already; its id is the subject of every act here. A hand-off that nobody answers in
time comes back to whoever offered it, who is told, and from then on any colleague may take it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from engine.plans import Step
from workflows import effects
from workflows.contracts import Answer, Ask, ChangeInput
from workflows.state import BLOCKED, BOOKED, IN_LINE, IN_REVIEW, MORE_ASKED, PREPARING, READY, SUBMITTED, VisitState
from workflows.steps.base import NOT_NOW, TOO_LATE, Visit, shut

ACTS = frozenset({"hand_off", "keep", "take_over", "decline"})
HANDED = IN_LINE | {BOOKED, PREPARING, READY, BLOCKED, SUBMITTED, IN_REVIEW, MORE_ASKED}
ENDED = "handoff_ended"
DECLINED, KEPT, UNANSWERED = "declined", "kept", "unanswered"
NOT_OFFERED = "not_offered"
STEP = "handoff"
SOON, LATER = timedelta(minutes=5), timedelta(hours=2)
"""How long a colleague has to answer: while a patient waits, and otherwise."""

_CARED_FOR = IN_LINE | {SUBMITTED, IN_REVIEW, MORE_ASKED}


def refusal(visit: Visit, ask: Ask) -> str:
    """The code of why the act is not possible now, empty when it is."""
    state = visit.state
    if ask.act == "hand_off":
        if state.handoff == ask.subject:
            return ""
        return "" if state.stage in HANDED and not state.handoff and _booked(visit) else NOT_NOW
    if state.handoff != ask.subject:
        return NOT_OFFERED
    return "" if state.stage in HANDED else TOO_LATE


async def answer(visit: Visit, ask: Ask) -> Answer:
    """Offers the visit, takes it, declines it, or keeps it after all."""
    if ask.act == "hand_off":
        return await _offer(visit, ask)
    if ask.act == "take_over":
        return await _take(visit, ask)
    await _end(visit, ask.subject, DECLINED if ask.act == "decline" else KEPT, ask.actor)
    if ask.act == "decline":
        await visit.alert(STEP, f"declined:{ask.subject}", "handoff_declined", ask.subject)
    return Answer(done=True)


async def watch(visit: Visit) -> None:
    """Brings back what nobody answered in time. It has nothing to do, and leaves no trace, until a visit is offered."""
    state = visit.state
    while True:
        await visit.until(lambda: state.handoff_due is not None)
        handoff, due = state.handoff, state.handoff_due
        if await visit.until(partial(_is_answered, state, handoff), due):
            continue
        async with visit.lock(STEP):
            if not _is_answered(state, handoff):
                await _come_back(visit, handoff)


def _is_answered(state: VisitState, handoff: str) -> bool:
    return state.handoff != handoff or state.handoff_due is None


async def _come_back(visit: Visit, handoff: str) -> None:
    """Tells who offered the visit; once it has gone on with them, there is nothing to tell."""
    visit.state.handoff_due = None
    if visit.state.stage not in HANDED:
        visit.state.handoff = ""
        return
    await _say(visit, handoff, UNANSWERED, "system")
    await visit.alert(STEP, f"unanswered:{handoff}", "handoff_unanswered", handoff)


async def _offer(visit: Visit, ask: Ask) -> Answer:
    due = _due(visit)
    effect = visit.effect(STEP, f"offer:{ask.subject}", ask.actor, subject=ask.subject)
    await effects.offer_visit(replace(effect, at=due.isoformat()))
    visit.state.handoff, visit.state.handoff_due = ask.subject, due
    return Answer(done=True)


async def _take(visit: Visit, ask: Ask) -> Answer:
    """Asks the gate for the colleague as of now; open, the visit is theirs, and what kept it shut is asked again."""
    gate = await visit.ask_gate(_gated(visit), ask, provider=ask.actor)
    if not gate.open:
        return shut(gate)
    effect = visit.effect(STEP, f"take:{ask.request}", ask.actor, subject=ask.subject)
    code = await effects.hand_over(effect)
    if code:
        return Answer(done=False, code=code, gate=gate.record)
    state = visit.state
    state.handoff, state.handoff_due = "", None
    state.handovers += 1
    await visit.notify(STEP, f"handed_over:{state.handovers}", "visit_handed_over")
    if state.blocked:
        await visit.recheck(Ask(request=f"handed-{state.handovers}", act="recheck", actor=ask.actor))
    return Answer(done=True, gate=gate.record)


async def _end(visit: Visit, handoff: str, how: str, actor: str) -> None:
    await _say(visit, handoff, how, actor)
    visit.state.handoff, visit.state.handoff_due = "", None


async def _say(visit: Visit, handoff: str, how: str, actor: str) -> None:
    effect = visit.effect(STEP, f"{how}:{handoff}", actor, subject=handoff, code=how)
    change = ChangeInput(effect=effect, event=ENDED)
    await visit.insist(STEP, f"{how}:{handoff}", lambda: effects.record_change(change))


def _booked(visit: Visit) -> bool:
    return visit.state.booked


def _due(visit: Visit) -> datetime:
    """Soon where the patient waits or is about to; otherwise in time before the visit begins."""
    now, starts = visit.now(), visit.state.starts_at
    if visit.state.stage in IN_LINE | {BLOCKED}:
        return now + SOON
    if visit.state.stage in _CARED_FOR or starts is None:
        return now + LATER
    return now + min(LATER, max(SOON, (starts - now) / 2))


def _gated(visit: Visit) -> Step:
    """The step whose gate the colleague has to pass: the one that is shut, the encounter's, or booking's."""
    if visit.state.blocked:
        return visit.plan.step(visit.state.blocked)
    kind = "consult" if visit.state.stage in _CARED_FOR else "book"
    return next(step for step in visit.plan.steps if step.kind == kind)
