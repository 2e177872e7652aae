"""Inviting somebody to act for oneself or for one's child, and accepting such an invitation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_fresh, require_patient
from portals.auth.letters import letters_of
from portals.auth.sign_up import EMAIL, LONGEST
from portals.base.requests import field, form_of, in_scope
from portals.base.templating import go, render
from records.access import TABLE, Role
from records.acting import GUARDIAN, GUARDIANS_ONLY
from records.errors_identity import TokenRefused
from records.relationships import RELATIONS, RelationshipDraft, TooManyInvitations, Ward
from records.scope import Scope

router = APIRouter()
MYSELF = "me"
KINDS = ("caregiver", "proxy")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shared:
    """Whose care is shared: their id, their name (empty for oneself), and whether they are a minor."""

    patient: str
    name: str
    minor: bool


@router.get("/family/share/{whose}")
async def share_page(request: Request, whose: str) -> Response:
    """Who is invited, as what, and what they may do."""
    return _form(request, await _shared(request, whose), {}, ())


@router.post("/family/share/{whose}")
async def share_post(request: Request, whose: str) -> Response:
    """Queues the mail; nothing counts until it is accepted."""
    shared = await _shared(request, whose)
    await require_fresh(request, "invite")
    form = await form_of(request)
    values = {name: field(form, name) for name in ("email", "name", "relation", "kind")}
    scopes = tuple(str(one) for one in form.getlist("scopes"))
    errors = _problems(values, scopes, shared)
    if errors:
        return _form(request, shared, {**values, "scopes": scopes}, errors, 422)
    draft = RelationshipDraft(
        patient=shared.patient,
        email=values["email"],
        name=values["name"],
        relation=values["relation"],
        kind=values["kind"],
        scopes=scopes,
    )
    compose = letters_of(request).acting
    try:
        await in_scope(request, lambda scope: scope.relationships.grant(draft, compose))
    except TooManyInvitations as full:
        errors = (("email", f"acting.error.too_many_{full.code}"),)
        return _form(request, shared, {**values, "scopes": scopes}, errors, 429)
    return go("/family?said=invited")


@router.get("/family/invitation/{token}")
async def invitation_page(request: Request, token: str) -> Response:
    """For whom one is asked to act, and what one may do then; looking uses nothing up."""
    require_patient(request)
    try:
        invited = await in_scope(request, lambda scope: scope.relationships.peek(token))
    except TokenRefused:
        return render(request, "patient/family_over.html", 410)
    return render(request, "patient/family_accept.html", invited=invited, token=token, scopes=tuple(TABLE.scopes))


@router.post("/family/invitation/{token}")
async def invitation_post(request: Request, token: str) -> Response:
    """Accepts; from now on one acts for them."""
    require_patient(request)
    await form_of(request)
    try:
        await in_scope(request, lambda scope: scope.relationships.accept(token))
    except TokenRefused:
        return render(request, "patient/family_over.html", 410)
    return go("/family?said=accepted")


async def _shared(request: Request, whose: str) -> Shared:
    """Whose care is asked about; 404 unless it is the asker's to share."""
    session = require_patient(request)
    if whose == MYSELF and session.role == Role.PATIENT:
        return Shared(patient=session.person, name="", minor=False)

    def read(scope: Scope) -> Ward:
        return scope.relationships.ward(whose)

    ward = await in_scope(request, read)
    if "share" not in ward.scopes:
        raise HTTPException(404)
    return Shared(patient=ward.patient, name=ward.name, minor=ward.minor)


def scopes_for(kind: str, minor: bool) -> tuple[str, ...]:
    """What somebody of that kind may be let do, in the table's order."""
    allowed = TABLE.kinds.get(kind, frozenset()) - (GUARDIANS_ONLY if minor and kind != GUARDIAN else frozenset())
    return tuple(scope for scope in TABLE.scopes if scope in allowed)


def _problems(values: Mapping[str, str], scopes: tuple[str, ...], shared: Shared) -> tuple[tuple[str, str], ...]:
    found = []
    if not values["name"] or len(values["name"]) > LONGEST["given"]:
        found.append(("name", "acting.error.name"))
    if not EMAIL.match(values["email"]) or len(values["email"]) > LONGEST["email"]:
        found.append(("email", "sign_up.error.email"))
    if values["relation"] not in RELATIONS:
        found.append(("relation", "acting.error.relation"))
    if values["kind"] not in KINDS:
        found.append(("kind", "acting.error.kind"))
    elif not scopes or not set(scopes) <= set(scopes_for(values["kind"], shared.minor)):
        found.append(("scopes", "acting.error.scopes"))
    return tuple(found)


def _form(
    request: Request,
    shared: Shared,
    values: Mapping[str, object],
    errors: tuple[tuple[str, str], ...],
    status: int = 200,
) -> Response:
    scopes = scopes_for("proxy", shared.minor)
    return render(
        request,
        "patient/share.html",
        status,
        shared=shared,
        values=values,
        errors=errors,
        kinds=KINDS,
        scopes=scopes,
        relations=RELATIONS,
    )
