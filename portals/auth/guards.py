"""Who may see a page: signed-in people of the right role; others are led to sign in, or told it is not theirs."""

from __future__ import annotations

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request

from portals.base.visitor import STAFF, SessionView, visitor

PATIENT_ROLES = ("patient", "caregiver")


class SignInNeeded(Exception):
    """Nobody is signed in; carries where to sign in and come back from."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__("sign-in needed")


def require_session(request: Request, role: str | tuple[str, ...] | None = None) -> SessionView:
    """The session of this request.

    Raises:
        SignInNeeded: nobody is signed in; the application leads to this portal's sign-in page and back.
        HTTPException: 403 for another role.
    """
    who = visitor(request)
    if who.session is None:
        door = "/staff/sign-in" if who.portal == STAFF else "/sign-in"
        back = request.url.path if request.method == "GET" else ""
        raise SignInNeeded(f"{door}?next={quote(back)}" if back else door)
    roles = (role,) if isinstance(role, str) else role
    if roles is not None and who.session.role not in roles:
        raise HTTPException(403)
    return who.session


def require_patient(request: Request) -> SessionView:
    """The session of a patient (or somebody who helps one)."""
    return require_session(request, PATIENT_ROLES)
