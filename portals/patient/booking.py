"""From the clinic's front page to a time held: what is offered, where the patient will be, when, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.dossier import Place
from engine.pinned import documents_of
from engine.slots import Span
from engine.zones import ZipPlace, zip_place
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.hours import hours_lines
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.asking import ask_visit
from portals.patient.case_booking import at_now, find_taker
from portals.patient.catalog import Offer, meeting_of, offer, offers
from portals.patient.chosen_time import slot_has_passed
from portals.patient.flow import Flow, drop_slot, keep_flow, read_flow
from portals.patient.held import held_for_payment
from portals.patient.law_view import law_view
from portals.patient.places import place_problems, state_options
from portals.patient.terms import Priced, terms_line
from portals.patient.times import (
    Found,
    Search,
    Sought,
    find_next_times,
    gives_out,
    is_within_reach,
    narrowed,
    next_best,
    search_span,
    typed_instant,
    week_of,
)
from portals.patient.times import offers as offers_kind
from portals.patient.whom import SELF, WHO, acting_name, chosen, patient_of, wards_of, who_problems
from records.people import ProviderView
from records.relationships import Ward
from records.scope import Scope
from records.visits import VisitDraft, VisitView
from workflows.contracts import Ask

router = APIRouter()
GONE = "book.error.time_gone"
TAKING_UP = frozenset({"draft", "held", "booked", "preparing", "ready"})


@router.get("/book/{specialty}/{kind}")
async def place_page(request: Request, specialty: str, kind: str) -> Response:
    """Asks where the patient will be during the visit; the law of that place decides who may see them."""
    found, flow = offer(request, f"{specialty}/{kind}"), read_flow(request)
    values = {"state": flow.state, "postal_code": flow.postal_code, WHO: flow.acting or SELF}
    said, wards = said_again(request), await wards_of(request)
    return once(request, _place_form(request, found, {**values, **said.values}, wards, said))


@router.post("/book/{specialty}/{kind}")
async def place_post(request: Request, specialty: str, kind: str) -> Response:
    """Keeps the place and goes on to the times."""
    found, form = offer(request, f"{specialty}/{kind}"), await form_of(request)
    values = {"state": field(form, "state"), "postal_code": field(form, "postal_code"), WHO: field(form, WHO) or SELF}
    wards = await wards_of(request)
    located = await run_in_threadpool(zip_place, values["postal_code"])
    errors = (*who_problems(values[WHO], wards), *place_problems(values, located))
    if errors:
        said = Said(values=values, errors=errors, status=422)
        return send_again(request, said) or _place_form(request, found, values, wards, said)
    place = {"state": values["state"], "postal_code": values["postal_code"]}
    flow = chosen(replace(read_flow(request), visit_type=found.id, **place), values[WHO])
    return keep_flow(request, go("/family/child" if flow.adding else f"/book/{found.id}/times"), flow)


@router.get("/book/{specialty}/{kind}/times")
async def times_page(request: Request, specialty: str, kind: str, week: str = "", day: str = "") -> Response:
    """The free times in the patient's own zone, or the law that leaves none; ``week`` looks further ahead."""
    found, flow = offer(request, f"{specialty}/{kind}"), read_flow(request)
    if not flow.has_place:
        return go(f"/book/{found.id}")
    said = said_again(request)
    if found.kind.plan.answer_within_seconds:
        return once(request, await _case_start(request, found, flow))
    shown = Shown(
        error=dict(said.errors).get("time", ""),
        status=said.status,
        week=week,
        day=day,
        only=_only(request),
    )
    return once(request, await _times(request, found, flow, shown))


