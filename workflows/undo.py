"""How a visit takes back what it did, last done first: the room, prescriptions, the authorisation, the slot.

Where a network does not answer in time the clinicians get a task, the rest is taken back, and the network is asked on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from temporalio import workflow

from workflows import effects
from workflows.state import CANCELLED, Undo
from workflows.steps.base import Visit
from workflows.steps.closing import SENT

WITHDRAWN_BY_KEY = "prescriptions-are-withdrawn-by-key"


async def take_back(visit: Visit) -> None:
    """Does every undo that the visit remembers, in reverse order; each is an effect of its own."""
    unsettled = []
    for undo in reversed(tuple(visit.state.undo)):
        if await _UNDO[undo.kind](visit, undo, False):
            visit.forget(undo)
        else:
            unsettled.append(undo)
            await visit.alert(undo.step, f"unsettled:{undo.kind}:{undo.subject}", "review")
    await asyncio.gather(*(_settle(visit, undo) for undo in unsettled))


async def _settle(visit: Visit, undo: Undo) -> None:
    await visit.insist(undo.step, f"undo:{undo.kind}", lambda: _UNDO[undo.kind](visit, undo, True))
    visit.forget(undo)


async def _release_slot(visit: Visit, undo: Undo, late: bool) -> bool:
    await visit.insist(undo.step, "release", lambda: effects.release_slot(visit.effect(undo.step, "release")))
    return True


async def _void_payment(visit: Visit, undo: Undo, late: bool) -> bool:
    """Voids what was authorised; an attempt whose answer was lost is withdrawn by its key, never made anew."""
    if undo.subject == visit.state.pay_open:
        effect = visit.effect(undo.step, undo.subject)
        return await effects.withdraw_payment(effect, somebody_waits=not late) is not None
    if visit.state.ending == CANCELLED and visit.state.fee_cents:
        fee = visit.effect(undo.step, "fee", code=str(visit.state.fee_cents))
        return await effects.capture_fee(fee, somebody_waits=not late) is not None
    return await effects.void_payment(visit.effect(undo.step, "void"), somebody_waits=not late) is not None


async def _cancel_prescription(visit: Visit, undo: Undo, late: bool) -> bool:
    """Takes the message back by its key; what never left is not delivered for that, what cannot be had back is a task.

    The law goes on asking for what it asks for about a prescription that is out.
    """
    if not workflow.patched(WITHDRAWN_BY_KEY):
        return await _resend_and_cancel(visit, undo, late)
    key = f"{undo.subject}@{undo.code}"
    effect = visit.effect(undo.step, key, subject=undo.subject, code=undo.code)
    answer = await effects.withdraw_prescription(effect, somebody_waits=not late)
    if answer is not None and answer.state == "rejected":
        visit.owe(undo.due)
        await visit.alert(undo.step, f"not_cancelled:{key}", "not_cancelled", undo.subject)
    return answer is not None


async def _resend_and_cancel(visit: Visit, undo: Undo, late: bool) -> bool:
    """How visits did it before messages could be withdrawn by key: by repeating the send to learn its answer."""
    key = f"{undo.subject}@{undo.code}"
    send = visit.effect(undo.step, key, subject=undo.subject, code=undo.code)
    sent = await effects.send_prescription(send, somebody_waits=not late)
    if sent is None:
        return False
    if sent.state not in SENT:
        return True
    cancel = visit.effect(undo.step, f"cancel:{key}", subject=undo.subject, code=sent.message)
    answer = await effects.cancel_prescription(cancel, somebody_waits=not late)
    if answer is not None and answer.state != "cancelled":
        await visit.alert(undo.step, f"not_cancelled:{key}", "not_cancelled", undo.subject)
    return answer is not None


_UNDO: Mapping[str, Callable[[Visit, Undo, bool], Awaitable[bool]]] = MappingProxyType(
    {
        "release_slot": _release_slot,
        "void_payment": _void_payment,
        "cancel_prescription": _cancel_prescription,
    }
)
