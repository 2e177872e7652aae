"""The waiting room and the door to the call: position, an honest interval, what happens next, leaving, joining."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.auth.guards import require_patient
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.asking import ask_visit
from portals.patient.law_view import law_view
from portals.patient.visit import VisitPage, page_of, read_page
from records.errors import LinkRefused
from records.scope import Scope
from workflows.contracts import Ask

router = APIRouter()
ROOM_STAGES = frozenset({"ready", "waiting", "in_call"})
CHECKING = frozenset({"booked", "preparing"})
# How long one visit ahead usually takes, as a part of its planned length: from short to full.
SHORTEST_PART, SLACK_MINUTES = 0.5, 5


@router.get("/visits/{visit_id}/waiting")
async def waiting_page(request: Request, visit_id: str) -> Response:
    """The waiting room: enter it, wait in it, or go through to the call."""
    return await _room(request, visit_id, "")


@router.get("/visits/{visit_id}/waiting/state")
async def waiting_state(request: Request, visit_id: str) -> Response:
    """What the page shows now, for its live part."""
    require_patient(request)
    page, waiting = await in_scope(request, lambda scope: (read_page(scope, visit_id), scope.visits.waiting(visit_id)))
    if not page.lets("waiting"):
        return JSONResponse({"stage": page.visit.stage})
    return JSONResponse({"stage": page.visit.stage, **_words(request, page, waiting)})


@router.post("/visits/{visit_id}/arrive")
async def arrive(request: Request, visit_id: str) -> Response:
    """Enters the waiting room."""
    return await _act(request, visit_id, "arrive")


@router.post("/visits/{visit_id}/leave")
async def leave(request: Request, visit_id: str) -> Response:
    """Leaves the waiting room; the visit itself goes on."""
    return await _act(request, visit_id, "leave")


@router.post("/visits/{visit_id}/join")
async def join(request: Request, visit_id: str) -> Response:
    """Asks the ``join`` gate; open, it leads to the page that joins for good."""
    session, form = require_patient(request), await form_of(request)
    participant = await in_scope(request, lambda scope: scope.parts.part_in(visit_id, "join"))
    ask = Ask(request=request_id(form), act="join", actor=session.person, subject=participant)
    answer = await ask_visit(request, visit_id, ask)
    if answer.done:
        token = await in_scope(request, lambda scope: scope.links.address(answer.made))
        return go(f"/visits/join/{token}")
    return await _room(request, visit_id, answer.code)


@router.get("/visits/join/{token}")
async def join_page(request: Request, token: str) -> Response:
    """Shows what the link opens and consumes nothing: mail scanners and previews may look."""
    require_patient(request)
    try:
        link = await in_scope(request, lambda scope: scope.links.peek(token))
    except LinkRefused as refused:
        return render(request, "patient/join_refused.html", 410, code=refused.code)
    page = await page_of(request, link.visit)
    if link.used:
        return render(request, "patient/join_refused.html", 410, code="used")
    return render(request, "patient/join.html", page=page, visit=page.visit, token=token)


@router.post("/visits/join/{token}")
async def join_post(request: Request, token: str) -> Response:
    """Consumes the link once and binds the room to this session; the call page may be left and found again."""
    require_patient(request)
    try:
        door = await in_scope(request, lambda scope: scope.links.consume(token))
    except LinkRefused as refused:
        return render(request, "patient/join_refused.html", 410, code=refused.code)
    return go(f"/visits/{door.visit}/call")


async def _act(request: Request, visit_id: str, act: str) -> Response:
    session, form = require_patient(request), await form_of(request)
    participant = await in_scope(request, lambda scope: scope.parts.part_in(visit_id, act))
    ask = Ask(request=request_id(form), act=act, actor=session.person, subject=participant)
    answer = await ask_visit(request, visit_id, ask)
    if answer.done:
        return go(f"/visits/{visit_id}/waiting" if act == "arrive" else f"/visits/{visit_id}")
    return await _room(request, visit_id, answer.code)


async def _room(request: Request, visit_id: str, code: str) -> Response:
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, Any, Any]:
        page = read_page(scope, visit_id)
        shut = scope.gates.latest(visit_id, "join") if code == "gate_shut" else None
        return page, scope.visits.waiting(visit_id), shut

    page, waiting, shut = await in_scope(request, read)
    if not page.lets("waiting"):  # the visit's own page says whose turn it is
        return go(f"/visits/{visit_id}")
    if page.visit.stage not in ROOM_STAGES and not _is_checking(page) and not code:
        return go(f"/visits/{visit_id}")
    law = law_view("join", False, shut.decisions, visitor(request).language, page.state) if shut else None
    return render(
        request,
        "patient/waiting.html",
        409 if code else 200,
        page=page,
        visit=page.visit,
        words=_words(request, page, waiting),
        law=law,
        code=code,
        request_id=new_request_id(),
    )


def _is_checking(page: VisitPage) -> bool:
    """Everything is given, and the visit's workflow has not yet said that the patient may come in."""
    return page.visit.stage in CHECKING and page.now is not None and page.now.kind == "waiting"


def _words(request: Request, page: VisitPage, waiting: Any) -> dict[str, str]:
    """Position, interval and what happens next, in words."""
    t = translator(visitor(request).language)
    if waiting is None:
        return {"position": "", "interval": "", "next": t("waiting.next", provider=page.provider)}
    ahead = int(waiting.ahead)
    minutes = page.plan.duration_seconds / 60
    least, most = round(ahead * minutes * SHORTEST_PART), round(ahead * minutes) + SLACK_MINUTES
    position = (
        t("waiting.first") if ahead == 0 else t("waiting.ahead_one" if ahead == 1 else "waiting.ahead", count=ahead)
    )
    interval = t("waiting.soon", most=most) if ahead == 0 else t("waiting.between", least=least, most=most)
    if page.visit.starts_at > deps_of(request).clock.now() + timedelta(minutes=most):
        interval = t("waiting.by", time=Formats(visitor(request).language).time(page.visit.starts_at, page.zone))
    return {"position": position, "interval": interval, "next": t("waiting.next", provider=page.provider)}
