"""The door of a mail by which somebody who came of age takes over their record: birth date, password, signed in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.doors import SIGN_INS, at_a_clinic, may_try, rules_of, start, step_of, with_device
from portals.auth.letters import letters_of
from portals.auth.sign_up import password_problem, read_date
from portals.base.requests import deps_of, field, form_of
from portals.base.templating import go, render
from records.errors_identity import SecondFactorNeeded, TokenRefused
from records.takeover_answers import TakeoverAnswer, accept_takeover, takeover_is_open

router = APIRouter(include_in_schema=False)
PARTS = ("birth_date-m", "birth_date-d", "birth_date-y")


@router.get("/takeover/{token}")
async def takeover_page(request: Request, token: str) -> Response:
    """Asks for the birth date and a password; opening it uses nothing up."""
    at_a_clinic(request)
    return await _door(request, token, {}, {})


@router.post("/takeover/{token}")
async def take_over(request: Request, token: str) -> Response:
    """Makes the log-in, where the birth date is the record's."""
    at_a_clinic(request)
    form = await form_of(request)
    typed, raw = {name: field(form, name) for name in PARTS}, form.get("password", "")
    password, born = raw if isinstance(raw, str) else "", read_date(typed, "birth_date")
    errors = {"password": problem} if (problem := password_problem(password, rules_of(request))) else {}
    if born is None:
        errors = {"birth_date": "takeover.error.birth_date", **errors}
    if errors or born is None:
        return await _door(request, token, typed, errors, 422)
    if not may_try(request, SIGN_INS):
        return await _door(request, token, typed, {"birth_date": "sign_in.error.too_often"}, 429)
    step = with_device(request)
    answer, tell = TakeoverAnswer(token=token, birth_date=born, password=password), letters_of(request).taken_over
    try:
        signed = await run_in_threadpool(accept_takeover, deps_of(request).database, step, answer, tell)
    except TokenRefused:
        return render(request, "auth/over.html", 410, kind="takeover")
    except SecondFactorNeeded:
        return go("/sign-in/set-up")
    if signed is None:
        return await _door(request, token, typed, {"birth_date": "takeover.error.not_theirs"}, 422)
    return start(request, signed, step, "/visits")


async def _door(
    request: Request, token: str, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    if not await run_in_threadpool(takeover_is_open, deps_of(request).database, step_of(request), token):
        return render(request, "auth/over.html", 410, kind="takeover")
    return render(request, "auth/takeover.html", status, typed=typed, errors=errors)
