"""Which of the staff's pages is whose: the access table is asked at the door, as records ask it at every row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request

from engine.access import Relation, Standing
from portals.auth.guards import require_session
from portals.base.visitor import SessionView
from records.access import Role, permitted
from records.acts import Act

# Where each role begins its work; a clinician's first page is the queue, and who has no page reads why.
HOMES: Mapping[str, str] = MappingProxyType(
    {
        Role.CLINIC_ADMIN: "/staff/schedule",
        Role.CLINICAL_OPS: "/staff/schedule",
        Role.SUPPORT: "/staff/connections",
        Role.COMPLIANCE: "/staff/oversight",
    }
)
_OWN_AND_CLINIC = frozenset({Relation.ANYONE, Relation.SELF, Relation.CLINIC})


def may_open(role: str, act: Act) -> bool:
    """Whether the role may do the act to the clinic's rows, or to its own."""
    return permitted(Standing(role=role, relations=_OWN_AND_CLINIC), act)


def require_act(request: Request, act: Act) -> SessionView:
    """The session of somebody who may do the act.

    Raises:
        SignInNeeded: nobody is signed in.
        HTTPException: 403 for a role to which the table grants it neither on its own rows nor on the clinic's.
    """
    session = require_session(request)
    if not may_open(session.role, act):
        raise HTTPException(403)
    return session
