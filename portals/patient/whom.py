"""Who is this visit for: oneself, somebody one acts for, or a child who is added first?"""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request

from portals.base.requests import in_scope
from portals.base.visitor import visitor
from portals.patient.flow import Flow
from portals.patient.times import Sought
from records.relationships import Ward
from records.scope import Scope

WHO, SELF, CHILD = "who", "self", "child"
BOOKS = "schedule"


async def wards_of(request: Request) -> tuple[Ward, ...]:
    """The people whom the asker may book for; nobody while nobody is signed in."""
    if visitor(request).session is None:
        return ()
    return await in_scope(
        request, lambda scope: tuple(one for one in scope.relationships.mine() if BOOKS in one.scopes)
    )


def who_problems(who: str, wards: tuple[Ward, ...]) -> tuple[tuple[str, str], ...]:
    """The problem as (field, message key) when that is none of the answers offered."""
    known = (SELF, CHILD, *(one.relationship for one in wards))
    return () if who in known else ((WHO, "acting.error.who"),)


def chosen(flow: Flow, who: str) -> Flow:
    """The booking for whom was chosen."""
    return replace(flow, acting="" if who in (SELF, CHILD) else who, adding="yes" if who == CHILD else "")


async def patient_of(request: Request, flow: Flow) -> Sought:
    """Whom the booking is for, as the law asks at booking; 404 when the asker acts for them no more."""
    session = visitor(request).session
    if session is None:
        raise LookupError("nobody is signed in")

    def read(scope: Scope) -> Sought:
        if flow.acting:
            ward = scope.relationships.ward(flow.acting)
            return Sought(person=ward.patient, birth_date=ward.birth_date, residence_state=ward.residence_state)
        own = scope.people.patient(session.person)
        return Sought(person=own.person, birth_date=own.birth_date, residence_state=own.residence_state)

    return await in_scope(request, read)


async def acting_name(request: Request, flow: Flow) -> str:
    """The name of whom the booking is for, where that is not the asker."""
    if not flow.acting or visitor(request).session is None:
        return ""
    return (await in_scope(request, lambda scope: scope.relationships.ward(flow.acting))).name
