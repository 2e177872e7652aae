"""Asks the monitoring program of the patient's state: the question is kept first, then a workflow asks it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.ports import VisitRef
from portals.base.requests import deps_of, form_of, request_id
from portals.base.templating import go
from portals.base.visitor import visitor
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, provider_session
from portals.provider.visit_page import CARE, place_of
from workflows.client import VisitUnreachable

router = APIRouter(prefix="/visits/{visit}", include_in_schema=False)

PATIENCE_SECONDS = 5.0  # how long a page waits; an answer that comes later shows by itself


@router.post("/monitoring")
async def ask_monitoring(request: Request, visit: str) -> Response:
    """Asks; whatever comes of it stands in the panel. Without a place, or after care, nobody is asked."""
    provider_session(request)
    key = request_id(await form_of(request))  # the same press twice is one question
    report = await at_desk(request, lambda desk: _keep(desk, visit, key))
    if not report:
        return go(f"/staff/visits/{visit}?said=not_now#pdmp")
    ref = VisitRef(clinic=visitor(request).here.slug, visit=visit)
    try:
        await deps_of(request).visits.ask_monitoring(ref, report, PATIENCE_SECONDS)
    except VisitUnreachable:
        return go(f"/staff/visits/{visit}?said=unreachable#pdmp")
    return go(f"/staff/visits/{visit}#pdmp")


def _keep(desk: Desk, visit: str, key: str) -> str:
    row = desk.scope.visits.get(visit)
    place = place_of(row)
    if row.stage not in CARE or not place:
        return ""
    return desk.scope.monitoring.ask(visit, place, key)
