"""Takes a prescription back that is at its pharmacy, at any time: why is asked, it can be undone, then it is asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.pharmacy import CANCEL_REASONS, UNDO_SECONDS, AskedCancellation
from portals.auth.guards import require_fresh
from portals.base.requests import deps_of, field, form_of
from portals.base.templating import render
from portals.provider.asking import at_order
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, provider_session
from portals.provider.words import order_state, order_title
from records.errors import AlreadyDone
from workflows.client import VisitUnreachable

router = APIRouter(prefix="/visits/{visit}/orders/{order}", include_in_schema=False)


@router.get("/cancel")
async def why(request: Request, visit: str, order: str) -> Response:
    """What will happen, and the question why."""
    return await _page(request, visit, order)


@router.post("/cancel")
async def cancel(request: Request, visit: str, order: str) -> Response:
    """Keeps that it is to be cancelled, then has the pharmacy asked; it leaves once it can no longer be undone."""
    provider_session(request)
    reason = field(await form_of(request), "reason")
    if reason not in CANCEL_REASONS:
        await at_desk(request, lambda desk: _order(desk, visit, order))
        return await _page(request, visit, order, wrong=True)
    await require_fresh(request, "send_prescription")
    try:
        asked = await at_desk(request, lambda desk: _keep(desk, visit, order, reason))
    except AlreadyDone:
        return at_order(visit, order, "too_late")
    await _have_asked(request, asked)
    return at_order(visit, order, "rx_cancel_held")


@router.post("/cancel/undo")
async def undo(request: Request, visit: str, order: str) -> Response:
    """Takes a cancellation back that has not left yet; who comes too late is told so."""
    provider_session(request)
    await form_of(request)
    try:
        await at_desk(request, lambda desk: _undo(desk, visit, order))
    except AlreadyDone:
        return at_order(visit, order, "rx_undo_late")
    return at_order(visit, order, "rx_undone")


async def _page(request: Request, visit: str, order: str, *, wrong: bool = False) -> Response:
    provider_session(request)

    def read(desk: Desk) -> dict[str, Any]:
        found = _order(desk, visit, order)
        return {
            "title": order_title(found.draft),
            "sig": found.draft.sig,
            "pharmacy": str(found.draft.pharmacy.get("name", "")),
            "patient": desk.scope.people.patient(desk.scope.visits.get(visit).patient).name,
            "state": order_state(found, desk.t),
            "may": found.may_cancel,
        }

    shown = await at_desk(request, read)
    status = 422 if wrong else 200
    return render(
        request,
        "provider/cancel_rx.html",
        status,
        visit=visit,
        wrong=wrong,
        reasons=CANCEL_REASONS,
        held=UNDO_SECONDS,
        **shown,
    )


def _keep(desk: Desk, visit: str, order: str, reason: str) -> AskedCancellation:
    _order(desk, visit, order)
    return desk.scope.orders.ask_cancel(order, reason)


def _undo(desk: Desk, visit: str, order: str) -> None:
    _order(desk, visit, order)
    desk.scope.orders.undo_cancel(order)


def _order(desk: Desk, visit: str, order: str) -> Any:
    """An order of the visit, or one that the same patient has from another visit of the clinic."""
    orders = desk.scope.orders
    found = (*orders.for_visit(visit), *orders.of_patient(visit, with_cancelled=True))
    wanted = next((one for one in found if one.order == order), None)
    if wanted is None:
        raise HTTPException(404)
    return wanted


async def _have_asked(request: Request, asked: AskedCancellation) -> None:
    try:
        await deps_of(request).visits.cancel_prescription(asked)
    except VisitUnreachable:
        return  # it is on record; the worker begins it
