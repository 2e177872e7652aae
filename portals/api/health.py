"""Whether this program is alive and whether it can serve: two different questions for two different callers.

``/health`` says that the process answers. ``/ready`` asks what a visit needs: records and content; a part that does
not answer in time counts as down. Neither names a host, a file or a reason beyond a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.base.requests import deps_of
from portals.deps import PortalDeps
from records.scope import Actor

PATIENCE_SECONDS = 2.0
Check = Callable[[PortalDeps], Awaitable[None]]


async def health(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """200 when everything that a visit needs answers, 503 otherwise, with one word for each part."""
    deps = deps_of(request)
    states = await asyncio.gather(*(_state(check, deps) for check in CHECKS.values()))
    parts = dict(zip(CHECKS, states, strict=True))
    all_up = all(state == "up" for state in parts.values())
    return JSONResponse({"status": "ready" if all_up else "not_ready", "parts": parts}, 200 if all_up else 503)


async def _state(check: Check, deps: PortalDeps) -> str:
    try:
        await asyncio.wait_for(check(deps), PATIENCE_SECONDS)
    except Exception:  # whatever it is, the part does not serve; the reason is in the program's own log, not here
        return "down"
    return "up"


async def _records(deps: PortalDeps) -> None:
    """A transaction can be begun and read in."""
    clinic = next(iter(deps.clinics()))

    def look() -> None:
        with deps.database.scope(clinic, Actor.system("ready")):
            pass

    await run_in_threadpool(look)


async def _content(deps: PortalDeps) -> None:
    """Every clinic served has its content and its rulebook."""
    library = deps.library()
    for slug in deps.clinics():
        deps.content().clinic(slug)
        library.rulebooks[slug]


CHECKS: Mapping[str, Check] = {"records": _records, "content": _content}
