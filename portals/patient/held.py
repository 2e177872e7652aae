"""Which time is kept for somebody who has not paid for it yet, and until when?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from portals.base.requests import deps_of, in_scope
from portals.base.visitor import visitor
from portals.patient.flow import read_flow
from portals.patient.visit import VisitPage, read_page
from records.errors import NotFound
from records.scope import Scope

HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A visit that waits for its payment; ``until`` is None where no time is kept for it."""

    page: VisitPage
    until: datetime | None


async def held_until(request: Request, page: VisitPage) -> datetime | None:
    """Until when a visit's time is kept; None once it is paid, or where nobody's time is taken."""
    visit = page.visit
    return await in_scope(request, lambda scope: scope.slots.held_until(visit.provider, visit.visit))


async def held_for_payment(request: Request) -> Held | None:
    """The visit that this browser held a time for last, while it can still be paid for."""
    visit = read_flow(request).held
    if not visit or visitor(request).session is None:
        return None

    def read(scope: Scope) -> Held | None:
        try:
            page = read_page(scope, visit)
        except NotFound:  # somebody else signed in at this browser
            return None
        if page.visit.stage != HELD or not page.lets("pay"):
            return None
        return Held(page=page, until=scope.slots.held_until(page.visit.provider, visit))

    found = await in_scope(request, read)
    return found if found and (found.until is None or found.until > deps_of(request).clock.now()) else None
