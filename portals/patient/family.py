"""Who acts for whom: the people I look after, those who act for me, adding a child, and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.auth.sign_up import SEXES, read_date
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.patient.flow import keep_flow, read_flow
from records.access import TABLE, Role
from records.errors import AlreadyDone
from records.people import PatientDraft
from records.relationships import OF_GUARDIANS, NotAMinor, RelationshipView, Ward
from records.scope import Scope

router = APIRouter()
FIELDS = ("given", "family", "sex", "birth_date-m", "birth_date-d", "birth_date-y", "relation", "attest")
LONGEST, OLDEST_YEAR = 100, 1900
SAID = ("invited", "ended", "gone", "accepted", "added")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Circle:
    """One patient as the asker may share them: the relationship (empty: themselves), the name, and who acts."""

    relationship: str
    name: str
    helpers: tuple[RelationshipView, ...]


@router.get("/family")
async def family_page(request: Request, said: str = "") -> Response:
    """Whom I act for, and who acts for me and for those I may share."""
    session = require_patient(request)

    def read(scope: Scope) -> tuple[tuple[Ward, ...], tuple[Circle, ...]]:
        wards = scope.relationships.mine()
        own = session.role == Role.PATIENT
        circles = [Circle(relationship="", name="", helpers=scope.relationships.about(session.person))] if own else []
        for one in (ward for ward in wards if "share" in ward.scopes):
            helpers = scope.relationships.about(one.patient)
            others = tuple(helper for helper in helpers if helper.id != one.relationship)
            circles.append(Circle(relationship=one.relationship, name=one.name, helpers=others))
        return wards, tuple(circles)

    wards, circles = await in_scope(request, read)
    said = said if said in SAID else ""
    return render(request, "patient/family.html", wards=wards, circles=circles, said=said, scopes=tuple(TABLE.scopes))


@router.get("/family/child")
async def child_page(request: Request) -> Response:
    """A child's name and birth date, and how one is related."""
    require_patient(request)
    return _child(request, {}, ())


@router.post("/family/child")
async def child_post(request: Request) -> Response:
    """Adds the child; a booking under way goes on for them."""
    session, form = require_patient(request), await form_of(request, LONGEST_CHECKED)
    values = {name: field(form, name) for name in FIELDS}
    born = read_date(values, "birth_date")
    errors = _problems(values, born, deps_of(request).clock.now().date())
    if errors or born is None:
        return _child(request, values, errors, 422)

    def add(scope: Scope) -> str:
        own = scope.people.patient(session.person)
        draft = PatientDraft(
            given=values["given"],
            family=values["family"],
            birth_date=born,
            sex=values["sex"],
            email="",
            phone=own.phone,
            residence_state=own.residence_state,
            postal_code=own.postal_code,
            language=own.language,
            address=own.address,
        )
        return scope.relationships.add_child(draft, values["relation"])

    try:
        relationship = await in_scope(request, add)
    except NotAMinor:
        return _child(request, values, (("birth_date", "acting.error.adult"),), 422)
    flow = read_flow(request)
    if not flow.adding:
        return go("/family?said=added")
    return keep_flow(request, go(f"/book/{flow.visit_type}/times"), replace(flow, acting=relationship, adding=""))


@router.get("/family/{relationship}/end")
async def end_page(request: Request, relationship: str) -> Response:
    """What ending it means, before it is done."""
    require_patient(request)
    return render(request, "patient/family_end.html", relationship=relationship)


@router.post("/family/{relationship}/end")
async def end_post(request: Request, relationship: str) -> Response:
    """Ends it at once; a second submit finds nothing to end."""
    require_patient(request)
    await form_of(request)
    try:
        await in_scope(request, lambda scope: scope.relationships.end(relationship))
    except AlreadyDone:
        return go("/family?said=gone")
    return go("/family?said=ended")


def _child(
    request: Request, values: Mapping[str, str], errors: tuple[tuple[str, str], ...], status: int = 200
) -> Response:
    return render(
        request, "patient/child.html", status, values=values, errors=errors, sexes=SEXES, relations=OF_GUARDIANS
    )


def _problems(values: Mapping[str, str], born: date | None, today: date) -> tuple[tuple[str, str], ...]:
    """Every problem at once, as (field, message key)."""
    found = [(name, f"acting.error.{name}") for name in ("given", "family") if not values[name]]
    found += [(name, "sign_up.error.too_long") for name in ("given", "family") if len(values[name]) > LONGEST]
    if born is None:
        found.append(("birth_date", "acting.error.birth_date"))
    elif born > today or born.year < OLDEST_YEAR:
        found.append(("birth_date", "acting.error.birth_wrong"))
    if values["sex"] not in SEXES:
        found.append(("sex", "sign_up.error.sex"))
    if values["relation"] not in OF_GUARDIANS:
        found.append(("relation", "acting.error.relation"))
    if values["attest"] != "yes":
        found.append(("attest", "acting.error.attest"))
    return tuple(found)
