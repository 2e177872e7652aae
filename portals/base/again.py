"""How a refused form is shown again: by its own address, told once what was typed and what was wrong.

A page that answers a POST cannot be gone back to (a browser offers to send the form again, or shows an error), so the
browser is sent to a GET. What was typed travels there sealed, in a cookie of one minute that is gone once it was shown;
nothing of it is in an address or can be read in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from portals.base.middleware import cookie
from portals.base.requests import deps_of
from portals.base.templating import go
from portals.base.visitor import read_cookie, visitor

NAME = "cw_again"
SECONDS = 60
LONGEST = 3500  # characters of a cookie's value; browsers keep 4096 bytes of a whole one


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Said:
    """A form that was refused: what was typed, which sentence stands at which field, and the answer's status."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    status: int = 200


def send_again(request: Request, said: Said, path: str = "") -> Response | None:
    """Leads to ``path`` (else the form's own), where it is shown again; None where too much was typed to be carried.

    ``path`` may have a query of codes and name a part of the page. Who gets None shows the page at once.
    """
    there = path or request.url.path
    value = {"values": dict(said.values), "errors": [list(one) for one in said.errors], "status": said.status}
    sealed = deps_of(request).sealer.seal(value, _purpose(request, urlsplit(there).path))
    return _with_cookie(request, go(there), sealed, SECONDS) if len(sealed) <= LONGEST else None


def said_again(request: Request) -> Said:
    """What was said of a form of this address that was refused just now; nothing where none was."""
    sealed = read_cookie(request, NAME)
    found = deps_of(request).sealer.open(sealed, _purpose(request, request.url.path)) if sealed else {}
    if not found:
        return Said()
    errors = tuple((str(name), str(key)) for name, key in found["errors"])
    return Said(values=found["values"], errors=errors, status=int(found["status"]))


def once(request: Request, answer: Response) -> Response:
    """The page that showed it; a reload shows it no more."""
    return _with_cookie(request, answer, "", 0) if read_cookie(request, NAME) else answer


def _with_cookie(request: Request, answer: Response, value: str, seconds: int) -> Response:
    https = request.url.scheme == "https"
    answer.headers.append("set-cookie", cookie(NAME, value, https=https, seconds=seconds))
    return answer


def _purpose(request: Request, path: str) -> str:
    """One visitor's form at one address: what was typed before somebody else signed in is never shown to them."""
    who = visitor(request)
    return f"again:{who.here.slug}:{who.session.id if who.session else who.secret}:{path}"
