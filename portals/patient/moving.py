"""A booked visit's other times, its calendar entry, and what the clinic's terms say about moving and cancelling it."""

from __future__ import annotations

from dataclasses import dataclass
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
    narrowed,
    next_best,
    offers,
    search_span,
    typed_instant,
)
from portals.patient.undoing import moves_of, undo_of
from portals.patient.visit import VisitPage, page_of, read_page
from records.people import ProviderView
from records.scope import Scope
from records.visits import VisitEvent
from workflows.contracts import Ask

router = APIRouter()
MOVED = "visit_moved"
SAME = "same"  # in an address: only the times of the clinician that the visit has
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
async def move_page(request: Request, visit_id: str, week: str = "", who: str = "", day: str = "") -> Response:
    """The free times of whoever can see the patient, or of their clinician alone, where the terms let them take one."""
    page = await page_of(request, visit_id)
    if not page.movable or not page.lets("cancel"):
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    return once(
        request,
        await _move(
            request,
            visit_id,
            said,
            _Shown(week=week, same=who == SAME, day=day, only=_only(request)),
        ),
    )


@router.post("/visits/{visit_id}/move")
async def move_post(request: Request, visit_id: str) -> Response:
    """Asks the visit for another time; its workflow asks the law and takes it, or leaves everything as it is."""
    session, form = require_patient(request), await form_of(request)
    await in_scope(request, lambda scope: scope.parts.asks(visit_id, "reschedule"))
    named, _, instant = field(form, "time").rpartition("|")
    start, page = typed_instant(instant), await page_of(request, visit_id)
    provider = named or page.visit.provider
    if start is None:
        return _again(request, visit_id, "book.error.time", {})
    if not await _is_offered(request, page, provider, start):
        return _again(request, visit_id, "move.taken", {"wanted": start.isoformat()})
    ask = Ask(
        request=request_id(form),
        act="reschedule",
        actor=session.person,
        subject=provider if provider != page.visit.provider else "",
        starts_at=start.isoformat(),
    )
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
    last = await in_scope(request, lambda scope: undo_of(scope, page.visit, now)) if page.movable else None
    if last is None:
        return _again(request, visit_id, "move.undo_late", {})
    ask = Ask(
        request=request_id(form),
        act="reschedule",
        actor=session.person,
        subject=last.left,
        starts_at=last.before.isoformat(),
    )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """Which week of times is shown, as the address says it, and whether only those of the visit's clinician."""

    week: str
    same: bool
    day: str = ""
    only: str = ""


async def _move(request: Request, visit_id: str, said: Said, shown: _Shown) -> Response:
    standing = await in_scope(request, lambda scope: standing_of(request, scope, visit_id))
    page = standing.page
    found = await _search(request, page, shown) if standing.change.moves_left else None
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
        same=shown.same,
        error=dict(said.errors).get("time", ""),
        best=_best(found, said.values),
        request_id=new_request_id(),
    )


def _best(found: Found | None, values: object) -> Time | None:
    """The free time nearest to the one that somebody else has, where that is what was told."""
    wanted = values.get("wanted") if isinstance(values, dict) else None
    return next_best(found, datetime.fromisoformat(wanted)) if found and wanted else None


def _only(request: Request) -> str:
    return request.query_params.get("with", "")


async def _search(request: Request, page: VisitPage, shown: _Shown) -> Found:
    def read(scope: Scope) -> tuple[Search, list[ProviderView], dict[str, list[Span]]]:
        search = _query(request, scope, page)
        search = narrowed(search, shown.week, shown.day, "" if shown.same else shown.only)
        able = [one for one in _able(scope, page) if not shown.same or one.person == page.visit.provider]
        span = search_span(search)
        taken = {one.person: scope.slots.taken(one.person, span.start, span.end) for one in able}
        busy = {person: [Span(one.starts_at, one.ends_at) for one in found] for person, found in taken.items()}
        return search, able, busy

    search, able, busy = await in_scope(request, read)
    return await run_in_threadpool(find_next_times, search, able, busy, deps_of(request).search)


def _able(scope: Scope, page: VisitPage) -> tuple[ProviderView, ...]:
    """The visit's clinician, and everybody else who offers such a visit; whom the law lets is asked later."""
    own = page.visit.provider
    return tuple(one for one in scope.people.providers() if one.person == own or offers(page.plan, one))


def _query(request: Request, scope: Scope, page: VisitPage) -> Search:
    deps, place = deps_of(request), page.visit.attested_place or page.visit.booked_place
    if place is None:
        raise HTTPException(404)
    clinic = deps.content().clinic(visitor(request).here.slug)
    known = scope.hours.offered()
    return Search(
        clinic=clinic.slug,
        plan=page.plan,
        place=place,
        hours=clinic.hours,
        time_zone=clinic.time_zone,
        now=deps.clock.now(),
        patient=_sought(scope, page),
        working={person: one.working(clinic.hours, clinic.time_zone) for person, one in known.items()},
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


async def _is_offered(request: Request, page: VisitPage, provider: str, start: datetime) -> bool:
    """Whether the search could have given out that time: what a form says is not taken on trust."""
    if not is_within_reach(start, deps_of(request).clock.now()):
        return False

    def look(scope: Scope) -> bool:
        search = _query(request, scope, page)
        able = any(one.person == provider for one in _able(scope, page))
        return able and gives_out(search.works(provider), page.plan, start, search.now)

    return await in_scope(request, look)
