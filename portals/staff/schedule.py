"""The day as those see it who run the clinic: when, with whom, what became of it and of the money; never why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.formats import Formats
from portals.base.requests import deps_of, in_scope
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.provider.desk import visit_type_title
from portals.staff.calling_off import OPEN
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.overview import MOST
from records.scope import Scope
from records.visits import VisitView

router = APIRouter(include_in_schema=False)
FARTHEST = timedelta(days=50 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One visit of the day, by number; nobody is named but the clinician."""

    visit: str
    starts: str
    kind: str
    clinician: str
    stage: str
    price: str
    payment: str
    open: bool


@router.get("/schedule")
async def schedule(request: Request, day: str = "") -> Response:
    """One day of the clinic, today unless another is asked for."""
    session = require_act(request, Act.SCHEDULE_VIEWED)
    zone = visitor(request).here.time_zone
    chosen = _day(day, deps_of(request).clock.now().astimezone(ZoneInfo(zone)).date())
    start = datetime.combine(chosen, time(), ZoneInfo(zone))
    rows = await in_scope(request, lambda scope: _rows(request, scope, start))
    return render(
        request,
        "staff/schedule.html",
        rows=rows,
        can_call_off=may_open(session.role, Act.VISIT_CALLED_OFF),
        day=chosen,
        before=(chosen - timedelta(days=1)).isoformat(),
        after=(chosen + timedelta(days=1)).isoformat(),
        most=MOST,
    )


def _rows(request: Request, scope: Scope, start: datetime) -> tuple[Row, ...]:
    found = scope.overview.schedule(start, start + timedelta(days=1))
    names = {one.person: one.display_name for one in scope.people.providers()}
    return tuple(_row(request, one, names.get(one.provider, "")) for one in found)


def _row(request: Request, one: VisitView, clinician: str) -> Row:
    who = visitor(request)
    fmt = Formats(who.language)
    return Row(
        visit=one.visit,
        starts=fmt.time(one.starts_at, who.here.time_zone),
        kind=visit_type_title(deps_of(request).content(), one, who.language),
        clinician=clinician,
        stage=one.stage,
        price=fmt.money(one.price_cents, one.currency),
        payment=one.payment_state,
        open=one.stage in OPEN,
    )


def _day(text: str, today: date) -> date:
    """The day asked for, today when it is none or so far away that no visit can be there."""
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today
    return asked if abs(asked - today) <= FARTHEST else today
