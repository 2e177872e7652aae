"""The page at the address without a clinic's name: five doors into each clinic that runs here, and the demo's clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.clinic import ClinicView
from portals.base.colour import light_tokens
from portals.base.demo_clock import Shown, demo_clock, zone_here
from portals.base.hosts import clinic_base
from portals.base.middleware import page_headers
from portals.base.requests import deps_of, field, form_of, in_demo
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.booking import home
from records.access import Role
from records.demo import DemoClock
from records.seed import DemoPerson, demo_people

router = APIRouter(include_in_schema=False)
JUMPS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "back_hour": timedelta(hours=-1),
    "back_day": timedelta(days=-1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of people: its name in the messages, which roles are of it, its icon, and the page it begins at."""

    name: str
    roles: frozenset[str]
    icon: str
    page: str


KINDS = (
    Kind(name="patient", roles=frozenset({Role.PATIENT}), icon="person", page="/visits"),
    Kind(name="provider", roles=frozenset({Role.PROVIDER}), icon="stethoscope", page="/staff"),
    Kind(name="ops", roles=frozenset({Role.CLINICAL_OPS, Role.SUPPORT}), icon="form", page=""),
    Kind(name="compliance", roles=frozenset({Role.COMPLIANCE}), icon="law", page="/staff/law"),
    Kind(name="customer", roles=frozenset({Role.CLINIC_ADMIN}), icon="edit", page="/staff/credentials"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One kind of people at one clinic, and who of them a demonstration may be entered as."""

    kind: Kind
    people: tuple[DemoPerson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A clinic on the start page, its colour below white letters; ``doors`` is empty outside a demonstration."""

    view: ClinicView
    base: str
    colour: str
    doors: tuple[Door, ...]


@router.get("/")
async def front_page(request: Request, clinic: str = "") -> Response:
    """The clinic's front page at a clinic's host, the start page at the bare address."""
    if visitor(request).clinic is not None:
        return await home(request)
    return start_page(request, clinic)


def start_page(request: Request, chosen: str = "") -> Response:
    """Lists the clinics; in a demonstration and on this machine the doors into one of them, the first unless chosen."""
    deps, demo = deps_of(request), in_demo(request)
    clinics = [
        Clinic(
            view=view,
            base=clinic_base(deps.settings.public_base, view.slug),
            colour=light_tokens(view.brand_colour).brand,
            doors=_doors(demo_people(deps.content().clinic(view.slug))) if demo else (),
        )
        for view in deps.clinics().values()
    ]
    shown = next((one for one in clinics if one.view.slug == chosen), clinics[0]) if demo and clinics else None
    told = {"clinics": clinics, "shown": shown, "here": demo, "clock": clinics and demo_clock(request)}
    answer = render(request, "base/start.html", 200, **told)
    if demo:
        answer.headers["content-security-policy"] = _policy(request, [one.base for one in clinics])
    return answer


@router.get("/demo/clock")
async def clock_page(request: Request, said: str = "") -> Response:
    """What the demo's clock shows, and a form that moves it."""
    _require_clock(request)
    return _clock_page(request, said if said in ("moved", "reset") else "", "")


@router.post("/demo/clock")
async def move_clock(request: Request) -> Response:
    """Lets visits and the law go by another time, or by the machine's own again."""
    clock = _require_clock(request)
    form = await form_of(request)
    if field(form, "act") == "reset":
        clock.reset()
        await deps_of(request).visits.clock_moved()
        return go("/demo/clock?said=reset")
    typed = field(form, "at")
    try:
        if field(form, "jump") in JUMPS:
            clock.set(clock.now() + JUMPS[field(form, "jump")])
        else:
            clock.set(datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(zone_here(request))))
    except (ValueError, OverflowError):
        return _clock_page(request, "", typed or " ", 422)
    await deps_of(request).visits.clock_moved()
    return go("/demo/clock?said=moved")


def _require_clock(request: Request) -> DemoClock:
    clock = demo_clock(request)
    if clock is None or visitor(request).clinic is not None:
        raise HTTPException(404)
    return clock


def _clock_page(request: Request, said: str, wrong: str, status: int = 200) -> Response:
    deps, zone = deps_of(request), zone_here(request)
    now = deps.clock.now()
    new_year = datetime(now.astimezone(ZoneInfo(zone)).year + 1, 1, 1, 9, tzinfo=ZoneInfo(zone))
    return render(
        request,
        "base/clock.html",
        status,
        said=said,
        wrong=wrong,
        zone=zone,
        jumps=tuple(JUMPS),
        shown=Shown(now, zone),
        typed=wrong.strip() or new_year.strftime("%Y-%m-%dT%H:%M"),
    )


def _doors(people: Sequence[DemoPerson]) -> tuple[Door, ...]:
    return tuple(Door(kind=kind, people=tuple(one for one in people if one.role in kind.roles)) for kind in KINDS)


def _policy(request: Request, bases: Iterable[str]) -> str:
    """The page's policy with the clinics' own hosts as places that its forms may lead to."""
    own = page_headers((), https=request.url.scheme == "https")["content-security-policy"]
    return own.replace("form-action 'self'", " ".join(["form-action 'self'", *bases]))
