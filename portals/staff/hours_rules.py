"""What recurs otherwise than every week, what is wanted around visits, a week copied to another, and undoing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.availability_ics import Reader, Week, read_week, week_file
from engine.hours_blocks import LIMITS, read_block, write_block
from engine.ics import MEDIA_TYPE
from engine.slots import Opening, Working
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope
from portals.base.templating import go
from portals.base.visitor import visitor
from portals.patient.catalog import offers
from portals.staff.credentials import reading_of
from portals.staff.doors import require_act
from portals.staff.hours_form import CHOSEN, COPY, RECURRING, Copy, copy_of, limits_of, places_of, recurring_of
from portals.staff.hours_page import Typed, again, modalities_of, page, path_of, seeded, whose
from records.acts import Act
from records.errors import Conflict
from records.hours import CHANGED, OFF, ExceptionDraft, HoursDraft, HoursView

router = APIRouter(include_in_schema=False)
LOOK = "look"


@router.post("/hours/recurring")
async def add_recurring(request: Request) -> Response:
    """Adds hours that come in some weeks only, until a day, or for some visits; or only shows them in the calendar."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person = whose(session, field(form, "person"))
    values = {name: field(form, name) for name in ("version", *RECURRING)}
    chosen = {name: tuple(str(one) for one in form.getlist(name)) for name in CHOSEN}
    known = frozenset(one.id for one in offers(request)), frozenset(modalities_of(request))
    blocks, wrong = recurring_of(values, chosen, known)
    typed = Typed(wrong=wrong, values=values, chosen=chosen, part="recurring")
    if wrong or not person:
        return await again(request, person, typed)
    kept = await _kept(request, person)
    week = (*kept.week, *map(write_block, blocks))
    if field(form, "do") == LOOK:
        return await page(request, person, replace(typed, would_be=replace(kept, week=week, version=1)))
    return await _change(request, person, values["version"], replace(kept, week=week))


@router.post("/hours/recurring/remove")
async def remove_recurring(request: Request) -> Response:
    """Takes some openings out of the week, by their places in the version that was shown."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person, places = whose(session, field(form, "person")), places_of(field(form, "places"))
    kept = await _kept(request, person)
    week = tuple(one for place, one in enumerate(kept.week) if place not in places)
    return await _change(request, person, field(form, "version"), replace(kept, week=week))


@router.post("/hours/limits")
async def save_limits(request: Request) -> Response:
    """Replaces what is wanted around visits."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person, values = whose(session, field(form, "person")), {name: field(form, name) for name in ("version", *LIMITS)}
    limits, wrong = limits_of(values)
    if limits is None or not person:
        return await again(request, person, Typed(wrong=wrong, values=values, part="limits"))
    return await _change(request, person, values["version"], replace(await _kept(request, person), limits=limits))


