"""The clinician's pages: the queue, and one visit on one screen. What they do to a visit is in ``acts``."""

from __future__ import annotations

import contextlib

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render, safe_path
from portals.provider import acts
from portals.provider.opening import at_desk, provider_session, visit_screen
from portals.provider.queue_page import Desk, queue_view
from portals.provider.views import QueueView
from portals.provider.visit_page import Shown
from records.errors import AlreadyDone

router = APIRouter(prefix="/staff", include_in_schema=False)
router.include_router(acts.router)


@router.get("")
async def queue(request: Request) -> Response:
    """The queue."""
    provider_session(request)
    desk, view, revision = await at_desk(request, _look)
    return render(
        request,
        "provider/queue.html",
        queue=view,
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
    with contextlib.suppress(AlreadyDone):
        await at_desk(request, lambda desk: desk.scope.alerts.close(alert, "seen"))
    return go(safe_path(field(form, "back"), "/staff"))


@router.get("/visits/{visit}")
async def visit_page(request: Request, visit: str, said: str = "", drug: str = "", pick: str = "") -> Response:
    """One visit on one screen."""
    provider_session(request)
    return await visit_screen(request, visit, Shown(query=drug, pick=pick), said)


@router.get("/visits/{visit}/changes")
async def visit_changes(request: Request, visit: str) -> Response:
    """Whether the visit looks different now."""
    provider_session(request)
    return JSONResponse({"revision": await in_scope(request, lambda scope: scope.visits.changes(visit))})


def _look(desk: Desk) -> tuple[Desk, QueueView, str]:
    return desk, queue_view(desk), desk.scope.visits.queue_changes(desk.person)