@router.post("/book/{specialty}/{kind}/times")
async def times_post(request: Request, specialty: str, kind: str) -> Response:
    """Keeps the chosen time; signed-out people make an account first and lose nothing."""
    found, flow, form = offer(request, f"{specialty}/{kind}"), read_flow(request), await form_of(request)
    provider, _, start = field(form, "time").partition("|")
    if not flow.has_place:
        return go(f"/book/{found.id}")
    instant = typed_instant(start)
    if not provider or instant is None:
        return _choose_again(request, found, "book.error.time", 422)
    flow = replace(flow, visit_type=found.id, provider=provider, starts_at=instant.isoformat())
    return keep_flow(request, go("/book/review" if visitor(request).session else "/sign-up"), flow)


@router.get("/book/review")
async def review_page(request: Request) -> Response:
    """Everything chosen, and the price, before the time is held."""
    require_patient(request)
    flow = read_flow(request)
    if not flow.has_slot:
        return go("/")
    if slot_has_passed(request) and offer(request, flow.visit_type).kind.plan.answer_within_seconds:
        return go(f"/book/{flow.visit_type}/times")
    if slot_has_passed(request):
        return await _times(
            request, offer(request, flow.visit_type), flow, Shown(error="book.error.time_past", status=409)
        )
    return await _review(request, flow)


@router.post("/book/review")
async def review_post(request: Request) -> Response:
    """Holds the time: drafts the visit and asks its workflow to book it; a second submit finds the first visit."""
    session, flow, form = require_patient(request), read_flow(request), await form_of(request)
    if not flow.has_slot:
        return go("/")
    found, start = offer(request, flow.visit_type), typed_instant(flow.starts_at)
    located = await run_in_threadpool(zip_place, flow.postal_code)
    if start is None or located is None or slot_has_passed(request):
        return _choose_again(request, found, "book.error.time_past", 409)
    if not _serves(request, flow.state):
        return _not_served(request, found, flow.state)
    patient = await patient_of(request, flow)
    before = await in_scope(request, lambda scope: _already(scope, patient.person, flow, start))
    if before is not None and before.stage != "draft":
        return drop_slot(request, go(f"/visits/{before.visit}/pay"), before.visit)
    if not await _is_offered(request, found, flow.provider, start):  # nor is a draft of yesterday's: hours change
        return _choose_again(request, found, GONE, 409)
    visit = before.visit if before else await _draft(request, patient, found, (flow, located))
    ask = Ask(request=request_id(form), act="book", actor=session.person, starts_at=start.isoformat())
    plan = await in_scope(request, lambda scope: scope.visits.plan(visit))  # the draft's own: content may have changed
    answer = await ask_visit(request, visit, ask, plan=plan)
    if answer.done:
        return drop_slot(request, go(f"/visits/{visit}/pay"), visit)
    if answer.code == "gate_shut":
        return await _refused(request, found, visit)
    mine = await in_scope(request, lambda scope: _already(scope, patient.person, flow, start))
    if mine is not None and mine.visit != visit:  # pressed twice: the other press holds the time
        return drop_slot(request, go(f"/visits/{mine.visit}/pay"), mine.visit)
    return _choose_again(request, found, GONE, 409)


async def _is_offered(request: Request, found: Offer, provider: str, start: datetime) -> bool:
    """Whether the search could have given out that time: what a form says is not taken on trust.

    Who else has the time is not asked here: its hold decides that.
    """
    deps = deps_of(request)
    clinic, plan = deps.content().clinic(visitor(request).here.slug), found.kind.plan
    if not is_within_reach(start, deps.clock.now()):
        return False

    def look(scope: Scope) -> bool:
        if plan.answer_within_seconds:  # no time is taken, so no hours are asked for
            return offers_kind(plan, scope.people.provider(provider))
        hours = scope.hours.offered().get(provider)
        working = hours.working(clinic.hours, clinic.time_zone) if hours else None
        works = working is not None and gives_out(working, plan, start, deps.clock.now())
        return works and offers_kind(plan, scope.people.provider(provider))

    return await in_scope(request, look)


def _choose_again(request: Request, found: Offer, error: str, status: int) -> Response:
    """The times once more, with why the chosen one is not to be had."""
    path = f"/book/{found.id}/times"
    return send_again(request, Said(errors=(("time", error),), status=status), path) or go(path)


