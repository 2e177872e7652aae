"""Which photos does a patient send again, because the check refused them after they were handed in? In words."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from engine.pinned import ContentGone
from engine.texts import text_in
from portals.base.i18n import translator
from portals.base.requests import deps_of
from portals.base.visit_content import visit_content
from portals.base.visitor import visitor
from records.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Refused:
    """One photo to send again: its file, what it shows, how to take it, and why it was refused, all in words."""

    blob: str
    title: str
    help: str
    why: str


def refused_photos(request: Request, scope: Scope, visit: str) -> tuple[Refused, ...]:
    """The photos that are asked for again, for who may answer for the patient."""
    asked = [one for one in scope.late_refusals.for_visit(visit) if one.open]
    if not asked:
        return ()
    deps, language = deps_of(request), visitor(request).language
    t = translator(language)
    content = visit_content(scope, visit, deps.content(), deps.library().law.vocabulary)
    found = []
    for number, one in enumerate(asked, 1):
        title, advice = t("files.photo", number=number), ""
        try:
            item = content.form(one.form).item(one.item)
        except ContentGone:
            item = None
        for shot in item.shots if item is not None else ():
            if shot.id == one.shot:
                title, advice = text_in(shot.text, language), text_in(shot.help, language)
        found.append(Refused(blob=one.blob, title=title, help=advice, why=t(f"files.refused.{one.code}")))
    return tuple(found)
