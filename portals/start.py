"""The page at the address without a clinic's name: which clinics run here and through which doors one enters them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.hosts import clinic_base
from portals.base.requests import deps_of, from_loopback
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.patient.booking import home
from records.seed import demo_people

router = APIRouter()


@router.get("/")
async def front_page(request: Request) -> Response:
    """The clinic's front page at a clinic's host, the start page at the bare address."""
    if visitor(request).clinic is not None:
        return await home(request)
    return start_page(request)


def start_page(request: Request) -> Response:
    """Lists the clinics; demo people are shown in demo mode and on this machine only."""
    deps = deps_of(request)
    shows_people = deps.settings.demo and from_loopback(request)
    clinics = [
        {
            "view": view,
            "base": clinic_base(deps.settings.public_base, view.slug),
            "people": demo_people(deps.content().clinic(view.slug)) if shows_people else (),
        }
        for view in deps.clinics().values()
    ]
    return render(request, "base/start.html", clinics=clinics)
