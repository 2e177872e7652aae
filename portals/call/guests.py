"""The pages of a guest, who came by a link and has no account: the door where the link is used, and the call.

The link's token stands behind the ``#`` of its address, so that no server's log ever holds it; the door's script hands
it in with the name. From then on this browser is known by its cookie, as every visitor's is.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.room_roles import rights_of
from engine.rooms import RoomClaims, RoomRole
from portals.auth.doors import Limit, at_a_clinic, may_try
from portals.base.requests import deps_of, field, form_of, origin
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.call.entering import Admission
from portals.call.nodes import room_access
from portals.call.texts import call_texts
from records.errors import LinkRefused
from records.guest_door import LONGEST_NAME, GuestEntry, GuestPass, enter_as_guest, guest_pass
from records.stages import FINAL, IN_CALL

router = APIRouter(include_in_schema=False)
ENTERING = Limit("guest", 20, 6)
LONGEST_TOKEN = 100


@router.get("/guest/enter")
async def door_page(request: Request) -> Response:
    """Asks for a name; opening it uses nothing up and tells nothing."""
    at_a_clinic(request)
    return render(request, "call/guest_door.html", name="", error="")


@router.post("/guest/enter")
async def door_post(request: Request) -> Response:
    """Uses the link up for this browser."""
    at_a_clinic(request)
    form = await form_of(request)
    name, token = field(form, "name"), field(form, "token")
    if not may_try(request, ENTERING):
        return render(request, "call/guest_door.html", 429, name=name, error="too_often", token=token)
    if not 0 < len(name) <= LONGEST_NAME:
        return render(request, "call/guest_door.html", 422, name=name, error="name", token=token)
    who = visitor(request)
    entry = GuestEntry(token=token[:LONGEST_TOKEN], secret=who.secret, name=name, origin=origin(request))
    try:
        await run_in_threadpool(enter_as_guest, deps_of(request).database, who.here.slug, entry)
    except LinkRefused as refused:
        return render(request, "call/guest_over.html", 410, code=refused.code)
    return go("/guest")


@router.get("/guest")
async def guest_page(request: Request) -> Response:
    """The call, or that it has not begun, or that there is none."""
    at_a_clinic(request)
    found = await pass_of_browser(request)
    if found is None or found.stage in FINAL:
        return render(request, "call/guest_over.html", 410, code="over" if found else "no_pass")
    if found.stage != IN_CALL or found.room is None:
        return render(request, "call/guest_wait.html", guest=found)
    sends = bool(rights_of(RoomRole(found.role)).sends)
    return render(request, "call/guest.html", guest=found, sends=sends, call_texts=call_texts)


@router.post("/guest/room-access")
async def guest_access(request: Request) -> Response:
    """Room access of a guest; whoever was let in before need not wait again."""
    at_a_clinic(request)
    found = await pass_of_browser(request)
    admission = _admission(visitor(request).here.slug, found) if found is not None else None
    return await room_access(request, admission)


def _admission(clinic: str, found: GuestPass) -> Admission | None:
    if found.stage != IN_CALL or found.room is None or found.endpoint is None:
        return None
    claims = RoomClaims(
        clinic=clinic,
        visit_id=found.visit,
        room_id=found.room,
        participant_id=found.guest,
        role=RoomRole(found.role),
        expires_at=found.until,
        guest=True,
        waits=not found.admitted,
    )
    return Admission(claims=claims, endpoint=found.endpoint)


async def pass_of_browser(request: Request) -> GuestPass | None:
    """What this browser holds by a link it used."""
    who = visitor(request)
    if who.fresh:
        return None
    try:
        return await run_in_threadpool(guest_pass, deps_of(request).database, who.here.slug, who.secret)
    except LookupError:
        raise HTTPException(404) from None
