"""A clinician's own page, and the administrator's for everybody: credentials, hours of work, time off, extra hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.hours_blocks import read_block
from portals.base.hours import DAYS
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from portals.staff.credentials import reading_of
from portals.staff.doors import require_act
from portals.staff.hours_form import EXCEPTION, Faults, copied, exception_of, week_faults, week_of
from portals.staff.hours_page import Typed, again, page, path_of, whose
from records.acts import Act
from records.errors import Conflict
from records.hours import ExceptionView, HoursDraft, HoursView

router = APIRouter(include_in_schema=False)
SAID = ("saved", "changed", "added", "removed", "undone", "copied", "restored")
NO_ZONE: Faults = MappingProxyType({"time_zone": "time_zone"})
LOOK = "look"


@router.get("/hours")
async def hours(request: Request, person: str = "", said: str = "", exception: str = "") -> Response:
    """One's own page; for who runs the clinic a clinician's, or the list of them."""
    session = require_act(request, Act.HOURS_VIEWED)
    chosen = whose(session, person)
    if not chosen:
        listed = await in_scope(request, lambda scope: scope.people.providers())
        return render(request, "staff/clinicians.html", listed=listed)
    return await page(request, chosen, Typed(said=said if said in SAID else "", exception=exception[:40]))


@router.post("/hours")
async def save(request: Request) -> Response:
    """Replaces the week, or only shows it; visits that are booked stay, and the page says which are outside then."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person, do = whose(session, field(form, "person")), field(form, "do")
    values = {name: field(form, name) for name in ("time_zone", "version", *DAYS)}
    if do in DAYS:
        return await again(request, person, Typed(values=copied(values, do), part="week"), 200)
    wrong = week_faults(values)
    if wrong or not person:
        return await again(request, person, Typed(wrong=wrong, values=values))
    kept = await in_scope(request, lambda scope: scope.hours.of_person(person))
    draft = HoursDraft(time_zone=values["time_zone"], week=_week(values, kept), limits=kept.limits)
    try:
        if do == LOOK:
            would_be = _would_be(kept, draft)
            return await page(request, person, Typed(values=values, would_be=would_be, part="week"))
        await in_scope(request, lambda scope: scope.hours.change(person, draft, int(values["version"])))
    except Conflict:
        return go(path_of(session, person, "changed"))
    except (ValueError, KeyError):
        return await again(request, person, Typed(wrong=NO_ZONE, values=values))
    return go(path_of(session, person, "saved"))


def _week(values: Mapping[str, str], kept: HoursView) -> tuple[Mapping[str, object], ...]:
    """The plain week that was typed, with what recurs otherwise as it is kept."""
    return (*week_of(values), *(one for one in kept.week if not read_block(one).is_plain))


def _would_be(kept: HoursView, draft: HoursDraft) -> HoursView:
    """The hours as they would be; their zone has to be one."""
    ZoneInfo(draft.time_zone)
    return replace(kept, time_zone=draft.time_zone, week=draft.week, version=max(kept.version, 1))


@router.post("/hours/exceptions")
async def add(request: Request) -> Response:
    """Adds time off, changed or extra hours, or only shows them in the calendar."""
    session = require_act(request, Act.EXCEPTION_MADE)
    form = await form_of(request)
    person = whose(session, field(form, "person"))
    values = {name: field(form, name) for name in EXCEPTION}
    draft, wrong = exception_of(values, reading_of(request).today)
    if draft is None:
        return await again(request, person, Typed(wrong=wrong, values=values, part="exceptions"))
    if not person:
        raise HTTPException(422)
    if field(form, "do") == LOOK:
        kept = await in_scope(request, lambda scope: scope.hours.of_person(person))
        one = ExceptionView(id="", **asdict(draft))
        would_be = replace(kept, exceptions=(*kept.exceptions, one))
        return await page(request, person, Typed(values=values, would_be=would_be, part="exceptions"))
    made = await in_scope(request, lambda scope: scope.hours.add_exception(person, draft))
    return go(path_of(session, person, "added", made))


@router.post("/hours/exceptions/remove")
async def remove(request: Request) -> Response:
    """Ends time off, changed or extra hours."""
    session = require_act(request, Act.EXCEPTION_REMOVED)
    form = await form_of(request)
    person, exception = whose(session, field(form, "person")), field(form, "exception")
    together = field(form, "do") == "together"
    await in_scope(request, lambda scope: scope.hours.remove_exception(exception, together=together))
    return go(path_of(session, person, "removed", "" if together else exception))


@router.post("/hours/exceptions/restore")
async def restore(request: Request) -> Response:
    """Takes such an ending back."""
    session = require_act(request, Act.EXCEPTION_MADE)
    form = await form_of(request)
    person, exception = whose(session, field(form, "person")), field(form, "exception")
    await in_scope(request, lambda scope: scope.hours.restore_exception(exception))
    return go(path_of(session, person, "restored"))
