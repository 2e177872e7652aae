"""The waiting room and the door to the call: position, an honest interval, what happens next, leaving, joining."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.waiting import wait_of
from portals.auth.guards import require_patient
from portals.base.check_words import check_brief
from portals.base.formats import Formats
from portals.base.i18n import Translate, translator
from portals.base.requests import deps_of, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.call.checking import check_of
from portals.patient.asking import ask_visit
from portals.patient.law_view import law_view
from portals.patient.visit import VisitPage, page_of, read_page
from records.errors import LinkRefused
from records.scope import Scope
from records.stages import IN_LINE
from records.tech_checks import KeptCheck
from records.text_wishes import TextWish
from records.visits import Waiting
from workflows.contracts import Ask

router = APIRouter()
ROOM_STAGES = IN_LINE | {"ready", "in_call"}
CHECKING = frozenset({"booked", "preparing"})
CALL_BACK_SECONDS = 900
# Acts after which the waiting room shows how one stands; after all others the visit's own page does.
STAYS = frozenset({"arrive", "step_out", "come_back"})


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


@router.post("/visits/{visit_id}/step-out")
async def step_out(request: Request, visit_id: str) -> Response:
    """Leaves the page, keeps the place, and is called back."""
    return await _act(request, visit_id, "step_out")


@router.post("/visits/{visit_id}/come-back")
async def come_back(request: Request, visit_id: str) -> Response:
    """Is back in the waiting room, called or not."""
    return await _act(request, visit_id, "come_back")


@router.get("/visits/back/{token}")
async def back_page(request: Request, token: str) -> Response:
    """Shows what a call back's link leads to and uses nothing up: mail scanners and previews may look."""
    require_patient(request)
    try:
        link = await in_scope(request, lambda scope: scope.links.peek_call_back(token))
    except LinkRefused as refused:
        return render(request, "patient/back_refused.html", 410, code=refused.code)
    if link.used:
        return render(request, "patient/back_refused.html", 410, code="used")
    page = await page_of(request, link.visit)
    return render(request, "patient/back.html", page=page, visit=page.visit, token=token, request_id=new_request_id())


@router.post("/visits/back/{token}")
async def back_post(request: Request, token: str) -> Response:
    """Uses the link up and tells the visit that the patient is back."""
    require_patient(request)
    try:
        visit_id = await in_scope(request, lambda scope: scope.links.use_call_back(token))
    except LinkRefused as refused:
        return render(request, "patient/back_refused.html", 410, code=refused.code)
    return await _act(request, visit_id, "come_back")


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
        return go(f"/visits/{visit_id}/waiting" if act in STAYS else f"/visits/{visit_id}")
    return await _room(request, visit_id, answer.code)


async def _room(request: Request, visit_id: str, code: str) -> Response:
    require_patient(request)

    def read(scope: Scope) -> _Room:
        page = read_page(scope, visit_id)
        inside = page.visit.stage in ROOM_STAGES and page.lets("waiting")
        return _Room(
            page=page,
            waiting=scope.visits.waiting(visit_id),
            shut=scope.gates.latest(visit_id, "join") if code == "gate_shut" else None,
            check=check_of(scope, page) if inside else None,
            texts=_texts(request, scope, page) if inside else None,
            missed=page.visit.stage == "ready" and scope.visits.missed_call_back(visit_id),
        )

    room = await in_scope(request, read)
    page = room.page
    if not page.lets("waiting"):  # the visit's own page says whose turn it is
        return go(f"/visits/{visit_id}")
    if page.visit.stage not in ROOM_STAGES and not _is_checking(page) and not code:
        return go(f"/visits/{visit_id}")
    language = visitor(request).language
    law = law_view("join", False, room.shut.decisions, language, page.state) if room.shut else None
    return render(
        request,
        "patient/waiting.html",
        409 if code else 200,
        page=page,
        visit=page.visit,
        words=_words(request, page, room.waiting),
        until=room.waiting.until if room.waiting else None,
        window=_window(page),
        check=_checked(room.check, translator(language)),
        texts=room.texts,
        missed=room.missed,
        law=law,
        code=code,
        request_id=new_request_id(),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Room:
    """What the waiting room's page is made of."""

    page: VisitPage
    waiting: Waiting | None
    shut: Any
    check: KeptCheck | None
    texts: TextWish | None
    missed: bool


def _texts(request: Request, scope: Scope, page: VisitPage) -> TextWish | None:
    """Whether the patient is called back by text, too; nothing of it where somebody acts for them."""
    if page.acting or not deps_of(request).settings.has_texts:
        return None
    return scope.texts.of_person(page.visit.patient)


def _window(page: VisitPage) -> int:
    """How long who is called back has to return, in seconds."""
    step = next((one for one in page.plan.steps if one.kind == "wait"), None)
    return int(step.settings.get("call_back_seconds", CALL_BACK_SECONDS)) if step is not None else CALL_BACK_SECONDS


def _checked(kept: KeptCheck | None, t: Translate) -> str:
    """What a check came to; a skipped one is offered once more."""
    return "" if kept is None or kept.check.is_skipped else check_brief(kept.check, t)


def _is_checking(page: VisitPage) -> bool:
    """Everything is given, and the visit's workflow has not yet said that the patient may come in."""
    return page.visit.stage in CHECKING and page.now is not None and page.now.kind == "waiting"


def _words(request: Request, page: VisitPage, waiting: Waiting | None) -> dict[str, str]:
    """Position, interval and what happens next, in words."""
    t = translator(visitor(request).language)
    ready = t("waiting.next", provider=page.provider)
    if waiting is None:
        return {"position": "", "interval": "", "next": ready}
    ahead = waiting.ahead
    position = (
        t("waiting.first") if ahead == 0 else t("waiting.ahead_one" if ahead == 1 else "waiting.ahead", count=ahead)
    )
    busy = t("waiting.in_visit" if waiting.facts.in_call else "waiting.in_no_visit", provider=page.provider)
    return {"position": position, "interval": _interval(request, page, waiting), "next": f"{busy} {ready}"}


def _interval(request: Request, page: VisitPage, waiting: Waiting) -> str:
    """How long it may take, said as an interval; never an end before the appointment, and never a guess."""
    language, now = visitor(request).language, deps_of(request).clock.now()
    t, found = translator(language), wait_of(waiting.facts, now)
    if page.visit.starts_at > now + timedelta(minutes=found.most if found else 0):
        return t("waiting.by", time=Formats(language).time(page.visit.starts_at, page.zone))
    if found is None:
        return t("waiting.unknown")
    if found.least == 0:
        return t("waiting.soon", most=found.most)
    return t("waiting.between", least=found.least, most=found.most)
