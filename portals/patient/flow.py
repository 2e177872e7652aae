"""What a guest has chosen so far on the way to a booking, kept in a sealed cookie until there is a visit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portals.base.middleware import cookie
from portals.base.requests import deps_of
from portals.base.visitor import read_cookie, visitor

FLOW_COOKIE = "cw_flow"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Flow:
    """A booking under way: visit type ``specialty/type``, place, and the slot (provider, ISO start in UTC).

    ``acting`` is the relationship under which it is for somebody else, ``adding`` says that a child is added first,
    ``held`` is the visit that a time was held for last.
    """

    visit_type: str = ""
    state: str = ""
    postal_code: str = ""
    provider: str = ""
    starts_at: str = ""
    acting: str = ""
    adding: str = ""
    held: str = ""

    @property
    def has_place(self) -> bool:
        return bool(self.state and self.postal_code)

    @property
    def has_slot(self) -> bool:
        return bool(self.visit_type and self.has_place and self.provider and self.starts_at)


def read_flow(request: Request) -> Flow:
    """The booking under way; an empty one when there is none or it was sealed for another clinic."""
    text = read_cookie(request, FLOW_COOKIE)
    if not text or visitor(request).clinic is None:
        return Flow()
    found = deps_of(request).sealer.open(text, _purpose(request))
    known: dict[str, Any] = {name: str(value) for name, value in found.items() if name in Flow.__slots__}
    return Flow(**known)


def keep_flow(request: Request, answer: Response, flow: Flow) -> Response:
    """``answer`` with the flow remembered until the browser closes."""
    sealed = deps_of(request).sealer.seal(asdict(flow), _purpose(request))
    https = request.url.scheme == "https"
    answer.headers.append("set-cookie", cookie(FLOW_COOKIE, sealed, https=https))
    return answer


def drop_slot(request: Request, answer: Response, held: str) -> Response:
    """``answer`` with the slot forgotten and the place kept, for the next booking; ``held`` is its visit."""
    flow = replace(read_flow(request), provider="", starts_at="", acting="", adding="", held=held)
    return keep_flow(request, answer, flow)


def _purpose(request: Request) -> str:
    return f"flow:{visitor(request).here.slug}"
