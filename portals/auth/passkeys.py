"""Passkeys: signing in with one, adding one, and proving anew with one; the only doors here that need a script.

Each ceremony is two requests: the options with a challenge, kept for this browser and used up by the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.auth.doors import HOMES, SIGN_INS, at_a_clinic, base_of, door, leave_cookies, may_try, step_of, with_device
from portals.auth.guards import ProofNeeded, require_fresh, require_session
from portals.auth.letters import letters_of
from portals.auth.webauthn_checks import (
    RelyingParty,
    as_text,
    asserted,
    creation_options,
    credential_of,
    handle_of,
    registered,
    request_options,
)
from portals.base.i18n import translator
from portals.base.requests import deps_of
from portals.base.templating import safe_path
from portals.base.visitor import SessionView, visitor
from records.access import Role
from records.acts import Act
from records.ceremonies import Begun, Kind, begin, take
from records.errors import AlreadyDone
from records.errors_identity import FactorRefused
from records.factor_mails import tell_owner
from records.passkeys import Passkeys, PasskeyView, find_passkey, user_handle
from records.second_step import Assertion, Step, finish_with_passkey, prove_with_passkey
from records.work import Actor, Work

router = APIRouter(include_in_schema=False)
LARGEST = 32 * 1024
Done = TypeVar("Done")


@router.post("/passkeys/sign-in/options")
@router.post("/staff/passkeys/sign-in/options")
async def sign_in_options(request: Request) -> Response:
    """A challenge for whichever passkey of this clinic the person has."""
    at_a_clinic(request)
    if not may_try(request, SIGN_INS):
        return _refusal("too_often", 429)
    options = request_options(_party(request))
    await _in_work(request, lambda work, step: _begin(work, step, Kind.PASSKEY_SIGN_IN, "", options))
    return JSONResponse(options)


@router.post("/passkeys/sign-in")
@router.post("/staff/passkeys/sign-in")
async def sign_in(request: Request) -> Response:
    """Signs in with the passkey shown; answers with where to go on."""
    at_a_clinic(request)
    answer, step = await _answer(request), with_device(request)
    try:
        shown = await _in_work(request, lambda work, step: _assertion(request, work, step, answer))
        signed = await run_in_threadpool(finish_with_passkey, deps_of(request).database, step, shown)
    except FactorRefused as refused:
        return _refusal(refused.code, 401)
    path = safe_path(str(answer.get("next", "")), HOMES[visitor(request).portal])
    return leave_cookies(request, signed, step, JSONResponse({"go": path}))


@router.post("/security/passkeys/options")
@router.post("/staff/security/passkeys/options")
async def add_options(request: Request) -> Response:
    """What the browser needs to make a passkey for whoever is signed in."""
    try:
        session = await require_fresh(request, "change_factors")
    except ProofNeeded:
        return _prove_first(request)
    label = translator(visitor(request).language)(f"role.{session.role}")

    def options(work: Work, step: Step) -> dict[str, Any]:
        known, handle = Passkeys(work).of_account(session.account), user_handle(work, session.account)
        made = creation_options(_party(request), label, handle, known)
        _begin(work, step, Kind.PASSKEY_ADD, session.account, made)
        return made

    return JSONResponse(await _in_work(request, options, session))


@router.post("/security/passkeys")
@router.post("/staff/security/passkeys")
async def add(request: Request) -> Response:
    """Keeps the new passkey under the name given."""
    try:
        session = await require_fresh(request, "change_factors")
    except ProofNeeded:
        return _prove_first(request)
    answer = await _answer(request)
    try:
        await _in_work(request, lambda work, step: _add(request, work, step, (session.account, answer)), session)
    except FactorRefused as refused:
        return _refusal(refused.code, 400)
    except AlreadyDone:
        return _refusal("known", 409)
    return JSONResponse({"go": f"{door(request)}/security?said=passkey_added"})


@router.post("/confirm/passkey/options")
@router.post("/staff/confirm/passkey/options")
async def prove_options(request: Request) -> Response:
    """A challenge for one of the passkeys of whoever is signed in."""
    session = require_session(request)

    def options(work: Work, step: Step) -> dict[str, Any]:
        made = request_options(_party(request), Passkeys(work).of_account(session.account))
        _begin(work, step, Kind.PASSKEY_PROVE, session.account, made)
        return made

    return JSONResponse(await _in_work(request, options, session))


@router.post("/confirm/passkey")
@router.post("/staff/confirm/passkey")
async def prove(request: Request) -> Response:
    """Makes the proof of this session fresh; the page then sends on what waits."""
    session, answer = require_session(request), await _answer(request)
    try:
        shown = await _in_work(
            request, lambda work, step: _assertion(request, work, step, answer, Kind.PASSKEY_PROVE), session
        )
        database, step = deps_of(request).database, step_of(request)
        await run_in_threadpool(prove_with_passkey, database, step, session.id, shown)
    except FactorRefused as refused:
        return _refusal(refused.code, 401)
    return JSONResponse({"done": True})


def _party(request: Request) -> RelyingParty:
    return RelyingParty(clinic=visitor(request).here.name, base=base_of(request))


def _begin(work: Work, step: Step, kind: Kind, account: str, options: dict[str, Any]) -> None:
    begun = Begun(account=account, portal=step.portal, challenge=options["challenge"])
    begin(work, kind, step.browser.secret, begun)


def _assertion(
    request: Request, work: Work, step: Step, answer: dict[str, Any], kind: Kind = Kind.PASSKEY_SIGN_IN
) -> Assertion | FactorRefused:
    """The verified answer, or why there is none: a refusal must not undo that the challenge is used up."""
    waiting = take(work, kind, step.browser.secret, step.portal)
    if waiting is None:
        return FactorRefused("expired")
    passkey: PasskeyView | None = None
    try:
        passkey = find_passkey(work, credential_of(answer))
        if passkey is None or (waiting.account and waiting.account != passkey.account):
            raise FactorRefused("unknown")
        if handle_of(answer) not in ("", as_text(user_handle(work, passkey.account))):
            raise FactorRefused("unknown")
        return asserted(_party(request), waiting.challenge, answer, passkey)
    except FactorRefused as refused:
        work.record(Act.PASSKEY_REFUSED, passkey.id if passkey is not None else "unknown", code=refused.code)
        return refused


def _add(request: Request, work: Work, step: Step, what: tuple[str, dict[str, Any]]) -> str | FactorRefused:
    account, answer = what
    waiting = take(work, Kind.PASSKEY_ADD, step.browser.secret, step.portal)
    if waiting is None or waiting.account != account:
        return FactorRefused("expired")
    name = str(answer.get("name", "")).strip() or translator(visitor(request).language)("passkey.unnamed")
    try:
        added = Passkeys(work).add(account, registered(_party(request), waiting.challenge, answer, name))
        tell_owner(work, account, letters_of(request).factor("passkey_added"))
        return added
    except FactorRefused as refused:
        work.record(Act.PASSKEY_REFUSED, "new", code=refused.code)
        return refused


async def _in_work(
    request: Request, do: Callable[[Work, Step], Done | FactorRefused], session: SessionView | None = None
) -> Done:
    """Runs ``do`` in one transaction, in a thread, as the signed-in person or the sign-in itself; raises a refusal."""
    step, database = step_of(request), deps_of(request).database
    actor = Actor(person="sign-in", role=Role.SYSTEM, origin=step.origin)
    if session is not None:
        actor = Actor(person=session.person, role=session.role, session=session.id, origin=step.origin)

    def run() -> Done | FactorRefused:
        with database.work(step.clinic, actor) as work:
            return do(work, step)

    found = await run_in_threadpool(run)
    if isinstance(found, FactorRefused):
        raise found
    return found


async def _answer(request: Request) -> dict[str, Any]:
    """The JSON object sent. Raises: HTTPException: 400 or 413 for anything else."""
    body = await request.body()
    if len(body) > LARGEST:
        raise HTTPException(413)
    try:
        found = json.loads(body)
    except ValueError:
        raise HTTPException(400) from None
    if not isinstance(found, dict):
        raise HTTPException(400)
    return found


def _refusal(code: str, status: int) -> Response:
    return JSONResponse({"error": code}, status_code=status)


def _prove_first(request: Request) -> Response:
    return JSONResponse({"error": "prove", "go": f"{door(request)}/security/passkeys/new"}, status_code=403)
