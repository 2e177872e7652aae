"""Who is asking: clinic, portal, language and account session of one request, settled before any page runs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from starlette.requests import HTTPConnection

from portals.base.clinic import ClinicView

PATIENT, STAFF, API = "patient", "staff", "api"
COOKIES = {PATIENT: "cw_patient", STAFF: "cw_staff"}
LANGUAGE_COOKIE = "cw_language"
HOST_ONLY = "__Host-"  # under TLS browsers keep such a cookie from neighbouring hosts and from plain ones (RFC 6265bis)
GUEST = "guest-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A signed-in account: opaque ids, the role of this session, how and when it was last proved, and its idle end."""

    id: str
    account: str
    person: str
    role: str
    method: str = "password"
    proved_at: datetime | None = None
    idle_until: datetime | None = None
    idle_seconds: int = 0


class SessionDoor(Protocol):
    """Finds the session that a cookie's secret opens at one clinic, None when there is none or it is over.

    A ``touch`` keeps it from going idle.
    """

    def find(self, clinic: str, portal: str, secret: str, touch: bool = True) -> SessionView | None: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Visitor:
    """One request's asker. ``secret`` is the cookie's value (a guest's or a session's); it never reaches a page."""

    clinic: ClinicView | None
    portal: str
    language: str
    session: SessionView | None
    secret: str
    fresh: bool
    reference: str

    @property
    def csrf(self) -> str:
        """The token every form carries: bound to the cookie, so that it dies with the session."""
        return csrf_token(self.secret)

    @property
    def here(self) -> ClinicView:
        """The clinic of this host.

        Raises:
            LookupError: the request came to the address without a clinic.
        """
        if self.clinic is None:
            raise LookupError("no clinic at this address")
        return self.clinic


def read_cookie(connection: HTTPConnection, name: str) -> str:
    """The value of one of our cookies, empty without one; under TLS only a ``__Host-`` cookie counts."""
    secure = connection.scope.get("scheme") in ("https", "wss")
    return connection.cookies.get(HOST_ONLY + name if secure else name, "")


def csrf_token(secret: str) -> str:
    """The token of a cookie's secret (HMAC-SHA256, 64 hex digits)."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def guest_secret() -> str:
    """A new guest's secret; a guest has forms and a CSRF token, but no account."""
    return GUEST + secrets.token_urlsafe(24)


def portal_of(path: str) -> str:
    """Which portal a path belongs to; the two portals have cookies of their own, the API has none."""
    if path == "/staff" or path.startswith("/staff/"):
        return STAFF
    return API if path.startswith("/api/") else PATIENT


def visitor(connection: HTTPConnection) -> Visitor:
    """The visitor of a request, as the middleware settled it."""
    found = connection.scope["visitor"]
    if not isinstance(found, Visitor):
        raise LookupError("the visitor middleware did not run")
    return found
