"""How a page asks something of a visit: one request id, one answer, and an honest page when nobody answers."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from engine.plans import StoredPlan, VisitPlan
from engine.ports import VisitRef
from portals.base.requests import deps_of
from portals.base.visitor import visitor
from workflows.client import VisitClosed, VisitUnreachable
from workflows.contracts import Answer, Ask


async def ask_visit(request: Request, visit: str, ask: Ask, plan: VisitPlan | None = None) -> Answer:
    """The visit's answer; a visit that is over answers ``closed``.

    Raises:
        HTTPException: 503 when the visit cannot be reached; the same request may be sent again.
    """
    ref = VisitRef(clinic=visitor(request).here.slug, visit=visit)
    stored = StoredPlan(canonical=plan.canonical(), digest=plan.digest) if plan else None
    try:
        return await deps_of(request).visits.ask(ref, ask, plan=stored)
    except VisitClosed:
        return Answer(done=False, code="closed")
    except VisitUnreachable:
        raise HTTPException(503, headers={"retry-after": "10"}) from None
