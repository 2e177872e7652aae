"""Vouching for law: an officer reads a value or rule in its source and signs for it; the list, and taking it back.

Only the clinic's own decisions change, within seconds, and only while the attestation stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.law_report import COUNTRY, states_of
from engine.values import Duration, shift
from engine.vouching import Subject, subject
from portals.auth.guards import require_fresh
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.law.country import House
from portals.law.country_routes import house_here
from portals.law.place import FORM, sources_of
from portals.law.vouching import FIELDS, PAGE, Faults, draft_of, lines, says, seen, shown
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.errors import AlreadyDone

FRESH = "attest_law"
USUAL = Duration(months=12)
SAID = ("attested", "withdrawn", "gone")

router = APIRouter(include_in_schema=False)


@router.get(PAGE)
async def attestations(request: Request, said: str = "") -> Response:
    """Everything that the clinic's officers vouch for, or did."""
    session = require_act(request, Act.LAW_ATTESTATIONS_VIEWED)
    house = house_here(request)
    views = await in_scope(request, lambda scope: scope.law_attestations.listed())
    found = await run_in_threadpool(lines, house, house.rulebook.law, views)
    mine = may_open(session.role, Act.LAW_WITHDRAWN)
    return render(request, "law/attestations.html", lines=found, said=said if said in SAID else "", may_withdraw=mine)


@router.get(FORM)
async def form(request: Request, state: str = "", law: str = "") -> Response:
    """The form for one value or rule of a state, with what the law says and stands on now."""
    require_act(request, Act.LAW_ATTESTED)
    house = house_here(request)
    about = _about(house, state, law)
    typed = {"on": house.day, "until": shift(house.day, USUAL, 1), "seen": seen(about)}
    return _form(request, house, (state, about), (typed, {}))


@router.post(FORM)
async def attest(request: Request) -> Response:
    """Keeps and signs what the officer attests; it counts at once."""
    require_act(request, Act.LAW_ATTESTED)
    await require_fresh(request, FRESH)
    sent, house = await form_of(request), house_here(request)
    typed = {name: field(sent, name).strip() for name in FIELDS}
    state = field(sent, "state")
    about = _about(house, state, field(sent, "law"))
    draft, wrong = draft_of(typed, about, house.rulebook.law, house.day)
    if draft is None:
        fresh = {**typed, "seen": seen(about)}
        return _form(request, house, (state, about), (fresh, wrong))
    kept = draft
    await in_scope(request, lambda scope: scope.law_attestations.attest(kept))
    await run_in_threadpool(deps_of(request).written.look)
    return go(f"{PAGE}?said=attested")


@router.post(f"{PAGE}/{{attestation}}/withdraw")
async def withdraw(request: Request, attestation: str) -> Response:
    """Takes an attestation back: from now on a person decides again."""
    require_act(request, Act.LAW_WITHDRAWN)
    await require_fresh(request, FRESH)
    try:
        await in_scope(request, lambda scope: scope.law_attestations.withdraw(attestation))
    except AlreadyDone:
        return go(f"{PAGE}?said=gone")
    await run_in_threadpool(deps_of(request).written.look)
    return go(f"{PAGE}?said=withdrawn")


def _about(house: House, state: str, law: str) -> Subject:
    """The value or rule of the address. Raises: HTTPException: 404 where the state has none of that name."""
    if state not in states_of(house.rulebook):
        raise HTTPException(404)
    found = subject(house.rulebook.law.files, f"{COUNTRY}/{state.lower()}", law, house.day)
    if found is None:
        raise HTTPException(404)
    return found


def _form(
    request: Request, house: House, about: tuple[str, Subject], typed: tuple[Mapping[str, str], Faults]
) -> Response:
    """The form as typed, with what is wrong with it (422), or new."""
    (state, law), (kept, wrong) = about, typed
    return render(
        request,
        "law/attest.html",
        422 if wrong else 200,
        state=state,
        place=house.words.state(state),
        law=law.rule or law.value,
        topic=house.words.topic(law.topic),
        topic_code=law.topic,
        says=says(house, law.value, law.title),
        told=shown(house, law.value, law.told) if law.value else "",
        sure=house.words.say(f"country.sure.{law.cited.confidence}"),
        statutes=sources_of(house, law.cited),
        typed=kept,
        wrong=wrong,
    )
