"""Who may ask the law through the API, and which rulebook answers them.

Without a clinic a question touches nobody's data: on this machine, or in a demo, anybody may ask it. Everywhere else,
and for a clinic's own policy, it takes a staff session of the clinic whose host the request came to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from engine.known_law import rulebook_known_at
from engine.rulebook import LawPack, Rulebook, join
from portals.base.requests import deps_of, from_loopback
from portals.base.visitor import COOKIES, STAFF, read_cookie, visitor
from portals.deps import PortalDeps
from records.codes import machine_now


def may_ask(request: Request, clinic: str | None) -> bool:
    """Whether this caller may ask, for a clinic or for none. Looks the session up: call it in a thread."""
    if clinic is None and (from_loopback(request) or deps_of(request).settings.demo):
        return True
    here = visitor(request).clinic
    secret = read_cookie(request, COOKIES[STAFF])
    if here is None or not secret or clinic not in (None, here.slug):
        return False
    return deps_of(request).sessions.find(here.slug, STAFF, secret) is not None


def clinic_in(question: Any) -> str | None:
    """The clinic that a question names; anything that is not a name is left for the engine to refuse."""
    named = question.get("clinic") if isinstance(question, Mapping) else None
    return named if isinstance(named, str) else None


def known_at_in(question: Any) -> str | None:
    """The instant of our knowledge that a question names; what is no text is left for the engine to refuse."""
    named = question.get("known_at") if isinstance(question, Mapping) else None
    return named if isinstance(named, str) else None


def rulebook_for(deps: PortalDeps, clinic: str | None, known_at: str | None = None) -> Rulebook:
    """The clinic's rulebook, or the law alone, as it is or as it was known at an instant; raises `BrokenInput`."""
    library = deps.library()
    today = _LAW_ALONE.of(library.law) if clinic is None else library.rulebooks[clinic]
    if known_at is None:
        return today
    own = library.own_law(clinic) if clinic is not None else None
    return rulebook_known_at(deps.settings.root, known_at, machine_now(), today, own)


class _LawAlone:
    """The rulebook of the law without any clinic, joined once for each law pack in force."""

    def __init__(self) -> None:
        self._kept: tuple[LawPack, Rulebook] | None = None

    def of(self, law: LawPack) -> Rulebook:
        kept = self._kept
        if kept is None or kept[0] is not law:
            kept = (law, join(law))
            self._kept = kept
        return kept[1]


_LAW_ALONE = _LawAlone()
