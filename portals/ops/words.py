"""What the codes of records are called on these pages; a code that has no words yet is shown as plain words itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.requests import Request

from engine.texts import text_in
from portals.base.i18n import Translate, has_message, translator
from portals.base.requests import deps_of
from portals.base.visitor import visitor
from portals.provider.law import plain
from records.acts import Act
from records.scope import Scope


def said(language: str, prefix: str, code: str, otherwise: str = "") -> str:
    """The words of a code below a part of the catalogue."""
    key = f"{prefix}.{code}"
    return translator(language)(key) if has_message(language, key) else otherwise or plain(code)


def event_words(language: str, event: str) -> str:
    """An event in words: its own, or those of the stage that it moved the visit to."""
    if not has_message(language, f"ops.event.{event}") and event.startswith(("visit_", "to_")):
        stage = event.partition("_")[2]
        return said(language, "provider.stage", stage)
    return said(language, "ops.event", event)


def act_words(language: str, act: str) -> str:
    """An audited act: what was done, to what."""
    t, (source, _, _) = translator(language), act.split(":")
    what = said(language, "ops.what", source)
    return t("ops.act", did=said(language, "accesses.action", Act(act).action if act in set(Act) else act), what=what)


def kind_titles(request: Request) -> Mapping[str, str]:
    """What each visit type of the content in force is called, by ``specialty/type``."""
    content, language = deps_of(request).content(), visitor(request).language
    found = {}
    for name, specialty in content.specialties.items():
        kinds = specialty.visit_types
        for kind in kinds.values() if hasattr(kinds, "values") else kinds:
            found[kind.id if "/" in kind.id else f"{name}/{kind.id}"] = text_in(kind.title, language)
    return found


def title_of(titles: Mapping[str, str], specialty: str, visit_type: str) -> str:
    """A visit type's title by its codes, the code itself where the content no longer has it."""
    name = visit_type if "/" in visit_type else f"{specialty}/{visit_type}"
    return titles.get(name, name)


def lasting(t: Translate, span: timedelta) -> str:
    """How long something took, in the largest two units that say something: ``2 days 3 h``, ``5 min``, ``12 s``."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if days:
        return t("ops.span.days", days=days, hours=hours)
    if hours:
        return t("ops.span.hours", hours=hours, minutes=minutes)
    return t("ops.span.minutes", minutes=minutes) if minutes else t("ops.span.seconds", seconds=seconds)


def clock_words(t: Translate, due: datetime, now: datetime) -> str:
    """How long is left, or for how long it is over."""
    late = now > due
    return t("ops.clock.over" if late else "ops.clock.left", span=lasting(t, now - due if late else due - now))


def staff_names(scope: Scope) -> dict[str, str]:
    """Who works here by person; audited."""
    return dict(scope.roster.names())
