"""A booked visit's other times, its calendar entry, and what the clinic's terms say about moving and cancelling it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.clinic_terms import Change
from engine.ics import MEDIA_TYPE, Entry, calendar_file
from engine.slots import Span
from engine.undoing import counted
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.asking import ask_visit
from portals.patient.law_view import law_view
from portals.patient.times import (
    Found,
    Search,
    Sought,
    Time,
    find_next_times,
    gives_out,
    is_within_reach,
    next_best,
    search_span,
    typed_instant,
    week_named,
)
from portals.patient.undoing import moves_of, undo_of
from portals.patient.visit import VisitPage, page_of, read_page
from records.people import ProviderView
from records.scope import Scope
from records.visits import VisitEvent
from workflows.contracts import Ask

router = APIRouter()
MOVED = "visit_moved"
CHANGES = frozenset({MOVED, "visit_cancelled"})
# What the workflow's refusals are called on the page.
REASONS = ("better", "time", "cost", "elsewhere", "other")
ERRORS = MappingProxyType({"slot_taken": "move.taken", "gate_shut": "move.shut", "no_more_moves": "move.no_more"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A visit's page with what may be done about its time, and the time it had before it was moved last."""

    page: VisitPage
    change: Change
    before: datetime | None


def standing_of(request: Request, scope: Scope, visit_id: str) -> Standing:
    """Reads it; the terms are those of the clinic's file in force."""
    page, events = read_page(scope, visit_id), scope.visits.events(visit_id)
    deps, moves = deps_of(request), [event for event in events if event.event == MOVED]
    count = counted(moves_of(events)) if moves_of(events) else len(moves)
    terms = deps.content().clinic(visitor(request).here.slug).terms
    change = terms.change(page.visit.starts_at, deps.clock.now(), price_cents=page.visit.price_cents, moved=count)
    return Standing(page=page, change=change, before=_before(moves))


def _before(moves: list[VisitEvent]) -> datetime | None:
    """Nothing where the reader may not know the details of events."""
    detail = moves[-1].detail if moves else {}
    return datetime.fromisoformat(str(detail["from"])) if "from" in detail else None


@router.get("/visits/{visit_id}/move")
async def move_page(request: Request, visit_id: str, week: str = "") -> Response:
    """The clinician's other free times, where the terms let the patient take one."""
    page = await page_of(request, visit_id)
    if not page.movable or not page.lets("cancel"):
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    return once(request, await _move(request, visit_id, said, week))


@router.post("/visits/{visit_id}/move")
async def move_post(request: Request, visit_id: str) -> Response:
    """Asks the visit for another time; its workflow asks the law and takes it, or leaves everything as it is."""
    session, form = require_patient(request), await form_of(request)
    await in_scope(request, lambda scope: scope.parts.asks(visit_id, "reschedule"))
    start = typed_instant(field(form, "time").rpartition("|")[2])
    page = await page_of(request, visit_id)
    if start is None:
        return _again(request, visit_id, "book.error.time", {})
    if not await _is_offered(request, page, start):
        return _again(request, visit_id, "move.taken", {"wanted": start.isoformat()})
    ask = Ask(request=request_id(form), act="reschedule", actor=session.person, starts_at=start.isoformat())
    answer = await ask_visit(request, visit_id, ask)
    if answer.done:
        return go(f"/visits/{visit_id}?new=moved")
    return _again(request, visit_id, ERRORS.get(answer.code, "move.not_now"), {"wanted": start.isoformat()})


@router.post("/visits/{visit_id}/move/undo")
async def undo_post(request: Request, visit_id: str) -> Response:
    """Gives a visit that was just moved its time back, should nobody have taken it since."""
    session, form = require_patient(request), await form_of(request)
    await in_scope(request, lambda scope: scope.parts.asks(visit_id, "reschedule"))
    page, now = await page_of(request, visit_id), deps_of(request).clock.now()
    before = await in_scope(request, lambda scope: undo_of(scope, page.visit, now)) if page.movable else None
    if before is None:
        return _again(request, visit_id, "move.undo_late", {})
    ask = Ask(request=request_id(form), act="reschedule", actor=session.person, starts_at=before.isoformat())
    answer = await ask_visit(request, visit_id, ask)
    if answer.done:
        return go(f"/visits/{visit_id}?new=undone")
    return _again(request, visit_id, ERRORS.get(answer.code, "move.not_now"), {})


@router.get("/visits/{visit_id}/calendar.ics")
async def calendar(request: Request, visit_id: str) -> Response:
    """The visit for a calendar: when, and with which clinic."""
    page = await page_of(request, visit_id)
    if page.visit.stage == "draft":
        raise HTTPException(404)
    events = await in_scope(request, lambda scope: scope.visits.events(visit_id))
    who = visitor(request)
    entry = Entry(
        visit=visit_id,
        clinic=who.here.name,
        starts_at=page.visit.starts_at,
        ends_at=page.visit.ends_at,
        changes=sum(event.event in CHANGES for event in events),
        cancelled=page.visit.stage == "cancelled",
        written_at=deps_of(request).clock.now(),
        language=who.language,
    )
    headers = {"content-disposition": 'attachment; filename="visit.ics"'}
    return Response(calendar_file(entry), media_type=MEDIA_TYPE, headers=headers)


