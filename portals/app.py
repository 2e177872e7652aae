"""The web program: one application for every clinic's portals, built from what it is given."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from admin_ui.studio.checks import Checks
from engine.diagnostics import BrokenInput, as_text
from engine.settings import Settings, SettingsError, parse_settings
from portals import start
from portals.api import routes as api
from portals.api.metrics import Metrics, MetricsMiddleware
from portals.api.tracing import Traced
from portals.auth import confirm, demo, invitations, outbox, passkeys, provider_door, reset, second, security, takeover
from portals.auth import routes as auth
from portals.auth.guards import ProofNeeded, SignInNeeded
from portals.base import brand, design
from portals.base.badge import UnreadBadge
from portals.base.errors import forgery_page, install_errors
from portals.base.middleware import ForgeryGuard, SecurityHeaders, Settle
from portals.base.static_files import VersionedFiles
from portals.base.templating import STATIC, go
from portals.call import chat, checking, guests, inviting, playing
from portals.call import routes as call
from portals.deps import PortalDeps
from portals.law import country_routes as country
from portals.law import differing
from portals.law import routes as law
from portals.law import vouching_routes as vouching
from portals.ops import routes as ops
from portals.ops.badge import InboxBadge
from portals.patient import (
    accesses,
    after,
    booking,
    case,
    consent,
    consent_signed,
    family,
    files,
    intake,
    messages,
    moving,
    papers,
    pay,
    photos,
    photos_again,
    place,
    privacy,
    record,
    record_download,
    sharing,
    summary_pdf,
    texting,
    visit,
    waiting,
)
from portals.provider import routes as provider
from portals.serving import run
from portals.staff import routes as staff
from portals.staff.banner import EmergencyBanner
from portals.studio import routes as studio
from records.demo import MadeAsDemo

# In this order: an address with a fixed word comes before one with an id in its place.
SIGN_IN_PAGES = (auth, demo, reset, second, passkeys, provider_door, security, confirm, invitations, takeover, outbox)
PATIENT_PAGES = (
    booking,
    case,
    family,
    sharing,
    waiting,
    pay,
    intake,
    photos,
    photos_again,
    place,
    files,
    consent,
    consent_signed,
    privacy,
    accesses,
    after,
    papers,
    summary_pdf,
    moving,
    texting,
    messages,
    record_download,
    record,
    visit,
)
SHARED_PAGES = (
    start,
    brand,
    design,
    checking,
    call,
    inviting,
    chat,
    guests,
    playing,
    ops,
    staff,
    provider,
    law,
    country,
    vouching,
    differing,
    studio,
    api,
)


def create_app(deps: PortalDeps) -> FastAPI:
    """The application; ``app.state.deps`` is what pages reach."""
    app = FastAPI(title="Clinicwright", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.deps = deps
    app.state.demo = deps.settings.demo
    app.state.has_studio = deps.settings.has_studio
    app.state.metrics = Metrics()
    app.state.throttles = {}
    app.state.checks = Checks()
    app.mount("/static", VersionedFiles(directory=STATIC), name="static")
    app.add_api_route("/healthz", _healthy, methods=["GET"])
    _add_portals(app)
    install_errors(app)
    app.add_middleware(UnreadBadge, database=deps.database)
    app.add_middleware(EmergencyBanner, database=deps.database)
    app.add_middleware(InboxBadge, database=deps.database)
    app.add_middleware(ForgeryGuard, on_refusal=forgery_page)
    app.add_middleware(Traced, traces=deps.traces)
    app.add_middleware(Settle, clinics=deps.clinics, sessions=deps.sessions, public_base=deps.settings.public_base)
    app.add_middleware(
        SecurityHeaders, connect=_media_addresses(deps.settings), https=deps.settings.public_base.startswith("https")
    )
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)
    return app


def _add_portals(app: FastAPI) -> None:
    """Each part of the portals adds its own routes."""
    for part in (*PATIENT_PAGES, *SIGN_IN_PAGES, *SHARED_PAGES):
        app.include_router(part.router)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.add_exception_handler(ProofNeeded, confirm.proof_page)


async def _to_sign_in(request: Request, needed: Exception) -> Response:
    return go(needed.path if isinstance(needed, SignInNeeded) else "/")


def _media_addresses(settings: Settings) -> list[str]:
    """What pages may connect to beside their own host: the media nodes' signalling."""
    scheme = "wss" if urlsplit(settings.public_base).scheme == "https" else "ws"
    host = f"[{settings.media_host}]" if ":" in settings.media_host else settings.media_host
    return [f"{scheme}://{host}:{port}" for port, _ in settings.media_ports]


async def _healthy() -> Response:
    return PlainTextResponse("ok\n")


def main() -> None:
    """`python -m portals.app`: all settings by environment; ends with 2 and a sentence each when they are wrong."""
    try:
        settings = parse_settings(os.environ)
    except SettingsError as wrong:
        sys.stderr.write("".join(f"{problem}\n" for problem in wrong.problems))
        sys.exit(2)
    try:
        run(settings, create_app)
    except BrokenInput as broken:
        sys.stderr.write(as_text(broken.diagnostics) + "\n")
        sys.exit(2)
    except MadeAsDemo as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
