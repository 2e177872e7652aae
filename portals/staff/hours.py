"""A clinician's own page, and the administrator's for everybody: credentials, hours of work, time off, extra hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.slots import Span
from portals.base.formats import Formats
from portals.base.hours import DAYS
from portals.base.requests import deps_of, form_of, in_scope, rulebook_of
from portals.base.requests import field as field_of
from portals.base.templating import go, render
from portals.base.visitor import SessionView, visitor
from portals.staff.credential_rows import credential_rows, schedule_words
from portals.staff.credentials import reading_of, specialty_titles
from portals.staff.doors import may_open, require_act
from portals.staff.hours_form import EXCEPTION, Faults, exception_of, week_faults, week_of
from records.access import Role
from records.acts import Act
from records.agreements import AgreementView
from records.credentials import CredentialView
from records.errors import Conflict
from records.hours import BookedTime, HoursDraft, HoursView
from records.people import ProviderView
from records.scope import Scope

router = APIRouter(include_in_schema=False)
SAID = ("saved", "changed", "added", "removed")
NO_ZONE: Faults = MappingProxyType({"time_zone": "time_zone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything of one clinician that the page shows."""

    provider: ProviderView
    hours: HoursView
    upcoming: tuple[BookedTime, ...]
    credentials: tuple[CredentialView, ...]
    agreements: tuple[AgreementView, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed and what is wrong with each field of it, or what was done."""

    said: str = ""
    wrong: Faults = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@router.get("/hours")
async def hours(request: Request, person: str = "", said: str = "") -> Response:
    """One's own page; for who runs the clinic a clinician's, or the list of them."""
    session = require_act(request, Act.HOURS_VIEWED)
    chosen = _whose(session, person)
    if not chosen:
        listed = await in_scope(request, lambda scope: scope.people.providers())
        return render(request, "staff/clinicians.html", listed=listed)
    return await _page(request, chosen, Typed(said=said if said in SAID else ""))


@router.post("/hours")
async def save(request: Request) -> Response:
    """Replaces the week; visits that are booked stay, and the page says which are outside now."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person = _whose(session, field_of(form, "person"))
    values = {name: field_of(form, name) for name in ("time_zone", "version", *DAYS)}
    wrong = week_faults(values)
    if wrong or not person:
        return await _again(request, person, Typed(wrong=wrong, values=values))
    draft = HoursDraft(time_zone=values["time_zone"], week=week_of(values))
    try:
        await in_scope(request, lambda scope: scope.hours.change(person, draft, int(values["version"])))
    except Conflict:
        return go(_path(session, person, "changed"))
    except (ValueError, KeyError):
        return await _again(request, person, Typed(wrong=NO_ZONE, values=values))
    return go(_path(session, person, "saved"))


@router.post("/hours/exceptions")
async def add(request: Request) -> Response:
    """Adds time off or extra hours."""
    session = require_act(request, Act.EXCEPTION_MADE)
    form = await form_of(request)
    person = _whose(session, field_of(form, "person"))
    values = {name: field_of(form, name) for name in EXCEPTION}
    draft, wrong = exception_of(values, reading_of(request).today)
    if draft is None:
        return await _again(request, person, Typed(wrong=wrong, values=values))
    if not person:
        raise HTTPException(422)
    await in_scope(request, lambda scope: scope.hours.add_exception(person, draft))
    return go(_path(session, person, "added"))


@router.post("/hours/exceptions/remove")
async def remove(request: Request) -> Response:
    """Ends time off or extra hours."""
    session = require_act(request, Act.EXCEPTION_REMOVED)
    form = await form_of(request)
    person, exception = _whose(session, field_of(form, "person")), field_of(form, "exception")
    await in_scope(request, lambda scope: scope.hours.remove_exception(exception))
    return go(_path(session, person, "removed"))


def _whose(session: SessionView, person: str) -> str:
    """A clinician's page is their own, whatever is asked for."""
    return session.person if session.role == Role.PROVIDER else person


def _path(session: SessionView, person: str, said: str) -> str:
    about = "" if session.role == Role.PROVIDER else f"person={quote(person)}&"
    return f"/staff/hours?{about}said={said}"


async def _again(request: Request, person: str, typed: Typed) -> Response:
    if not person:
        raise HTTPException(422)
    return await _page(request, person, typed, 422)


async def _page(request: Request, person: str, typed: Typed, status: int = 200) -> Response:
    found = await in_scope(request, lambda scope: _look(scope, person))
    who, reading = visitor(request), reading_of(request)
    clinic = deps_of(request).content().clinic(who.here.slug)
    working = found.hours.working(clinic.hours, clinic.time_zone)
    outside = [one for one in found.upcoming if not working.covers(Span(one.starts_at, one.ends_at))]
    return render(
        request,
        "staff/hours.html",
        status,
        found=found,
        rows=credential_rows(found.credentials, found.names, reading),
        outside=outside,
        typed=typed,
        days=DAYS,
        week=typed.values if "mon" in typed.values else _spelled(found.hours),
        zone=working.time_zone,
        zones=_zones(request, working.time_zone),
        titles=specialty_titles(request),
        drugs=schedule_words,
        own=who.session is not None and who.session.person == person,
        may_write=who.session is not None and may_open(who.session.role, Act.HOURS_CHANGED),
    )


def _look(scope: Scope, person: str) -> Found:
    return Found(
        provider=scope.people.provider(person),
        hours=scope.hours.of_person(person),
        upcoming=scope.hours.upcoming(person),
        credentials=scope.credentials.of_person(person),
        agreements=scope.agreements.of_person(person),
        names={one.person: one.display_name for one in scope.people.providers()},
    )


def _zones(request: Request, own: str) -> tuple[tuple[str, str], ...]:
    """Every zone of a state that the law knows, and the one that is in use."""
    table = rulebook_of(request).law.zones.by_state
    names = {own, *(zone for zones in table.values() for zone in zones)}
    fmt = Formats(visitor(request).language)
    return tuple((name, fmt.zone_and_place(name)) for name in sorted(names, key=_westward))


def _westward(zone: str) -> tuple[timedelta, str]:
    """Zones from the earliest clock to the latest, then by name."""
    return -(datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()), zone


def _spelled(hours: HoursView) -> Mapping[str, str]:
    """A week as it is typed: ``08:00-12:00, 13:00-24:00`` for each day."""
    week: dict[str, list[str]] = {day: [] for day in DAYS}
    for one in hours.week:
        week[DAYS[int(one["weekday"])]].append(f"{one['since']}-{one.get('until') or '24:00'}")
    return {day: ", ".join(openings) for day, openings in week.items()}
