"""Who acts for whom, for the officer for law and privacy: found by number, ended with a reason, everybody told."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_fresh
from portals.auth.letters import letters_of
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.staff.doors import require_act
from records.acts import Act
from records.circles import REASONS, CircleView, Compose, EndDraft
from records.errors import AlreadyDone
from records.scope import Scope

router = APIRouter(include_in_schema=False)
LONGEST_WHO, LONGEST_WORDS = 254, 2000


@router.get("/relationships")
async def search_page(request: Request) -> Response:
    """The field for whom to look up."""
    require_act(request, Act.CIRCLE_VIEWED)
    return render(request, "staff/circles.html", who_typed="", found=None, wrong="")


@router.post("/relationships")
async def search(request: Request) -> Response:
    """Everybody around somebody; what was typed is posted, since an address has no place in a log of paths."""
    require_act(request, Act.CIRCLE_VIEWED)
    typed = field(await form_of(request), "person")
    if not typed or len(typed) > LONGEST_WHO:
        return render(request, "staff/circles.html", 422, who_typed=typed[:LONGEST_WHO], found=None, wrong="person")
    found = await in_scope(request, lambda scope: scope.circles.around(typed))
    zone = visitor(request).here.time_zone
    return render(request, "staff/circles.html", who_typed=typed, found=found, wrong="", zone=zone)


@router.get("/relationships/{relationship}")
async def one(request: Request, relationship: str, said: str = "") -> Response:
    """One relationship, and the form that ends it."""
    require_act(request, Act.CIRCLE_VIEWED)
    return await _one(request, relationship, said=said if said in ("ended", "gone") else "")


@router.post("/relationships/{relationship}")
async def end(request: Request, relationship: str) -> Response:
    """Ends it, with what its holder had granted."""
    require_act(request, Act.RELATIONSHIP_ENDED)
    await require_fresh(request, "end_relationship")
    form = await form_of(request)
    reason, words = field(form, "reason"), field(form, "words")
    wrong = "reason" if reason not in REASONS else "" if 0 < len(words) <= LONGEST_WORDS else "words"
    if wrong:
        return await _one(request, relationship, wrong=wrong, reason=reason, words=words)
    draft = EndDraft(relationship=relationship, reason=reason, words=words)
    done = await in_scope(request, partial(_end, draft, letters_of(request).acting_ended))
    return go(f"/staff/relationships/{relationship}?said={'ended' if done else 'gone'}")


def _end(draft: EndDraft, compose: Compose, scope: Scope) -> bool:
    try:
        scope.circles.end(draft, compose)
    except AlreadyDone:
        return False
    return True


async def _one(request: Request, relationship: str, **shown: str) -> Response:
    def look(scope: Scope) -> CircleView:
        return scope.circles.one(relationship)

    found = await in_scope(request, look)
    values = {"said": "", "wrong": "", "reason": "", "words": "", **shown}
    zone, status = visitor(request).here.time_zone, 422 if values["wrong"] else 200
    return render(request, "staff/circle.html", status, one=found, reasons=REASONS, zone=zone, **values)
