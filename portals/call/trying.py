"""Where a browser tries its way to the calls: a ticket into a media node's echo, and which node that is.

A node that is full, draining or dead is passed over; where none is left, that is said, and is no fault of who asks.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.room_places import NodeState, best_of
from portals.auth.doors import Limit, may_try
from portals.base.requests import deps_of
from portals.base.visitor import visitor
from portals.call.nodes import listens
from records.echo_tickets import EchoTickets
from records.room_desk import RecordsRoomDesk

TRIES = Limit("check", 10, 10)


async def echo_access(request: Request, who: str) -> Response:
    """The node's address and a ticket for it; 429 for who tries too often, 503 where no node takes a try now."""
    if not may_try(request, TRIES):
        return JSONResponse({"error": {"code": "too_often"}}, status_code=429)
    database = deps_of(request).database
    node = await _listening(await run_in_threadpool(RecordsRoomDesk(database).nodes))
    if node is None:
        return JSONResponse({"error": {"code": "no_node"}}, status_code=503)
    clinic = visitor(request).here.slug
    ticket = await run_in_threadpool(EchoTickets(database).issue, clinic, who, node.endpoint)
    return JSONResponse({"endpoint": node.endpoint, "token": ticket})


async def _listening(nodes: tuple[NodeState, ...]) -> NodeState | None:
    """The node that a call would go to now, of those that can be reached from here."""
    left = list(nodes)
    while (best := best_of(left)) is not None:
        if await listens(best.endpoint):
            return best
        left.remove(best)
    return None
