"""The check results: what `clinic check` says of everything, by file, with what was run when and for how long."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from admin_ui.studio.checks import Checks, result_of
from admin_ui.studio.findings import visible
from engine.diagnostics import as_json, as_text
from portals.base.requests import deps_of, field, form_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.studio.door import STUDIO, require_studio
from records.acts import Act

router = APIRouter(include_in_schema=False)
SHOWN = ("", "error", "warning", "cases")
PAGE = f"{STUDIO}/checks"


def checks_of(request: Request) -> Checks:
    """The checks of this program."""
    found: Checks = request.app.state.checks
    return found


def mark_of(request: Request) -> str:
    """Names what the studio shows: it changes with the files, and when a check begins or ends."""
    checks = checks_of(request)
    checked = checks.last.ended_at.isoformat() if checks.last and checks.last.ended_at else ""
    return f"{deps_of(request).written.changes()} {checked} {'now' if checks.now else ''}".strip()


@router.get("/checks")
async def checks_page(request: Request, show: str = "") -> Response:
    """The last run, and the one under way."""
    require_studio(request)
    if show not in SHOWN:
        raise HTTPException(404)
    deps, slug, checks = deps_of(request), visitor(request).here.slug, checks_of(request)
    last = checks.last
    return render(
        request,
        "studio/checks.html",
        run=last,
        now=checks.now,
        result=result_of(last, deps.settings.root, slug, show) if last else None,
        is_old=last is not None and last.changes != deps.written.changes(),
        show=show,
        shown=SHOWN,
        zone=visitor(request).here.time_zone,
        mark=mark_of(request),
    )


@router.post("/checks")
async def run_checks(request: Request) -> Response:
    """Begins a run unless one is under way; whole visits are walked when that was wished for."""
    require_studio(request, Act.CHECK_BEGUN)
    form, deps = await form_of(request), deps_of(request)
    checks_of(request).begin(deps.settings, field(form, "visits") == "yes", deps.written.changes())
    return go(PAGE)


@router.get("/checks/download")
async def download(request: Request, form: str = "text") -> Response:
    """The last run as text or JSON, as the command writes it."""
    require_studio(request)
    last = checks_of(request).last
    if last is None or form not in ("text", "json"):
        raise HTTPException(404)
    shown, _ = visible(last.problems, visitor(request).here.slug)
    kind, ending = ("application/json", "json") if form == "json" else ("text/plain", "txt")
    text = as_json(shown) if form == "json" else as_text(shown)
    headers = {"content-disposition": f'attachment; filename="clinic-check.{ending}"'}
    return PlainTextResponse(f"{text}\n", headers=headers, media_type=kind)
