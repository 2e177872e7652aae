"""What every clinician's page is read with, and what a kind of visit is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.pinned import Pinned
from engine.texts import text_in
from engine.vocabulary import Vocabulary
from portals.base.formats import Formats
from portals.base.i18n import Translate
from portals.base.visit_content import visit_content
from portals.provider.held import Held
from records.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the clinician's pages are read with: the scope of the request, the content, language, zone and instant."""

    scope: Scope
    content: Any
    person: str
    t: Translate
    fmt: Formats
    zone: str
    now: datetime
    vocabulary: Vocabulary

    def of_visit(self, visit: str) -> Pinned:
        """The forms and the specialty that a visit began with."""
        return visit_content(self.scope, visit, self.content, self.vocabulary)


def held_by(desk: Desk) -> Held:
    """The clinician's own licences."""
    mine = desk.scope.people.provider(desk.person)
    return Held(profession=mine.profession, licenses=mine.licenses)


def visit_type_title(content: Any, visit: Any, language: str) -> str:
    """A visit type's own title; its code when the content no longer has it."""
    name = visit.visit_type if "/" in visit.visit_type else f"{visit.specialty}/{visit.visit_type}"
    try:
        return text_in(content.visit_type(name).title, language)
    except KeyError:
        return name
