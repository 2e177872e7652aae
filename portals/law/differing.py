"""The officer's page of past decisions that would be other ones with the law known now, by visit number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.law_differ import Change
from engine.law_words import LawWords
from engine.rulebook import Rulebook
from portals.base.formats import Formats
from portals.base.requests import in_scope, rulebook_of
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.law.words import FactWords
from portals.provider.words import say_in
from portals.staff.doors import require_act
from records.acts import Act
from records.comparisons import Compared, Differing
from records.scope import Scope

PAGE = "/staff/law/differing"
LONGEST_ID = 64

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One thing that changed: its part, its sentence, `new`, `gone` or `other`, and a limit's two numbers."""

    part: str
    name: str
    how: str
    then: str
    now: str
    law: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One decision: where, when, both outcomes, and what changed."""

    visit: str
    gate: str
    topic: str
    at: datetime
    law_time: str
    known_then: datetime | None
    then: str
    now: str
    changes: tuple[ChangeLine, ...]


@router.get(PAGE)
async def differing(request: Request, since: str = "", after: str = "") -> Response:
    """One page of gate records asked again, and those whose answer would be another."""
    require_act(request, Act.DECISIONS_COMPARED)
    day, wrong = _day(since)
    rulebook, zone = rulebook_of(request), visitor(request).here.time_zone
    if wrong:
        return render(request, "law/differing.html", 422, since=since, wrong=True, found=None, zone=zone)
    found = await in_scope(request, partial(_compared, rulebook, day, after[:LONGEST_ID]))
    language = visitor(request).language
    words = FactWords(say_in(language), Formats(language), LawWords(rulebook, language))
    lines = tuple(_line(one, words, LawWords(rulebook, language)) for one in found.differing)
    further = f"{PAGE}?{urlencode({'since': since, 'after': found.after})}" if found.after else ""
    shown = {"since": since, "wrong": False, "found": found, "lines": lines, "further": further}
    return render(request, "law/differing.html", zone=zone, first=not after, **shown)


def _compared(rulebook: Rulebook, since: datetime | None, after: str, scope: Scope) -> Compared:
    return scope.comparisons.page(rulebook, since, after)


def _day(text: str) -> tuple[datetime | None, bool]:
    """The day's first instant (UTC), and whether what was typed is no day."""
    if not text:
        return None, False
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC), False
    except ValueError:
        return None, True


def _line(one: Differing, words: FactWords, law: LawWords) -> Line:
    found = one.difference
    return Line(
        visit=one.visit,
        gate=words.say(f"country.gate.{one.gate}", otherwise=one.gate),
        topic=words.topic(found.topic),
        at=one.asked_at,
        law_time=found.law_time,
        known_then=datetime.fromisoformat(found.known_then) if found.known_then else None,
        then=words.outcome(found.then),
        now=words.outcome(found.now),
        changes=tuple(_change(change, words, law) for change in found.changes),
    )


def _change(change: Change, words: FactWords, law: LawWords) -> ChangeLine:
    how = "other" if change.then and change.now else "new" if change.now else "gone"
    is_limit = change.part == "limits"
    said = {"duties": law.duty_sentence, "limits": law.limit_sentence}.get(change.part)
    sentence = said(change.name) if said else None
    return ChangeLine(
        part=change.part,
        name=sentence or law.rule_title(change.rule) or change.title or change.name,
        how=how,
        then=change.then if is_limit else "",
        now=change.now if is_limit else "",
        law=change.law,
        rule=change.rule,
    )
