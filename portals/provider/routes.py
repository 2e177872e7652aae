"""The clinician's pages: the queue, and one visit on one screen. What they do to a visit is in ``acts``."""

from __future__ import annotations

import contextlib
from functools import partial

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.ports import GateKeeper
from portals.auth.guards import require_session
from portals.base.again import once, said_again
from portals.base.files import hand_out
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, rulebook_of
from portals.base.templating import go, render, safe_path
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.provider import acts, cancelling, handing, inbox, messages, monitoring, patient_lists, referring
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, notice_of, provider_session, visit_screen
from portals.provider.queue_filters import choices_among, filter_of, narrowed
from portals.provider.queue_page import queue_view
from portals.provider.views import QueueView
from portals.provider.visit_page import Shown
from portals.staff.doors import HOMES
from records.errors import AlreadyDone

STAFF_ROLES = ("clinic_admin", "clinical_ops", "compliance", "support", "platform_operator")

router = APIRouter(prefix="/staff", include_in_schema=False)
router.include_router(acts.router)
router.include_router(cancelling.router)
router.include_router(monitoring.router)
router.include_router(patient_lists.router)
router.include_router(inbox.router)
router.include_router(handing.router)
router.include_router(messages.router)
router.include_router(referring.router)


@router.get("")
async def queue(request: Request, said: str = "") -> Response:
    """The queue; staff of other roles are led to their own first page."""
    who = require_session(request)
    if who.role != "provider":
        return _not_a_clinician(request, who.role)
    law = deps_of(request).search, PlainLaw(rulebook_of(request), visitor(request).language)
    desk, view, revision = await at_desk(request, lambda desk: _look(desk, law))
    wanted = filter_of(request.query_params)
    return render(
        request,
        "provider/queue.html",
        queue=narrowed(view, wanted),
        wanted=wanted,
        choices=choices_among(view.rows, view.offers),
        notice=notice_of(request, said),
        fresh=new_request_id,
        revision=revision,
        now=desk.fmt.time(desk.now, desk.zone),
        now_at=desk.now,
        zone=desk.fmt.zone(desk.now, desk.zone),
    )


@router.get("/queue/changes")
async def queue_changes(request: Request) -> Response:
    """Whether the queue looks different now: a digest, no person in it."""
    person = provider_session(request).person
    return JSONResponse({"revision": await in_scope(request, lambda scope: scope.visits.queue_changes(person))})


@router.post("/alerts/{alert}/seen")
async def alert_seen(request: Request, alert: str) -> Response:
    """The clinician has seen a task; it leaves the top of the page and stays in the record with their name."""
    form = await form_of(request)
    provider_session(request)
    for one in (alert, *field(form, "others").split()):
        with contextlib.suppress(AlreadyDone):
            await at_desk(request, partial(_seen, one))
    return go(safe_path(field(form, "back"), "/staff"))


@router.get("/visits/{visit}")
async def visit_page(request: Request, visit: str, said: str = "") -> Response:
    """One visit on one screen."""
    provider_session(request)
    query, pick, change = (request.query_params.get(name, "") for name in ("drug", "pick", "change"))
    again = said_again(request)
    shown = Shown(query=query, pick=pick, change=change, **again.values)
    return once(request, await visit_screen(request, visit, shown, said, again.status))


@router.get("/visits/{visit}/changes")
async def visit_changes(request: Request, visit: str) -> Response:
    """Whether the visit looks different now."""
    provider_session(request)
    return JSONResponse({"revision": await in_scope(request, lambda scope: scope.visits.changes(visit))})


@router.get("/visits/{visit}/files/{blob}")
async def visit_file(request: Request, visit: str, blob: str) -> Response:
    """A photo or paper of the visit; the patient can see that it was looked at."""
    provider_session(request)
    return await hand_out(request, visit, blob)


def _seen(alert: str, desk: Desk) -> None:
    desk.scope.alerts.close(alert, "seen")


def _look(desk: Desk, law: tuple[GateKeeper, PlainLaw]) -> tuple[Desk, QueueView, str]:
    return desk, queue_view(desk, law), desk.scope.visits.queue_changes(desk.person)


def _not_a_clinician(request: Request, role: str) -> Response:
    """Their own first page, or a calm one: who they are here and what they can do today."""
    if role not in STAFF_ROLES:
        raise HTTPException(403)
    if role in HOMES:
        return go(HOMES[role])
    return render(request, "provider/elsewhere.html", role=role)
