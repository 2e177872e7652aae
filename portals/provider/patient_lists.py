"""Corrects a patient's medicines and allergies: one added, one stopped, or the list gone through with the patient."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.requests import field, form_of, request_id
from portals.base.templating import go
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, provider_session
from portals.provider.visit_page import BEFORE_CARE, CARE
from records.errors import Conflict
from records.lists import ListDraft

router = APIRouter(prefix="/visits/{visit}", include_in_schema=False)
LONGEST_NAME = 120


@router.post("/lists")
async def change_list(request: Request, visit: str) -> Response:
    """Keeps one word about the lists: added, stopped, or the whole list gone through with the patient."""
    provider_session(request)
    form = await form_of(request)
    draft = ListDraft(
        visit=visit,
        kind=field(form, "kind"),
        act=field(form, "act"),
        name=" ".join(field(form, "name").split())[:LONGEST_NAME],
        key=request_id(form),
    )
    try:
        kept = await at_desk(request, lambda desk: _keep(desk, draft))
    except Conflict:
        return go(f"/staff/visits/{visit}?said=list_empty#chart")
    return go(f"/staff/visits/{visit}?said={'list_changed' if kept else 'not_now'}#chart")


def _keep(desk: Desk, draft: ListDraft) -> bool:
    if desk.scope.visits.get(draft.visit).stage not in (*BEFORE_CARE, *CARE):
        return False
    desk.scope.lists.say(draft)
    return True
