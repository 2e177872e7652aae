"""The call's pages and its door: the patient's call page, and room access for both sides.

The provider's call is part of the visit screen; both sides share ``call/stage.html`` and ``static/js/call.js``.
"""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.room_places import NoNode
from portals.auth.guards import require_patient, require_session
from portals.base.requests import deps_of, in_scope, new_request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.call.entering import access, admission
from portals.call.nodes import found_again
from portals.call.texts import call_texts
from records.room_desk import RecordsRoomDesk
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
    if found is None:
        return JSONResponse({"error": {"code": "no_access"}}, status_code=403)
    deps = deps_of(request)
    try:
        found = await found_again(RecordsRoomDesk(deps.database), found)
    except NoNode:
        return JSONResponse({"error": {"code": "no_node"}}, status_code=503)
    given = await run_in_threadpool(access, found, deps.token_signer.sign)
    return JSONResponse(asdict(given))
