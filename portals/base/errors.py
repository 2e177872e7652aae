"""What a person sees when a page cannot be shown: which trouble, what was kept, what to do, and a reference number."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Scope

from engine.log_context import visit_in
from engine.pinned import ContentGone
from portals.base.i18n import languages, translator
from portals.base.requests import audit_refusal
from portals.base.templating import environment, go, render, safe_path
from portals.base.visitor import STAFF, visitor
from records.errors import Erased, NotYetBegun, Overtaken

log = logging.getLogger(__name__)

KNOWN = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    408: "unreachable",
    413: "too_long",
    429: "too_often",
}
# Where a page of trouble leads before the start; its words are ``error.<kind>.go``.
ONWARD = {"not_begun": "/book/review"}
# After these the same may be done again: the page leads back to where the person was.
AGAIN = frozenset({"trouble", "overtaken", "unreachable", "stale_form", "too_long", "bad_request"})


def install_errors(app: FastAPI) -> None:
    """Makes every refusal and every crash a page of ours (JSON under ``/api/``)."""
    app.add_exception_handler(HTTPException, _refusal)
    app.add_exception_handler(NotYetBegun, _not_begun)
    app.add_exception_handler(Erased, _erased)
    app.add_exception_handler(Overtaken, _overtaken)
    app.add_exception_handler(ContentGone, _content_gone)
    app.add_exception_handler(Exception, _crash)


def forgery_page(scope: Scope) -> ASGIApp:
    """The answer to a form that is not ours or whose page is too old: the input was not used, reload and try again."""
    request = Request(scope)
    return error_page(request, 403, "stale_form")


def error_page(request: Request, status: int, kind: str) -> Response:
    """One error page by kind; JSON for scripts."""
    known = "visitor" in request.scope
    reference = visitor(request).reference if known else "-"
    if _for_a_script(request) or (not known and "text/html" not in request.headers.get("accept", "")):
        return JSONResponse({"error": {"code": kind, "reference": reference}}, status_code=status)
    if not known:
        return last_resort(status)
    onward, back = ONWARD.get(kind, ""), where_from(request) if kind in AGAIN else ""
    values = {"kind": kind, "reference": reference, "onward": onward, "back": back, "same": back == _self(request)}
    return render(request, "base/error.html", status, **values)


def last_resort(status: int) -> Response:
    """The page for when nothing is known, not even who asks: in every language, with a way back."""
    says = [(language, translator(language)) for language in languages()]
    return HTMLResponse(environment().get_template("base/last_resort.html").render(says=says), status_code=status)


def where_from(request: Request) -> str:
    """The page a person was on: the one that failed itself, or the one whose form was sent; empty when nobody says.

    A browser names that page in ``Referer``; only a path of this same host is believed.
    """
    if request.method == "GET":
        return _self(request)
    came = urlsplit(request.headers.get("referer", ""))
    same = bool(came.netloc) and came.netloc == request.headers.get("host", "")
    return safe_path(came.path + (f"?{came.query}" if came.query else ""), "") if same else ""


def _self(request: Request) -> str:
    return safe_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""), "")


async def _refusal(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 403:
        await audit_refusal(request, "role")
    if status == 405 and request.method == "GET" and not _for_a_script(request):
        return go(_above(request.url.path))
    answer = error_page(request, status, _kind(request, status))
    answer.headers.update(headers)
    return answer


def _above(path: str) -> str:
    """The page that a form's own address belongs to: whoever loads that address again is led back to it."""
    return path.rstrip("/").rpartition("/")[0] or "/"


def _for_a_script(request: Request) -> bool:
    return request.url.path.startswith("/api/") or "application/json" in request.headers.get("accept", "")


def _kind(request: Request, status: int) -> str:
    """Staff who may not open a page are told whose it is; everybody else that the account is another."""
    if status == 403 and "visitor" in request.scope:
        who = visitor(request)
        if who.portal == STAFF and who.session is not None:
            return "not_yours"
    return KNOWN.get(status, "trouble")


async def _not_begun(request: Request, _: Exception) -> Response:
    return error_page(request, 409, "not_begun")


async def _overtaken(request: Request, _: Exception) -> Response:
    """Something else was changed in the same moment, and this was undone whole: the same may be asked again."""
    answer = error_page(request, 503, "overtaken")
    answer.headers["retry-after"] = "1"
    return answer


async def _content_gone(request: Request, error: Exception) -> Response:
    log.error("page without its content reference=%s content=%s", visitor(request).reference, error)
    return error_page(request, 409, "content_gone")


async def _erased(request: Request, _: Exception) -> Response:
    """What the page was about belonged to somebody whose record was destroyed on purpose: it will not come back."""
    return error_page(request, 410, "erased")


async def _crash(request: Request, error: Exception) -> Response:
    reference = visitor(request).reference if "visitor" in request.scope else "-"
    visit = visit_in(request.url.path) or "-"
    # The type and the place are enough to find it; a message could hold what somebody typed.
    log.error(
        "page failed reference=%s visit=%s error=%s at=%s", reference, visit, type(error).__name__, _places(error)
    )
    try:
        return error_page(request, 500, "trouble")
    except Exception:  # what broke the page breaks its frame too: whoever waits still gets words and a way back
        return last_resort(500)


def _places(error: Exception) -> str:
    """The last calls before a crash, as ``file:line``."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
