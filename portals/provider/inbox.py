"""The clinician's inbox of cases without a call: what is to be answered by when, and asking a patient for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.ports import GateKeeper
from portals.base.requests import deps_of, field, form_of, in_scope, request_id, rulebook_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.provider.asking import ask
from portals.provider.chart import age_on, language_name
from portals.provider.desk import Desk, visit_type_title
from portals.provider.opening import at_desk, provider_session
from portals.provider.queue_filters import choices_among, filter_of
from portals.provider.queue_page import acuity_of
from portals.provider.seeing import seeing
from portals.provider.told import told
from portals.provider.told_words import Told
from portals.provider.views import Seeing
from records.cases import LONGEST, CaseClock
from records.errors import AlreadyDone
from records.stages import CASES
from records.urgency import EMERGENT, rank
from workflows.contracts import Ask

router = APIRouter()
Law = tuple[GateKeeper, PlainLaw]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InboxRow:
    """One case. ``due`` is when it is to be answered, in words; ``hours`` how long that is, below 0 when it is late."""

    visit: str
    stage: str
    patient: str
    age: int | None
    visit_type: str
    language: str
    language_code: str
    state: str
    acuity: str
    flags: int
    due: str
    hours: int | None
    paused: bool
    seeing: Seeing
    told: Told


@router.get("/inbox")
async def inbox(request: Request) -> Response:
    """Every case of the clinician's, the next one due first; those that wait on their patients last."""
    provider_session(request)
    law = deps_of(request).search, PlainLaw(rulebook_of(request), visitor(request).language)
    desk, rows, revision = await at_desk(request, lambda desk: _look(desk, law))
    wanted = filter_of(request.query_params)
    return render(
        request,
        "provider/inbox.html",
        rows=[row for row in rows if wanted.takes(row)],
        all=len(rows),
        wanted=wanted,
        choices=choices_among(rows),
        revision=revision,
        zone=desk.fmt.zone(desk.now, desk.zone),
    )


@router.post("/visits/{visit}/ask-more")
async def ask_more(request: Request, visit: str) -> Response:
    """Asks the patient for words or photos: kept first; shown to them once the visit has taken it up."""
    session, form = provider_session(request), await form_of(request)
    text, key = field(form, "text"), request_id(form)
    if not text or len(text) > LONGEST:
        return go(f"/staff/visits/{visit}?said=empty#call")
    try:
        question = await in_scope(request, lambda scope: scope.cases.ask(visit, text, key))
    except AlreadyDone:
        return go(f"/staff/visits/{visit}?said=not_now#call")
    answer = await ask(request, visit, Ask(request=key, act="ask_more", actor=session.person, subject=question))
    return go(f"/staff/visits/{visit}?said={'asked_more' if answer.done else answer.code}#call")


def _look(desk: Desk, law: Law) -> tuple[Desk, Sequence[InboxRow], str]:
    return desk, inbox_rows(desk, law), desk.scope.visits.queue_changes(desk.person)


def inbox_rows(desk: Desk, law: Law) -> tuple[InboxRow, ...]:
    """The cases in the order they are worked: by urgency, of one urgency by when they are due; last who is waited for.

    What waits on its patient is still first where it is emergent.
    """
    found = [
        (entry, desk.scope.cases.clock(entry.visit.visit))
        for entry in desk.scope.visits.queue(desk.person)
        if entry.visit.stage in CASES
    ]
    found.sort(key=lambda one: _order(one[1], one[0]))
    return tuple(_row(desk, entry, clock, law) for entry, clock in found)


def _order(clock: CaseClock | None, entry: Any) -> tuple[bool, int, datetime]:
    waits = clock is not None and clock.paused and entry.urgency != EMERGENT
    begun = entry.visit.starts_at
    return waits, rank(entry.urgency), (clock.due if clock is not None and clock.due is not None else begun)


def _row(desk: Desk, entry: Any, clock: CaseClock | None, law: Law) -> InboxRow:
    visit, due = entry.visit, clock.due if clock is not None else None
    place = visit.attested_place or visit.booked_place
    language = desk.scope.people.patient(visit.patient).language
    return InboxRow(
        visit=visit.visit,
        stage=visit.stage,
        patient=entry.patient_name,
        age=age_on(entry.patient_birth_date, desk.now.date()),
        visit_type=visit_type_title(desk.content, visit, desk.fmt.language),
        language=language_name(language, desk.fmt.language),
        language_code=language,
        state=(place.state or "") if place else "",
        acuity=acuity_of(entry.alerts, entry.urgency),
        flags=len(entry.alerts),
        due=desk.fmt.moment(due, desk.zone) if due is not None else "",
        hours=None if due is None else int((due - desk.now).total_seconds() // 3600),
        paused=clock is not None and clock.paused,
        seeing=seeing(desk, visit, law),
        told=told(desk, visit.visit),
    )
