"""What a visit's bill rests on: its price, what was charged, and who was in the call for how many minutes."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.requests import in_scope
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.staff.doors import require_act
from records.acts import Act

router = APIRouter(include_in_schema=False)


@router.get("/visits/{visit}/bill")
async def bill_page(request: Request, visit: str) -> Response:
    """One visit by its number; nobody is named."""
    require_act(request, Act.RECEIPT_VIEWED)
    bill = await in_scope(request, lambda scope: scope.receipts.bill(visit))
    return render(request, "staff/bill.html", bill=bill, zone=visitor(request).here.time_zone)