def _place_form(
    request: Request,
    found: Offer,
    values: Mapping[str, str],
    wards: tuple[Ward, ...],
    said: Said,
) -> Response:
    return render(
        request,
        "patient/place_first.html",
        said.status,
        offer=found,
        values=values,
        errors=said.errors,
        state_options=state_options(visitor(request).language),
        wards=wards,
    )


def _already(scope: Scope, patient: str, flow: Flow, start: datetime) -> VisitView | None:
    """The patient's own open visit with this clinician at this time, when there is one."""
    for visit in scope.visits.for_patient(patient):
        same = visit.provider == flow.provider and visit.starts_at == start
        if same and visit.stage in TAKING_UP:
            return visit
    return None


async def _draft(request: Request, patient: Sought, found: Offer, where: tuple[Flow, ZipPlace]) -> str:
    flow, located = where
    draft = VisitDraft(
        patient=patient.person,
        provider=flow.provider,
        plan=found.kind.plan,
        starts_at=datetime.fromisoformat(flow.starts_at),
        booked_place=_place(flow, located, deps_of(request).clock.now()),
        price_cents=found.price_cents,
        currency=found.currency,
        documents=documents_of(deps_of(request).content(), found.kind.plan),
    )
    return await in_scope(request, lambda scope: scope.visits.draft(draft))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the times are shown: what went wrong with a chosen one, and which week, as the address says it."""

    error: str = ""
    status: int = 200
    week: str = ""
    day: str = ""
    only: str = ""


NOTHING = Shown()


async def _times(request: Request, found: Offer, flow: Flow, shown: Shown) -> Response:
    who = visitor(request)
    located = await run_in_threadpool(zip_place, flow.postal_code)
    if located is None:
        return go(f"/book/{found.id}")
    if not _serves(request, flow.state):
        return _not_served(request, found, flow.state)
    gone = typed_instant(flow.starts_at) if shown.error == GONE else None
    result = await _search(request, found, _place(flow, located, deps_of(request).clock.now()), gone or shown)
    refusal = result.refusal
    law = law_view("book", False, refusal.decisions, who.language, flow.state) if refusal else None
    return render(
        request,
        "patient/times.html",
        shown.status,
        offer=found,
        found=result,
        law=law,
        zone=located.time_zone,
        city=located.city,
        state=located.state,
        error=shown.error,
        best=next_best(result, gone) if gone else None,
        acting=await acting_name(request, flow),
    )


async def _case_start(request: Request, found: Offer, flow: Flow) -> Response:
    """Who takes the case and when it is answered, or the law that lets nobody."""
    who = visitor(request)
    located = await run_in_threadpool(zip_place, flow.postal_code)
    if located is None:
        return go(f"/book/{found.id}")
    if not _serves(request, flow.state):
        return _not_served(request, found, flow.state)
    search, providers, _ = await _searched(request, found, _place(flow, located, deps_of(request).clock.now()))
    search = at_now(search)
    taker = await run_in_threadpool(find_taker, search, providers, deps_of(request).search)
    refusal = taker.refusal
    law = law_view("book", False, refusal.decisions, who.language, flow.state) if refusal else None
    return render(
        request,
        "patient/case_start.html",
        offer=found,
        provider=taker.provider.display_name if taker.provider else "",
        value=f"{taker.provider.person}|{search.now.isoformat()}" if taker.provider else "",
        law=law,
        city=located.city,
        state=located.state,
    )


def _serves(request: Request, state: str) -> bool:
    """Whether the clinic's file names the state; a file that names none serves wherever the law lets it."""
    states = visitor(request).here.states
    return not states or state in states


def _not_served(request: Request, found: Offer, state: str) -> Response:
    return render(request, "patient/not_served.html", offer=found, state=state)


