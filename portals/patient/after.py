"""After the visit: the summary to keep and print, prescriptions with their state, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.requests import deps_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.summary_view import summary_view
from portals.patient.visit import VisitPage, read_page
from records.receipts import Receipt
from records.scope import Scope
from records.service_requests import RequestView

router = APIRouter()
SUMMARY = "after_visit_summary"
SHOWN_STATES = frozenset({"sent", "verified", "rejected", "cancelled"})


@router.get("/visits/{visit_id}/summary")
async def summary_page(request: Request, visit_id: str) -> Response:
    """The after-visit summary; until it is written, what the patient can expect."""
    require_patient(request)

    def read(
        scope: Scope,
    ) -> tuple[VisitPage, Mapping[str, Any] | None, tuple[Any, ...], tuple[RequestView, ...]]:
        page = read_page(scope, visit_id)
        documents = [one for one in scope.documents.for_visit(visit_id) if one.kind == SUMMARY]
        content = scope.documents.content(documents[-1].id) if documents else None
        orders = tuple(one for one in scope.orders.for_visit(visit_id) if one.state in SHOWN_STATES)
        return page, content, orders, scope.service_requests.for_visit(visit_id)

    page, content, orders, papers = await in_scope(request, read)
    if not page.seen:
        return go(f"/visits/{visit_id}")
    view = summary_view(content, deps_of(request).content(), visitor(request).language) if content else None
    no_pdf = request.query_params.get("pdf") == "no"
    return render(
        request,
        "patient/summary.html",
        page=page,
        visit=page.visit,
        view=view,
        orders=orders,
        papers=papers,
        no_pdf=no_pdf,
    )


@router.get("/visits/{visit_id}/receipt")
async def receipt_page(request: Request, visit_id: str) -> Response:
    """What the visit costs, what was charged so far, and where the payment stands."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, Receipt]:
        return read_page(scope, visit_id), scope.receipts.of_visit(visit_id)

    page, charged = await in_scope(request, read)
    return render(request, "patient/receipt.html", page=page, visit=page.visit, charged=charged)
