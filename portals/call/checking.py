"""The technical check before a call: camera, microphone, speaker and connection tried on a page of its own.

It is offered and never required. What is kept are verdicts and classes (:mod:`engine.tech_checks`), shown to the
patient, to the visit's clinician and to whoever helps people to connect.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.relays import IceServer, relay_of
from engine.settings import Settings
from engine.tech_checks import read_check
from portals.auth.guards import require_patient
from portals.base.requests import deps_of, form_of, in_scope
from portals.base.templating import go, render
from portals.patient.visit import VisitPage, read_page
from records.errors import AlreadyDone
from records.scope import Scope
from records.tech_checks import KeptCheck

router = APIRouter(include_in_schema=False)
# Enough to tell a slow line from a good one, and little enough for who pays by the megabyte.
LOAD_BYTES = 192 * 1024
SIGNALLING = "/room"


def may_check(page: VisitPage) -> bool:
    """Whether there will be a call that devices could be tried for, and who looks may take part in it."""
    return page.meets and page.lets("check") and not (page.over or page.seen or page.visit.stage == "draft")


def check_of(scope: Scope, page: VisitPage) -> KeptCheck | None:
    """The newest check of a visit whose way into the call the asker may know."""
    return scope.checks.latest(page.visit.visit) if may_check(page) else None


@router.get("/visits/{visit}/check")
async def check_page(request: Request, visit: str) -> Response:
    """What the last check came to; without one, or ``?again``, the check itself."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, KeptCheck | None]:
        page = read_page(scope, visit)
        return page, check_of(scope, page)

    page, kept = await in_scope(request, read)
    if not may_check(page):
        return go(f"/visits/{visit}")
    if kept is not None and not kept.check.is_skipped and "again" not in request.query_params:
        return render(request, "call/checked.html", page=page, visit=page.visit, kept=kept)
    node = node_of(deps_of(request).settings)
    relays = await run_in_threadpool(relays_of, deps_of(request).settings)
    about = {"node": node, "relays": relays, "load_bytes": LOAD_BYTES}
    return render(request, "call/check.html", page=page, visit=page.visit, **about)


@router.post("/visits/{visit}/check")
async def check_post(request: Request, visit: str) -> Response:
    """Keeps what the check came to; a visit that has ended keeps no more."""
    require_patient(request)
    check = read_check(await form_of(request))
    try:
        await in_scope(request, lambda scope: scope.checks.keep(visit, check))
    except AlreadyDone:
        return go(f"/visits/{visit}")
    return go(f"/visits/{visit}" if check.is_skipped else f"/visits/{visit}/check")


@router.get("/visits/{visit}/check/load")
async def load(request: Request, visit: str) -> Response:
    """Bytes that do not compress, to see how fast they come; nothing of the visit is in them."""
    require_patient(request)
    page = await in_scope(request, lambda scope: read_page(scope, visit))
    if not may_check(page):
        return go(f"/visits/{visit}")
    return Response(os.urandom(LOAD_BYTES), media_type="application/octet-stream")


def relays_of(settings: Settings) -> list[IceServer]:
    """The clinic's relays with credentials that soon end, for this try; empty where there is none."""
    file = settings.turn_secret_file
    relay = relay_of(settings.turn_urls, file.read_text(encoding="ascii") if file else "", is_only=False)
    return relay.ice_servers(datetime.now(UTC), secrets.token_hex(4)) if relay else []


def node_of(settings: Settings) -> dict[str, str]:
    """How browsers reach the media node: its signalling, and the port that answers whether UDP comes through."""
    scheme = "wss" if urlsplit(settings.public_base).scheme == "https" else "ws"
    return {
        "signalling": f"{scheme}://{settings.media_host}:{settings.media_http_port}{SIGNALLING}",
        "stun": f"stun:{settings.media_advertise}:{settings.media_udp_port}",
    }
