"""Everybody who works for the clinic, what they hold and until when, where they may practise today, and leaving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.credentials import threshold_of
from portals.auth.guards import require_fresh
from portals.base.requests import in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.ops.serving import serving
from portals.ops.words import kind_titles, said
from portals.patient.catalog import offers
from portals.staff.credential_rows import CredentialRow, Reading, credential_rows, grouped
from portals.staff.credentials import reading_of
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.agreements import AgreementView
from records.credentials import CredentialView
from records.errors import AlreadyDone, StillOpen
from records.people import ProviderView
from records.roster import LastOfThem, StaffView
from records.scope import Scope

router = APIRouter(include_in_schema=False)
SAID = ("shut", "reopened", "open_visit", "last_of_them", "too_late")
NEAR = 30
ROLES = ("provider", "clinic_admin", "clinical_ops", "compliance", "support", "platform_operator")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Line:
    """One person with all that is shown of them; credentials that differ by their state alone stand together."""

    staff: StaffView
    roles: str
    seen: str
    profession: str
    kinds: tuple[str, ...]
    credentials: tuple[tuple[CredentialRow, ...], ...]
    held: int
    agreements: int
    soon: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Found:
    """What is on record about everybody."""

    staff: Sequence[StaffView]
    held: Sequence[CredentialView]
    agreements: Sequence[AgreementView]
    providers: Sequence[ProviderView]


@router.get("/people")
async def people(request: Request, said: str = "") -> Response:
    """All of them, or those of one role, those without a second factor, those with something that ends soon."""
    session = require_act(request, Act.STAFF_VIEWED)
    found = await in_scope(request, _look)
    role, wanted = request.query_params.get("role", ""), request.query_params
    lines = [_line(request, one, found) for one in found.staff]
    soon, factor = wanted.get("soon") == "1", wanted.get("factor") == "1"
    shown = [one for one in lines if _fits(one, role if role in ROLES else "", soon=soon, factor=factor)]
    kinds = {one.id: one.title for one in offers(request)}
    kind = wanted.get("kind", "") if wanted.get("kind") in kinds else next(iter(kinds), "")
    ask = partial(serving, request, kind, found.providers, wanted.get("state", ""))
    return render(
        request,
        "ops/people.html",
        lines=shown,
        roles=ROLES,
        typed={"role": role if role in ROLES else "", "soon": soon, "factor": factor},
        pressing=sum(one.soon for one in lines),
        kinds=kinds,
        kind=kind,
        serving=await run_in_threadpool(ask) if kind else None,
        said=said if said in SAID else "",
        me=session.person,
        may_change=may_open(session.role, Act.STAFF_CHANGED),
        may_invite=may_open(session.role, Act.INVITED),
        may_see_hours=may_open(session.role, Act.HOURS_VIEWED),
        may_see_credentials=may_open(session.role, Act.CREDENTIALS_VIEWED),
        may_attest=may_open(session.role, Act.CREDENTIAL_CHANGED),
    )


@router.post("/people/{person}/shut")
async def shut(request: Request, person: str) -> Response:
    """Shuts a log-in and ends what is open with it."""
    require_act(request, Act.STAFF_CHANGED)
    await require_fresh(request, "invite")
    return go(f"/staff/people?said={await in_scope(request, partial(_shut, person))}")


@router.post("/people/{person}/reopen")
async def reopen(request: Request, person: str) -> Response:
    """Opens it again."""
    require_act(request, Act.STAFF_CHANGED)
    await require_fresh(request, "invite")
    return go(f"/staff/people?said={await in_scope(request, partial(_reopen, person))}")


def _shut(person: str, scope: Scope) -> str:
    try:
        scope.roster.shut(person)
    except LastOfThem:
        return "last_of_them"
    except StillOpen:
        return "open_visit"
    except AlreadyDone:
        return "too_late"
    return "shut"


def _reopen(person: str, scope: Scope) -> str:
    try:
        scope.roster.reopen(person)
    except AlreadyDone:
        return "too_late"
    return "reopened"


def _look(scope: Scope) -> _Found:
    return _Found(
        staff=scope.roster.everybody(),
        held=scope.credentials.everybody(),
        agreements=scope.agreements.everybody(),
        providers=scope.people.providers(),
    )


def _fits(line: Line, role: str, *, soon: bool, factor: bool) -> bool:
    if role and role not in line.staff.roles:
        return False
    return not (soon and not line.soon) and not (factor and line.staff.second_factor)


def _line(request: Request, one: StaffView, found: _Found) -> Line:
    reading, language = reading_of(request), visitor(request).language
    provider = next((view for view in found.providers if view.person == one.person), None)
    held = [view for view in found.held if view.person == one.person]
    return Line(
        staff=one,
        roles=", ".join(said(language, "staff.role", role) for role in one.roles),
        seen=_seen(one, reading),
        profession=provider.profession if provider else "",
        kinds=_kinds(kind_titles(request), provider),
        credentials=grouped(credential_rows(held, {}, reading)),
        held=len(held),
        agreements=sum(1 for view in found.agreements if _holds(one.person, view, reading)),
        soon=sum(1 for view in held if _ends_soon(view, reading)),
    )


def _stands_in(person: str, view: AgreementView) -> bool:
    return person in (view.supervisee, view.supervisor)


def _holds(person: str, view: AgreementView, reading: Reading) -> bool:
    return person in (view.supervisee, view.supervisor) and view.holds_on(reading.today)


def _seen(one: StaffView, reading: Reading) -> str:
    return reading.fmt.moment(one.last_sign_in, reading.zone) if one.last_sign_in else ""


def _kinds(titles: Mapping[str, str], provider: ProviderView | None) -> tuple[str, ...]:
    return tuple(titles.get(one, one) for one in provider.visit_types) if provider else ()


def _ends_soon(view: CredentialView, reading: Reading) -> bool:
    threshold = threshold_of(view.expires, reading.today) if view.expires else None
    return threshold is not None and threshold <= NEAR
