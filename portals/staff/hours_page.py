"""The page of a clinician's credentials and hours, as it is or as it would be with what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.availability_ics import Refused
from engine.clinics import ClinicFile
from engine.hours_blocks import LIMITS, blocks_of, read_block, write_block
from engine.slots import Limits, Span, Working
from engine.texts import text_in
from portals.base.formats import Formats
from portals.base.hours import DAYS
from portals.base.i18n import translator
from portals.base.requests import deps_of, in_scope, rulebook_of
from portals.base.templating import render
from portals.base.visitor import SessionView, visitor
from portals.patient.catalog import Offer, offers
from portals.staff.credential_rows import credential_rows, schedule_words
from portals.staff.credentials import reading_of, specialty_titles
from portals.staff.doors import may_open
from portals.staff.hours_form import NOTICES, Faults
from portals.staff.hours_weeks import Calendar, outside
from portals.staff.hours_words import Words
from records.access import Role, may
from records.acts import Act
from records.agreements import AgreementView
from records.credentials import CredentialView
from records.hours import BookedTime, HoursView
from records.people import ProviderView
from records.scope import Scope


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
    """What was typed and what is wrong with each field of it, or what was done.

    ``would_be`` are the hours as they would be; the page shows them in the calendar and keeps nothing. ``part`` is the
    form that was sent; ``undone`` the exception that can be put back.
    """

    said: str = ""
    wrong: Faults = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    would_be: HoursView | None = None
    part: str = ""
    refused: tuple[Refused, ...] = ()
    exception: str = ""


NOTHING = Typed()
NO_VALUES: Mapping[str, str] = MappingProxyType({})


def whose(session: SessionView, person: str) -> str:
    """A clinician's page is their own, whatever is asked for."""
    return session.person if session.role == Role.PROVIDER else person


def path_of(session: SessionView, person: str, said: str, exception: str = "") -> str:
    """The page's address, saying what was done."""
    about = "" if session.role == Role.PROVIDER else f"person={quote(person)}&"
    which = f"&exception={quote(exception)}" if exception else ""
    return f"/staff/hours?{about}said={said}{which}"


async def again(request: Request, person: str, typed: Typed, status: int = 422) -> Response:
    """The page once more, with what was typed."""
    if not person:
        raise HTTPException(422)
    return await page(request, person, typed, status)


async def page(request: Request, person: str, typed: Typed = NOTHING, status: int = 200) -> Response:
    """The page of one clinician."""
    found = await in_scope(request, lambda scope: look(scope, person))
    who, reading = visitor(request), reading_of(request)
    clinic = deps_of(request).content().clinic(who.here.slug)
    shown = typed.would_be or found.hours
    working = shown.working(clinic.hours, clinic.time_zone)
    words, booked = words_of(request), found.upcoming
    holidays = {day: text_in(name, who.language) for day, name in clinic.terms.holidays.items()}
    now = deps_of(request).clock.now()
    calendar = Calendar(working=working, words=words, holidays=holidays, booked=booked, now=now)
    left = outside(working, booked)
    return render(
        request,
        "staff/hours.html",
        status,
        found=found,
        rows=credential_rows(found.credentials, found.names, reading),
        outside=tuple(_left_out(one, working) for one in left),
        newly=_newly(found, left, clinic) if typed.would_be else frozenset(),
        calendar=calendar.weeks(),
        patterns=words.patterns([read_block(one) for one in found.hours.week]),
        limits=limit_values(found.hours.limits),
        most=LIMITS,
        notices=NOTICES,
        kinds=tuple((one.id, f"{one.specialty}: {one.title}", "") for one in timed(request)),
        modalities=modalities_of(request),
        typed=typed,
        days=DAYS,
        week=typed.values if "mon" in typed.values else spelled(seeded(found.hours, clinic)),
        zone=working.time_zone,
        zones=_zones(request, working.time_zone),
        titles=specialty_titles(request),
        drugs=schedule_words,
        own=who.session is not None and who.session.person == person,
        may_write=who.session is not None and may_open(who.session.role, Act.HOURS_CHANGED),
        may_call_off=who.session is not None and may(who.session.role, Act.VISIT_CALLED_OFF),
    )


