"""The call's pages and its door: the patient's call page, and room access for both sides.

The provider's call is part of the visit screen; both sides share ``call/stage.html`` and ``static/js/call.js``.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient, require_session
from portals.base.requests import in_scope, new_request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.call.entering import admission
from portals.call.nodes import room_access
from portals.call.texts import call_texts
from records.scope import Scope

router = APIRouter(include_in_schema=False)


@router.get("/visits/{visit}/call")
async def call_page(request: Request, visit: str) -> Response:
    """The patient's call; without a pass they are sent to the visit's home, where the way in is shown."""
    require_patient(request)
    clinic = visitor(request).here.slug

    def look(scope: Scope) -> tuple[str, str] | None:
        if admission(scope, clinic, visit) is None:
            return None
        provider = scope.people.called(scope.visits.get(visit).provider)
        return provider.display_name, scope.parts.given(visit).acting_for

    found = await in_scope(request, look)
    if found is None:
        return go(f"/visits/{visit}")
    provider_name, acting = found
    return render(
        request,
        "call/call.html",
        visit_id=visit,
        provider_name=provider_name,
        acting=acting,
        call_texts=call_texts,
        fresh=new_request_id,
    )


@router.post("/visits/{visit}/room-access")
async def patient_access(request: Request, visit: str) -> Response:
    """Room access of a patient or of somebody who helps one."""
    require_patient(request)
    return await _access(request, visit)


@router.post("/staff/visits/{visit}/room-access")
async def staff_access(request: Request, visit: str) -> Response:
    """Room access of the clinician."""
    require_session(request, "provider")
    return await _access(request, visit)


async def _access(request: Request, visit: str) -> Response:
    clinic = visitor(request).here.slug
    found = await in_scope(request, lambda scope: admission(scope, clinic, visit))
    return await room_access(request, found)
