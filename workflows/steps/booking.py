"""The steps that take a slot and its price: book and pay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from temporalio.exceptions import FailureError

from engine.plans import Step
from workflows import effects
from workflows.activities.common import instant
from workflows.contracts import Answer, Ask
from workflows.state import BOOKED, EXPIRED, HELD, REFUSED, Undo
from workflows.steps.base import NETWORK_UNAVAILABLE, StepKind, Visit, seconds, shut

HOLD_SECONDS = 900


class Book(StepKind):
    """Asks the gate, then holds the slot until it is paid for or the hold runs out."""

    acts = frozenset({"book"})

    async def run(self, visit: Visit, step: Step) -> None:
        deadline = visit.seconds_from_now(seconds(step, "hold_seconds", HOLD_SECONDS))
        await until_or_expired(visit, step, lambda: visit.state.held, deadline)

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        gate = await visit.ask_gate(step, ask)
        if not gate.open:
            visit.end(REFUSED, ask.actor)
            return shut(gate)
        until = visit.seconds_from_now(seconds(step, "hold_seconds", HOLD_SECONDS))
        slot = await effects.hold_slot(replace(visit.effect(step.id, ask.request, ask.actor), at=until.isoformat()))
        if not slot.held:
            return Answer(done=False, code="slot_taken", gate=gate.record)
        visit.remember(Undo(kind="release_slot", step=step.id))
        visit.state.starts_at = instant(slot.starts_at) if slot.starts_at else None
        visit.state.hold_until = until
        await visit.move(step.id, "held", HELD, ask.actor)
        if not visit.has_kind("pay"):
            await enter_booked(visit, step)
        visit.state.held = True
        return Answer(done=True, gate=gate.record)


class Pay(StepKind):
    """Authorises the price on the card; the hold lasts until then."""

    acts = frozenset({"pay"})

    async def run(self, visit: Visit, step: Step) -> None:
        await until_or_expired(visit, step, lambda: visit.state.paid, visit.state.hold_until)

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        """The key counts attempts and names the card: an attempt whose answer was lost is asked again on its own card,
        never doubled, and withdrawn before another card is asked."""
        method = await _method(visit, step)
        if method is None:
            return Answer(done=False, code="payment_declined", made="no_payment_method")
        lost = visit.state.pay_open
        if lost and not lost.endswith(f":{method}") and not await _withdraw(visit, step):
            return Answer(done=False, code=NETWORK_UNAVAILABLE)
        attempt = f"attempt-{visit.state.pay_attempt}:{method}"
        undo = Undo(kind="void_payment", step=step.id, subject=attempt)
        visit.remember(undo)
        visit.state.pay_open = attempt
        payment = await effects.authorise_payment(visit.effect(step.id, attempt, ask.actor, subject=method))
        if payment is None:
            return Answer(done=False, code=NETWORK_UNAVAILABLE)
        visit.state.pay_open = ""
        if payment.state == "declined":
            visit.forget(undo)
            visit.state.pay_attempt += 1
            return Answer(done=False, code="payment_declined", made=payment.code)
        await enter_booked(visit, step)
        visit.state.paid = True
        return Answer(done=True)


async def _method(visit: Visit, step: Step) -> str | None:
    """The card to ask, None when no card was given."""
    try:
        return await effects.payment_method(visit.effect(step.id, "method"))
    except FailureError as error:
        if effects.is_unknown_subject(error):
            return None
        raise


async def _withdraw(visit: Visit, step: Step) -> bool:
    """Ends the attempt whose answer was lost; False when the processor does not say that it did."""
    attempt = visit.state.pay_open
    if await effects.withdraw_payment(visit.effect(step.id, attempt), somebody_waits=True) is None:
        return False
    visit.forget(Undo(kind="void_payment", step=step.id, subject=attempt))
    visit.state.pay_open = ""
    visit.state.pay_attempt += 1  # its key is spent
    return True


async def until_or_expired(visit: Visit, step: Step, condition: Callable[[], bool], deadline: datetime | None) -> None:
    """Waits for the condition; when the deadline comes first, and no act is just making it true, the visit expires."""
    if await visit.until(condition, deadline):
        return
    async with visit.lock(step.id):
        if not condition():
            visit.end(EXPIRED)
    await visit.until(condition)


async def enter_booked(visit: Visit, step: Step) -> None:
    await visit.move(step.id, "booked", BOOKED)
    visit.state.booked = True
    await visit.notify(step.id, "visit_booked", "visit_booked")
