"""Whether the time that somebody chose on the way to a booking can still be booked."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request

from portals.base.requests import deps_of
from portals.patient.flow import read_flow


def slot_has_passed(request: Request) -> bool:
    """Whether the time that was chosen is over by now."""
    flow = read_flow(request)
    try:
        start = datetime.fromisoformat(flow.starts_at)
    except ValueError:
        return False
    return start <= deps_of(request).clock.now()
