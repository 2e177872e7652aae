"""Signing staff in by the word of the clinic's OpenID provider: the way there, the way back, and whose word counts.

The provider vouches for an address; only somebody who works here and has a log-in with it gets in, and a role that
needs a second factor still shows one, unless the provider says that it has seen several.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from integrations.identity.oidc import Asked, Client, IdentityRefused, OpenIdProvider, new_question
from portals.auth.doors import SIGN_INS, at_a_clinic, base_of, may_try, rules_of, start, step_of, with_device
from portals.base.requests import deps_of
from portals.base.templating import go
from portals.base.visitor import STAFF, visitor
from records.ceremonies import Begun, Kind, begin, take
from records.database import Database
from records.errors_identity import FactorRefused, SecondFactorNeeded
from records.second_step import Step, finish_with_provider

router = APIRouter(include_in_schema=False)
ONWARD = {"enrol": "/set-up", "code": "/code", "provider": "?said=provider_factor"}
BACK = "/staff/provider/back"


@router.get("/staff/provider")
async def to_provider(request: Request) -> Response:
    """Sends the browser to the provider; what has to come back is kept for this browser."""
    client = _client(request)
    if visitor(request).fresh or not may_try(request, SIGN_INS):
        return go("/staff/sign-in?said=provider")
    asked, step, database = new_question(), step_of(request), deps_of(request).database
    try:
        address = await run_in_threadpool(OpenIdProvider(client).address, asked)
    except IdentityRefused:
        return go("/staff/sign-in?said=provider")
    await run_in_threadpool(_keep, database, step, asked)
    return RedirectResponse(address, status_code=303)


@router.get(BACK)
async def from_provider(request: Request) -> Response:
    """Takes the provider's answer, once, and signs in whoever it is about."""
    client, step, database = _client(request), with_device(request), deps_of(request).database
    asked = await run_in_threadpool(_kept, database, step)
    if asked is None:
        return go("/staff/sign-in?said=expired")
    answer = dict(request.query_params)
    try:
        found = await run_in_threadpool(OpenIdProvider(client).identity, asked, answer)
        signed = await run_in_threadpool(finish_with_provider, database, step, found.email, found.several_factors)
    except SecondFactorNeeded as more:
        return go(f"/staff/sign-in{ONWARD[more.needs]}")
    except (IdentityRefused, FactorRefused):
        return go("/staff/sign-in?said=provider")
    return start(request, signed, step, "/staff")


def provider_label(request: Request) -> str:
    """What the provider's button says at this door; empty where there is none."""
    provider = rules_of(request).provider
    return provider.label if provider is not None and visitor(request).portal == STAFF else ""


def _client(request: Request) -> Client:
    """The clinic's client. Raises: HTTPException: 404 where the clinic has no provider, or its secret is not told."""
    at_a_clinic(request)
    provider, slug = rules_of(request).provider, visitor(request).here.slug
    secret = secret_of(deps_of(request).settings.identity_secrets, slug)
    if provider is None or not secret:
        raise HTTPException(404)
    redirect = base_of(request) + BACK
    return Client(issuer=provider.issuer, client_id=provider.client_id, secret=secret, redirect=redirect)


def secret_of(folder: Path | None, slug: str) -> str:
    """A clinic's secret: the text of ``<slug>`` in a folder of files; empty without one or when others can read it."""
    if folder is None:
        return ""
    kept = folder / slug
    if not kept.is_file() or kept.stat().st_mode & 0o077:
        return ""
    return kept.read_text(encoding="utf-8").strip()


def _keep(database: Database, step: Step, asked: Asked) -> None:
    challenge = "|".join((asked.state, asked.nonce, asked.verifier))
    with database.work(step.clinic, step.system) as work:
        begin(work, Kind.PROVIDER, step.browser.secret, Begun(portal=step.portal, challenge=challenge))


def _kept(database: Database, step: Step) -> Asked | None:
    with database.work(step.clinic, step.system) as work:
        found = take(work, Kind.PROVIDER, step.browser.secret, step.portal)
    if found is None:
        return None
    state, nonce, verifier = found.challenge.split("|")
    return Asked(state=state, nonce=nonce, verifier=verifier)
