"""Whether the time that somebody chose on the way to a booking can still be booked."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request

from portals.base.requests import deps_of
from portals.patient.case_booking import GOOD_FOR
from portals.patient.flow import read_flow
from portals.patient.times import typed_instant


def slot_has_passed(request: Request) -> bool:
    """Whether the time that was chosen is over by now."""
    flow = read_flow(request)
    wait = GOOD_FOR if flow.visit_type and is_case(request, flow.visit_type) else timedelta(0)
    start = typed_instant(flow.starts_at)
    return start is not None and start + wait <= deps_of(request).clock.now()


def is_case(request: Request, visit_type: str) -> bool:
    """Whether nobody meets at such a visit: then what was chosen is a clinician, and the time only when it was."""
    content = deps_of(request).content()
    return any(
        one.plan.answer_within_seconds > 0
        for specialty in content.specialties.values()
        for one in specialty.visit_types.values()
        if one.id == visit_type
    )
