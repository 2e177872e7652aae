"""One visit as its patient sees it: what is done, what is next, what the law said, and how to cancel."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.consent_text import GUARDIAN
from engine.forms_intake import next_item
from engine.plans import VisitPlan
from engine.texts import text_in
from portals.auth.guards import require_patient
from portals.base.requests import deps_of, in_scope, new_request_id
from portals.base.templating import go, render
from portals.base.visit_content import visit_content
from portals.base.visitor import visitor
from portals.patient.emergent import emergent_flags, emergent_of
from portals.patient.intake_page import without
from portals.patient.journey import DONE, OVER, SEEN, JourneyStep, Told, current, journey
from portals.patient.late_photos import refused_photos
from portals.patient.law_view import LawView, law_view
from portals.patient.step_words import CHECK, IN_CALL, NO_CALL, TODAY, WRITTEN, step_words
from portals.patient.undoing import undo_of
from records.access import Role
from records.errors import NotYetBegun
from records.relationships import Ward
from records.scope import Scope
from records.stages import IN_LINE
from records.visits import VisitView

router = APIRouter()
CANCELLABLE = frozenset({"draft", "held", "booked", "preparing", "ready", *IN_LINE, "submitted", "blocked"})
MOVABLE = frozenset({"booked", "preparing", "ready"})
TAKEN = "taken"
CANCELLED: Mapping[str, str] = {"captured": "cancelled_fee", "none": "cancelled_unpaid"}
Listed = tuple[tuple[VisitView, str], ...]
Section = tuple[Ward | None, Listed]
# The scopes of a relationship one of which a step or a page of the patient's takes.
STEP_SCOPES: Mapping[str, frozenset[str]] = {
    "pay": frozenset({"schedule"}),
    "cancel": frozenset({"schedule"}),
    "receipt": frozenset({"schedule", "see_record"}),
    "intake": frozenset({"intake"}),
    "place": frozenset({"intake"}),
    "files": frozenset({"intake", "see_record"}),
    "consent": frozenset({"consent"}),
    "waiting": frozenset({"join"}),
    "check": frozenset({"join"}),
    "case": frozenset({"intake", "see_record"}),
    "summary": frozenset({"see_record"}),
    "alarm": frozenset({"intake", "join", "see_record"}),
}
NO_SCOPES: frozenset[str] = frozenset()
ALARM, PLAIN_END = "escalated", "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    """What every page of a visit needs: its row, plan and steps, the clinician's name, the refusal if there is one.

    ``flags`` are those that its answers raised, none for who may not know the answers.
    ``revision`` differs as soon as the page could look different. ``acting`` is the patient's name where somebody else
    looks at it for them, ``guardian`` whether as a guardian.
    """

    visit: VisitView
    plan: VisitPlan
    steps: tuple[JourneyStep, ...]
    provider: str
    profession: str
    refusal: Mapping[str, Any] | None
    gate: str
    revision: str
    acting: str = dataclasses.field(default="", repr=False)
    guardian: bool = False
    scopes: frozenset[str] = frozenset()
    flags: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)

    @property
    def zone(self) -> str:
        """The zone of the place the patient named last."""
        place = self.visit.attested_place or self.visit.booked_place
        return (place.time_zone if place else None) or "UTC"

    @property
    def state(self) -> str:
        place = self.visit.attested_place or self.visit.booked_place
        return (place.state if place else None) or ""

    def lets(self, kind: str) -> bool:
        """Whether who looks may do a step of that kind: the patient all, who acts for them what their scopes say."""
        return not self.acting or bool(STEP_SCOPES.get(kind, NO_SCOPES) & self.scopes)

    @property
    def badge(self) -> str:
        return stage_told(self.visit.stage, self.lets("alarm"))

    @property
    def banner(self) -> str:
        """The key of what is said to who acts for the patient: what they answer and sign, as far as they may."""
        parts = [word for word, kind in (("answer", "intake"), ("sign", "consent")) if self.lets(kind)]
        return "_".join(("acting.banner", *parts))

    @property
    def meets(self) -> bool:
        """Whether there is a call, for which a device may be tried."""
        return not self.plan.answer_within_seconds and any(step.kind == "consult" for step in self.plan.steps)

    @property
    def now(self) -> JourneyStep | None:
        return current(self.steps)

    @property
    def cancellable(self) -> bool:
        return self.visit.stage in CANCELLABLE

    @property
    def movable(self) -> bool:
        """Whether it may get another time; the clinic's terms are asked beside."""
        return self.visit.stage in MOVABLE and not self.plan.answer_within_seconds

    @property
    def over(self) -> bool:
        return self.visit.stage in OVER

    @property
    def seen(self) -> bool:
        return self.visit.stage in SEEN

    @property
    def ended(self) -> str:
        """How a visit that is over ended: its stage, or ``taken`` where somebody else had the time first.

        A canceled one says what became of the money, too.
        """
        if self.visit.stage == ALARM:
            return self.badge
        if self.visit.stage == "cancelled":
            return CANCELLED.get(self.visit.payment_state, "cancelled")
        return TAKEN if self.visit.stage == "refused" and self.refusal is None else self.visit.stage


