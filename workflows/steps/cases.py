"""The encounter without a call: a case that lies in the inbox, is read, may be asked about, and is answered in time.

The clock of the answer begins when everything is there, stands still while the patient is asked for more, and ends with
the note that goes out (`workflows.clocks.watch_the_answer`). Every change of it is an event of the visit, so that pages
tell patient and clinician the same instant.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.plans import Step
from workflows import effects
from workflows.contracts import Answer, Ask, ChangeInput
from workflows.state import DOCUMENTING, IN_REVIEW, MORE_ASKED, SUBMITTED
from workflows.steps.base import NOT_NOW, TOO_LATE, Visit, seconds, shut

ANSWER_WITHIN = "answer_within_seconds"
ANSWER_CLOCK = "answer_clock"
REPLIED = "case_replied"
ON_CLINICIAN, ON_PATIENT = "clinician", "patient"
OPEN = frozenset({IN_REVIEW, MORE_ASKED})


def is_case(step: Step) -> bool:
    """Whether a consult is one: its plan says how soon it is answered. Plans from before that have no such word."""
    return step.kind == "consult" and ANSWER_WITHIN in step.settings


async def read_case(visit: Visit, step: Step) -> None:
    """Puts the case into the inbox and waits until it was read; every reply of the patient sets the clock going."""
    state = visit.state
    await visit.move(step.id, "submitted", SUBMITTED)
    state.answer_due = visit.seconds_from_now(seconds(step, ANSWER_WITHIN, 0))
    await _say_clock(visit, step, "begun", ON_CLINICIAN)
    await visit.notify(step.id, "submitted_notice", "case_submitted")
    while not state.call_over:
        await visit.until(lambda: state.call_over or (state.stage == MORE_ASKED and _replies(visit) > state.replies))
        if not state.call_over:
            await _go_on(visit, step)
    await visit.move(step.id, "documenting", DOCUMENTING)


def refusal(visit: Visit, step: Step, ask: Ask) -> str:
    """The code of why an act on the case is not possible now, empty when it is."""
    stage = visit.state.stage
    if visit.is_finished(step) or visit.state.call_over:
        return TOO_LATE
    possible = {
        "admit": stage == SUBMITTED and not visit.state.blocked,
        "ask_more": stage == IN_REVIEW,
        "end_call": stage in OPEN,
    }
    return "" if possible.get(ask.act, False) else NOT_NOW


async def answer(visit: Visit, step: Step, ask: Ask) -> Answer:
    """Opens the case (the join gate is asked), asks the patient for more, or says that it was read."""
    if ask.act == "admit":
        return await _open(visit, step, ask)
    if ask.act == "ask_more":
        return await _ask_more(visit, step, ask)
    visit.state.call_over = True
    await visit.until(lambda: visit.state.stage == DOCUMENTING or bool(visit.state.ending))
    return Answer(done=True)


async def _open(visit: Visit, step: Step, ask: Ask) -> Answer:
    gate = await visit.ask_gate(step, ask)
    if not gate.open:
        await visit.block(step, ask)
        return shut(gate)
    await visit.move(step.id, ask.request, IN_REVIEW, ask.actor)
    return Answer(done=True, gate=gate.record)


async def _ask_more(visit: Visit, step: Step, ask: Ask) -> Answer:
    """What is asked is on record already; its id is the act's subject. What is left of the time is kept."""
    state = visit.state
    state.replies = _replies(visit)
    if state.answer_due is not None:
        state.answer_left = max(state.answer_due - visit.now(), timedelta(0))
    await visit.move(step.id, ask.request, MORE_ASKED, ask.actor)
    await _say_clock(visit, step, f"{ask.request}:clock", ON_PATIENT)
    await visit.notify(step.id, f"{ask.request}:notice", "case_question")
    return Answer(done=True)


async def _go_on(visit: Visit, step: Step) -> None:
    """The patient replied: the clinician is told, and the clock goes on with what was left."""
    state = visit.state
    state.replies = _replies(visit)
    state.answer_due = visit.now() + (state.answer_left or timedelta(0))
    state.answer_left = None
    await visit.move(step.id, f"replied-{state.replies}", IN_REVIEW)
    await _say_clock(visit, step, f"replied-{state.replies}:clock", ON_CLINICIAN)
    await visit.notify(step.id, f"replied-{state.replies}:notice", "case_reply", "provider")


async def _say_clock(visit: Visit, step: Step, key: str, waits_on: str) -> None:
    """An event that says on whom the case waits, and when the answer is due unless it waits on the patient."""
    due = visit.state.answer_due
    at = due.isoformat() if due is not None and waits_on == ON_CLINICIAN else ""
    effect = replace(visit.effect(step.id, key, code=waits_on), at=at)
    change = ChangeInput(effect=effect, event=ANSWER_CLOCK)
    await visit.insist(step.id, key, lambda: effects.record_change(change))


def _replies(visit: Visit) -> int:
    return sum(kind == REPLIED for kind, _ in visit.state.heard)
