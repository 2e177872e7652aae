"""What does a patient do now whose answers the triage sorts as emergent? The specialty's and the clinic's words.

A flag that stops a visit has ended it on a page of its own; these are the ones that let it go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request

from engine.pinned import ContentGone, Pinned
from engine.plans import VisitPlan
from engine.texts import text_in
from portals.base.requests import deps_of
from portals.base.visit_content import visit_content
from portals.base.visitor import visitor
from records.scope import Scope
from records.urgency import EMERGENT


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Emergent:
    """What is shown: what each flag advises, the numbers to call, the specialty's words for getting worse, and the
    clinic's for an emergency."""

    advice: tuple[str, ...]
    numbers: tuple[str, ...]
    worse: str
    emergency: str


def emergent_flags(plan: VisitPlan, raised: frozenset[str]) -> tuple[str, ...]:
    """The raised flags, as ``form:flag``, that a triage of the plan sorts as emergent."""
    levels: dict[str, str] = {}
    for step in plan.steps:
        if step.kind == "triage":
            levels |= dict(step.settings.get("levels", {}))
    return tuple(sorted(flag for flag in raised if levels.get(flag) == EMERGENT))


def emergent_of(request: Request, scope: Scope, visit: str, flags: tuple[str, ...]) -> Emergent:
    """What the emergent flags of a visit come to, in the reader's language."""
    deps, language = deps_of(request), visitor(request).language
    content = visit_content(scope, visit, deps.content(), deps.library().law.vocabulary)
    found = tuple(one for flag in flags for one in _words(content, flag, language))
    clinic = deps.content().clinic(visitor(request).here.slug)
    return Emergent(
        advice=tuple(dict.fromkeys(advice for advice, _ in found if advice)),
        numbers=tuple(dict.fromkeys(call for _, call in found if call)),
        worse=text_in(content.specialty.texts.get("worse", {}), language),
        emergency=text_in(clinic.emergency, language),
    )


def _words(content: Pinned, name: str, language: str) -> Iterator[tuple[str, str]]:
    """What the flag advises and which number it names; nothing where its form is gone."""
    form_id, _, flag_id = name.partition(":")
    try:
        form = content.form(form_id)
    except ContentGone:
        return
    for flag in form.flags:
        if flag.id == flag_id:
            yield text_in(flag.advice, language), flag.call or ""
