"""The second step of signing in: a code of the app, a recovery code, or the set-up of the first factor."""

from __future__ import annotations

from functools import partial

import pyotp
import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import HOMES, as_signed_in, at_a_clinic, door, leave_cookies, start, step_of, with_device
from portals.auth.letters import letters_of
from portals.base.requests import deps_of, field, form_of
from portals.base.templating import go, render, safe_path
from portals.base.visitor import visitor
from records.ceremonies import Kind
from records.errors_identity import FactorRefused
from records.factor_mails import tell_owner
from records.second_step import awaited, finish_enrolment, finish_with_code, first_totp

router = APIRouter(include_in_schema=False)


@router.get("/sign-in/code")
@router.get("/staff/sign-in/code")
async def code_page(request: Request) -> Response:
    """Asks for a code, once the password was right."""
    at_a_clinic(request)
    if not await run_in_threadpool(awaited, deps_of(request).database, step_of(request), Kind.SECOND_FACTOR):
        return go(f"{door(request)}/sign-in")
    return _code_page(request, _next(request.query_params.get("next", ""), request), "")


@router.post("/sign-in/code")
@router.post("/staff/sign-in/code")
async def code(request: Request) -> Response:
    """Signs in with the code; each works once."""
    at_a_clinic(request)
    form, step = await form_of(request), with_device(request)
    path = _next(field(form, "next"), request)
    try:
        signed = await run_in_threadpool(finish_with_code, deps_of(request).database, step, field(form, "code"))
    except FactorRefused as refused:
        if refused.code == "expired":
            return go(f"{door(request)}/sign-in?said=expired")
        return _code_page(request, path, f"second.error.{refused.code}", refused.retry_after_seconds)
    return start(request, signed, step, path)


@router.get("/sign-in/set-up")
@router.get("/staff/sign-in/set-up")
async def set_up_page(request: Request) -> Response:
    """Shows the secret to somebody whose role needs a second factor and who has none yet."""
    at_a_clinic(request)
    try:
        secret = await run_in_threadpool(first_totp, deps_of(request).database, step_of(request))
    except FactorRefused:
        return go(f"{door(request)}/sign-in")
    return totp_page(request, secret, {"form_at": "/sign-in/set-up", "first": True})


@router.post("/sign-in/set-up")
@router.post("/staff/sign-in/set-up")
async def set_up(request: Request) -> Response:
    """Takes the first code, signs in, and shows the recovery codes this once."""
    at_a_clinic(request)
    form, step, database = await form_of(request), with_device(request), deps_of(request).database
    told = partial(tell_owner, compose=letters_of(request).factor("app_added"))
    try:
        signed, codes = await run_in_threadpool(finish_enrolment, database, step, field(form, "code"), told)
    except FactorRefused as refused:
        if refused.code == "expired":
            return go(f"{door(request)}/sign-in?said=expired")
        secret = await run_in_threadpool(first_totp, database, step)
        shown = {"form_at": "/sign-in/set-up", "first": True, "error": f"second.error.{refused.code}"}
        return totp_page(request, secret, shown, 422)
    as_signed_in(request, signed)
    page = render(request, "auth/recovery.html", codes=codes, onward=HOMES[visitor(request).portal])
    return leave_cookies(request, signed, step, page)


def totp_page(request: Request, secret: str, shown: dict[str, object], status: int = 200) -> Response:
    """A secret as a picture and in letters, with the field for its first code; ``shown`` says where that goes."""
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    values = {"error": "", "first": False, **shown}
    return render(request, "auth/totp.html", status, secret=grouped, picture=_picture(request, secret), **values)


def _picture(request: Request, secret: str) -> Markup:
    """The QR code of the secret, drawn here, with nothing that a strict content policy would refuse."""
    who = visitor(request)
    uri = pyotp.TOTP(secret).provisioning_uri(name=who.portal, issuer_name=who.here.name)
    # Our own drawing of our own text: no markup of anybody else is in it.
    return Markup(segno.make(uri, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff"))


def _code_page(request: Request, path: str, error: str, wait: int = 0) -> Response:
    status = 200 if not error else 429 if wait else 401
    return render(request, "auth/code.html", status, next=path, error=error)


def _next(text: str, request: Request) -> str:
    return safe_path(text, HOMES[visitor(request).portal])
