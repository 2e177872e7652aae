"""What every request passes before a page sees it: headers, host, visitor, forgery check (plain ASGI, no buffering).

Order from the outside: :class:`SecurityHeaders`, :class:`Settle` (host, session, language), :class:`ForgeryGuard`.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portals.base.bodies import bounded
from portals.base.clinic import Clinics, ClinicView
from portals.base.hosts import UnknownHost, clinic_of
from portals.base.i18n import choose_language
from portals.base.multipart import leading_token
from portals.base.visitor import (
    API,
    COOKIES,
    GUEST,
    HOST_ONLY,
    LANGUAGE_COOKIE,
    SessionDoor,
    SessionView,
    Visitor,
    csrf_token,
    guest_secret,
    portal_of,
    read_cookie,
)

OPEN_PATHS = ("/static/", "/healthz", "/brand.css", "/brand/")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_FORM = 256 * 1024
LARGEST_BODY = 64 << 20  # of anything: a file that is too large is heard out, so that its answer is shown

log = logging.getLogger(__name__)


def is_open(path: str) -> bool:
    """Whether a path needs no visitor: files and the health check."""
    return path.startswith(OPEN_PATHS)


class SecurityHeaders:
    """Adds the headers that keep a page to itself: strict CSP, no framing, no sniffing, no referrer, no caches."""

    def __init__(self, app: ASGIApp, connect: Iterable[str] = (), https: bool = False) -> None:
        self.app = app
        self.headers = page_headers(connect, https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


def page_headers(connect: Iterable[str], https: bool) -> dict[str, str]:
    """The headers of every answer; ``connect`` lists the media node's addresses."""
    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "connect-src " + " ".join(["'self'", *connect]),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    headers = {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    if https:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return headers


class Settle:
    """Settles who is asking (clinic by host, session by cookie, language) and gives guests a cookie of their own."""

    def __init__(self, app: ASGIApp, clinics: Clinics, sessions: SessionDoor, public_base: str) -> None:
        self.app = app
        self.clinics = clinics
        self.sessions = sessions
        self.public_base = public_base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(("/static/", "/healthz")):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            clinic = clinic_of(connection.headers.get("host", ""), self.public_base, self.clinics())
        except UnknownHost:
            answer = PlainTextResponse("There is no clinic at this address.\n", status_code=404)
            await answer(scope, receive, send)
            return
        found = await self._visitor(connection, clinic)
        scope["visitor"] = found
        await self.app(scope, receive, self._sender(scope, found, send))

    async def _visitor(self, connection: HTTPConnection, clinic: ClinicView | None) -> Visitor:
        portal = portal_of(connection.scope["path"])
        secret = read_cookie(connection, COOKIES[portal]) if portal in COOKIES else ""
        # A page that asks by itself while nobody touches it says so, and does not keep the session from going idle.
        touch = "x-idle" not in connection.headers
        session = await self._session(clinic, portal, secret, touch)
        fresh = not secret or (session is None and not secret.startswith(GUEST))
        return Visitor(
            clinic=clinic,
            portal=portal,
            language=_language(connection, clinic),
            session=session,
            secret=guest_secret() if fresh else secret,
            fresh=fresh and portal != API,
            reference=secrets.token_hex(4),
        )

    async def _session(self, clinic: ClinicView | None, portal: str, secret: str, touch: bool) -> SessionView | None:
        if clinic is None or not secret or portal == API or secret.startswith(GUEST):
            return None
        return await run_in_threadpool(self.sessions.find, clinic.slug, portal, secret, touch)

    def _sender(self, scope: Scope, found: Visitor, send: Send) -> Send:
        https = scope.get("scheme") == "https"

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and found.fresh and not is_open(scope["path"]):
                headers = MutableHeaders(scope=message)
                name = (HOST_ONLY if https else "") + COOKIES[found.portal]
                if not any(value.startswith(name + "=") for value in headers.getlist("set-cookie")):
                    headers.append("set-cookie", cookie(COOKIES[found.portal], found.secret, https=https))
            await send(message)

        return with_cookie


def cookie(name: str, value: str, *, https: bool, seconds: int | None = None) -> str:
    """A host-only cookie that scripts cannot read; without ``seconds`` it ends with the browser's session."""
    parts = [f"{HOST_ONLY if https else ''}{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    if https:
        parts.append("Secure")
    return "; ".join(parts)


def _language(connection: HTTPConnection, clinic: ClinicView | None) -> str:
    offered = clinic.languages if clinic else ("en", "es")
    return choose_language(
        read_cookie(connection, LANGUAGE_COOKIE), connection.headers.get("accept-language", ""), offered
    )


class ForgeryGuard:
    """Refuses a change that did not come from one of our own pages.

    Two checks, both must pass: the browser's own word (``Origin``, ``Sec-Fetch-Site``) when it gives one, and the
    token bound to the visitor's cookie, in the form's ``csrf`` field or the ``X-CSRF-Token`` header. Paths of the
    API have no session and need none.
    """

    def __init__(self, app: ASGIApp, on_refusal: Callable[[Scope], ASGIApp]) -> None:
        self.app = app
        self.on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or "visitor" not in scope:
            await self.app(scope, receive, send)
            return
        found: Visitor = scope["visitor"]
        if found.portal == API:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        receive = bounded(receive, LARGEST_FORM if is_form else LARGEST_BODY)
        try:
            token, receive = await _token(headers, is_form, receive)
        except HTTPException as cut_off:
            await PlainTextResponse("", cut_off.status_code, cut_off.headers)(scope, receive, send)
            return
        expected = csrf_token(found.secret)
        if found.fresh or not _same_site(scope, headers) or not hmac.compare_digest(token.encode(), expected.encode()):
            log.warning("forgery check refused a request reference=%s", found.reference)
            await self.on_refusal(scope)(scope, receive, send)
            return
        await self.app(scope, receive, send)


async def _token(headers: Headers, is_form: bool, receive: Receive) -> tuple[str, Receive]:
    """The page's token, from the header or the form; and the body, from its beginning."""
    token = headers.get("x-csrf-token", "")
    if not token and is_form:
        body = await _whole_body(receive)
        return parse_qs(body.decode("utf-8", "replace")).get("csrf", [""])[0], _replay(body, receive)
    if not token and headers.get("content-type", "").startswith("multipart/form-data"):
        return await leading_token(receive)
    return token, receive


def _same_site(scope: Scope, headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


async def _whole_body(receive: Receive) -> bytes:
    """The form's bytes; `bounded` has cut off what is longer than the largest form we have."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
