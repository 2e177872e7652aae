"""The clinician hands a visit to a colleague: who is free now, why, and what the colleague answers.

What is said is kept first; the visit's workflow offers it, asks the gate for whoever takes it, and brings back what
nobody answers (`workflows.handing`).
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, request_id, rulebook_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.provider.asking import ask
from portals.provider.colleagues import Colleague, colleagues, wanted, working_hours
from portals.provider.desk import Desk
from portals.provider.offers import HandedView, handed_view
from portals.provider.opening import at_desk, provider_session
from records.errors import AlreadyDone
from records.handoffs import LONGEST, HandoffDraft
from records.stages import HANDED
from workflows.contracts import Answer, Ask

router = APIRouter(include_in_schema=False)
ANYONE = "anyone"


@router.get("/visits/{visit}/hand-off")
async def hand_off_page(request: Request, visit: str) -> Response:
    """Who may take the visit, who of them is free now, and why the others are not."""
    return await _page(request, visit)


@router.post("/visits/{visit}/hand-off")
async def hand_off(request: Request, visit: str) -> Response:
    """Offers the visit; a reason is needed, the colleague reads it before they answer."""
    session, form = provider_session(request), await form_of(request)
    to, text, key = field(form, "to"), field(form, "text"), request_id(form)
    wrong = {name: code for name, code in (("to", "" if to else "to"), ("text", _wrong(text))) if code}
    if wrong:
        return await _page(request, visit, wrong, {"to": to, "text": text})
    draft = HandoffDraft(visit=visit, to="" if to == ANYONE else to, text=text, key=key)
    try:
        handoff = await in_scope(request, lambda scope: scope.handoffs.write(draft))
    except AlreadyDone:
        return go(f"/staff/visits/{visit}?said=not_now")
    answer = await ask(request, visit, Ask(request=key, act="hand_off", actor=session.person, subject=handoff))
    return go(f"/staff/visits/{visit}?said={'handed_off' if answer.done else answer.code}")


@router.post("/visits/{visit}/hand-off/keep")
async def keep(request: Request, visit: str) -> Response:
    """Takes the offer back: the visit stays where it is."""
    session, form = provider_session(request), await form_of(request)
    found = await in_scope(request, lambda scope: scope.handoffs.of_visit(visit))
    if found is None:
        return go(f"/staff/visits/{visit}?said=not_now")
    message = Ask(request=request_id(form), act="keep", actor=session.person, subject=found.id)
    answer = await ask(request, visit, message)
    return go(f"/staff/visits/{visit}?said={'kept' if answer.done else answer.code}")


@router.post("/offers/{handoff}/take")
async def take(request: Request, handoff: str) -> Response:
    """Takes the visit: the gate is asked for the colleague; of two who take it at once one gets it."""
    visit, answer = await _answered(request, handoff, "take_over")
    if visit and answer.done:
        return go(f"/staff/visits/{visit}?said=taken_over")
    return go(f"/staff?said={answer.code}")


@router.post("/offers/{handoff}/decline")
async def decline(request: Request, handoff: str) -> Response:
    """Says no; the visit goes back to whoever offered it, at once."""
    _, answer = await _answered(request, handoff, "decline")
    return go(f"/staff?said={'declined_offer' if answer.done else answer.code}")


async def _answered(request: Request, handoff: str, act: str) -> tuple[str, Answer]:
    session, form = provider_session(request), await form_of(request)
    offer = await in_scope(request, lambda scope: scope.handoffs.offer(handoff))
    if offer is None:
        return "", Answer(done=False, code="not_offered")
    if act == "decline" and offer.handoff.to != session.person:
        return "", Answer(done=False, code="not_now")
    visit = offer.handoff.visit
    return visit, await ask(
        request, visit, Ask(request=request_id(form), act=act, actor=session.person, subject=handoff)
    )


async def _page(
    request: Request, visit: str, wrong: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    deps, slug = deps_of(request), visitor(request).here.slug
    law = deps.search, PlainLaw(rulebook_of(request), visitor(request).language)
    clinic = deps.content().clinic(slug)

    def look(desk: Desk) -> tuple[str, str, HandedView | None, tuple[Colleague, ...], bool]:
        view, loads = desk.scope.visits.get(visit), desk.scope.handoffs.loads(visit)
        if view.stage not in HANDED:
            return "", view.stage, None, (), False
        sought = wanted(desk, view)
        found = colleagues(desk, sought, law, (loads, working_hours(desk.scope.hours.offered(), clinic)))
        name = desk.scope.people.patient(view.patient).name
        return name, view.stage, handed_view(desk, visit), found, sought.is_now

    name, stage, handed, found, is_now = await at_desk(request, look)
    return render(
        request,
        "provider/hand_off.html",
        422 if wrong else 200,
        visit=visit,
        name=name,
        stage=stage,
        handed=handed,
        free=[one for one in found if one.free],
        others=[one for one in found if not one.free],
        is_now=is_now,
        wrong=wrong or {},
        typed=typed or {},
        longest=LONGEST,
        fresh=new_request_id,
    )


def _wrong(text: str) -> str:
    return "" if text and len(text) <= LONGEST else "long" if text else "text"
