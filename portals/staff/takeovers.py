"""Who came of age and takes over the record a guardian kept: the clinic identifies them, says how, and invites them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import Limit, may_try
from portals.auth.guards import require_fresh
from portals.auth.letters import letters_of
from portals.auth.sign_up import EMAIL, LONGEST, read_date
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.errors import AlreadyDone, EmailTaken
from records.scope import Scope
from records.takeover_mails import Tell
from records.takeovers import WAYS, Compose, NotIdentified, OwnInvitation, TakeoverDraft

router = APIRouter(include_in_schema=False)
FIELDS = ("known_by", "given", "family", "birth_date-m", "birth_date-d", "birth_date-y", "way", "email")
IDENTIFYING = Limit("identify", 10, 60)


@router.get("/takeovers")
async def takeovers(request: Request, said: str = "") -> Response:
    """Who was invited, by number, and the form for another."""
    require_act(request, Act.TAKEOVERS_VIEWED)
    return await _page(request, {}, {}, said=said if said in ("invited", "released", "own", "revoked", "gone") else "")


@router.post("/takeovers")
async def invite(request: Request) -> Response:
    """Compares what the document says with the record; where all of it agrees, the mail goes out."""
    require_act(request, Act.TAKEOVER_INVITED)
    await require_fresh(request, "invite")
    form = await form_of(request)
    typed = {name: field(form, name) for name in FIELDS}
    draft, wrong = _draft(typed)
    if draft is None:
        return await _page(request, typed, wrong, status=422)
    if not may_try(request, IDENTIFYING):
        return await _page(request, typed, {"known_by": "too_often"}, status=429)
    wrong = await in_scope(request, partial(_invite, draft, letters_of(request).takeover_asked))
    if wrong:
        return await _page(request, typed, wrong, status=409)
    return go("/staff/takeovers?said=invited")


@router.post("/takeovers/{invitation}/release")
async def release(request: Request, invitation: str) -> Response:
    """The second person's word: the mail with the link goes out."""
    require_act(request, Act.TAKEOVER_RELEASED)
    await require_fresh(request, "invite")
    said = await in_scope(request, partial(_release, invitation, letters_of(request).takeover))
    return go(f"/staff/takeovers?said={said}")


@router.post("/takeovers/{invitation}/revoke")
async def revoke(request: Request, invitation: str) -> Response:
    """Takes the mail's link back."""
    require_act(request, Act.INVITATION_REVOKED)
    try:
        await in_scope(request, lambda scope: scope.invitations.revoke(invitation))
    except AlreadyDone:
        return go("/staff/takeovers?said=gone")
    return go("/staff/takeovers?said=revoked")


def _invite(draft: TakeoverDraft, tell: Tell, scope: Scope) -> dict[str, str]:
    """The field that keeps it from being done and why; nothing when it is done. A refusal is audited all the same."""
    try:
        scope.takeovers.invite(draft, tell)
    except NotIdentified:
        return {"known_by": "not_identified"}
    except EmailTaken:
        return {"email": "taken"}
    return {}


def _release(invitation: str, compose: Compose, scope: Scope) -> str:
    """What came of it; a refusal is audited all the same."""
    try:
        scope.takeovers.release(invitation, compose)
    except OwnInvitation:
        return "own"
    except AlreadyDone:
        return "gone"
    return "released"


def _draft(typed: Mapping[str, str]) -> tuple[TakeoverDraft | None, dict[str, str]]:
    """What a form describes, or every field that is wrong and why."""
    born = read_date(typed, "birth_date")
    checks = {
        "known_by": 0 < len(typed["known_by"]) <= LONGEST["email"],
        "given": 0 < len(typed["given"]) <= LONGEST["given"],
        "family": 0 < len(typed["family"]) <= LONGEST["family"],
        "birth_date": born is not None,
        "way": typed["way"] in WAYS,
        "email": bool(EMAIL.match(typed["email"])) and len(typed["email"]) <= LONGEST["email"],
    }
    wrong = {name: "missing" for name, right in checks.items() if not right}
    if wrong or born is None:
        return None, wrong
    told = {name: typed[name] for name in ("known_by", "given", "family", "way", "email")}
    return TakeoverDraft(birth_date=born, **told), {}


async def _page(
    request: Request, typed: Mapping[str, str], wrong: Mapping[str, str], *, status: int = 200, said: str = ""
) -> Response:
    listed = await in_scope(request, lambda scope: scope.takeovers.listed())
    session = require_act(request, Act.TAKEOVERS_VIEWED)
    may_invite, may_release = (may_open(session.role, one) for one in (Act.TAKEOVER_INVITED, Act.TAKEOVER_RELEASED))
    typing = {"typed": typed, "wrong": wrong, "said": said, "ways": WAYS}
    reader = {"may_invite": may_invite, "may_release": may_release, "me": session.person}
    zone = visitor(request).here.time_zone
    return render(request, "staff/takeovers.html", status, listed=listed, zone=zone, **typing, **reader)
