"""Forgotten passwords and proofs of an address: asking, and the mail's link (shown by GET, used by POST)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import MAIL_ASKS, at_a_clinic, door, may_try, rules_of, step_of
from portals.auth.guards import require_session
from portals.auth.letters import letters_of
from portals.auth.sign_up import EMAIL, LONGEST, password_problem
from portals.base.requests import deps_of, field, form_of
from portals.base.templating import go, render
from records.errors_identity import TokenRefused
from records.proofs import ask_address_proof, ask_reset, finish_address_proof, finish_reset, reset_is_open

router = APIRouter(include_in_schema=False)


@router.get("/forgot")
@router.get("/staff/forgot")
async def forgot_page(request: Request) -> Response:
    """Asks for the address."""
    at_a_clinic(request)
    return render(request, "auth/forgot.html", email="", error="")


@router.post("/forgot")
@router.post("/staff/forgot")
async def forgot(request: Request) -> Response:
    """The same answer and the same work for every address, known or not."""
    at_a_clinic(request)
    email = field(await form_of(request), "email")
    if not EMAIL.match(email) or len(email) > LONGEST["email"]:
        return render(request, "auth/forgot.html", 422, email=email, error="sign_up.error.email")
    if not may_try(request, MAIL_ASKS):
        return render(request, "auth/forgot.html", 429, email=email, error="sign_in.error.too_often")
    database, step, compose = deps_of(request).database, step_of(request), letters_of(request).reset
    await run_in_threadpool(ask_reset, database, step, email, compose)
    return go(f"{door(request)}/forgot/sent")


@router.get("/forgot/sent")
@router.get("/staff/forgot/sent")
async def forgot_sent(request: Request) -> Response:
    """Says that a mail is on its way, whatever was typed."""
    at_a_clinic(request)
    return render(request, "auth/sent.html")


@router.get("/reset/{token}")
@router.get("/staff/reset/{token}")
async def reset_page(request: Request, token: str) -> Response:
    """The form for a new password; opening it uses nothing up."""
    at_a_clinic(request)
    if not await run_in_threadpool(reset_is_open, deps_of(request).database, step_of(request), token):
        return _over(request, "reset")
    return render(request, "auth/reset.html", error="")


@router.post("/reset/{token}")
@router.post("/staff/reset/{token}")
async def reset(request: Request, token: str) -> Response:
    """Sets the new password; whoever was signed in anywhere is not any more."""
    at_a_clinic(request)
    typed = (await form_of(request)).get("password", "")
    password = typed if isinstance(typed, str) else ""
    if problem := password_problem(password, rules_of(request)):
        return render(request, "auth/reset.html", 422, error=problem)
    database, step, compose = deps_of(request).database, step_of(request), letters_of(request).password_changed
    try:
        await run_in_threadpool(finish_reset, database, step, token, password, compose)
    except TokenRefused:
        return _over(request, "reset")
    return go(f"{door(request)}/sign-in?said=reset")


@router.post("/proof")
@router.post("/staff/proof")
async def ask_proof(request: Request) -> Response:
    """Sends the mail that proves the address of whoever is signed in."""
    session = require_session(request)
    database, step, compose = deps_of(request).database, step_of(request), letters_of(request).address
    sent = await run_in_threadpool(ask_address_proof, database, step, session.account, compose)
    return go(f"{door(request)}/security?said={'proof_sent' if sent else 'proof_not_sent'}")


@router.get("/proof/{token}")
@router.get("/staff/proof/{token}")
async def proof_page(request: Request, token: str) -> Response:
    """One button: mail programs that open links by themselves prove nothing."""
    at_a_clinic(request)
    return render(request, "auth/proof.html", done=False)


@router.post("/proof/{token}")
@router.post("/staff/proof/{token}")
async def proof(request: Request, token: str) -> Response:
    """Notes that the address is read by its owner."""
    at_a_clinic(request)
    try:
        await run_in_threadpool(finish_address_proof, deps_of(request).database, step_of(request), token)
    except TokenRefused:
        return _over(request, "proof")
    return render(request, "auth/proof.html", done=True)


def _over(request: Request, kind: str) -> Response:
    """A link that does nothing any more, and what to do instead."""
    return render(request, "auth/over.html", 410, kind=kind)
