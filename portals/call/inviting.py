"""Who is in a call by name, and who is invited into it without an account: for the call pages of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.room_places import device_address
from portals.auth.doors import base_of
from portals.auth.guards import require_patient, require_session
from portals.base.formats import Formats
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.visitor import visitor
from records.device_door import bearer_of
from records.errors import AlreadyDone, NotYetBegun
from records.guests import GuestView, TooManyGuests
from records.room_desk import RecordsRoomDesk
from records.scope import Scope

router = APIRouter(include_in_schema=False)
DOOR = "/guest/enter"
DEVICE_WAYS = ("whip", "whep")


@router.get("/visits/{visit}/people")
async def patient_people(request: Request, visit: str) -> Response:
    """Who is who in the call, for the patient's side."""
    require_patient(request)
    return await _people(request, visit)


@router.get("/staff/visits/{visit}/people")
async def staff_people(request: Request, visit: str) -> Response:
    """The same for the clinician."""
    require_session(request, "provider")
    return await _people(request, visit)


@router.post("/visits/{visit}/guests")
async def patient_invites(request: Request, visit: str) -> Response:
    """A link for somebody whom the patient may invite."""
    require_patient(request)
    return await _invite(request, visit, {})


@router.post("/staff/visits/{visit}/guests")
async def staff_invites(request: Request, visit: str) -> Response:
    """A link for somebody whom the clinician invites, or for a device of theirs."""
    require_session(request, "provider")
    desk = RecordsRoomDesk(deps_of(request).database)
    endpoint = await run_in_threadpool(desk.device_endpoint, visit)
    ways = {way: device_address(endpoint, way) for way in DEVICE_WAYS} if endpoint else {}
    return await _invite(request, visit, ways)


@router.post("/visits/{visit}/guests/{guest}/revoke")
async def patient_revokes(request: Request, visit: str, guest: str) -> Response:
    """Takes a link back."""
    require_patient(request)
    return await _revoke(request, visit, guest)


@router.post("/staff/visits/{visit}/guests/{guest}/revoke")
async def staff_revokes(request: Request, visit: str, guest: str) -> Response:
    """The same for the clinician."""
    require_session(request, "provider")
    return await _revoke(request, visit, guest)


async def _people(request: Request, visit: str) -> Response:
    def read(scope: Scope) -> dict[str, Any]:
        guests = scope.guests.listed(visit)
        helpers = [one for one in scope.visits.participants(visit) if one.role == "caregiver"]
        names = {one.id: scope.people.name(one.person) for one in helpers}
        names |= {one.id: one.name for one in guests if one.name}
        roles = scope.guests.may_invite(visit)
        return {"names": names, "roles": roles, "guests": [_guest(request, one) for one in guests]}

    return JSONResponse(await in_scope(request, read))


def _guest(request: Request, guest: GuestView) -> dict[str, Any]:
    until = Formats(visitor(request).language).time(guest.expires_at, visitor(request).here.time_zone)
    return {"id": guest.id, "role": guest.role, "state": guest.state, "name": guest.name, "until": until}


async def _invite(request: Request, visit: str, ways: Mapping[str, str]) -> Response:
    """``ways`` are the addresses at which a device may show the same link."""
    role = field(await form_of(request), "role")
    try:
        link = await in_scope(request, lambda scope: scope.guests.invite(visit, role))
    except TooManyGuests:
        return _no("too_many")
    except (AlreadyDone, NotYetBegun):
        return _no("over")
    # The token stands behind the # of the address: no server, proxy or log is ever sent it by following the link.
    made: dict[str, Any] = {"id": link.id, "link": f"{base_of(request)}{DOOR}#{link.token}"}
    if ways:
        made["device"] = {**ways, "bearer": bearer_of(visitor(request).here.slug, link.token)}
    return JSONResponse(made, status_code=201)


async def _revoke(request: Request, visit: str, guest: str) -> Response:
    await form_of(request)
    await in_scope(request, lambda scope: scope.guests.revoke(visit, guest))
    return JSONResponse({"revoked": True})


def _no(code: str) -> Response:
    return JSONResponse({"error": {"code": code}}, status_code=409)
