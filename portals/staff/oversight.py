"""The officer's pages: charts opened in an emergency, each case with a verdict, and the access table in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.access import Action, Relation
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.staff.doors import require_act
from records.access import TABLE
from records.acts import Act
from records.emergency import VERDICTS, EmergencyCase, EmergencyView
from records.errors import AlreadyDone
from records.scope import Scope

router = APIRouter(include_in_schema=False)
LONGEST_FINDING = 2000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Typed:
    """What the page of a case shows beside it: a notice, or what was typed and the field that is wrong."""

    said: str = ""
    wrong: str = ""
    verdict: str = ""
    finding: str = ""


Inbox = tuple[tuple[EmergencyView, ...], tuple[EmergencyView, ...]]


@router.get("/oversight")
async def inbox(request: Request) -> Response:
    """What waits for a verdict, and what had one."""
    require_act(request, Act.EMERGENCY_REVIEW_VIEWED)
    waiting, reviewed = await in_scope(request, _inbox)
    zone = visitor(request).here.time_zone
    return render(request, "staff/oversight.html", waiting=waiting, reviewed=reviewed, zone=zone)


@router.get("/oversight/{emergency}")
async def case(request: Request, emergency: str, said: str = "") -> Response:
    """One case: who, why, and everything that was looked at."""
    require_act(request, Act.EMERGENCY_REVIEW_VIEWED)
    return await _case(request, emergency, Typed(said=said if said in ("closed", "not_now") else ""))


@router.post("/oversight/{emergency}")
async def review(request: Request, emergency: str) -> Response:
    """Closes the case with a verdict."""
    require_act(request, Act.EMERGENCY_REVIEWED)
    form = await form_of(request)
    verdict, finding = field(form, "verdict"), field(form, "finding")
    if verdict not in VERDICTS or not finding or len(finding) > LONGEST_FINDING:
        wrong = "verdict" if verdict not in VERDICTS else "finding"
        return await _case(request, emergency, Typed(wrong=wrong, finding=finding, verdict=verdict))
    done = await in_scope(request, partial(_close, emergency, verdict, finding))
    return go(f"/staff/oversight/{emergency}?said={'closed' if done else 'not_now'}")


@router.get("/access")
async def access(request: Request) -> Response:
    """Who may see and do what, in words."""
    require_act(request, Act.AUDIT_VIEWED)
    return render(request, "staff/access.html", table=TABLE, relations=tuple(Relation), actions=tuple(Action))


async def _case(request: Request, emergency: str, typed: Typed) -> Response:
    def look(scope: Scope) -> EmergencyCase:
        return scope.emergencies.case(emergency)

    found = await in_scope(request, look)
    zone, status = visitor(request).here.time_zone, 422 if typed.wrong else 200
    return render(request, "staff/case.html", status, case=found, zone=zone, verdicts=VERDICTS, typed=typed)


def _inbox(scope: Scope) -> Inbox:
    return scope.emergencies.waiting(), scope.emergencies.reviewed()


def _close(emergency: str, verdict: str, finding: str, scope: Scope) -> bool:
    try:
        scope.emergencies.review(emergency, verdict, finding)
    except AlreadyDone:
        return False
    return True
