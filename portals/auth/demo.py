"""Which demo people may be signed in with one click: only in a demonstration, and only from this machine.

The start page stands at another host than the clinics. It hands whoever clicks on a person a sealed ticket, good for a
minute and once, and the clinic's own host takes the ticket for a session.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import HOMES, start, with_device
from portals.base.hosts import clinic_base
from portals.base.requests import deps_of, field, form_of, in_demo, new_request_id
from portals.base.templating import go, safe_path
from portals.base.visitor import STAFF, visitor
from records.errors_identity import FactorRefused
from records.second_step import open_without_proof
from records.seed import DemoPerson
from records.seed import demo_people as people_of

router = APIRouter(include_in_schema=False)
TICKET_LIFE = timedelta(minutes=1)
_TAKEN: dict[str, datetime] = {}  # until when each would have been good; a demonstration has one web program


@router.post("/demo/enter")
async def hand_ticket(request: Request) -> Response:
    """On the start page: sends the browser to the clinic's host with a ticket for one of its demo people."""
    if visitor(request).clinic is not None or not in_demo(request):
        raise HTTPException(404)
    form = await form_of(request)
    deps, slug = deps_of(request), field(form, "clinic")
    if slug not in deps.clinics():
        raise HTTPException(404)
    people = {one.id: one for one in people_of(deps.content().clinic(slug))}
    person = people.get(field(form, "person"))
    if person is None:
        raise HTTPException(404)
    until = datetime.now(UTC) + TICKET_LIFE
    value = {"person": person.id, "next": field(form, "next"), "until": until.isoformat(), "once": new_request_id()}
    ticket = deps.sealer.seal(value, _purpose(slug, person.portal))
    door = "/staff" if person.portal == STAFF else ""
    return go(f"{clinic_base(deps.settings.public_base, slug)}{door}/demo/enter?ticket={ticket}")


@router.get("/demo/enter")
@router.get("/staff/demo/enter")
async def take_ticket(request: Request, ticket: str = "") -> Response:
    """At the clinic: a session for the ticket's person; one that is over or taken leads to the sign-in page."""
    who = visitor(request)
    if who.clinic is None or not in_demo(request):
        raise HTTPException(404)
    told = deps_of(request).sealer.open(ticket, _purpose(who.clinic.slug, who.portal))
    if not told or not _take(told["once"], datetime.fromisoformat(told["until"])):
        return go("/staff/sign-in" if who.portal == STAFF else "/sign-in")
    return await sign_in_as(request, told["person"], told["next"])


async def sign_in_as(request: Request, person_id: str, next_path: str) -> Response:
    """A session for a demo person of this clinic and portal. Raises: HTTPException: 404 when that may not be."""
    person = demo_person(request, person_id)
    if person is None:
        raise HTTPException(404)
    database, step = deps_of(request).database, with_device(request)
    try:
        signed = await run_in_threadpool(open_without_proof, database, step, person.email, "demo")
    except FactorRefused:
        raise HTTPException(404) from None
    return start(request, signed, step, safe_path(next_path, HOMES[step.portal]))


def demo_people(request: Request) -> tuple[DemoPerson, ...]:
    """The demo people of this clinic and portal; none outside a demonstration or beyond this machine."""
    deps, who = deps_of(request), visitor(request)
    if who.clinic is None or not in_demo(request):
        return ()
    clinic = deps.content().clinic(who.clinic.slug)
    return tuple(person for person in people_of(clinic) if person.portal == who.portal)


def demo_person(request: Request, person: str) -> DemoPerson | None:
    """One of them by id."""
    return next((one for one in demo_people(request) if one.id == person), None)


def _take(ticket: str, until: datetime) -> bool:
    """Whether a ticket is good still; it is no longer afterwards."""
    now = datetime.now(UTC)
    for over in [known for known, end in _TAKEN.items() if end <= now]:
        del _TAKEN[over]
    good = now < until and ticket not in _TAKEN
    if good:
        _TAKEN[ticket] = until
    return good


def _purpose(slug: str, portal: str) -> str:
    return f"demo ticket|{slug}|{portal}"
