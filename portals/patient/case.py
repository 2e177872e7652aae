"""A case that lies with the clinic, as its patient sees it: when the answer is due, what is asked, and how to reply."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.texts import text_in
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.i18n import translator
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visit_content import visit_content
from portals.base.visitor import visitor
from portals.patient.late_photos import Refused, refused_photos
from portals.patient.visit import VisitPage, read_page
from records.cases import LONGEST, CaseClock, CaseMessage
from records.errors import AlreadyDone
from records.scope import Scope

router = APIRouter()
FIELD = "text"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CasePage:
    """What the page shows: the visit, the clock, what was said, and what to do if it gets worse."""

    page: VisitPage
    clock: CaseClock | None
    thread: tuple[CaseMessage, ...]
    worse: str
    refused: tuple[Refused, ...] = ()

    @property
    def is_asked(self) -> bool:
        """Whether a question waits for its reply."""
        return self.page.visit.stage == "more_asked" and bool(self.thread) and not self.thread[-1].by_patient


@router.get("/visits/{visit_id}/case")
async def case_page(request: Request, visit_id: str) -> Response:
    """Where the case stands."""
    require_patient(request)
    shown = await in_scope(request, lambda scope: _read(request, scope, visit_id))
    page = shown.page
    if not page.plan.answer_within_seconds or not page.lets("case") or page.over or page.visit.stage == "draft":
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    words = translator(visitor(request).language)
    error = next((words(key) for name, key in said.errors if name == FIELD), "")
    due = shown.clock.due if shown.clock is not None else None
    answer = render(
        request,
        "patient/case.html",
        said.status,
        page=page,
        visit=page.visit,
        shown=shown,
        refused_photos=shown.refused,
        due=due,
        late=due is not None and due < deps_of(request).clock.now(),
        error=error,
        text=said.values.get(FIELD, ""),
        longest=LONGEST,
        request_id=new_request_id(),
    )
    return once(request, answer)


@router.post("/visits/{visit_id}/case/reply")
async def case_reply(request: Request, visit_id: str) -> Response:
    """Keeps the reply; the clinician is told, and the clock goes on."""
    require_patient(request)
    form, there = await form_of(request), f"/visits/{visit_id}/case"
    text = field(form, FIELD)
    if not text or len(text) > LONGEST:
        await in_scope(request, lambda scope: read_page(scope, visit_id))  # a stranger's visit is none to be refused at
        key = "case.error.empty" if not text else "case.error.long"
        said = Said(values={FIELD: text[:LONGEST]}, errors=((FIELD, key),), status=422)
        return send_again(request, said, there) or go(there)
    with contextlib.suppress(AlreadyDone):  # it was replied to, or is answered: the page shows which
        await in_scope(request, lambda scope: scope.cases.reply(visit_id, text, request_id(form)))
    return go(there)


def _read(request: Request, scope: Scope, visit_id: str) -> CasePage:
    page, deps = read_page(scope, visit_id), deps_of(request)
    if not page.plan.answer_within_seconds or not page.lets("case"):
        return CasePage(page=page, clock=None, thread=(), worse="")
    texts = visit_content(scope, visit_id, deps.content(), deps.library().law.vocabulary).specialty.texts
    return CasePage(
        page=page,
        clock=scope.cases.clock(visit_id),
        thread=scope.cases.thread(visit_id),
        refused=refused_photos(request, scope, visit_id) if page.lets("intake") and not page.over else (),
        worse=text_in(texts.get("worse", {}), visitor(request).language),
    )
