"""How a visit's call stands, for whoever helps people into it: found by the visit's number, and nobody is named."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.check_words import check_view
from portals.base.i18n import translator
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.staff.doors import require_act
from records.acts import Act
from records.codes import is_code

router = APIRouter(include_in_schema=False)
_LONGEST = 40


@router.get("/connections")
async def connections(request: Request) -> Response:
    """Asks for a visit's number, which people find on their own page."""
    require_act(request, Act.CONNECTION_VIEWED)
    return render(request, "staff/connections.html", error="")


@router.post("/connections")
async def look_up(request: Request) -> Response:
    """Leads to the visit of that number."""
    require_act(request, Act.CONNECTION_VIEWED)
    visit = field(await form_of(request), "visit")
    if not visit or not is_code(visit, _LONGEST):
        return render(request, "staff/connections.html", 422, error="number")
    return go(f"/staff/connections/{visit}")


@router.get("/connections/{visit}")
async def connection(request: Request, visit: str) -> Response:
    """Stage, room and each side's way in."""
    require_act(request, Act.CONNECTION_VIEWED)
    try:
        seen, kept, guests = await in_scope(
            request,
            lambda scope: (scope.overview.connection(visit), scope.checks.latest(visit), scope.checks.of_guests(visit)),
        )
    except HTTPException:
        return render(request, "staff/connections.html", 404, error="unknown")
    who = visitor(request)
    t = translator(who.language)
    made = [(t("check.done_title_staff"), kept)] if kept else []
    made += [(t("check.done_title_guest", role=t(f"call.text.role_{one.role}")), one.kept) for one in guests]
    checks = [(title, one, check_view(one.check, t)) for title, one in made]
    return render(request, "staff/connection.html", seen=seen, checks=checks, zone=who.here.time_zone)
