"""What a step kind is, and the running visit as its steps see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import FailureError, is_cancelled_exception

from engine.plans import Step, VisitPlan
from workflows import effects
from workflows.contracts import Answer, Ask, ChangeInput, EffectInput, GateAnswer, GateInput, LaterDuty, VisitInput
from workflows.state import BLOCKED, Owed, Undo, VisitState

STAGE = SearchAttributeKey.for_keyword("Stage")

GATE_SHUT = "gate_shut"
NOT_NOW = "not_now"
TOO_LATE = "too_late"
NETWORK_UNAVAILABLE = "network_unavailable"

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

Result = TypeVar("Result")

OWN_GATES = {"book": "book", "license": "book", "consult": "join", "prescribe": "prescribe", "document": "sign"}


class Visit:
    """A running visit: its plan, its memory, and the few things that every step does."""

    def __init__(self, given: VisitInput, plan: VisitPlan) -> None:
        self.given = given
        self.plan = plan
        self.state = VisitState(ahead=timedelta(seconds=given.ahead))
        self._locks: dict[str, asyncio.Lock] = {}
        self._tries = frozenset(step.id for step in plan.steps if step.kind == "tech_check")

    # --- the plan as far as it was walked ---

    def is_reached(self, step: Step) -> bool:
        """A try of devices holds up nothing but the encounter: who did not try can still do all else, and arrive."""
        asked = step.after if step.kind == "consult" else [name for name in step.after if name not in self._tries]
        return all(name in self.state.finished for name in asked)

    def is_finished(self, step: Step) -> bool:
        return step.id in self.state.finished

    def is_open(self, step: Step) -> bool:
        return self.is_reached(step) and not self.is_finished(step)

    def has_kind(self, kind: str) -> bool:
        return any(step.kind == kind for step in self.plan.steps)

    def heard(self, kind: str, subject: str = "") -> bool:
        """Whether the outbox told this, about the subject, or about anything when no subject is named."""
        return any(known == kind and subject in ("", about) for known, about in self.state.heard)

    # --- waiting ---

    def lock(self, name: str) -> asyncio.Lock:
        """One act at a time at each step."""
        return self._locks.setdefault(name, asyncio.Lock())

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Counts something under way that a visit's end must wait for."""
        self.state.in_flight += 1
        try:
            yield
        finally:
            self.state.in_flight -= 1

    async def until(self, condition: Callable[[], bool], deadline: datetime | None = None) -> bool:
        """True once the condition holds, False when the deadline came first, as the visit's clock shows it."""
        if deadline is None:
            await workflow.wait_condition(condition)
            return True
        while True:
            if await self._comes(condition, max(deadline - self.now(), timedelta(0))):
                return condition()
            if condition():
                return True

    async def _comes(self, condition: Callable[[], bool], patience: timedelta) -> bool:
        """Waits so long for the condition, or for the clock to be moved; whether all of the time went by."""
        ahead = self.state.ahead
        try:
            await workflow.wait_condition(lambda: condition() or self.state.ahead != ahead, timeout=patience)
        except TimeoutError:
            return True
        return False

    def now(self) -> datetime:
        """The instant that visits and the law go by; tokens and links go by the machine's, `workflow.now`."""
        return workflow.now() + self.state.ahead

    def seconds_from_now(self, seconds: int) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    # --- effects ---

    def effect(self, step: str, key: str, actor: str = "system", *, subject: str = "", code: str = "") -> EffectInput:
        return EffectInput(
            clinic=self.given.clinic,
            visit=self.given.visit,
            step=step,
            key=key,
            actor=actor,
            subject=subject,
            code=code,
        )

    async def move(self, step: str, key: str, stage: str, actor: str = "system", why: str = "") -> None:
        """Moves the visit to a stage; ``why`` is a code."""
        await self.move_for(self.effect(step, key, actor, code=why), stage)

    async def move_for(self, effect: EffectInput, stage: str) -> None:
        """Moves the visit to a stage: in records, in its search attribute, and then here.

        ``effect.at`` is until when it stays so, where that is not for long.
        """
        change = ChangeInput(effect=effect, event=f"visit_{stage}", stage=stage)
        await self.insist(effect.step, effect.key, lambda: effects.record_change(change))
        workflow.upsert_search_attributes([STAGE.value_set(stage)])
        self.state.stage = stage

    async def ask_gate(
        self, step: Step, ask: Ask, *, order: str = "", starts_at: str = "", provider: str = ""
    ) -> GateAnswer:
        """Asks the step's gate about this instant; data may name another gate for a step, but never none.

        With ``starts_at`` it is asked as if the visit began then, with ``provider`` as if it were that clinician's.
        What it leaves for later is owed from now on; what an order leaves, once the order is out (`send_order`).
        """
        at = self.now().isoformat()
        effect = self.effect(step.id, f"{ask.request}@{at}", ask.actor)
        gate = step.gate or OWN_GATES[step.kind]
        question = GateInput(effect=effect, gate=gate, at=at, order=order, starts_at=starts_at, provider=provider)
        answer = await effects.ask_gate(question)
        if not answer.open and not provider:
            self.state.gate = answer.record
        elif not answer.open:
            pass  # it says why that clinician may not have the visit, and nothing about the one who has it
        elif not order:
            self.owe(answer.due)
        return answer

    def owe(self, duties: Iterable[LaterDuty]) -> None:
        """Starts the clock of each duty; a duty has one clock, however often its gate is asked."""
        for duty in duties:
            known = (duty.topic, duty.duty, duty.due, duty.order)
            if known not in self.state.duties:
                self.state.duties.add(known)
                self.state.owed.append(Owed(number=len(self.state.duties), duty=duty))

    async def notify(self, step: str, key: str, template: str, audience: str = "patient") -> None:
        notice = self.effect(step, key, subject=audience, code=template)
        await self.insist(step, key, lambda: effects.queue_message(notice))

    async def alert(self, step: str, key: str, kind: str, subject: str = "") -> None:
        task = self.effect(step, key, subject=subject, code=kind)
        await self.insist(step, key, lambda: effects.raise_alert(task))

    async def insist(self, step: str, key: str, make: Callable[[], Awaitable[Result]]) -> Result:
        """Makes an effect that must happen in the end: what fails for good becomes a task, and is tried on and on."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await make()
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                workflow.logger.error("step %s: %s failed, trying again in %s", step, key, pause)
            await self._say_that_it_is_stuck(step, key)
            await workflow.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _say_that_it_is_stuck(self, step: str, key: str) -> None:
        """Raises a task once; should even that fail, the log has to do."""
        try:
            await effects.raise_alert(self.effect(step, f"stuck:{key}", code="review"))
        except FailureError as error:
            if is_cancelled_exception(error):
                raise

    def remember(self, undo: Undo) -> None:
        """Notes what a cancelled visit takes back, once."""
        if undo not in self.state.undo:
            self.state.undo.append(undo)

    def forget(self, undo: Undo) -> None:
        """There is nothing to take back after all."""
        if undo in self.state.undo:
            self.state.undo.remove(undo)

    def end(self, outcome: str, by: str = "system", why: str = "") -> None:
        """Takes one of the side exits; the first one taken stays, with who took it and a code of why."""
        if not self.state.ending:
            self.state.ending = outcome
            self.state.ended_by = by
            self.state.ended_why = why

    # --- a gate that shut the visit ---

    async def block(self, step: Step, ask: Ask) -> None:
        self.state.blocked = step.id
        self.state.blocked_from = self.state.stage
        await self.move(step.id, f"blocked:{ask.request}", BLOCKED, ask.actor)

    async def recheck(self, ask: Ask) -> Answer:
        """Asks the gate that shut the visit once more; when it opens the visit goes on where it was stopped."""
        async with self.lock("recheck"):
            if not self.state.blocked:
                return Answer(done=True)
            step = self.plan.step(self.state.blocked)
            gate = await self.ask_gate(step, ask)
            if not gate.open:
                return shut(gate)
            await self.move(step.id, f"unblocked:{ask.request}", self.state.blocked_from, ask.actor)
            self.state.blocked = self.state.gate = ""
            return Answer(done=True, gate=gate.record)


class StepKind:
    """One kind of step. ``run`` is all it does by itself: the step is finished when ``run`` returns.

    ``acts`` are what people may ask of it. ``trailing`` kinds go on after the visit is completed.
    """

    acts: frozenset[str] = frozenset()
    trailing = False

    async def run(self, visit: Visit, step: Step) -> None:
        """Waits for and does what the step is; returning finishes it."""

    def refusal(self, visit: Visit, step: Step, ask: Ask) -> str:
        """The code of why the act is not possible now, empty when it is; cheap and without effects."""
        if visit.is_finished(step):
            return TOO_LATE
        return "" if visit.is_reached(step) and not visit.state.blocked else NOT_NOW

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        """Does the act."""
        raise NotImplementedError


def shut(gate: GateAnswer) -> Answer:
    return Answer(done=False, code=GATE_SHUT, gate=gate.record)


def seconds(step: Step, name: str, default: int) -> int:
    """A duration out of a step's settings."""
    return int(step.settings.get(name, default))
