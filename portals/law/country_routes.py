"""The law of the country on pages: the map, what stops an ordinary visit, and one state's law in words.

Nothing is read from records or written to them, so there is nothing to audit; every role of the staff may look.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.law_report import state_topics, states_of
from engine.law_words import LawWords
from portals.auth.guards import require_session
from portals.base.formats import Formats
from portals.base.requests import deps_of, rulebook_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.law.country import ALL, House, chosen, map_view, place_address, report_view
from portals.law.place import Place
from portals.law.words import FactWords
from portals.provider.routes import STAFF_ROLES
from portals.provider.words import say_in
from portals.staff.doors import may_open
from records.acts import Act

READERS = ("provider", *STAFF_ROLES)
MAP, REPORT = "/staff/law/map", "/staff/law/report"

router = APIRouter(include_in_schema=False)


@router.get(MAP)
async def the_map(request: Request) -> Response:
    """Every state by how sure its law is, how fresh, or how an ordinary visit ends there."""
    house = house_here(request)
    choice = chosen(house, request.query_params)
    view = await run_in_threadpool(map_view, house, choice)
    return render(request, "law/map.html", view=view)


@router.get(REPORT)
async def the_report(request: Request) -> Response:
    """How an ordinary visit ends everywhere, and what stops it."""
    house = house_here(request)
    view = await run_in_threadpool(report_view, house, chosen(house, request.query_params).visit)
    return render(request, "law/report.html", view=view)


@router.get("/staff/law/states/{code}")
async def one_state(request: Request, code: str, topic: str = "") -> Response:
    """One state's law on a topic in words."""
    house = house_here(request)
    topics = state_topics(house.rulebook)
    if code.upper() not in states_of(house.rulebook):
        raise HTTPException(404)
    if code != code.upper():
        return go(place_address(code.upper(), topic if topic in topics else ALL))
    place = Place(house, code, topic if topic in topics else topics[0])
    view = await run_in_threadpool(place.view)
    mine = may_open(require_session(request, READERS).role, Act.LAW_ATTESTED)
    return render(request, "law/state.html", view=view, may_attest=mine)


def house_here(request: Request) -> House:
    """The clinic's rulebook today in the reader's words, for any of the staff."""
    require_session(request, READERS)
    deps, who, rulebook = deps_of(request), visitor(request), rulebook_of(request)
    words = FactWords(say_in(who.language), Formats(who.language), LawWords(rulebook, who.language))
    day = deps.clock.now().date().isoformat()
    return House(rulebook=rulebook, root=deps.settings.root, day=day, words=words)
