"""Attesting a licence or a DEA registration: a new one, or a new version; its primary source is asked at once."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_fresh
from portals.base.requests import deps_of, field, form_of, in_scope, rulebook_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.places import state_options
from portals.staff.attesting_form import Choices, Faults, choices_of, draft_of, typed_from, typed_of
from portals.staff.credential_rows import SCHEDULES, credential_rows
from portals.staff.credentials import reading_of
from portals.staff.doors import require_act
from records.acts import Act
from records.attesting import CredentialDraft
from records.credentials import CredentialView
from records.errors import AlreadyDone, Conflict
from records.scope import Scope
from workflows.client import VisitUnreachable

router = APIRouter(include_in_schema=False)
FRESH = "change_credentials"


@router.get("/credentials/new")
async def new_page(request: Request) -> Response:
    """The form for a credential that the clinic does not have yet."""
    require_act(request, Act.CREDENTIAL_MADE)
    return await _page(request, {}, {})


@router.post("/credentials/new")
async def add(request: Request) -> Response:
    """Keeps it, and has its source asked."""
    require_act(request, Act.CREDENTIAL_MADE)
    await require_fresh(request, FRESH)
    form = await form_of(request)
    typed, today = typed_of(form), reading_of(request).today
    draft, wrong = draft_of(typed, form, await _choices(request), today)
    if draft is None:
        return await _page(request, typed, wrong, status=422)
    try:
        await in_scope(request, lambda scope: scope.attesting.add(draft))
    except AlreadyDone:
        return await _page(request, typed, {"state": "held"}, status=409)
    return await _asked(request)


@router.get("/credentials/{person}/{credential}")
async def one(request: Request, person: str, credential: str) -> Response:
    """A credential as it is now, every version of it, and the form for another."""
    require_act(request, Act.CREDENTIAL_CHANGED)
    versions = await _versions(request, person, credential)
    return await _page(request, typed_from(versions[0]), {}, versions=versions)


@router.post("/credentials/{person}/{credential}")
async def change(request: Request, person: str, credential: str) -> Response:
    """Begins a new version, and has its source asked."""
    require_act(request, Act.CREDENTIAL_CHANGED)
    await require_fresh(request, FRESH)
    form, versions = await form_of(request), await _versions(request, person, credential)
    fixed = {name: str(getattr(versions[0], name)) for name in ("person", "kind", "state", "profession", "type")}
    typed = {**typed_of(form), **fixed}
    draft, wrong = draft_of(typed, form, await _choices(request), reading_of(request).today)
    if draft is None:
        return await _page(request, typed, wrong, versions=versions, status=422)
    number = field(form, "version")
    version = int(number) if number.isdecimal() and len(number) < 9 else -1
    changed: CredentialDraft = draft
    try:
        await in_scope(request, lambda scope: scope.attesting.change(credential, changed, version))
    except Conflict:
        return await _page(request, typed, {"number": "meanwhile"}, versions=versions, status=409)
    return await _asked(request)


async def _asked(request: Request) -> Response:
    try:
        await deps_of(request).visits.check_credentials(visitor(request).here.slug)
    except VisitUnreachable:
        return go("/staff/credentials?said=attested_later")
    return go("/staff/credentials?said=attested")


async def _choices(request: Request) -> Choices:
    people = await in_scope(request, lambda scope: {one.person: one.display_name for one in scope.people.providers()})
    return choices_of(rulebook_of(request), people)


async def _versions(request: Request, person: str, credential: str) -> tuple[CredentialView, ...]:
    """The newest first. Raises: HTTPException: 404 where the clinician has no such credential."""

    def look(scope: Scope) -> tuple[CredentialView, ...]:
        return tuple(one for one in scope.credentials.history(person) if one.credential == credential)

    found = tuple(sorted(await in_scope(request, look), key=lambda one: -one.version))
    if not found:
        raise HTTPException(404)
    return found


async def _page(
    request: Request,
    typed: Mapping[str, str],
    wrong: Faults,
    *,
    versions: tuple[CredentialView, ...] = (),
    status: int = 200,
) -> Response:
    choices, reading = await _choices(request), reading_of(request)
    rows = [(one, *credential_rows([one], choices.people, reading)) for one in versions]
    return render(
        request,
        "staff/attesting.html",
        status,
        typed=typed,
        wrong=wrong,
        rows=rows,
        choices=choices,
        states=state_options(visitor(request).language),
        schedules=SCHEDULES,
        covered=versions[0].schedules if versions else (),
        zone=visitor(request).here.time_zone,
    )