@router.post("/hours/undo")
async def undo(request: Request) -> Response:
    """Puts back what the newest change of the week replaced."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request)
    person, version = whose(session, field(form, "person")), field(form, "version")
    try:
        await in_scope(request, lambda scope: scope.hours.undo(person, _number(version)))
    except Conflict:
        return go(path_of(session, person, "changed"))
    return go(path_of(session, person, "undone"))


@router.get("/hours/hours.ics")
async def download(request: Request, person: str = "") -> Response:
    """The week as a calendar file, which other programs and this page read."""
    session = require_act(request, Act.HOURS_VIEWED)
    chosen = whose(session, person)
    if not chosen:
        raise HTTPException(404)
    kept, now = await _kept(request, chosen), deps_of(request).clock.now()
    zone = kept.time_zone or visitor(request).here.time_zone
    week = Week(
        uid=hashlib.sha256(f"hours {chosen}".encode()).hexdigest()[:32],
        zone=zone,
        blocks=tuple(map(read_block, kept.week)),
        since=now.astimezone(ZoneInfo(zone)).date(),
        written_at=now,
    )
    headers = {"content-disposition": 'attachment; filename="hours.ics"'}
    return Response(week_file(week), media_type=MEDIA_TYPE, headers=headers)


@router.post("/hours/rules")
async def take_over(request: Request) -> Response:
    """Replaces the week by the openings of a calendar file, all of them or none; or only shows them."""
    session = require_act(request, Act.HOURS_CHANGED)
    form = await form_of(request, LONGEST_CHECKED)
    person, values = whose(session, field(form, "person")), {name: field(form, name) for name in ("version", "rules")}
    if not person:
        raise HTTPException(422)
    kept = await _kept(request, person)
    reader = Reader(
        zone=kept.time_zone or visitor(request).here.time_zone,
        today=reading_of(request).today,
        visit_types=frozenset(one.id for one in offers(request)),
        modalities=frozenset(modalities_of(request)),
    )
    blocks, refused = read_week(values["rules"], reader)
    typed = Typed(values=values, refused=refused, part="rules", wrong={"rules": "rules"} if refused else {})
    if refused:
        return await again(request, person, typed)
    found = replace(kept, week=tuple(map(write_block, blocks)))
    if field(form, "do") == LOOK:
        return await page(request, person, replace(typed, would_be=replace(found, version=max(kept.version, 1))))
    return await _change(request, person, values["version"], found)


@router.post("/hours/copy-week")
async def copy_week(request: Request) -> Response:
    """Gives other weeks the hours that one week has, day by day, as changed hours and days off."""
    session = require_act(request, Act.EXCEPTION_MADE)
    form = await form_of(request)
    person, values = whose(session, field(form, "person")), {name: field(form, name) for name in COPY}
    copy, wrong = copy_of(values, reading_of(request).today)
    if copy is None or not person:
        return await again(request, person, Typed(wrong=wrong, values=values, part="copy"))
    clinic = deps_of(request).content().clinic(visitor(request).here.slug)
    kept = await in_scope(request, lambda scope: scope.hours.of_person(person))
    drafts, fault = _copied(copy, kept, kept.working(clinic.hours, clinic.time_zone))
    if fault:
        return await again(request, person, Typed(wrong={"copy_from": fault}, values=values, part="copy"))
    made = await in_scope(request, lambda scope: [scope.hours.add_exception(person, one) for one in drafts])
    return go(path_of(session, person, "copied", made[0] if made else ""))


def _copied(copy: Copy, kept: HoursView, working: Working) -> tuple[list[ExceptionDraft], str]:
    """The changed hours and days off that make other weeks like one, or why they cannot be made."""
    last = copy.target + timedelta(days=7 * copy.weeks - 1)
    if any(one.first_day <= last and copy.target <= one.last_day for one in kept.exceptions):
        return [], "copy_there"
    days = [working.open_on(copy.source + timedelta(days=number)) for number in range(7)]
    if any(one.visit_types or one.modalities for openings in days for one in openings):
        return [], "copy_limited"
    return [
        draft
        for count in range(copy.weeks)
        for number, openings in enumerate(days)
        for draft in _as_on(openings, copy.target + timedelta(days=7 * count + number))
    ], ""


def _as_on(openings: Sequence[Opening], day: date) -> list[ExceptionDraft]:
    if not openings:
        return [ExceptionDraft(kind=OFF, first_day=day, last_day=day)]
    return [
        ExceptionDraft(
            kind=CHANGED,
            first_day=day,
            last_day=day,
            since=one.since.strftime("%H:%M"),
            until=one.until.strftime("%H:%M") if one.until else "",
        )
        for one in openings
    ]


async def _kept(request: Request, person: str) -> HoursView:
    """The hours as kept, with the clinic's own as their week where they have none: what is added adds to those."""
    clinic = deps_of(request).content().clinic(visitor(request).here.slug)
    return seeded(await in_scope(request, lambda scope: scope.hours.of_person(person)), clinic)


async def _change(request: Request, person: str, version: str, hours: HoursView) -> Response:
    """Keeps them, unless they changed since the version that was shown."""
    session = require_act(request, Act.HOURS_CHANGED)
    zone = hours.time_zone or visitor(request).here.time_zone
    draft = HoursDraft(time_zone=zone, week=hours.week, limits=hours.limits)
    try:
        await in_scope(request, lambda scope: scope.hours.change(person, draft, _number(version)))
    except Conflict:
        return go(path_of(session, person, "changed"))
    return go(path_of(session, person, "saved"))


def _number(version: str) -> int:
    """A version as a form says it; -1, which none is, for anything else."""
    return int(version) if version.isascii() and version.isdigit() and len(version) <= 8 else -1
