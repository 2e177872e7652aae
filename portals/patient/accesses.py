"""Who saw my record, or that of somebody I act for: the accesses of others, newest first, in the patient's own time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.i18n import has_message
from portals.base.requests import in_scope
from portals.base.templating import render
from portals.base.visitor import visitor
from records.access import Role
from records.audit_trail import AccessView
from records.relationships import Ward
from records.scope import Scope

router = APIRouter()
PAGE = 50
OTHER = "other"
READS = "see_record"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Look:
    """What somebody did within one minute: one line of the page. ``what`` and ``action`` are ends of message keys."""

    at: datetime
    name: str
    role: str
    action: str
    what: tuple[str, ...]


@router.get("/accesses")
async def accesses_page(request: Request) -> Response:
    """One page of it; ``of`` is the relationship under which somebody else's is read, ``before`` the number that the
    page before ended with."""
    session = require_patient(request)
    before, of = _number(request.query_params.get("before", "")), request.query_params.get("of", "")

    def read(scope: Scope) -> tuple[tuple[AccessView, ...], str, Ward | None, tuple[Ward, ...]]:
        ward = scope.relationships.ward(of) if of else None
        person = ward.patient if ward else session.person
        found, zone = scope.audit.who_saw(person, before, PAGE), _zone(scope, person)
        return found, zone, ward, tuple(one for one in scope.relationships.mine() if READS in one.scopes)

    found, zone, ward, wards = await in_scope(request, read)
    language = visitor(request).language
    older = found[-1].sequence if len(found) == PAGE else None
    return render(
        request,
        "patient/accesses.html",
        looks=looks(found, language),
        zone=zone or visitor(request).here.time_zone,
        older=older,
        first=before is None,
        acting=ward.name if ward else "",
        of=ward.relationship if ward else "",
        alone=ward is not None and ward.minor,
        wards=wards,
        own=session.role == Role.PATIENT,
    )


def looks(found: Iterable[AccessView], language: str) -> tuple[Look, ...]:
    """Accesses of one person within one minute as one line, so that opening a chart is not told ten times."""
    lines: dict[tuple[str, str, str], Look] = {}
    for one in found:
        source, _, action = one.act.partition(":")[0], "", one.act.rpartition(":")[2]
        what = source if has_message(language, f"accesses.what.{source}") else OTHER
        key = (one.actor, f"{one.at:%Y-%m-%d %H:%M}", action)
        known = lines.get(key)
        parts = known.what if known else ()
        lines[key] = Look(
            at=known.at if known else one.at,
            name=one.name,
            role=one.role if has_message(language, f"accesses.role.{one.role}") else OTHER,
            action=action,
            what=parts if what in parts else (*parts, what),
        )
    return tuple(lines.values())


def _zone(scope: Scope, person: str) -> str:
    """The zone of the place that the patient named last."""
    for visit in scope.visits.for_patient(person):
        place = visit.attested_place or visit.booked_place
        if place is not None and place.time_zone:
            return place.time_zone
    return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
