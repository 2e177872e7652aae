"""The page of one's own sign-in: factors, passkeys, recovery codes, the password, and where one is signed in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.auth.doors import door, rules_of, step_of
from portals.auth.guards import require_fresh, require_session
from portals.auth.letters import letters_of
from portals.auth.second import totp_page
from portals.auth.sign_up import password_problem
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import SessionView, visitor
from records.errors import AlreadyDone
from records.errors_identity import FactorRefused
from records.factor_mails import Compose
from records.proofs import change_password
from records.scope import Scope

router = APIRouter(include_in_schema=False)
FRESH = "change_factors"


@router.get("/security")
@router.get("/staff/security")
async def security(request: Request, said: str = "") -> Response:
    """Everything about one's own sign-in on one page."""
    session = require_session(request)
    found = await in_scope(request, lambda scope: _look(scope, session))
    must = rules_of(request).needs_second_factor(session.role)
    return render(request, "auth/security.html", said=said, must=must, **found)


@router.get("/security/app")
@router.get("/staff/security/app")
async def app_page(request: Request) -> Response:
    """The secret for an authenticator app, until its first code makes it count."""
    session = await require_fresh(request, FRESH)
    try:
        secret = await in_scope(request, lambda scope: _secret(scope, session.account))
    except AlreadyDone:
        return _back(request, "")
    return totp_page(request, secret, {"form_at": "/security/app"})


@router.post("/security/app")
@router.post("/staff/security/app")
async def app_confirmed(request: Request) -> Response:
    """Takes the first code; the recovery codes are shown this once."""
    session = await require_fresh(request, FRESH)
    code = field(await form_of(request), "code")
    tell = letters_of(request).factor("app_added")
    codes = await in_scope(request, lambda scope: _confirm(scope, session.account, code, tell))
    if codes is None:
        secret = await in_scope(request, lambda scope: _secret(scope, session.account))
        return totp_page(request, secret, {"form_at": "/security/app", "error": "second.error.wrong"}, 422)
    return render(request, "auth/recovery.html", codes=codes, onward=f"{door(request)}/security")


@router.post("/security/app/remove")
@router.post("/staff/security/app/remove")
async def app_removed(request: Request) -> Response:
    """Takes the app away, where the role may do without, or a passkey is left."""
    session = await require_fresh(request, FRESH)
    must = rules_of(request).needs_second_factor(session.role)
    tell = letters_of(request).factor("app_removed")
    done = await in_scope(request, lambda scope: _remove_app(scope, session.account, must, tell))
    return _back(request, "app_removed" if done else "last_factor")


@router.post("/security/codes")
@router.post("/staff/security/codes")
async def new_codes(request: Request) -> Response:
    """Ten new recovery codes, shown this once; the older ones stop working."""
    session = await require_fresh(request, FRESH)
    tell = letters_of(request).factor("codes_new")
    codes = await in_scope(request, lambda scope: _new_codes(scope, session.account, tell))
    if codes is None:
        return _back(request, "no_factor")
    return render(request, "auth/recovery.html", codes=codes, onward=f"{door(request)}/security")


@router.get("/security/passkeys/new")
@router.get("/staff/security/passkeys/new")
async def passkey_page(request: Request) -> Response:
    """Where a passkey is named and made."""
    await require_fresh(request, FRESH)
    return render(request, "auth/passkey.html")


@router.post("/security/passkeys/{passkey}/name")
@router.post("/staff/security/passkeys/{passkey}/name")
async def passkey_named(request: Request, passkey: str) -> Response:
    """Gives a passkey another name."""
    require_session(request)
    name = field(await form_of(request), "name")
    if name:
        await in_scope(request, lambda scope: scope.passkeys.label(passkey, name))
    return _back(request, "passkey_named" if name else "")


