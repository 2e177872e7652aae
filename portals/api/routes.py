"""The JSON API and the pages for machines that watch: decisions, health, readiness, counters.

``POST /api/v1/decisions`` speaks the question and answer of DESIGN section 4, as ``clinic decide`` does.
"""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.asked_json import check_size, read_json
from engine.decide import decide
from engine.decisions import Decision
from engine.diagnostics import BrokenInput, Location, Problems
from portals.api.asking import clinic_in, known_at_in, may_ask, rulebook_for
from portals.api.health import health, ready
from portals.api.limits import Rate, RateLimiter
from portals.api.metrics import Metrics
from portals.api.schema import DECISIONS
from portals.base.requests import deps_of, from_loopback, origin

LONGEST_QUESTION = 64 * 1024
RATE = Rate(burst=60, per_second=20)

limiter = RateLimiter(RATE)
router = APIRouter()
decisions_router = APIRouter(prefix="/api/v1", tags=["decisions"])


@decisions_router.post("/decisions", openapi_extra=DECISIONS, response_class=Response)
async def decisions(request: Request) -> Response:
    """What does the law allow, on these facts, on that day?"""
    wait = limiter.wait_for(origin(request))
    if wait:
        return _error(429, "too_often", headers={"retry-after": str(math.ceil(wait))})
    body = await _body(request)
    if body is None:
        return _error(413, "too_long")
    try:
        question = read_json(body, Location("question"))
        clinic = clinic_in(question)
        if not await run_in_threadpool(may_ask, request, clinic):
            return _error(401, "sign_in_needed")
        check_size(question)
        decision = await run_in_threadpool(_decide, request, clinic, question)
    except BrokenInput as broken:
        return _error(422, "broken_input", [one.as_json() for one in broken.diagnostics])
    metrics: Metrics = request.app.state.metrics
    metrics.decisions.labels(decision.topic, decision.outcome.value).inc()
    return Response(decision.canonical(), media_type="application/json")


@decisions_router.get("/openapi.json", include_in_schema=False)
async def openapi() -> Response:
    """The API's own description."""
    return JSONResponse(get_openapi(title="Clinicwright", version="1", routes=decisions_router.routes))


async def metrics_page(request: Request) -> Response:
    """Counters in Prometheus' text format: counts only, no person, no id; for a collector on this machine alone."""
    if not from_loopback(request):
        return Response(status_code=404)
    metrics: Metrics = request.app.state.metrics
    return metrics.response()


router.include_router(decisions_router)
for path, page in {"/health": health, "/ready": ready, "/metrics": metrics_page}.items():
    router.add_api_route(path, page, methods=["GET"], include_in_schema=False)


def _decide(request: Request, clinic: str | None, question: Any) -> Decision:
    deps = deps_of(request)
    if clinic is not None and clinic not in deps.clinics():
        problems = Problems()
        at = Location("question", path="clinic")
        problems.report("ASK003", at, key="clinic", reason="there is no such clinic", fix="name a clinic served here")
        problems.stop_if_broken()
    return decide(rulebook_for(deps, clinic, known_at_in(question)), question, deps.evaluator)


async def _body(request: Request) -> bytes | None:
    """The request's body; None when it is longer than any question."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_QUESTION:
            return None
    return body


def _error(
    status: int, code: str, diagnostics: list[dict[str, object]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    error: dict[str, object] = {"code": code}
    if diagnostics:
        error |= {"what": diagnostics[0]["what"], "diagnostics": diagnostics}
    return JSONResponse({"error": error}, status_code=status, headers=headers)
