"""The authoring studio: specialties seen as a patient would see them, live while their files are edited.

Everything that was chosen stands in the address; nothing is read from records or written to them.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from admin_ui.studio.findings import visible
from admin_ui.studio.tried import SAMPLE, Tried, query_of, read_tried
from admin_ui.studio.walk import Screen
from engine.diagnostics import Severity
from engine.forms import Item
from engine.forms_answers import CODES, read_answer
from engine.texts import text_in
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.studio import checks_page
from portals.studio.checks_page import mark_of
from portals.studio.door import STUDIO, require_studio
from portals.studio.play import Play, has_file, is_of, known, known_specialties, play
from portals.studio.screen import framed, screen_page
from portals.studio.view import findings_view, play_view

router = APIRouter(prefix=STUDIO, include_in_schema=False)
router.include_router(checks_page.router)


@router.get("")
async def studio(request: Request) -> Response:
    """Every specialty, and how the newest files stand."""
    require_studio(request)
    deps, who = deps_of(request), visitor(request)
    await run_in_threadpool(deps.written.look)
    content, clinic = deps.content(), deps.content().clinic(who.here.slug)
    shown, hidden = visible(deps.written.problems(), who.here.slug)
    rows = [
        {
            "id": name,
            "title": text_in(content.specialties[name].title, who.language) if name in content.specialties else name,
            "is_good": name in content.specialties and has_file(deps.settings.root, name),
            "kinds": len(content.specialties[name].visit_types) if name in content.specialties else 0,
            "is_offered": name in clinic.specialties,
            "errors": sum(one.severity is Severity.ERROR and is_of(one.location.file, name, content) for one in shown),
        }
        for name in known_specialties(deps.settings.root, content)
    ]
    errors = sum(one.severity is Severity.ERROR for one in shown) + hidden
    return render(request, "studio/home.html", rows=rows, errors=errors, mark=mark_of(request))


@router.get("/state")
async def state(request: Request) -> Response:
    """Which state of the files is in force, for the page that keeps itself current."""
    require_studio(request)
    deps = deps_of(request)
    await run_in_threadpool(deps.written.look)
    return JSONResponse({"mark": mark_of(request)})


@router.get("/specialties/{specialty}")
async def specialty_page(request: Request, specialty: str, wrong: str = "") -> Response:
    """What is wrong with a specialty's files, and its walk-through as the last good version of them has it."""
    require_studio(request)
    deps = deps_of(request)
    await run_in_threadpool(deps.written.look)
    known(request, specialty)
    played = await _played(request, specialty)
    findings = findings_view(request, specialty)
    if played is None:
        return render(request, "studio/unread.html", id=specialty, findings=findings, mark=mark_of(request))
    if played.tried.at and played.walked.screen(played.tried.at).id != played.tried.at:
        played = replace(played, tried=replace(played.tried, at=played.walked.screen(played.tried.at).id))
    view = await run_in_threadpool(play_view, request, played)
    page = render(
        request,
        "studio/specialty.html",
        id=specialty,
        findings=findings,
        play=played,
        view=view,
        title=text_in(played.specialty.title, visitor(request).language),
        wrong=f"&wrong={wrong}" if wrong in CODES else "",
        mark=mark_of(request),
    )
    return framed(request, page)


@router.get("/specialties/{specialty}/screen")
async def screen(request: Request, specialty: str, wrong: str = "") -> Response:
    """One screen as the patient would see it, for the frame of the walk-through."""
    require_studio(request)
    known(request, specialty)
    played = await _played(request, specialty)
    if played is None:
        raise HTTPException(404)
    return screen_page(request, played, wrong)


@router.post("/specialties/{specialty}/answer")
async def answer(request: Request, specialty: str) -> Response:
    """Takes one answer into the address and goes on; keeps nothing else."""
    require_studio(request)
    known(request, specialty)
    form = await form_of(request, LONGEST_CHECKED)
    tried = read_tried(parse_qsl(field(form, "state"), keep_blank_values=True))
    tried = replace(tried, at=field(form, "screen")[:200])
    played = await _played(request, specialty, tried)
    if played is None:
        raise HTTPException(404)
    here = played.walked.screen(played.tried.at)
    item = _item(played, here)
    if item is None:
        return _to(specialty, replace(played.tried, at=played.walked.after(here).id))
    sent = tuple(str(value) for value in form.getlist("answer"))
    raw, code = _raw(item, _day(form) if item.type == "date" else sent)
    if code:
        return _to(specialty, replace(played.tried, at=here.id), code)
    told = played.tried.answered(here.id, raw)
    after = await _played(request, specialty, replace(told, at=here.id))
    return _to(specialty, replace(told, at=after.walked.after(here).id if after else here.id))


async def _played(request: Request, specialty: str, tried: Tried | None = None) -> Play | None:
    chosen = tried or read_tried(request.query_params.multi_items())
    return await run_in_threadpool(play, request, specialty, chosen)


def _item(played: Play, here: Screen) -> Item | None:
    state = played.walked.form(here.form) if here.kind == "question" else None
    return state.form.item(here.item) if state else None


def _raw(item: Item, sent: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """What is carried of an answer, and the code of what is wrong with it. Words and photos never are."""
    if item.type in ("text", "photo"):
        return ((SAMPLE,) if any(one.strip() for one in sent) else ("",)), ""
    checked = read_answer(item, sent)
    if checked.problem is not None:
        return (), checked.problem.code
    return (tuple(one.strip() for one in sent if one.strip()) or ("true" if item.type == "info" else "",)), ""


def _day(form: object) -> tuple[str, ...]:
    year, month, day = (field(form, f"answer-{part}") for part in ("y", "m", "d"))  # type: ignore[arg-type]
    return (f"{year.zfill(4)}-{month.zfill(2)}-{day.zfill(2)}",) if year or month or day else ()


def _to(specialty: str, tried: Tried, wrong: str = "") -> Response:
    more = f"&wrong={wrong}" if wrong else ""
    return go(f"{STUDIO}/specialties/{specialty}?{query_of(tried)}{more}#screen")