@router.post("/security/passkeys/{passkey}/remove")
@router.post("/staff/security/passkeys/{passkey}/remove")
async def passkey_removed(request: Request, passkey: str) -> Response:
    """Takes a passkey away, unless it is the last factor of a role that needs one."""
    session = await require_fresh(request, FRESH)
    must = rules_of(request).needs_second_factor(session.role)
    tell = letters_of(request).factor("passkey_removed")
    done = await in_scope(request, lambda scope: _remove_passkey(scope, (session.account, passkey), must, tell))
    return _back(request, "passkey_removed" if done else "last_factor")


@router.post("/security/sessions/{other}/end")
@router.post("/staff/security/sessions/{other}/end")
async def session_ended(request: Request, other: str) -> Response:
    """Signs another browser of one's own out."""
    session = require_session(request)
    if other == session.id:
        raise HTTPException(404)
    await in_scope(request, lambda scope: scope.sessions.close(other))
    return _back(request, "session_ended")


@router.post("/security/sessions/end")
@router.post("/staff/security/sessions/end")
async def others_ended(request: Request) -> Response:
    """Signs every other browser of one's own out."""
    session = require_session(request)
    await in_scope(request, lambda scope: scope.sessions.close_others(session.account))
    return _back(request, "others_ended")


@router.get("/security/password")
@router.get("/staff/security/password")
async def password_page(request: Request) -> Response:
    """The form for a new password."""
    await require_fresh(request, FRESH)
    return render(request, "auth/password.html", error="")


@router.post("/security/password")
@router.post("/staff/security/password")
async def password_changed(request: Request) -> Response:
    """Sets it; every browser is signed out, this one too."""
    session = await require_fresh(request, FRESH)
    typed = (await form_of(request)).get("password", "")
    password = typed if isinstance(typed, str) else ""
    if problem := password_problem(password, rules_of(request)):
        return render(request, "auth/password.html", 422, error=problem)
    database, step, compose = deps_of(request).database, step_of(request), letters_of(request).password_changed
    await run_in_threadpool(change_password, database, step, session.account, password, compose)
    return go(f"{door(request)}/sign-in?said=reset")


@router.get("/session")
@router.get("/staff/session")
async def session_left(request: Request) -> Response:
    """How many seconds this session has left untouched; asking with ``X-Idle`` is no touch."""
    session = visitor(request).session
    left = 0
    if session is not None and session.idle_until is not None:
        left = max(0, int((session.idle_until - deps_of(request).database.now()).total_seconds()))
    return JSONResponse({"seconds": left})


def _look(scope: Scope, session: SessionView) -> dict[str, object]:
    account = session.account
    return {
        "has": scope.factors.view(account),
        "passkeys": scope.passkeys.of_account(account),
        "sessions": scope.sessions.of_account(account),
        "address_proved": scope.accounts.address_proved(account),
    }


def _secret(scope: Scope, account: str) -> str:
    try:
        return scope.factors.pending_totp(account)
    except FactorRefused:
        return scope.factors.begin_totp(account)


def _confirm(scope: Scope, account: str, code: str, tell: Compose) -> tuple[str, ...] | None:
    if not scope.factors.confirm_totp(account, code):
        return None
    scope.factor_mails.tell(account, tell)
    return scope.factors.new_recovery_codes(account)


def _remove_app(scope: Scope, account: str, must: bool, tell: Compose) -> bool:
    has = scope.factors.view(account)
    if must and not has.passkeys:
        return False
    scope.factors.remove_totp(account)
    if has.totp_since is not None:
        scope.factor_mails.tell(account, tell)
    return True


def _new_codes(scope: Scope, account: str, tell: Compose) -> tuple[str, ...] | None:
    if not scope.factors.view(account).any:
        return None
    scope.factor_mails.tell(account, tell)
    return scope.factors.new_recovery_codes(account)


def _remove_passkey(scope: Scope, which: tuple[str, str], must: bool, tell: Compose) -> bool:
    account, passkey = which
    has = scope.factors.view(account)
    if must and has.passkeys <= 1 and has.totp_since is None:
        return False
    scope.passkeys.remove(passkey)
    scope.factor_mails.tell(account, tell)
    return True


def _back(request: Request, said: str) -> Response:
    return go(f"{door(request)}/security{'?said=' + said if said else ''}")