async def _search(request: Request, found: Offer, place: Place, about: Shown | datetime) -> Found:
    """The times of the week that an address names, or of the one of an instant; of the next one that has any."""
    search, providers, busy = await _searched(request, found, place, about)
    return await run_in_threadpool(find_next_times, search, providers, busy, deps_of(request).search)


def _only(request: Request) -> str:
    return request.query_params.get("with", "")


def _narrowed(search: Search, about: Shown | datetime) -> Search:
    if isinstance(about, datetime):
        return replace(search, week=min(week_of(search, about), search.furthest))
    return narrowed(search, about.week, about.day, about.only)


async def _searched(
    request: Request, found: Offer, place: Place, about: Shown | datetime = NOTHING
) -> tuple[Search, Sequence[ProviderView], Mapping[str, Sequence[Span]]]:
    """What a search looks at: the search itself, the clinicians, and what their calendars already have."""
    deps, who = deps_of(request), visitor(request)
    clinic = deps.content().clinic(who.here.slug)
    patient = await patient_of(request, read_flow(request)) if who.session else None

    def read(scope: Scope) -> tuple[Search, Sequence[ProviderView], Mapping[str, Sequence[Span]]]:
        search = Search(
            clinic=clinic.slug,
            plan=found.kind.plan,
            place=place,
            hours=clinic.hours,
            time_zone=clinic.time_zone,
            now=deps.clock.now(),
            patient=patient,
            working={
                person: one.working(clinic.hours, clinic.time_zone) for person, one in scope.hours.offered().items()
            },
        )
        search = _narrowed(search, about)
        providers = scope.people.providers()
        busy = {one.person: _taken(scope, one.person, search_span(search)) for one in providers}
        return search, providers, busy

    return await in_scope(request, read)


def _taken(scope: Scope, provider: str, span: Span) -> tuple[Span, ...]:
    return tuple(Span(one.starts_at, one.ends_at) for one in scope.slots.taken(provider, span.start, span.end))


async def _review(request: Request, flow: Flow, status: int = 200) -> Response:
    found = offer(request, flow.visit_type)
    located = await run_in_threadpool(zip_place, flow.postal_code)
    start = typed_instant(flow.starts_at)
    if located is None or start is None:
        raise HTTPException(404)
    provider = await in_scope(request, lambda scope: scope.people.provider(flow.provider))
    return render(
        request,
        "patient/review.html",
        status,
        offer=found,
        start=start,
        zone=located.time_zone,
        place=located,
        provider=provider,
        hold_seconds=_hold_seconds(found),
        terms=terms_line(request, _priced(found, start)),
        request_id=new_request_id(),
        acting=await acting_name(request, flow),
    )


def _priced(found: Offer, start: datetime) -> Priced:
    return Priced(plan=found.kind.plan, price_cents=found.price_cents, currency=found.currency, starts_at=start)


def _hold_seconds(found: Offer) -> int:
    """How long the plan holds a time that is not yet paid; 0 when it holds none."""
    return max((int(step.settings.get("hold_seconds", 0)) for step in found.kind.plan.steps), default=0)


async def _refused(request: Request, found: Offer, visit: str) -> Response:
    who = visitor(request)
    gate = await in_scope(request, lambda scope: scope.gates.latest(visit, "book"))
    state = read_flow(request).state
    law = law_view("book", False, gate.decisions if gate else {}, who.language, state)
    return render(request, "patient/refused.html", 409, offer=found, law=law)


def _place(flow: Flow, located: ZipPlace, at: datetime) -> Place:
    return Place(country="us", state=flow.state, postal_code=flow.postal_code, time_zone=located.time_zone, at=at)


async def home(request: Request) -> Response:
    """The clinic's front page: what it offers, for how much, when and in which languages."""
    who = visitor(request)
    hours = hours_lines(who.here.hours, who.language)
    offered, held = offers(request), await held_for_payment(request)
    told = {"terms": terms_line(request), "held": held}
    return render(request, "patient/home.html", offers=offered, hours=hours, meeting=meeting_of(offered), **told)
