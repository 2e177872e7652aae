"""The visit workflow: one generic interpreter that walks any compiled visit plan from its booking to its end.

It knows no specialty and no law. A plan's steps form a graph by ``after``; each step is walked by its kind out of
``workflows.steps.library``. People ask by one Update, records tell by one signal, pages look by one query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from engine.plans import Step, VisitPlan, plan_from_json
    from workflows import clocks, effects, handing, moving, undo
    from workflows.contracts import Answer, Ask, Told, VisitInput, VisitStatus
    from workflows.state import BEFORE_CARE, BOOKED, CANCELLED, COMPLETED, DOCUMENTING, ESCALATED, PREPARING
    from workflows.steps.base import NOT_NOW, TOO_LATE, Visit
    from workflows.steps.closing import recheck_sign
    from workflows.steps.library import KINDS
    from workflows.steps.waiting import watch_call_backs

REFUSED_ACT = "refused"
UNKNOWN_SUBJECT = "unknown_subject"
_NOTICES = {CANCELLED: "visit_cancelled", "no_show": "visit_no_show"}
_CANCELS = frozenset({"cancel", "call_off"})
_OPENS_A_GATE = frozenset({"place_attested", "consent_signed"})


@workflow.defn
class VisitWorkflow:
    """One run of a visit type. Its workflow id is the visit's id; its result is how the visit ended."""

    @workflow.init
    def __init__(self, given: VisitInput) -> None:
        self._visit = Visit(given, _read_plan(given))
        self._walkers: list[asyncio.Task[None]] = []
        self._clocks: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, given: VisitInput) -> str:
        if not self._visit.plan.steps:
            raise ApplicationError("plan_unusable", type="PlanUnusable", non_retryable=True)
        state = self._visit.state
        state.movable = workflow.patched(moving.VISITS_MOVE)
        self._start(clocks.remind(self._visit), clocks.watch_for_no_show(self._visit), self._recheck_when_told())
        self._start(*(self._walk(step) for step in self._visit.plan.steps))
        self._clocks.append(asyncio.create_task(clocks.call_for_duties(self._visit)))
        self._clocks.append(asyncio.create_task(clocks.watch_the_answer(self._visit)))
        self._clocks.append(asyncio.create_task(handing.watch(self._visit)))
        self._clocks.append(asyncio.create_task(watch_call_backs(self._visit)))
        await self._until(lambda: bool(state.ending) or self._is_cared_for())
        if state.ending:
            await self._leave()
        else:
            await self._visit.move("visit", "completed", COMPLETED)
            await self._until(lambda: len(state.finished) == len(self._visit.plan.steps))
        await self._stop(self._walkers)
        await self._until(lambda: not state.owed)
        await self._stop(self._clocks)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return state.stage

    # --- what people ask ---

    @workflow.update
    async def ask(self, ask: Ask) -> Answer:
        """Does an act; the same request again gets the stored answer."""
        self._visit.state.ahead = timedelta(seconds=ask.ahead)
        if ask.act in _CANCELS:
            return await self._cancel(ask)
        with self._visit.in_flight():
            return await self._answer(ask)

    @ask.validator
    def _refuse(self, ask: Ask) -> None:
        """Turns away what is not possible now, before it leaves a trace in the history."""
        if ask.request in self._visit.state.answers:
            return
        code = self._refusal(ask)
        if code:
            raise ApplicationError(code, type=REFUSED_ACT, non_retryable=True)

    # --- what records tell ---

    @workflow.signal
    async def told(self, told: Told) -> None:
        """Hears an announcement of the outbox, once."""
        state = self._visit.state
        state.ahead = timedelta(seconds=told.ahead)
        if told.item in state.told:
            return
        state.told.add(told.item)
        state.heard.add((told.kind, told.subject))
        if told.kind == "red_flag":
            await self._escalate(told)
        if told.kind in _OPENS_A_GATE and state.blocked:
            state.recheck_wanted = True
        with self._visit.in_flight():
            async with self._visit.lock("told"):
                if state.stage == BOOKED and not state.ending:
                    await self._visit.move("visit", "preparing", PREPARING)

    @workflow.signal
    async def clock_moved(self, seconds: int) -> None:
        """In a demonstration: what is waited for goes by another time from now on."""
        self._visit.state.ahead = timedelta(seconds=seconds)

    # --- what pages look at ---

    @workflow.query
    def status(self) -> VisitStatus:
        visit, state = self._visit, self._visit.state
        return VisitStatus(
            stage=state.stage,
            finished=tuple(state.finished),
            open=tuple(step.id for step in visit.plan.steps if visit.is_open(step)),
            outcome=state.ending or (COMPLETED if state.stage == COMPLETED else ""),
            room=state.call.room if state.call and not state.call_over else "",
            endpoint=state.call.endpoint if state.call and not state.call_over else "",
            blocked=state.blocked or state.held_back,
            gate=state.gate,
            starts_at=state.starts_at.isoformat() if state.starts_at else "",
            hold_until=state.hold_until.isoformat() if state.hold_until else "",
            signed=state.note,
        )

    # --- walking the plan ---

    def _start(self, *walks: Coroutine[Any, Any, None]) -> None:
        self._walkers += [asyncio.create_task(walk) for walk in walks]

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Waits for the condition. A walker that broke stops the workflow's task, which is tried again once mended.

        An effect that fails ends no walker (`Visit.insist`); one that does so all the same must not end the visit, as
        a `FailureError` raised here would, so it becomes an error of the program.
        """
        await workflow.wait_condition(lambda: condition() or bool(self._broken()))
        for error in self._broken():
            raise RuntimeError("a step broke") from error

    def _broken(self) -> list[BaseException]:
        ended = (walker for walker in (*self._walkers, *self._clocks) if walker.done() and not walker.cancelled())
        return [error for walker in ended if (error := walker.exception()) is not None]

    async def _walk(self, step: Step) -> None:
        await workflow.wait_condition(lambda: self._visit.is_reached(step))
        await KINDS[step.kind].run(self._visit, step)
        self._visit.state.finished.append(step.id)

    def _is_cared_for(self) -> bool:
        """Every step is finished but those that trail after the visit."""
        open_steps = (step for step in self._visit.plan.steps if not self._visit.is_finished(step))
        return all(KINDS[step.kind].trailing for step in open_steps)

    async def _recheck_when_told(self) -> None:
        """A blocked visit asks its gate again when the patient attests a place or signs once more."""
        state = self._visit.state
        while True:
            await workflow.wait_condition(lambda: state.recheck_wanted)
            state.recheck_wanted = False
            state.rechecks += 1
            await self._visit.recheck(Ask(request=f"told-{state.rechecks}", act="recheck", actor="system"))

    # --- acts ---

    def _refusal(self, ask: Ask) -> str:
        state = self._visit.state
        if state.ending or state.stage == COMPLETED:
            return TOO_LATE
        if ask.act in _CANCELS:
            return TOO_LATE if state.stage == DOCUMENTING else ""
        if ask.act == "reschedule":
            return moving.refusal(self._visit, ask)
        if ask.act in handing.ACTS:
            return handing.refusal(self._visit, ask)
        if ask.act == "recheck":
            return "" if state.blocked or state.held_back else NOT_NOW
        return self._choose(ask)[1]

    def _choose(self, ask: Ask) -> tuple[Step | None, str]:
        """The step that answers an act and no code, or no step and the code of why not."""
        code = NOT_NOW
        for step in self._visit.plan.steps:
            kind = KINDS[step.kind]
            if ask.act in kind.acts:
                code = kind.refusal(self._visit, step, ask)
                if not code:
                    return step, ""
        return None, code

    async def _answer(self, ask: Ask) -> Answer:
        if ask.act == "recheck":
            return self._keep(ask, await self._recheck(ask))
        if ask.act == "reschedule":
            return await self._reschedule(ask)
        if ask.act in handing.ACTS:
            return await self._hand(ask)
        step, _ = self._choose(ask)
        async with self._visit.lock(step.id if step else "none"):
            if ask.request in self._visit.state.answers:
                return self._visit.state.answers[ask.request]
            code = self._refusal(ask)  # the world may have moved while this act waited for its turn
            if code or step is None:
                return Answer(done=False, code=code or NOT_NOW)
            return self._keep(ask, await self._act(step, ask))

    async def _act(self, step: Step, ask: Ask) -> Answer:
        try:
            return await KINDS[step.kind].answer(self._visit, step, ask)
        except FailureError as error:
            if effects.is_unknown_subject(error):
                return Answer(done=False, code=UNKNOWN_SUBJECT)
            raise

    def _keep(self, ask: Ask, answer: Answer) -> Answer:
        return self._visit.state.answers.setdefault(ask.request, answer)

    async def _recheck(self, ask: Ask) -> Answer:
        if self._visit.state.held_back:
            return await recheck_sign(self._visit, ask)
        return await self._visit.recheck(ask)

    async def _reschedule(self, ask: Ask) -> Answer:
        async with self._visit.lock("reschedule"):
            if ask.request in self._visit.state.answers:
                return self._visit.state.answers[ask.request]
            return self._keep(ask, await moving.reschedule(self._visit, ask))

    async def _hand(self, ask: Ask) -> Answer:
        """One at a time: of two who take the same visit, the second hears that it is no longer offered."""
        async with self._visit.lock(handing.STEP):
            if ask.request in self._visit.state.answers:
                return self._visit.state.answers[ask.request]
            code = self._refusal(ask)
            if code:
                return Answer(done=False, code=code)
            return self._keep(ask, await handing.answer(self._visit, ask))

    async def _cancel(self, ask: Ask) -> Answer:
        """Answered as soon as the visit is cancelled on record; what it did is taken back after that.

        A patient agrees to the fee first; what the clinic calls off costs nobody anything.
        """
        if ask.request not in self._visit.state.answers:
            code = await moving.agree_on_fee(self._visit, ask) if ask.act == "cancel" else ""
            if code:
                return self._keep(ask, Answer(done=False, code=code))
            self._visit.end(CANCELLED, ask.actor, ask.subject)
            await workflow.wait_condition(lambda: self._visit.state.stage == self._visit.state.ending)
            done = self._visit.state.ending == CANCELLED
            return self._keep(ask, Answer(done=done, code="" if done else TOO_LATE))
        return self._visit.state.answers[ask.request]

    # --- the side exits ---

    async def _escalate(self, told: Told) -> None:
        """A red flag before care ends the visit with an emergency; later the clinician is there and is told."""
        if self._visit.state.stage in BEFORE_CARE:
            self._visit.end(ESCALATED)
        await self._visit.alert("visit", f"red_flag:{told.item}", "red_flag")

    async def _leave(self) -> None:
        """Lets acts under way finish, ends the visit on record, then takes back what was done.

        Care that was not given owes nothing; a prescription that cannot be taken back owes what it owed.
        """
        state = self._visit.state
        await self._stop(self._clocks)
        await self._stop(self._walkers)
        await workflow.wait_condition(lambda: state.in_flight == 0)
        await self._visit.move("visit", state.ending, state.ending, state.ended_by, state.ended_why)
        state.call_over = True
        if state.ending in _NOTICES:
            await self._visit.notify("visit", state.ending, _NOTICES[state.ending])
        if state.ending == CANCELLED and state.movable and state.booked:
            await self._visit.notify("visit", f"{state.ending}:provider", _NOTICES[CANCELLED], "provider")
        state.duties, state.owed = set(), []
        self._clocks.append(asyncio.create_task(clocks.call_for_duties(self._visit)))
        await undo.take_back(self._visit)

    @staticmethod
    async def _stop(tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks.clear()


def _read_plan(given: VisitInput) -> VisitPlan:
    """The plan, or one without steps when its text is not the one of its digest or names a kind nobody knows."""
    try:
        plan = plan_from_json(given.plan, given.plan_digest)
    except ValueError:
        return _NO_PLAN
    return plan if all(step.kind in KINDS for step in plan.steps) else _NO_PLAN


_NO_PLAN = VisitPlan(
    specialty="",
    visit_type="",
    modality="",
    recording=False,
    duration_seconds=0,
    professions=(),
    steps=(),
    reminders=(),
    note_template="",
    formulary=None,
)