def stage_told(stage: str, alarms: bool) -> str:
    """The stage as it is told: that answers may mean an emergency is part of what they are, and not of a time."""
    return PLAIN_END if stage == ALARM and not alarms else stage


def listed_stage(ward: Ward | None, stage: str) -> str:
    """The stage as a list tells it to the patient (no ward), or to who acts for the ward."""
    return stage_told(stage, ward is None or bool(STEP_SCOPES["alarm"] & ward.scopes))


def read_page(scope: Scope, visit_id: str) -> VisitPage:
    """Reads a visit's page in one scope; the revision first, so that what changes meanwhile is seen the next time."""
    revision = scope.visits.changes(visit_id)
    visit = scope.visits.get(visit_id)
    plan = scope.visits.plan(visit_id)
    given = scope.parts.given(visit_id)
    provider = scope.people.called(visit.provider)
    checked = any(step.kind == "tech_check" for step in plan.steps) and scope.checks.tried(visit_id)
    shut = None
    if visit.stage in ("blocked", "refused"):
        shut = next((gate for gate in reversed(scope.gates.for_visit(visit_id)) if not gate.open), None)
    return VisitPage(
        visit=visit,
        plan=plan,
        steps=journey(
            visit, plan, Told(forms=given.forms, consents=given.consents, flags=given.flags, checked=checked)
        ),
        provider=provider.display_name,
        profession=provider.profession,
        refusal=shut.decisions if shut else None,
        gate=shut.gate if shut else "",
        revision=revision,
        acting=given.acting_for,
        guardian=given.kind == GUARDIAN,
        scopes=given.scopes,
        flags=given.flags,
    )


async def page_of(request: Request, visit_id: str) -> VisitPage:
    """The page's data as the signed-in patient; 404 when it is not theirs."""
    require_patient(request)
    return await in_scope(request, lambda scope: read_page(scope, visit_id))


def begun(page: VisitPage) -> VisitPage:
    """The page of a visit that can be given something.

    Raises:
        NotYetBegun: it is only a draft; the program answers with a page that leads back to the booking.
    """
    if page.visit.stage == "draft":
        raise NotYetBegun(page.visit.visit)
    return page


def law_of(page: VisitPage, language: str) -> LawView | None:
    """The law card of a shut visit."""
    if page.refusal is None:
        return None
    return law_view(page.gate, False, page.refusal, language, page.state)


@router.get("/visits")
async def visits_page(request: Request) -> Response:
    """All visits of the signed-in patient, and apart from them those of each they look after; the next one first."""
    session = require_patient(request)

    def read(scope: Scope) -> list[Section]:
        wards = scope.relationships.mine()
        theirs = [(one, _next_first(_listed(scope, one.patient))) for one in wards]
        return [(None, _next_first(_listed(scope, session.person))), *theirs]

    sections = sorted(await in_scope(request, read), key=_next_start)
    own = session.role == Role.PATIENT
    anything = any(visits for _, visits in sections)
    shown = {"sections": sections, "anything": anything, "own": own, "over": OVER | SEEN, "told": listed_stage}
    return render(request, "patient/visits.html", **shown)


def _next_first(listed: Listed) -> Listed:
    """The visits to come, the next one first, and then those that were, the last one first."""
    coming = [one for one in listed if one[0].stage not in OVER | SEEN]
    been = [one for one in listed if one[0].stage in OVER | SEEN]
    return (*sorted(coming, key=lambda one: one[0].starts_at), *been)


def _next_start(section: Section) -> tuple[bool, float, bool]:
    """What sections stand in order of: the start of their next visit; without one, those that have any come first."""
    visits = section[1]
    alive = bool(visits) and visits[0][0].stage not in OVER | SEEN
    return not alive, visits[0][0].starts_at.timestamp() if alive else 0.0, not visits


def _listed(scope: Scope, patient: str) -> Listed:
    found = scope.visits.for_patient(patient)
    return tuple((one, _clinician(scope, one)) for one in found if _counts(scope, one))


def _clinician(scope: Scope, visit: VisitView) -> str:
    """The clinician's name, where who looks may know whose visit it is."""
    return scope.people.called(visit.provider).display_name if visit.provider else ""


