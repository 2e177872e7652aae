"""The summary of a visit as a file to keep: a PDF in the clinic's brand; that a copy was taken is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.brand import picture
from portals.base.colour import brand_css
from portals.base.pdf import pdf_of
from portals.base.requests import deps_of, in_scope
from portals.base.templating import STATIC, go, render
from portals.base.visitor import visitor
from portals.patient.after import SHOWN_STATES, SUMMARY
from portals.patient.summary_view import summary_view
from portals.patient.visit import VisitPage, read_page
from records.scope import Scope

router = APIRouter()


@router.get("/visits/{visit_id}/summary.pdf")
async def summary_pdf(request: Request, visit_id: str) -> Response:
    """The summary as PDF; the page instead, which says so, where there is none or none can be written."""
    person = require_patient(request).person

    def read(scope: Scope) -> tuple[VisitPage, Mapping[str, Any] | None, tuple[Any, ...]]:
        page = read_page(scope, visit_id)
        documents = [one for one in scope.documents.for_visit(visit_id) if one.kind == SUMMARY]
        content = scope.documents.copy_of(documents[-1].id) if documents and page.seen else None
        orders = tuple(one for one in scope.orders.for_visit(visit_id) if one.state in SHOWN_STATES)
        return page, content, orders

    page, content, orders = await in_scope(request, read)
    if content is None:
        return go(f"/visits/{visit_id}/summary")
    who = visitor(request)
    view = summary_view(content, deps_of(request).content(), who.language)
    sheet = brand_css(who.here.brand_colour) + (STATIC / "css" / "document.css").read_text(encoding="utf-8")
    told = {"page": page, "view": view, "orders": orders, "sheet": sheet, "picture": picture(request)}
    shown = render(request, "patient/summary_document.html", 200, **told)
    written = await run_in_threadpool(pdf_of, bytes(shown.body).decode("utf-8"), person)
    if not written:
        return go(f"/visits/{visit_id}/summary?pdf=no")
    # The name of the file says nothing of the visit: it lands in a folder that others may open.
    headers = {"content-disposition": 'attachment; filename="summary.pdf"'}
    return Response(written, media_type="application/pdf", headers=headers)