def look(scope: Scope, person: str) -> Found:
    """Reads everything that the page shows."""
    return Found(
        provider=scope.people.provider(person),
        hours=scope.hours.of_person(person),
        upcoming=scope.hours.upcoming(person),
        credentials=scope.credentials.of_person(person),
        agreements=scope.agreements.of_person(person),
        names={one.person: one.display_name for one in scope.people.providers()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A booked visit outside the hours, and the extra hours (day, from, until) that would take it in, if any would."""

    visit: BookedTime
    extra: tuple[str, str, str] | None


def _left_out(one: BookedTime, working: Working) -> LeftOut:
    span, zone = Span(one.starts_at, one.ends_at), ZoneInfo(working.time_zone)
    since, until = one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)
    helps = not working.covers(span, one.kind) and not any(off.overlaps(span) for off in working.off)
    if not helps or since.date() != until.date():
        return LeftOut(visit=one, extra=None)
    return LeftOut(visit=one, extra=(since.date().isoformat(), f"{since:%H:%M}", f"{until:%H:%M}"))


def _newly(found: Found, left: tuple[BookedTime, ...], clinic: ClinicFile) -> frozenset[str]:
    """Of the visits outside hours that are not kept yet, those that are inside now."""
    before = {one.visit for one in outside(found.hours.working(clinic.hours, clinic.time_zone), found.upcoming)}
    return frozenset(one.visit for one in left if one.visit not in before)


def words_of(request: Request) -> Words:
    """What hours are told in: the reader's language and this clinic's visit types."""
    language = visitor(request).language
    titles = {one.id: one.title for one in offers(request)}
    return Words(t=translator(language), fmt=Formats(language), titles=titles)


def modalities_of(request: Request) -> tuple[str, ...]:
    """The ways in which patients of this clinic meet a clinician at a time."""
    return tuple(sorted({one.modality for one in timed(request)}))


def timed(request: Request) -> tuple[Offer, ...]:
    """The visits of this clinic that have a time."""
    return tuple(one for one in offers(request) if not one.kind.plan.answer_within_seconds)


def seeded(hours: HoursView, clinic: ClinicFile) -> HoursView:
    """A clinician's hours with the clinic's own as their week where they have none, so that a change begins there."""
    if not hours.usual:
        return hours
    week = tuple(write_block(one) for one in blocks_of(clinic.hours))
    return replace(hours, week=week, time_zone=hours.time_zone or clinic.time_zone)


def spelled(hours: HoursView) -> Mapping[str, str]:
    """The plain week as it is typed: ``08:00-12:00, 13:00-24:00`` for each day."""
    week: dict[str, list[str]] = {day: [] for day in DAYS}
    for block in map(read_block, hours.week):
        if block.is_plain:
            until = block.opening.until.strftime("%H:%M") if block.opening.until else "24:00"
            week[DAYS[block.weekday]].append(f"{block.opening.since:%H:%M}-{until}")
    return {day: ", ".join(openings) for day, openings in week.items()}


def limit_values(limits: Limits) -> Mapping[str, str]:
    """Limits as they are typed; notice is chosen."""
    return {name: str(getattr(limits, name)) for name in LIMITS}


def _zones(request: Request, own: str) -> tuple[tuple[str, str], ...]:
    """Every zone of a state that the law knows, and the one that is in use."""
    table = rulebook_of(request).law.zones.by_state
    names = {own, *(zone for zones in table.values() for zone in zones)}
    fmt = Formats(visitor(request).language)
    return tuple((name, fmt.zone_and_place(name)) for name in sorted(names, key=_westward))


def _westward(zone: str) -> tuple[timedelta, str]:
    """Zones from the earliest clock to the latest, then by name."""
    return -(datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()), zone
