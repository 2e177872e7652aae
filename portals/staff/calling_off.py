"""The clinic calls a visit off: who, why, and that the patient is told and pays nothing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_session
from portals.base.requests import field, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visitor import SessionView, visitor
from portals.provider.asking import ask
from records.access import Role, may
from records.acts import Act
from records.scope import Scope
from records.stages import IN_LINE
from records.visits import VisitView
from workflows.contracts import Ask

router = APIRouter(include_in_schema=False)
REASONS = ("clinician_away", "not_suitable", "other")
OPEN = frozenset({"held", "booked", "preparing", "ready", *IN_LINE, "blocked"})


@router.get("/visits/{visit}/call-off")
async def call_off_page(request: Request, visit: str) -> Response:
    """What calling it off means, before it is done."""
    _may_call_off(request)
    return await _page(request, visit, "")


@router.post("/visits/{visit}/call-off")
async def call_off_post(request: Request, visit: str) -> Response:
    """Asks the visit; a reason is needed, and stays in the record with who gave it."""
    session, form = _may_call_off(request), await form_of(request)
    await in_scope(request, lambda scope: scope.parts.asks(visit, "call_off"))
    if field(form, "reason") not in REASONS:
        return await _page(request, visit, "why")
    message = Ask(request=request_id(form), act="call_off", actor=session.person, subject=field(form, "reason"))
    answer = await ask(request, visit, message)
    if not answer.done:
        return await _page(request, visit, "late")
    return go("/staff")


def _may_call_off(request: Request) -> SessionView:
    session = require_session(request)
    if not may(session.role, Act.VISIT_CALLED_OFF):
        raise HTTPException(403)
    return session


async def _page(request: Request, visit: str, wrong: str) -> Response:
    view = await in_scope(request, lambda scope: _read(scope, visit))
    back = f"/staff/visits/{visit}" if require_session(request).role == Role.PROVIDER else "/staff/schedule"
    return render(
        request,
        "staff/call_off.html",
        422 if wrong == "why" else 409 if wrong else 200,
        visit=view,
        back=back,
        zone=visitor(request).here.time_zone,
        is_open=view.stage in OPEN,
        reasons=REASONS,
        wrong=wrong,
        request_id=new_request_id(),
    )


def _read(scope: Scope, visit: str) -> VisitView:
    scope.parts.leads_to(visit, "call_off")
    return scope.visits.get(visit)
