"""Who may see a page: signed-in people of the right role, freshly proved where it matters; others are led to a door."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request

from portals.auth.doors import rules_of
from portals.base.requests import deps_of, form_of
from portals.base.visitor import STAFF, SessionView, visitor

PATIENT_ROLES = ("patient", "caregiver")


class SignInNeeded(Exception):
    """Nobody is signed in; carries where to sign in and come back from."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__("sign-in needed")


class ProofNeeded(Exception):
    """Somebody is signed in and has to prove it anew; carries what they sent, so that it goes on afterwards."""

    def __init__(self, path: str, fields: tuple[tuple[str, str], ...], posted: bool) -> None:
        self.path = path
        self.fields = fields
        self.posted = posted
        super().__init__("proof needed")

    def __repr__(self) -> str:
        return "ProofNeeded()"


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


async def require_fresh(request: Request, act: str) -> SessionView:
    """The session, when its last proof is fresh enough for the act by the clinic's table (`engine.sign_in_rules`).

    Raises:
        SignInNeeded: nobody is signed in.
        ProofNeeded: the proof is too old; the application asks for a new one and then sends the same on.
    """
    session = require_session(request)
    age = timedelta(seconds=rules_of(request).fresh_seconds(act))
    if session.proved_at is not None and deps_of(request).database.now() - session.proved_at < age:
        return session
    if request.method == "GET":
        raise ProofNeeded(request.url.path, (), False)
    form = await form_of(request)
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name != "csrf"]
    raise ProofNeeded(request.url.path, tuple(fields), True)