def _counts(scope: Scope, visit: VisitView) -> bool:
    """Whether it ever was a visit: not a draft, and not one whose time somebody else had first."""
    if visit.stage == "refused" and visit.visit_type:
        return any(not gate.open for gate in scope.gates.for_visit(visit.visit))
    return visit.stage != "draft"


@router.get("/visits/{visit_id}")
async def visit_home(request: Request, visit_id: str) -> Response:
    """The visit's home: the step list, and the law card when it is stopped; when it is, for who only gets notices."""
    require_patient(request)
    page = await in_scope(request, lambda scope: _only_times(scope, visit_id) or read_page(scope, visit_id))
    if not isinstance(page, VisitPage):
        stage = stage_told(page[0].stage, alarms=False)
        return render(request, "patient/visit_times.html", visit=page[0], acting=page[1], stage=stage)
    if page.badge == ALARM:
        return go(f"/visits/{visit_id}/emergency")
    law = law_of(page, visitor(request).language)
    new = request.query_params.get("new", "")
    moments = await in_scope(request, lambda scope: _moments(request, scope, page))
    forms = _form_titles(request, page)
    steps = step_words(page.steps, visitor(request).language, page.lets, moments, forms)
    may_send = page.lets("intake") and page.visit.stage != "draft" and not page.over
    flags = () if page.seen else emergent_flags(page.plan, page.flags)
    emergent = await in_scope(request, lambda scope: emergent_of(request, scope, visit_id, flags)) if flags else None
    refused = await in_scope(request, lambda scope: refused_photos(request, scope, visit_id)) if may_send else ()
    undo = await _undo(request, page) if new == "moved" and page.movable and page.lets("cancel") else None
    shown = {
        "undo": undo,
        "request_id": new_request_id(),
        "law": law,
        "new": new,
        "steps": steps,
        "emergent": emergent,
        "refused_photos": refused,
        "texts": deps_of(request).settings.has_texts,
    }
    return render(request, "patient/visit.html", page=page, visit=page.visit, **shown)


def _form_titles(request: Request, page: VisitPage) -> dict[str, str]:
    """What each form is called, where a visit asks for more than one: one alone needs no name."""
    asked = [step.form for step in page.steps if step.form]
    known, language = deps_of(request).content().forms, visitor(request).language
    return {name: text_in(known[name].title, language) for name in asked if name in known} if len(asked) > 1 else {}


async def _undo(request: Request, page: VisitPage) -> datetime | None:
    now = deps_of(request).clock.now()
    last = await in_scope(request, lambda scope: undo_of(scope, page.visit, now))
    return last.before if last else None


def _only_times(scope: Scope, visit_id: str) -> tuple[VisitView, str] | None:
    """The visit, and for whom one acts, where that is all they may know of it; else None."""
    visit = scope.visits.glimpse(visit_id)
    return None if visit is None else (visit, scope.parts.given(visit_id).acting_for)


def _moments(request: Request, scope: Scope, page: VisitPage) -> dict[str, str]:
    """Which kinds of steps are in a moment of their own, so that their words say what is true now."""
    told = {}
    if page.plan.answer_within_seconds:
        told["place"] = NO_CALL
    elif _is_today(request, page):
        told["place"] = TODAY
    if page.visit.stage != "completed" and page.seen:
        told["summary"] = WRITTEN
    if page.visit.stage == "in_call":
        told["waiting"] = IN_CALL
    if page.lets("intake") and page.visit.stage != "draft":
        asked = [step.form for step in page.steps if step.form and step.state != DONE]
        told |= {f"intake:{form}": CHECK for form in asked if _is_answered(request, scope, page.visit.visit, form)}
    return told


def _is_answered(request: Request, scope: Scope, visit_id: str, name: str) -> bool:
    """Whether nothing of a form is left to answer: then it waits to be checked and handed in."""
    deps = deps_of(request)
    kept = {item: view.value for item, view in scope.forms.answers(visit_id, name).items()}
    if not kept:
        return False
    form = visit_content(scope, visit_id, deps.content(), deps.library().law.vocabulary).form(name)
    form = without(form, scope.parts.unasked(visit_id))
    return next_item(form, {item: value for item, value in kept.items() if form.item(item)}) is None


def _is_today(request: Request, page: VisitPage) -> bool:
    """Whether the visit is on this day where the patient is."""
    zone = ZoneInfo(page.zone)
    return deps_of(request).clock.now().astimezone(zone).date() == page.visit.starts_at.astimezone(zone).date()


@router.get("/visits/{visit_id}/changes")
async def visit_changes(request: Request, visit_id: str) -> Response:
    """Whether the visit's home looks different now: a digest, nothing about a person in it."""
    require_patient(request)
    return JSONResponse({"revision": await in_scope(request, lambda scope: scope.visits.changes(visit_id))})
