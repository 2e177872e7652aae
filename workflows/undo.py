"""How a visit takes back what it did, last done first: the room, prescriptions, the authorisation, the slot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from workflows import effects
from workflows.state import Undo
from workflows.steps.base import Visit


async def take_back(visit: Visit) -> None:
    """Does every undo that the visit remembers, in reverse order; each is an effect of its own."""
    while visit.state.undo:
        undo = visit.state.undo[-1]
        await _UNDO[undo.kind](visit, undo)
        visit.state.undo.remove(undo)


async def _release_slot(visit: Visit, undo: Undo) -> None:
    await effects.release_slot(visit.effect(undo.step, "release"))


async def _void_payment(visit: Visit, undo: Undo) -> None:
    """Asks the attempt again first: one whose answer was lost may have been authorised after all."""
    if not visit.state.paid:
        await effects.settle_payment(visit.effect(undo.step, undo.subject))
    await effects.void_payment(visit.effect(undo.step, "void"))


async def _cancel_prescription(visit: Visit, undo: Undo) -> None:
    effect = visit.effect(undo.step, f"cancel:{undo.subject}", subject=undo.subject, code=undo.code)
    answer = await effects.cancel_prescription(effect)
    if answer.state != "cancelled":
        await visit.alert(undo.step, f"not_cancelled:{undo.subject}", "review")


_UNDO: Mapping[str, Callable[[Visit, Undo], Awaitable[None]]] = MappingProxyType(
    {
        "release_slot": _release_slot,
        "void_payment": _void_payment,
        "cancel_prescription": _cancel_prescription,
    }
)
