"""How a visit gets another time, and what cancelling it costs: by the clinic's terms, on the workflow's own instant."""

from __future__ import annotations

from dataclasses import replace

from workflows import effects
from workflows.activities.common import instant
from workflows.contracts import Answer, Ask, MoveInput, TermsAnswer
from workflows.state import BOOKED, PREPARING, READY
from workflows.steps.base import NOT_NOW, TOO_LATE, Visit, shut

VISITS_MOVE = "visits-move"
"""The patch since which a visit's clocks follow its start, and clinics have terms."""

MOVABLE = frozenset({BOOKED, PREPARING, READY})
NO_MORE_MOVES = "no_more_moves"
TERMS_CHANGED = "terms_changed"
SLOT_TAKEN = "slot_taken"


def refusal(visit: Visit, ask: Ask) -> str:
    """Why the visit cannot get another time now, empty when it can; cheap and without effects."""
    state = visit.state
    if visit.plan.answer_within_seconds:  # nobody meets, so there is no time to move
        return NOT_NOW
    if ask.subject and state.handoff:  # it is promised to somebody already
        return NOT_NOW
    if not (state.movable and state.booked and state.starts_at and ask.starts_at) or state.stage not in MOVABLE:
        return NOT_NOW
    return TOO_LATE if state.starts_at <= visit.now() or instant(ask.starts_at) <= visit.now() else ""


async def reschedule(visit: Visit, ask: Ask) -> Answer:
    """Asks the terms, then the book gate for the new time, then takes it; a no leaves the visit as it is.

    Where the patient chose another clinician, the gate is asked about that one, and both are told.
    """
    async with visit.lock(_waiting_room(visit)):
        code = refusal(visit, ask)
        if code:
            return Answer(done=False, code=code)
        if (await _terms(visit, ask)).moves_left <= 0:
            return Answer(done=False, code=NO_MORE_MOVES)
        step = next(one for one in visit.plan.steps if one.kind == "book")
        gate = await visit.ask_gate(step, ask, starts_at=ask.starts_at, provider=ask.subject)
        if not gate.open:
            return shut(gate)
        effect = visit.effect(step.id, f"move:{ask.request}", ask.actor)
        if not await effects.move_slot(MoveInput(effect=effect, starts_at=ask.starts_at, provider=ask.subject)):
            return Answer(done=False, code=SLOT_TAKEN, gate=gate.record)
        visit.state.starts_at = instant(ask.starts_at)
        visit.state.moves += 1
        for audience in ("patient", "provider"):
            await visit.notify(step.id, f"visit_moved:{visit.state.moves}:{audience}", "visit_moved", audience)
        return Answer(done=True, gate=gate.record)


async def agree_on_fee(visit: Visit, ask: Ask) -> str:
    """Settles what cancelling costs; the code of why not, where it costs more than was agreed to."""
    if not (visit.state.movable and visit.state.paid):
        return ""
    terms = await _terms(visit, ask)
    if terms.fee_cents > ask.agreed_cents:
        return TERMS_CHANGED
    visit.state.fee_cents = terms.fee_cents
    return ""


async def _terms(visit: Visit, ask: Ask) -> TermsAnswer:
    chosen = ask.subject if ask.starts_at else ""  # of a cancellation the subject is why
    effect = visit.effect("visit", f"terms:{ask.request}", ask.actor, subject=ask.starts_at, code=chosen)
    return await effects.read_terms(replace(effect, at=visit.now().isoformat()))


def _waiting_room(visit: Visit) -> str:
    """Who moves a visit and who comes to it, or waits for nobody to come, take turns."""
    return next((step.id for step in visit.plan.steps if step.kind == "wait"), "move")
