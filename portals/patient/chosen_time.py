"""Whether the time that somebody chose on the way to a booking can still be booked."""

from __future__ import annotations

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from engine.zones import zip_place
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of, in_scope
from portals.base.visitor import visitor
from portals.patient.case_booking import GOOD_FOR
from portals.patient.flow import read_flow
from portals.patient.times import typed_instant


def slot_has_passed(request: Request) -> bool:
    """Whether the time that was chosen is over by now."""
    flow = read_flow(request)
    wait = GOOD_FOR if flow.visit_type and is_case(request, flow.visit_type) else timedelta(0)
    start = typed_instant(flow.starts_at)
    return start is not None and start + wait <= deps_of(request).clock.now()


async def chosen_words(request: Request, prefix: str) -> str:
    """The sentence that names the time and the clinician that were chosen, while they can be booked; else empty.

    ``prefix`` is of the message key, which ends in `time`, or in `case` where nobody meets.
    """
    flow, start = read_flow(request), typed_instant(read_flow(request).starts_at)
    located = await run_in_threadpool(zip_place, flow.postal_code) if flow.has_slot else None
    if start is None or located is None or slot_has_passed(request):
        return ""
    name = await in_scope(request, lambda scope: scope.people.called(flow.provider).display_name)
    language = visitor(request).language
    kind = "case" if is_case(request, flow.visit_type) else "time"
    return translator(language)(
        f"{prefix}{kind}", time=Formats(language).moment(start, located.time_zone), provider=name
    )


def is_case(request: Request, visit_type: str) -> bool:
    """Whether nobody meets at such a visit: then what was chosen is a clinician, and the time only when it was."""
    content = deps_of(request).content()
    return any(
        one.plan.answer_within_seconds > 0
        for specialty in content.specialties.values()
        for one in specialty.visit_types.values()
        if one.id == visit_type
    )
