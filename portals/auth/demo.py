"""Which demo people may be signed in with one click: only in demo mode, and only from this machine."""

from __future__ import annotations

from starlette.requests import Request

from portals.base.requests import deps_of, from_loopback
from portals.base.visitor import visitor
from records.seed import DemoPerson
from records.seed import demo_people as people_of


def demo_people(request: Request) -> tuple[DemoPerson, ...]:
    """The demo people of this clinic and portal; none outside demo mode or beyond this machine."""
    deps, who = deps_of(request), visitor(request)
    if not deps.settings.demo or not from_loopback(request) or who.clinic is None:
        return ()
    clinic = deps.content().clinic(who.clinic.slug)
    return tuple(person for person in people_of(clinic) if person.portal == who.portal)


def demo_person(request: Request, person: str) -> DemoPerson | None:
    """One of them by id."""
    return next((one for one in demo_people(request) if one.id == person), None)
