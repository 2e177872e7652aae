"""What a page does with a request before it looks at records: who acts, from where, and what the form said."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from typing import TypeVar, cast
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from engine.rulebook import Rulebook
from engine.settings import is_loopback
from portals.base.visitor import visitor
from portals.deps import PortalDeps
from records.acts import Act
from records.errors import AccessRefused, NotFound
from records.scope import Actor, Scope

Found = TypeVar("Found")
LONGEST_VALUE = 4000
# What a program that passes requests on says of whom it asks for: whole names, and how others begin.
FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})
FORWARDED_KIND = "x-forwarded-"
# For forms whose own fields say what is too long for them.
LONGEST_CHECKED = 40_000


def deps_of(request: Request) -> PortalDeps:
    """What this program's pages may reach."""
    return cast(PortalDeps, request.app.state.deps)


def rulebook_of(request: Request) -> Rulebook:
    """The rulebook in force at the clinic of this request."""
    return deps_of(request).library().rulebooks[visitor(request).here.slug]


def origin(request: Request) -> str:
    """Where the request came from, for the audit: the peer's address."""
    return request.client.host if request.client else ""


def from_loopback(request: Request) -> bool:
    """Whether the browser runs on this machine."""
    try:
        return ipaddress.ip_address(origin(request)).is_loopback
    except ValueError:
        return False


def in_demo(request: Request) -> bool:
    """Whether this is a demonstration that a browser of this very machine asks, and not through another's program.

    One-click sign-in, the outbox and the clock are there for nobody else.
    """
    settings = deps_of(request).settings
    near = is_loopback(settings.web_host) and is_loopback(urlsplit(settings.public_base).hostname or "")
    return settings.demo and near and from_loopback(request) and not _is_passed_on(request)


def _is_passed_on(request: Request) -> bool:
    return any(name in FORWARDED or name.startswith(FORWARDED_KIND) for name in request.headers)


def actor_of(request: Request) -> Actor:
    """Who acts: the signed-in account, or a visitor."""
    session = visitor(request).session
    if session is None:
        return Actor.visitor(origin(request))
    return Actor(person=session.person, role=session.role, session=session.id, origin=origin(request))


async def in_scope(request: Request, work: Callable[[Scope], Found]) -> Found:
    """Runs ``work`` in one audited transaction as the asker, in a thread; what they may not see is a 404."""
    database, clinic, actor = deps_of(request).database, visitor(request).here.slug, actor_of(request)

    def run() -> Found:
        with database.scope(clinic, actor) as scope:
            return work(scope)

    try:
        return await run_in_threadpool(run)
    except AccessRefused:
        raise HTTPException(404) from None
    except NotFound:
        await audit_refusal(request, "unknown")
        raise HTTPException(404) from None


async def audit_refusal(request: Request, code: str) -> None:
    """Keeps in the audit that somebody signed in was turned away before records had anything to refuse.

    ``code`` is ``role`` for a page of other people's, ``unknown`` for an id that this clinic does not have. A visitor
    leaves no entry: nothing is shown to them, and they could fill the audit at will.
    """
    if "visitor" not in request.scope:
        return
    who = visitor(request)
    if who.clinic is not None and who.session is not None:
        await run_in_threadpool(_append_refusal, request, who.clinic.slug, code)


def _append_refusal(request: Request, clinic: str, code: str) -> None:
    page = str(getattr(request.scope.get("route"), "name", "") or "page")
    with deps_of(request).database.work(clinic, actor_of(request)) as work:
        work.record(Act.ACCESS_REFUSED, page[:80], method=request.method, code=code)


async def form_of(request: Request, longest: int = LONGEST_VALUE) -> FormData:
    """The form sent; values longer than ``longest`` characters are refused.

    Raises:
        HTTPException: 413 for a value that no field of ours can have produced.
    """
    form = await request.form()
    if any(isinstance(value, str) and len(value) > longest for value in form.values()):
        raise HTTPException(413)
    return form


def field(form: Mapping[str, object], name: str) -> str:
    """One field's text, trimmed; empty when it is missing."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def new_request_id() -> str:
    """The id that makes a form's second submission the same request."""
    return secrets.token_hex(12)


def request_id(form: Mapping[str, object]) -> str:
    """The form's request id when it has a proper one, else a new one."""
    given = field(form, "request")
    proper = len(given) == 24 and all(char in "0123456789abcdef" for char in given)
    return given if proper else new_request_id()
