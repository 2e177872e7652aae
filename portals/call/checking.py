"""The technical check before a call: camera, microphone, speaker and connection tried on a page of its own.

It is offered and never required. What is kept are verdicts, classes and a connection's numbers
(:mod:`engine.tech_checks`), shown to the patient, to the visit's clinician and to whoever helps people to connect. A
guest of the call has the same check behind the door of their link.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.room_roles import rights_of
from engine.rooms import RoomRole
from engine.tech_checks import read_check
from portals.auth.doors import at_a_clinic
from portals.auth.guards import require_patient
from portals.base.check_words import check_view
from portals.base.i18n import translator
from portals.base.requests import deps_of, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.call.guests import pass_of_browser
from portals.call.trying import echo_access
from portals.patient.visit import VisitPage, read_page
from records.errors import AlreadyDone
from records.guest_checks import guests_check, keep_guests_check
from records.guest_door import GuestPass
from records.scope import Scope
from records.stages import FINAL
from records.tech_checks import KeptCheck

router = APIRouter(include_in_schema=False)


def may_check(page: VisitPage) -> bool:
    """Whether there will be a call that devices could be tried for, and who looks may take part in it."""
    return page.meets and page.lets("check") and not (page.over or page.seen or page.visit.stage == "draft")


def check_of(scope: Scope, page: VisitPage) -> KeptCheck | None:
    """The newest check of a visit whose way into the call the asker may know."""
    return scope.checks.latest(page.visit.visit) if may_check(page) else None


# --- the patient ------------------------------------------------------------------------------------------------------


@router.get("/visits/{visit}/check")
async def check_page(request: Request, visit: str) -> Response:
    """What the last check came to; without one, or ``?again``, the check itself."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, KeptCheck | None]:
        page = read_page(scope, visit)
        return page, check_of(scope, page)

    page, kept = await in_scope(request, read)
    if not may_check(page):
        return go(f"/visits/{visit}")
    about = {"page": page, "visit": page.visit, "check_at": f"/visits/{visit}/check"}
    if kept is not None and not kept.check.is_skipped and "again" not in request.query_params:
        return _checked(request, "call/checked.html", kept, **about)
    return render(request, "call/check.html", sound_only=page.plan.modality == "audio_only", listens=False, **about)


@router.post("/visits/{visit}/check")
async def check_post(request: Request, visit: str) -> Response:
    """Keeps what the check came to; a visit that has ended keeps no more."""
    require_patient(request)
    check = read_check(await form_of(request))
    try:
        await in_scope(request, lambda scope: scope.checks.keep(visit, check))
    except AlreadyDone:
        return go(f"/visits/{visit}")
    return go(f"/visits/{visit}" if check.is_skipped else f"/visits/{visit}/check")


@router.post("/visits/{visit}/check/echo")
async def check_echo(request: Request, visit: str) -> Response:
    """Where the browser tries its way to the call, and by which ticket."""
    require_patient(request)
    page = await in_scope(request, lambda scope: read_page(scope, visit))
    if not may_check(page):
        return JSONResponse({"error": {"code": "no_check"}}, status_code=403)
    return await echo_access(request, visit)


# --- a guest ----------------------------------------------------------------------------------------------------------


@router.get("/guest/check")
async def guest_check_page(request: Request) -> Response:
    """The same for who came by a link."""
    found = await _guest(request)
    kept = await run_in_threadpool(guests_check, deps_of(request).database, visitor(request).here.slug, found)
    about = {"guest": found, "check_at": "/guest/check"}
    if kept is not None and "again" not in request.query_params:
        zone = visitor(request).here.time_zone
        return _checked(request, "call/guest_checked.html", kept, zone=zone, **about)
    listens = not rights_of(RoomRole(found.role)).sends
    return render(request, "call/guest_check.html", sound_only=False, listens=listens, **about)


@router.post("/guest/check")
async def guest_check_post(request: Request) -> Response:
    """Keeps what a guest's check came to."""
    found = await _guest(request)
    check = read_check(await form_of(request))
    if check.is_skipped:
        return go("/guest")
    slug = visitor(request).here.slug
    try:
        await run_in_threadpool(keep_guests_check, deps_of(request).database, slug, found, check)
    except AlreadyDone:
        return go("/guest")
    return go("/guest/check")


@router.post("/guest/check/echo")
async def guest_check_echo(request: Request) -> Response:
    """Where a guest's browser tries its way to the call, and by which ticket."""
    return await echo_access(request, (await _guest(request)).guest)


async def _guest(request: Request) -> GuestPass:
    """The guest of this browser. Raises: HTTPException: 404 without a pass, or when the visit is over."""
    at_a_clinic(request)
    found = await pass_of_browser(request)
    if found is None or found.stage in FINAL:
        raise HTTPException(404)
    return found


def _checked(request: Request, template: str, kept: KeptCheck, **about: object) -> Response:
    told = check_view(kept.check, translator(visitor(request).language))
    return render(request, template, kept=kept, told=told, **about)
