"""Proving anew who one is before a sensitive act: the page that asks, and the way back with what had been sent."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import HOMES, door, step_of
from portals.auth.guards import ProofNeeded, require_session
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope
from portals.base.templating import go, render, safe_path
from portals.base.visitor import visitor
from records.errors_identity import FactorRefused
from records.factors import FactorsView
from records.second_step import prove_with_code, prove_with_password

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, repr=False)
class _Onward:
    """What waits to be sent on: its path, its fields in their order, and whether it was posted."""

    path: str
    fields: tuple[tuple[str, str], ...]
    posted: bool

    @property
    def packed(self) -> str:
        return json.dumps(self.fields)


@router.get("/confirm")
@router.get("/staff/confirm")
async def confirm_page(request: Request) -> Response:
    """The same question on a page of its own, for a call that must not be left."""
    require_session(request)
    return await _ask(request, _Onward("", (), False), "")


@router.post("/confirm")
@router.post("/staff/confirm")
async def confirm(request: Request) -> Response:
    """Checks the factor; then what had been sent waits for one more press, with every field as it was."""
    session = require_session(request)
    form = await form_of(request, LONGEST_CHECKED)
    path = safe_path(field(form, "on_path"), "")
    onward = _Onward(path, _fields(field(form, "on_fields")), field(form, "on_posted") == "yes")
    try:
        await run_in_threadpool(_prove, request, session.id, field(form, "code"), form.get("password", ""))
    except FactorRefused as refused:
        return await _ask(request, onward, f"confirm.error.{refused.code}", 401)
    if onward.posted:
        return render(request, "auth/confirmed.html", onward=onward)
    return go(path or f"{door(request)}/confirm/done")


@router.get("/confirm/done")
@router.get("/staff/confirm/done")
async def confirmed(request: Request) -> Response:
    """Says that it is done, where nothing waits to be sent on."""
    require_session(request)
    return render(request, "auth/confirmed.html", onward=_Onward("", (), False))


async def proof_page(request: Request, needed: Exception) -> Response:
    """The answer to an act whose proof is too old. Scripts that exchange parts of a page are told by a header."""
    if not isinstance(needed, ProofNeeded):
        return go(HOMES[visitor(request).portal])
    answer = await _ask(request, _Onward(needed.path, needed.fields, needed.posted), "", 403)
    answer.headers["x-prove"] = f"{door(request)}/confirm"
    return answer


async def _ask(request: Request, onward: _Onward, error: str, status: int = 200) -> Response:
    session = require_session(request)
    has: FactorsView = await in_scope(request, lambda scope: scope.factors.view(session.account))
    one_click = session.method == "demo" and deps_of(request).settings.demo and not has.any
    return render(request, "auth/confirm.html", status, onward=onward, error=error, has=has, one_click=one_click)


def _prove(request: Request, session: str, code: str, password: object) -> None:
    """A code where the account has a factor, else its password; a demo session without either proves by the click."""
    database, step, account = deps_of(request).database, step_of(request), require_session(request)
    with database.scope(step.clinic, step.system) as scope:
        has = scope.factors.view(account.account)
    if has.any:
        return prove_with_code(database, step, session, code)
    if account.method == "demo" and deps_of(request).settings.demo:
        with database.scope(step.clinic, step.system) as scope:
            scope.sessions.prove(session)
        return None
    return prove_with_password(database, step, session, password if isinstance(password, str) else "")


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    """The fields as they were sent; nothing when somebody has changed the text into something else."""
    try:
        return tuple((str(name), str(value)) for name, value in json.loads(text or "[]"))
    except (ValueError, TypeError):
        return ()
