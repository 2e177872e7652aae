"""Invitations of staff: the administrator's list, a new one, taking one back; and the door that the mail leads to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import at_a_clinic, rules_of, start, step_of, with_device
from portals.auth.guards import require_fresh, require_session
from portals.auth.letters import letters_of
from portals.auth.sign_up import EMAIL, LONGEST, password_problem
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from records.access import Role
from records.errors import AlreadyDone, EmailTaken
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.invitation_answers import accept_invitation, peek_invitation
from records.invitations import InvitationDraft, Unlisted
from records.scope import Scope

router = APIRouter(include_in_schema=False)
ADMIN = str(Role.CLINIC_ADMIN)
# A clinician is somebody of the clinic's file; the others may be new.
NEW_ROLES = ("clinic_admin", "clinical_ops", "compliance", "support")


@router.get("/staff/invitations")
async def invitations(request: Request, said: str = "") -> Response:
    """Who was invited, who may be, and how it stands."""
    require_session(request, ADMIN)
    return await _page(request, {}, "", said=said)


@router.post("/staff/invitations")
async def invite(request: Request) -> Response:
    """Queues the mail of a new invitation; an older one to the same address ends."""
    require_session(request, ADMIN)
    await require_fresh(request, "invite")
    form = await form_of(request)
    typed = {name: field(form, name) for name in ("email", "role", "given", "family")}
    draft, problem = _draft(typed)
    if draft is None:
        return await _page(request, typed, problem, 422)
    compose = letters_of(request).invitation
    try:
        await in_scope(request, lambda scope: scope.invitations.invite(draft, compose))
    except EmailTaken:
        return await _page(request, typed, "invite.error.taken", 409)
    return go("/staff/invitations?said=invited")


@router.post("/staff/invitations/people/{person}")
async def invite_known(request: Request, person: str) -> Response:
    """Invites somebody of the clinic's file, as a clinician or in the role chosen."""
    require_session(request, ADMIN)
    await require_fresh(request, "invite")
    role, compose = field(await form_of(request), "role"), letters_of(request).invitation

    def known(scope: Scope) -> bool:
        one = next((one for one in scope.invitations.without_login() if one.person == person), None)
        if one is None or role not in (("provider",) if one.clinician else NEW_ROLES):
            return False
        scope.invitations.invite(InvitationDraft(email=one.email, role=role, person=one.person), compose)
        return True

    return go(f"/staff/invitations?said={'invited' if await in_scope(request, known) else 'gone'}")


@router.post("/staff/invitations/{invitation}/revoke")
async def revoke(request: Request, invitation: str) -> Response:
    """Takes an invitation back; its link does nothing from now on."""
    require_session(request, ADMIN)
    try:
        await in_scope(request, lambda scope: scope.invitations.revoke(invitation))
    except AlreadyDone:
        return go("/staff/invitations?said=gone")
    return go("/staff/invitations?said=revoked")


@router.get("/staff/invitation/{token}")
async def invitation_page(request: Request, token: str) -> Response:
    """What one was invited to, and the field for a password; opening it uses nothing up."""
    at_a_clinic(request)
    return await _door(request, token, "")


@router.post("/staff/invitation/{token}")
async def accept(request: Request, token: str) -> Response:
    """Makes the log-in; the first factor comes next, where the role needs one."""
    at_a_clinic(request)
    typed = (await form_of(request)).get("password", "")
    password = typed if isinstance(typed, str) else ""
    if problem := password_problem(password, rules_of(request)):
        return await _door(request, token, problem)
    step = with_device(request)
    try:
        signed = await run_in_threadpool(accept_invitation, deps_of(request).database, step, token, password)
    except TokenRefused:
        return render(request, "auth/over.html", 410, kind="invitation")
    except SecondFactorNeeded:
        return go("/staff/sign-in/set-up")
    return start(request, signed, step, "/staff")


def _draft(typed: dict[str, str]) -> tuple[InvitationDraft | None, str]:
    """The invitation that a form describes, or the first thing that is wrong with it."""
    if not EMAIL.match(typed["email"]) or len(typed["email"]) > LONGEST["email"]:
        return None, "sign_up.error.email"
    if not typed["given"] or not typed["family"] or max(len(typed["given"]), len(typed["family"])) > LONGEST["given"]:
        return None, "invite.error.name"
    if typed["role"] not in NEW_ROLES:
        return None, "invite.error.role"
    return InvitationDraft(**typed), ""


async def _page(request: Request, typed: dict[str, str], error: str, status: int = 200, said: str = "") -> Response:
    def look(scope: Scope) -> tuple[object, tuple[Unlisted, ...]]:
        return scope.invitations.listed(), scope.invitations.without_login()

    listed, people = await in_scope(request, look)
    values = {"listed": listed, "people": people, "typed": typed, "error": error, "said": said, "roles": NEW_ROLES}
    return render(request, "auth/invitations.html", status, **values)


async def _door(request: Request, token: str, error: str) -> Response:
    try:
        found = await run_in_threadpool(peek_invitation, deps_of(request).database, step_of(request), token)
    except TokenRefused:
        return render(request, "auth/over.html", 410, kind="invitation")
    return render(request, "auth/invited.html", 422 if error else 200, invitation=found, error=error)