@router.get("/visits/{visit_id}/cancel")
async def cancel_page(request: Request, visit_id: str) -> Response:
    """What cancelling means and costs, before it is done."""
    page = await page_of(request, visit_id)
    if not page.cancellable or not page.lets("cancel"):
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    standing = await in_scope(request, lambda scope: standing_of(request, scope, visit_id))
    return once(request, _cancel(request, standing, said))


@router.post("/visits/{visit_id}/cancel")
async def cancel_post(request: Request, visit_id: str) -> Response:
    """Cancels; the visit's workflow undoes what was done (payment, time, orders). A fee is the one that was shown."""
    session, form = require_patient(request), await form_of(request)
    await in_scope(request, lambda scope: scope.parts.asks(visit_id, "cancel"))
    reason = field(form, "reason") if field(form, "reason") in REASONS else ""
    agreed = field(form, "agreed")
    ask = Ask(
        request=request_id(form),
        act="cancel",
        actor=session.person,
        subject=reason,
        agreed_cents=int(agreed) if agreed.isascii() and agreed.isdigit() and len(agreed) < 9 else 0,
    )
    answer = await ask_visit(request, visit_id, ask)
    if answer.code == "terms_changed":
        path = f"/visits/{visit_id}/cancel"
        return send_again(request, Said(errors=(("fee", "cancel.terms_changed"),), status=409), path) or go(path)
    return go(f"/visits/{visit_id}")


def _cancel(request: Request, standing: Standing, said: Said) -> Response:
    page = standing.page
    paid = page.visit.payment_state == "authorised"
    return render(
        request,
        "patient/cancel.html",
        said.status,
        page=page,
        visit=page.visit,
        fee_cents=standing.change.fee_cents if paid else 0,
        free_until=standing.change.free_until,
        reasons=REASONS,
        errors=said.errors,
        request_id=new_request_id(),
    )


def _again(request: Request, visit_id: str, error: str, values: dict[str, str]) -> Response:
    path = f"/visits/{visit_id}/move"
    return send_again(request, Said(values=values, errors=(("time", error),), status=409), path) or go(path)


async def _move(request: Request, visit_id: str, said: Said, week: str) -> Response:
    standing = await in_scope(request, lambda scope: standing_of(request, scope, visit_id))
    page = standing.page
    found = await _search(request, page, week) if standing.change.moves_left else None
    refusal = found.refusal if found else None
    law = law_view("book", False, refusal.decisions, visitor(request).language, page.state) if refusal else None
    return render(
        request,
        "patient/move.html",
        said.status,
        page=page,
        visit=page.visit,
        change=standing.change,
        found=found,
        law=law,
        error=dict(said.errors).get("time", ""),
        best=_best(found, said.values),
        request_id=new_request_id(),
    )


def _best(found: Found | None, values: object) -> Time | None:
    """The free time nearest to the one that somebody else has, where that is what was told."""
    wanted = values.get("wanted") if isinstance(values, dict) else None
    return next_best(found, datetime.fromisoformat(wanted)) if found and wanted else None


async def _search(request: Request, page: VisitPage, week: str) -> Found:
    def read(scope: Scope) -> tuple[Search, ProviderView, list[Span]]:
        search = _query(request, scope, page)
        search = replace(search, week=week_named(search, week))
        provider = scope.people.provider(page.visit.provider)
        span = search_span(search)
        taken = [Span(one.starts_at, one.ends_at) for one in scope.slots.taken(provider.person, span.start, span.end)]
        return search, provider, taken

    search, provider, taken = await in_scope(request, read)
    gates = deps_of(request).search
    return await run_in_threadpool(find_next_times, search, (provider,), {provider.person: taken}, gates)


def _query(request: Request, scope: Scope, page: VisitPage) -> Search:
    deps, place = deps_of(request), page.visit.attested_place or page.visit.booked_place
    if place is None:
        raise HTTPException(404)
    clinic = deps.content().clinic(visitor(request).here.slug)
    hours = scope.hours.offered().get(page.visit.provider)
    return Search(
        clinic=clinic.slug,
        plan=page.plan,
        place=place,
        hours=clinic.hours,
        time_zone=clinic.time_zone,
        now=deps.clock.now(),
        patient=_sought(scope, page),
        working={page.visit.provider: hours.working(clinic.hours, clinic.time_zone)} if hours else {},
    )


def _sought(scope: Scope, page: VisitPage) -> Sought | None:
    """The patient as far as the law asks at booking; nobody where who looks may not know that."""
    if not page.acting:
        own = scope.people.patient(page.visit.patient)
        return Sought(person=own.person, birth_date=own.birth_date, residence_state=own.residence_state)
    ward = next((one for one in scope.relationships.mine() if one.patient == page.visit.patient), None)
    if ward is None:
        return None
    return Sought(person=ward.patient, birth_date=ward.birth_date, residence_state=ward.residence_state)


async def _is_offered(request: Request, page: VisitPage, start: datetime) -> bool:
    """Whether the search could have given out that time: what a form says is not taken on trust."""
    if not is_within_reach(start, deps_of(request).clock.now()):
        return False

    def look(scope: Scope) -> bool:
        search = _query(request, scope, page)
        return gives_out(search.works(page.visit.provider), page.plan, start, search.now)

    return await in_scope(request, look)
