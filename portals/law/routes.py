"""Ask the law: a question in words to the clinic's own rulebook, for every role of the staff, with nobody in it.

The whole question stands in the address, so that it can be shared; what could name a person is refused there. Nothing
is read from records or written to them, so there is nothing to audit.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.law_words import LawWords
from engine.questions import STATE
from portals.auth.guards import SignInNeeded, require_session
from portals.base.formats import Formats
from portals.base.requests import deps_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.law.asking import Asker
from portals.law.known import NOW, read_known, rulebook_then
from portals.law.link import PAGE, Link, LinkRefused, address, read_link
from portals.law.page import House, Page, answered_page, asked_by, first_page, page_to_mend
from portals.law.starts import starts
from portals.law.words import FactWords
from portals.provider.routes import STAFF_ROLES
from portals.provider.words import say_in
from records.codes import machine_now

READERS = ("provider", *STAFF_ROLES)
LONGEST_WAY_BACK = 3500  # characters of an address that the forms of sign-in and language carry

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
async def ask_the_law(request: Request) -> Response:
    """The question of the address with its answer; without one, the form to begin with."""
    house = await run_in_threadpool(_house, request)
    law = house.rulebook.law
    try:
        link = read_link(request.query_params.multi_items(), law.vocabulary, law.drug_names)
    except LinkRefused as refused:
        require_session(request, READERS)
        return _refused(request, house, refused)
    _require_reader(request, house, link)
    if not link.controls["topic"]:
        return _show(request, first_page(house, link))
    asked, wrong = asked_by(house, link)
    if wrong:
        return _show(request, page_to_mend(house, asked, wrong), 422)
    if _written(request) != address(asked):
        return go(address(asked))
    return _show(request, await run_in_threadpool(answered_page, house, asked))


def _show(request: Request, page: Page, status: int = 200) -> Response:
    written = _written(request) if page.answer else PAGE
    here = written if len(written) < LONGEST_WAY_BACK else PAGE
    link = f"{request.url.scheme}://{request.url.netloc}{written}"
    return render(request, "law/ask.html", status, page=page, here=here, link=link)


def _house(request: Request) -> House:
    deps, who = deps_of(request), visitor(request)
    if who.clinic is None:
        raise HTTPException(404)
    library, now, known = deps.library(), machine_now(), NOW
    rulebook = library.rulebooks[who.here.slug]
    if told := request.query_params.get("known", "").strip():
        known = read_known(told, who.here.time_zone, now)
        if who.session is not None and who.session.role in READERS:
            own = library.own_law(who.here.slug)
            rulebook, known = rulebook_then(deps.settings.root, known, now, rulebook, own)
    words = FactWords(say_in(who.language), Formats(who.language), LawWords(rulebook, who.language))
    states = who.here.states or rulebook.vocabulary.facts[STATE].type.choices
    return House(
        asker=Asker(
            rulebook=rulebook, evaluator=deps.evaluator, known_at=known.at if not known.wrong and known.at else None
        ),
        home=states[0],
        zone=who.here.time_zone,
        starts=starts(deps.settings.root),
        words=words,
        now=deps.clock.now(),
        known=known,
    )


def _require_reader(request: Request, house: House, link: Link) -> None:
    """Staff of any role; others sign in first and come back to the same question, if it is one.

    Before anybody is known nothing of the address travels on but what was read as a question of ours.
    """
    if visitor(request).session is None and link.controls["topic"]:
        asked, wrong = asked_by(house, link)
        back = address(asked)
        if not wrong and len(back) < LONGEST_WAY_BACK:
            raise SignInNeeded(f"/staff/sign-in?next={quote(back, safe='')}")
    require_session(request, READERS)


def _written(request: Request) -> str:
    return f"{PAGE}?{urlencode(request.query_params.multi_items())}"


def _refused(request: Request, house: House, refused: LinkRefused) -> Response:
    never = tuple(dict.fromkeys(house.words.label(path) for path in refused.never))
    return render(request, "law/refused.html", 400, never=never, unknown=refused.unknown)
