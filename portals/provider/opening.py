"""How a clinician's request reaches its page: signed in as a provider, one scope, the clinic's words and zone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from engine.lifting import lifted_by
from engine.ports import VisitRef
from portals.auth.guards import require_session
from portals.base.formats import Formats
from portals.base.i18n import has_message, translator
from portals.base.requests import deps_of, in_scope, new_request_id, rulebook_of
from portals.base.templating import render
from portals.base.visitor import SessionView, visitor
from portals.call.texts import call_texts
from portals.law.plain import PlainLaw
from portals.provider.asking import Notice, tone_of
from portals.provider.desk import Desk
from portals.provider.drug_base import drugs_of
from portals.provider.prescription_form import CHOICES, CIRCUMSTANCES
from portals.provider.visit_page import House, Shown, visit_view
from records.scope import Scope
from workflows.contracts import VisitStatus

Found = TypeVar("Found")
PURPOSES = ("acute_pain", "chronic_pain", "psychiatric", "opioid_use_disorder", "substance_use", "other")
STATUS_PATIENCE = 1.5  # seconds the page waits for the workflow's own list of steps before it does without


def provider_session(request: Request) -> SessionView:
    """The session of a clinician; others are led to sign in or told that the page is not theirs."""
    return require_session(request, "provider")


async def at_desk(request: Request, work: Callable[[Desk], Found]) -> Found:
    """Runs ``work`` in one audited transaction with everything a clinician's page is read with."""
    session, deps, who = provider_session(request), deps_of(request), visitor(request)

    def run(scope: Scope) -> Found:
        place = scope.people.provider(session.person).place
        desk = Desk(
            scope=scope,
            content=deps.content(),
            person=session.person,
            t=translator(who.language),
            fmt=Formats(who.language),
            zone=(place.time_zone if place else None) or who.here.time_zone,
            now=deps.clock.now(),
            vocabulary=deps.library().law.vocabulary,
        )
        return work(desk)

    return await in_scope(request, run)


async def visit_screen(request: Request, visit: str, shown: Shown, code: str = "", status: int = 200) -> Response:
    """The visit screen, with a notice of what has just happened."""
    house = await _house(request, visit)
    view = await at_desk(request, lambda desk: visit_view(desk, visit, house, shown))
    return render(
        request,
        "provider/visit.html",
        status,
        visit=view,
        notice=notice_of(request, code),
        said_at=request.query_params.get("order", "") if code else "",
        fresh=new_request_id,
        call_texts=call_texts,
        purposes=PURPOSES,
        circumstances=CIRCUMSTANCES,
        stated_choices=CHOICES,
    )


async def _house(request: Request, visit: str) -> House:
    deps, slug = deps_of(request), visitor(request).here.slug
    status = await _status(request, visit)
    rulebook = rulebook_of(request)
    return House(
        words=PlainLaw(rulebook, visitor(request).language),
        drugs=drugs_of(rulebook),
        names=rulebook.law.drug_names,
        pharmacies=deps.content().clinic(slug).pharmacies,
        finished=frozenset(status.finished) if status else None,
        open_steps=frozenset(status.open) if status else frozenset(),
        taken_up=status.signed if status else None,
        lifts=partial(lifted_by, rulebook.law),
    )


async def _status(request: Request, visit: str) -> VisitStatus | None:
    """Which steps are done and open; None when the workflow is over or does not answer soon enough for a page."""
    ref = VisitRef(clinic=visitor(request).here.slug, visit=visit)
    try:
        return await asyncio.wait_for(deps_of(request).visits.status(ref), STATUS_PATIENCE)
    except Exception:  # the steps are a comfort on this page; whatever ails the engine shows in what people ask of it
        return None


def notice_of(request: Request, code: str) -> Notice | None:
    """What has just happened, by its code in the address; None where nothing has."""
    if not code:
        return None
    language = visitor(request).language
    known = code if has_message(language, f"provider.said.{code}") else "not_now"
    return Notice(code=known, tone=tone_of(known), text=translator(language)(f"provider.said.{known}"))


def only_texts(form: Mapping[str, object]) -> dict[str, str]:
    """A form's fields as text; uploads have no place in any form of these pages."""
    return {name: value for name, value in form.items() if isinstance(value, str)}
