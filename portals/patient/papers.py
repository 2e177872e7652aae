"""The referrals and tests that a patient was given: where to go, by when, why; as a page, printed, or as a letter."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.colour import brand_css
from portals.base.pdf import pdf_of
from portals.base.requests import in_scope
from portals.base.templating import STATIC, go, render
from portals.base.visitor import visitor
from portals.patient.visit import VisitPage, read_page
from records.scope import Scope
from records.service_requests import RequestView

router = APIRouter()
Read = tuple[VisitPage, RequestView | None, str, str]


@router.get("/visits/{visit_id}/papers/{paper}")
async def paper_page(request: Request, visit_id: str, paper: str) -> Response:
    """One referral or test."""
    require_patient(request)
    page, found, author, name = await in_scope(request, lambda scope: _read(scope, visit_id, paper))
    if found is None:
        raise HTTPException(404)
    no_pdf = request.query_params.get("pdf") == "no"
    return render(
        request, "patient/paper.html", page=page, visit=page.visit, paper=found, author=author, name=name, no_pdf=no_pdf
    )


@router.get("/visits/{visit_id}/papers/{paper}/letter.pdf")
async def paper_pdf(request: Request, visit_id: str, paper: str) -> Response:
    """The same as a letter to take along, in the clinic's brand."""
    person = require_patient(request).person
    page, found, author, name = await in_scope(request, lambda scope: _read(scope, visit_id, paper))
    if found is None:
        raise HTTPException(404)
    sheet = brand_css(visitor(request).here.brand_colour) + (STATIC / "css" / "document.css").read_text("utf-8")
    shown = render(
        request, "patient/paper_document.html", page=page, paper=found, author=author, name=name, sheet=sheet
    )
    written = await run_in_threadpool(pdf_of, bytes(shown.body).decode("utf-8"), person)
    if not written:
        return go(f"/visits/{visit_id}/papers/{paper}?pdf=no")
    # The name of the file says nothing of the visit: it lands in a folder that others may open.
    headers = {"content-disposition": 'attachment; filename="letter.pdf"'}
    return Response(written, media_type="application/pdf", headers=headers)


def _read(scope: Scope, visit_id: str, paper: str) -> Read:
    found = next((one for one in scope.service_requests.for_visit(visit_id) if one.id == paper), None)
    page = read_page(scope, visit_id)
    author = scope.people.called(found.author).display_name if found else ""
    return page, found, author, scope.people.patient(page.visit.patient).name if found else ""
