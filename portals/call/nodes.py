"""Which media node has a visit's room now? Asked at each (re)join: a node that died gives its room to another one.

A browser asks as soon as its connection breaks, so the browsers themselves find a dead node first, long before its
heartbeats are missed. Whether it is dead is tried here and not believed from anybody.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, replace
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.room_places import Lease, NoNode
from portals.base.requests import deps_of
from portals.call.entering import Admission, access
from records.room_desk import RecordsRoomDesk

ANSWERS_WITHIN = 0.5
log = logging.getLogger(__name__)


async def room_access(request: Request, found: Admission | None) -> Response:
    """The one answer at every way into a room, a person's and a guest's: where it is now and a token for it, or why
    there is none."""
    if found is None:
        return JSONResponse({"error": {"code": "no_access"}}, status_code=403)
    deps = deps_of(request)
    try:
        found = await found_again(RecordsRoomDesk(deps.database), found)
    except NoNode:
        return JSONResponse({"error": {"code": "no_node"}}, status_code=503)
    given = await run_in_threadpool(access, found, deps.token_signer.sign)
    return JSONResponse(asdict(given))


async def found_again(desk: RecordsRoomDesk, found: Admission) -> Admission:
    """The admission with the room where it is now. A room without a lease is where the visit's row says.

    Raises:
        NoNode: its node is dead, and no other takes it now.
    """
    lease = await run_in_threadpool(desk.of, found.claims.visit_id)
    if lease is None or lease.over:
        return found
    if not await _is_alive(desk, lease):
        log.warning("the node of room %s is gone", lease.room)
        lease = await run_in_threadpool(desk.take_over, lease)
    return Admission(claims=replace(found.claims, room_id=lease.room), endpoint=lease.endpoint)


async def _is_alive(desk: RecordsRoomDesk, lease: Lease) -> bool:
    """Whether the lease's own process was heard of lately, and somebody listens at its address."""
    return await run_in_threadpool(desk.lives, lease) and await listens(lease.endpoint)


async def listens(endpoint: str) -> bool:
    """Whether a connection to a node's signalling can be opened; who is merely busy still takes one."""
    parts = urlsplit(endpoint)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, port), ANSWERS_WITHIN)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
