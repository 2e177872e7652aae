"""The steps that turn a call into care on record: prescribe, document, bill, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from temporalio import workflow

from engine.plans import Step
from workflows import effects
from workflows.contracts import Answer, Ask, DispatchAnswer, GateAnswer, LaterDuty
from workflows.state import DOCUMENTING, IN_CALL, IN_REVIEW, MORE_ASKED, Undo
from workflows.steps.base import GATE_SHUT, NETWORK_UNAVAILABLE, NOT_NOW, TOO_LATE, StepKind, Visit, seconds, shut

DAY = 86400
SENT = frozenset({"accepted", "verified"})
ANSWERED = SENT | {"rejected"}
REVISED_ON_ITS_WAY = 3
KEPT_ORDERS_ARE_TOLD = "kept-orders-are-told"
CARE = frozenset({IN_CALL, IN_REVIEW, MORE_ASKED, DOCUMENTING})


class Prescribe(StepKind):
    """Sends orders one by one while care is given; it holds up no other step."""

    acts = frozenset({"prescribe"})

    def refusal(self, visit: Visit, step: Step, ask: Ask) -> str:
        if visit.state.released:
            return TOO_LATE
        return "" if visit.state.stage in CARE else NOT_NOW

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        gate = await visit.ask_gate(step, ask, order=ask.subject)
        if not gate.open:
            return shut(gate)
        sent = await send_order(visit, step, OrderAsk.of(ask, gate), somebody_waits=True)
        if sent is None:
            return Answer(done=False, code=NETWORK_UNAVAILABLE, gate=gate.record)
        if sent.state in SENT:
            return Answer(done=True, gate=gate.record, made=sent.message)
        return Answer(done=False, code=sent.code or sent.state, gate=gate.record, made=sent.message)


class Document(StepKind):
    """The note. It is always signed; what a shut gate keeps back is the money and the orders that still wait."""

    acts = frozenset({"sign"})

    async def run(self, visit: Visit, step: Step) -> None:
        await _until_signed(visit, step)
        await visit.until(lambda: visit.state.released)
        await _send_waiting_orders(visit, step)
        if not visit.has_kind("bill"):
            await _capture(visit, step)
        await visit.insist(step.id, "summary", lambda: effects.write_summary(visit.effect(step.id, "summary")))
        await visit.notify(step.id, "summary_ready", "summary_ready")

    async def answer(self, visit: Visit, step: Step, ask: Ask) -> Answer:
        if visit.state.note:
            return Answer(
                done=visit.state.note == ask.subject, code="" if visit.state.note == ask.subject else TOO_LATE
            )
        gate = await visit.ask_gate(step, ask)
        effect = visit.effect(step.id, ask.request, ask.actor, subject=ask.subject)
        await effects.sign_note(effect)
        visit.state.note, visit.state.signed_by = ask.subject, ask.actor
        if gate.open:
            visit.state.released = True
            return Answer(done=True, gate=gate.record)
        visit.state.held_back = step.id
        await visit.alert(step.id, "sign_gate_shut", "sign_gate_shut")
        return Answer(done=True, code=GATE_SHUT, gate=gate.record)


class Bill(StepKind):
    """Captures what was authorised, once the sign gate has let it go."""

    async def run(self, visit: Visit, step: Step) -> None:
        await visit.until(lambda: visit.state.released or not visit.has_kind("document"))
        await _capture(visit, step)


class Escalate(StepKind):
    """Puts a task before the clinicians."""

    async def run(self, visit: Visit, step: Step) -> None:
        await visit.alert(step.id, "reached", str(step.settings.get("kind", "review")))


class Message(StepKind):
    """Sends a notice when it is reached."""

    async def run(self, visit: Visit, step: Step) -> None:
        await visit.notify(step.id, "reached", *_message(step))


class FollowUp(StepKind):
    """Sends a notice some time after it is reached; the visit counts as completed meanwhile."""

    trailing = True

    async def run(self, visit: Visit, step: Step) -> None:
        await workflow.sleep(seconds(step, "after_seconds", 3 * DAY))
        await visit.notify(step.id, "due", *_message(step))


async def _capture(visit: Visit, step: Step) -> None:
    """Captures the authorisation; one that can no longer be captured is a task, and the visit goes on."""
    payment = await visit.insist(step.id, "capture", lambda: effects.capture_payment(visit.effect(step.id, "capture")))
    if payment.state == "declined":
        await visit.alert(step.id, "capture_declined", "review")


async def recheck_sign(visit: Visit, ask: Ask) -> Answer:
    """Asks the sign gate again for a note that is signed; open, money and orders go their way."""
    step = visit.plan.step(visit.state.held_back)
    async with visit.lock(step.id):
        if visit.state.released:
            return Answer(done=True)
        gate = await visit.ask_gate(step, ask)
        if not gate.open:
            return shut(gate)
        visit.state.released = True
        visit.state.held_back = visit.state.gate = ""
        return Answer(done=True, gate=gate.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAsk:
    """An order to be sent: which one, the version its gate judged, who asked, and what is due once it is out."""

    order: str
    version: int
    actor: str
    due: tuple[LaterDuty, ...] = ()

    @staticmethod
    def of(ask: Ask, gate: GateAnswer) -> OrderAsk:
        return OrderAsk(order=ask.subject, version=gate.version, actor=ask.actor, due=gate.due)


async def send_order(visit: Visit, step: Step, asked: OrderAsk, *, somebody_waits: bool) -> DispatchAnswer | None:
    """Sends one order; its key is order and version, so that it can be asked for in two ways and is sent once.

    What takes it back is remembered before it is sent: the network may accept and its answer be lost.
    """
    key, version = f"{asked.order}@{asked.version}", str(asked.version)
    undo = Undo(kind="cancel_prescription", step=step.id, subject=asked.order, code=version, due=asked.due)
    visit.remember(undo)
    effect = visit.effect(step.id, key, asked.actor, subject=asked.order, code=version)
    sent = await effects.send_prescription(effect, somebody_waits=somebody_waits)
    if sent is not None and sent.state not in SENT:
        visit.forget(undo)
    if sent is not None and sent.state in SENT:
        visit.owe(asked.due)
    if sent is not None and sent.state == "rejected":
        await visit.alert(step.id, f"rejected:{key}", "prescription_rejected", asked.order)
    return sent


async def _until_signed(visit: Visit, step: Step) -> None:
    """Reminds the clinicians of an unsigned note, first when it is due, then again and again."""
    deadline = visit.seconds_from_now(seconds(step, "due_seconds", DAY))
    number = 1
    while not await visit.until(lambda: bool(visit.state.note), deadline):
        await visit.alert(step.id, f"sign_overdue:{number}", "sign_overdue")
        number += 1
        deadline = visit.seconds_from_now(seconds(step, "repeat_seconds", DAY))


async def _send_waiting_orders(visit: Visit, step: Step) -> None:
    """Orders written but not sent go out now, each through its own gate; one that stays behind is a task."""
    prescribing = next((one for one in visit.plan.steps if one.kind == "prescribe"), None)
    if prescribing is None:
        return
    for order in await _unsent(visit, step):
        if await _stays_behind(visit, step, prescribing, order):
            await visit.alert(step.id, f"order_kept:{order}", "order_kept", order)


async def _unsent(visit: Visit, step: Step) -> list[str]:
    return await visit.insist(step.id, "unsent", lambda: effects.unsent_orders(visit.effect(step.id, "unsent")))


async def _stays_behind(visit: Visit, step: Step, prescribing: Step, order: str) -> bool:
    """Whether an order that nobody discarded is not sent; one revised on its way is judged anew, a few times."""
    for _ in range(REVISED_ON_ITS_WAY):
        ask = Ask(request=f"sign:{order}", act="prescribe", actor=visit.state.signed_by, subject=order)
        gate = await visit.ask_gate(prescribing, ask, order=order)
        if not gate.open:
            return True
        send = partial(send_order, visit, prescribing, OrderAsk.of(ask, gate), somebody_waits=False)
        sent = await visit.insist(step.id, f"send:{order}", send)
        if sent is None or sent.state in ANSWERED or not workflow.patched(KEPT_ORDERS_ARE_TOLD):
            return False
        if sent.state != "order_changed":
            return True
        if order not in await _unsent(visit, step):
            return False
    return True


def _message(step: Step) -> tuple[str, str]:
    return str(step.settings["template"]), str(step.settings.get("audience", "patient"))
