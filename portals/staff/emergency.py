"""A chart in an emergency, as the clinician opens, reads and shuts it. Nothing can be written from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.api.limits import Rate, RateLimiter
from portals.auth.sign_up import read_date
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.provider.chart import chart_view
from portals.provider.desk import Desk, visit_type_title
from portals.provider.opening import at_desk
from portals.provider.visit_page import chart_source, note_view
from portals.staff.doors import require_act
from records.access import TABLE
from records.acts import Act
from records.emergency import LONGEST_REASON, EmergencyDraft, EmergencyView
from records.scope import Scope

router = APIRouter(include_in_schema=False)
limiter = RateLimiter(Rate(burst=6, per_second=1 / 60))  # a clinician's tries: it is no way to look for people
FIELDS = ("given", "family", "reason", "birth_date-m", "birth_date-d", "birth_date-y")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Line:
    """A visit of the patient on their emergency page."""

    visit: str
    starts: str
    kind: str
    stage: str
    reason: str


@router.get("/emergency")
async def ask(request: Request) -> Response:
    """Asks whose chart, and why."""
    require_act(request, Act.EMERGENCY_OPENED)
    return _form(request, {}, ())


@router.post("/emergency")
async def open_chart(request: Request) -> Response:
    """Opens the chart, or says what is missing; who is not found is not looked for further."""
    session = require_act(request, Act.EMERGENCY_OPENED)
    typed = {name: field(await form_of(request), name) for name in FIELDS}
    born = read_date(typed, "birth_date")
    wrong = [name for name in ("given", "family") if not typed[name]]
    wrong += [] if born and born <= deps_of(request).clock.now().date() else ["birth_date"]
    wrong += [] if TABLE.reason_least <= len(typed["reason"]) <= LONGEST_REASON else ["reason"]
    if wrong or born is None:
        return _form(request, typed, wrong)
    if limiter.wait_for(session.person):
        raise HTTPException(429)
    draft = EmergencyDraft(given=typed["given"], family=typed["family"], birth_date=born, reason=typed["reason"])
    try:
        opened = await in_scope(request, partial(_opened, draft))
    except HTTPException:
        return _form(request, typed, ("unknown",))
    return go(f"/staff/emergency/{opened.id}")


@router.get("/emergency/{emergency}")
async def chart(request: Request, emergency: str) -> Response:
    """The patient and their visits, while the chart is open."""
    require_act(request, Act.EMERGENCY_VIEWED)
    access = await in_scope(request, lambda scope: scope.emergencies.get(emergency))
    if not access.open:
        return render(request, "staff/emergency_shut.html", 410)
    patient, lines = await at_desk(request, partial(_patient, access.patient))
    zone = visitor(request).here.time_zone
    return render(request, "staff/emergency_chart.html", access=access, patient=patient, lines=lines, zone=zone)


@router.get("/emergency/{emergency}/visits/{visit}")
async def visit_chart(request: Request, emergency: str, visit: str) -> Response:
    """One visit of theirs: chart, note and orders, to be read."""
    require_act(request, Act.EMERGENCY_VIEWED)
    access = await in_scope(request, lambda scope: scope.emergencies.get(emergency))
    if not access.open:
        return render(request, "staff/emergency_shut.html", 410)
    view = await at_desk(request, partial(_visit, access.patient, visit))
    return render(request, "staff/emergency_visit.html", access=access, visit=view)


@router.post("/emergency/{emergency}/end")
async def end(request: Request, emergency: str) -> Response:
    """Shuts the chart before its time is over."""
    require_act(request, Act.EMERGENCY_ENDED)
    await in_scope(request, lambda scope: scope.emergencies.end(emergency))
    return go("/staff")


def _form(request: Request, typed: dict[str, str], wrong: Any) -> Response:
    return render(
        request,
        "staff/emergency.html",
        422 if wrong else 200,
        typed=typed,
        wrong=tuple(wrong),
        minutes=TABLE.emergency_minutes,
        least=TABLE.reason_least,
    )


def _opened(draft: EmergencyDraft, scope: Scope) -> EmergencyView:
    return scope.emergencies.open(draft)


def _patient(patient: str, desk: Desk) -> tuple[Any, tuple[Line, ...]]:
    visits = desk.scope.visits.for_patient(patient)
    return desk.scope.people.patient(patient), tuple(
        Line(
            visit=one.visit,
            starts=desk.fmt.moment(one.starts_at, desk.zone),
            kind=visit_type_title(desk.content, one, desk.fmt.language),
            stage=one.stage,
            reason=one.reason,
        )
        for one in visits
    )


def _visit(patient: str, visit: str, desk: Desk) -> dict[str, Any]:
    row = desk.scope.visits.get(visit)
    if row.patient != patient:
        raise HTTPException(404)
    person, sections = desk.scope.people.patient(patient), note_view(desk, row, {}).sections
    return {
        "name": person.name,
        "visit_type": visit_type_title(desk.content, row, desk.fmt.language),
        "starts": desk.fmt.moment(row.starts_at, desk.zone),
        "reason": row.reason,
        "chart": chart_view(chart_source(desk, row, person), desk.t, desk.fmt),
        "is_stopped": True,  # the telephone and the address stand where somebody can send help
        "note": [
            (f"{title}: {field.label}", field.shown) for title, fields in sections for field in fields if field.value
        ],
        "orders": desk.scope.orders.for_visit(visit),
    }
