"""The doors: sign up, sign in and out for both portals, and the language of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.demo import demo_people, sign_in_as
from portals.auth.doors import HOMES, SIGN_INS, YEAR, at_a_clinic, door, may_try, rules_of, start, with_device
from portals.auth.letters import letters_of
from portals.auth.provider_door import provider_label
from portals.auth.sign_up import SignUpForm, patient_draft, read_sign_up
from portals.base.i18n import languages
from portals.base.middleware import cookie
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope
from portals.base.templating import go, render, safe_path
from portals.base.visitor import COOKIES, LANGUAGE_COOKIE, STAFF, guest_secret, visitor
from portals.patient.chosen_time import chosen_words, slot_has_passed
from portals.patient.flow import read_flow
from records.errors import EmailTaken, SignInRefused
from records.errors_identity import SecondFactorNeeded
from records.proofs import ask_address_proof
from records.second_step import Step
from records.sign_in import Credentials, SignedIn, SignUp, sign_in, sign_up

router = APIRouter()
SAID = ("reset", "idle", "expired", "provider", "provider_factor")


@router.get("/sign-in")
@router.get("/staff/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The sign-in page of the path's portal."""
    who = visitor(request)
    at_a_clinic(request)
    next_path = safe_path(request.query_params.get("next", ""), HOMES[who.portal])
    if who.session is not None:
        return go(next_path)
    said = request.query_params.get("said", "")
    return await _sign_in_page(request, {"next": next_path, "said": said if said in SAID else ""})


@router.post("/sign-in")
@router.post("/staff/sign-in")
async def sign_in_post(request: Request) -> Response:
    """Checks the password (in a thread) and starts a session; a wrong one keeps the address typed."""
    who, form = visitor(request), await form_of(request)
    at_a_clinic(request)
    values = {"email": field(form, "email"), "next": safe_path(field(form, "next"), HOMES[who.portal])}
    if not may_try(request, SIGN_INS):
        return await _sign_in_page(request, values, "sign_in.error.too_often", 429)
    password = form.get("password", "")
    step = with_device(request)
    credentials = Credentials(
        clinic=step.clinic,
        email=values["email"],
        password=password if isinstance(password, str) else "",
        portal=step.portal,
        origin=step.origin,
        browser=step.browser,
    )
    return await _sign_in(request, credentials, step, values)


@router.post("/demo/sign-in")
@router.post("/staff/demo/sign-in")
async def demo_sign_in(request: Request) -> Response:
    """One-click sign-in of a demo person; refused outside demo mode and beyond this machine."""
    form = await form_of(request)
    return await sign_in_as(request, field(form, "person"), field(form, "next"))


@router.get("/sign-up")
async def sign_up_page(request: Request) -> Response:
    """The sign-up page; a booking under way goes on after it."""
    at_a_clinic(request)
    if visitor(request).session is not None:
        return go(_after_sign_up(request))
    return await _sign_up_page(request, {}, ())


@router.post("/sign-up")
async def sign_up_post(request: Request) -> Response:
    """Creates patient and account and signs in; problems are shown together and the input is kept."""
    at_a_clinic(request)
    today = deps_of(request).clock.now().date()
    form = read_sign_up(await form_of(request, LONGEST_CHECKED), today, rules_of(request))
    if form.errors:
        return await _sign_up_page(request, form.values, form.errors, 422)
    if not may_try(request, SIGN_INS):
        return await _sign_up_page(request, form.values, (("email", "sign_in.error.too_often"),), 429)
    step = with_device(request)
    try:
        signed = await run_in_threadpool(_create, request, form, step)
    except EmailTaken:
        return await _sign_up_page(request, form.values, (("email", "sign_up.error.email_taken"),), 409)
    return start(request, signed, step, _after_sign_up(request))


@router.post("/sign-out")
@router.post("/staff/sign-out")
async def sign_out(request: Request) -> Response:
    """Ends the session on the server and in the browser."""
    who = visitor(request)
    session = who.session
    if session is not None:
        await in_scope(request, lambda scope: scope.sessions.close(session.id))
    answer = go("/staff/sign-in" if who.portal == STAFF else "/")
    answer.headers.append("set-cookie", _cookie(request, COOKIES[who.portal], guest_secret()))
    answer.headers["clear-site-data"] = '"cache"'
    return answer


@router.post("/language")
@router.post("/staff/language")
async def choose_language(request: Request) -> Response:
    """Remembers the language of the pages and goes back; each portal asks with its own cookie's token."""
    form = await form_of(request)
    answer = go(safe_path(field(form, "next")))
    if field(form, "language") in languages():
        value = _cookie(request, LANGUAGE_COOKIE, field(form, "language"), YEAR)
        answer.headers.append("set-cookie", value)
    return answer


async def _sign_in(request: Request, credentials: Credentials, step: Step, values: Mapping[str, str]) -> Response:
    try:
        signed = await run_in_threadpool(sign_in, deps_of(request).database, credentials)
    except SecondFactorNeeded as more:
        if more.needs == "provider":
            return await _sign_in_page(request, values, "sign_in_said.provider_only", 403)
        page = "set-up" if more.needs == "enrol" else "code"
        return go(f"{door(request)}/sign-in/{page}?next={quote(values['next'])}")
    except SignInRefused as refused:
        blocked = refused.code == "blocked"
        message = "sign_in.error.too_often" if blocked else "sign_in.error.wrong"
        return await _sign_in_page(request, values, message, 429 if blocked else 401)
    return start(request, signed, step, values["next"])


def _create(request: Request, form: SignUpForm, step: Step) -> SignedIn:
    who, flow = visitor(request), read_flow(request)
    draft = patient_draft(form, who.language, flow.state or (who.here.states or ("",))[0], flow.postal_code)
    wanted = SignUp(clinic=step.clinic, patient=draft, password=form.password, origin=step.origin, browser=step.browser)
    signed = sign_up(deps_of(request).database, wanted)
    ask_address_proof(deps_of(request).database, step, signed.session.account, letters_of(request).address)
    return signed


def _after_sign_up(request: Request) -> str:
    flow = read_flow(request)
    if flow.adding:  # who is to be added is why the account was made
        return "/family/child"
    if flow.has_slot and slot_has_passed(request):
        return f"/book/{flow.visit_type}/times"
    return "/book/review" if flow.has_slot else "/visits"


async def _sign_in_page(request: Request, values: Mapping[str, str], error: str = "", status: int = 200) -> Response:
    return render(
        request,
        "auth/sign_in.html",
        status,
        values=values,
        error=error,
        people=demo_people(request),
        chosen="" if visitor(request).portal == STAFF else await chosen_words(request, "chosen.sign_in_"),
        provider=provider_label(request),
    )


async def _sign_up_page(
    request: Request, values: Mapping[str, str], errors: tuple[tuple[str, str], ...], status: int = 200
) -> Response:
    return render(
        request,
        "auth/sign_up.html",
        status,
        values=values,
        errors=errors,
        chosen=await chosen_words(request, "chosen."),
    )


def _cookie(request: Request, name: str, value: str, seconds: int | None = None) -> str:
    return cookie(name, value, https=request.url.scheme == "https", seconds=seconds)
