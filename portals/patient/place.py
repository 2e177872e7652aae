"""Attesting the place: the patient says where they are right now; the law of that place decides whether it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.dossier import Place
from engine.zones import zip_place
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.requests import deps_of, field, form_of, in_scope, origin
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.places import place_problems, state_options
from portals.patient.visit import VisitPage, begun, page_of, read_page
from records.scope import Scope
from records.stages import IN_LINE

router = APIRouter()
OPEN_STAGES = frozenset({"booked", "preparing", "ready", *IN_LINE, "submitted", "blocked"})
FIELDS = ("street", "city", "state", "postal_code", "here")
COUNTRY = "us"
LOOKS, PAUSE_SECONDS = 12, 0.25


@router.get("/visits/{visit_id}/place")
async def place_page(request: Request, visit_id: str) -> Response:
    """Asks where the patient is now, beginning with what they said at booking."""
    page = await _open(request, visit_id)
    if page.visit.stage not in OPEN_STAGES:
        return go(f"/visits/{visit_id}")
    booked = page.visit.booked_place
    values = {
        "state": (booked.state if booked else None) or "",
        "postal_code": (booked.postal_code if booked else None) or "",
    }
    said = said_again(request)
    return once(request, _form(request, page, {**values, **said.values}, said.errors, said.status))


@router.post("/visits/{visit_id}/place")
async def place_post(request: Request, visit_id: str) -> Response:
    """Records the attestation; the visit's workflow asks the law again for this place.

    Where the network suggests another place the patient is asked once more, for the state they named; the answer
    stands, and the visit remembers that it was doubted. Nothing of the network address is kept with it.
    """
    page, form = await _open(request, visit_id), await form_of(request)
    if page.visit.stage not in OPEN_STAGES:
        return go(f"/visits/{visit_id}")
    values = {name: field(form, name) for name in FIELDS}
    located = await run_in_threadpool(zip_place, values["postal_code"])
    own = "acting.place_error" if page.acting else "place.error"
    errors = [(name, f"{own}.{name}") for name in ("street", "city") if not values[name]]
    errors += place_problems(values, located)
    if values["here"] != "yes":
        errors.append(("here", f"{own}.here"))
    if errors or located is None:
        return _again(request, page, values, tuple(errors))
    seen = await run_in_threadpool(deps_of(request).places.locate, origin(request))
    doubted = seen is not None and seen.doubts(COUNTRY, values["state"])
    if doubted and field(form, "sure") != values["state"]:
        return _again(request, page, values, (("sure", "place.error.sure"),))
    place = Place(
        country=COUNTRY,
        state=values["state"],
        postal_code=values["postal_code"],
        time_zone=located.time_zone,
        attested=True,
        ip_state=seen.state if seen else None,
        at=deps_of(request).clock.now(),
        street=values["street"],
        city=values["city"],
    )
    await in_scope(request, lambda scope: scope.visits.attest_place(visit_id, place, doubted=doubted))
    await _settled(request, visit_id)
    return go(f"/visits/{visit_id}")


async def _open(request: Request, visit_id: str) -> VisitPage:
    """The page of a visit whose place the asker may say."""
    require_patient(request)

    def read(scope: Scope) -> VisitPage:
        page = begun(read_page(scope, visit_id))
        scope.parts.leads_to(visit_id, "place")
        return page

    return await in_scope(request, read)


async def _settled(request: Request, visit_id: str) -> None:
    """Gives the visit's workflow a moment to answer, so that the next page usually already knows."""
    before = await page_of(request, visit_id)
    for _ in range(LOOKS):
        await asyncio.sleep(PAUSE_SECONDS)
        gates = await in_scope(request, lambda scope: scope.gates.for_visit(visit_id))
        asked_at = before.visit.attested_place.at if before.visit.attested_place else None
        if asked_at is not None and any(gate.gate == "book" and gate.asked_at >= asked_at for gate in gates):
            return


def _again(
    request: Request, page: VisitPage, values: Mapping[str, str], errors: tuple[tuple[str, str], ...]
) -> Response:
    said = Said(values=values, errors=errors, status=422)
    return send_again(request, said) or _form(request, page, values, errors, 422)


def _form(
    request: Request,
    page: VisitPage,
    values: Mapping[str, str],
    errors: tuple[tuple[str, str], ...],
    status: int = 200,
) -> Response:
    return render(
        request,
        "patient/place.html",
        status,
        page=page,
        visit=page.visit,
        values=values,
        errors=errors,
        state_options=state_options(visitor(request).language),
    )
