"""One screen of a walk-through as the patient would see it: its template's values in the patient's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from admin_ui.studio.tried import SAMPLE, query_of
from admin_ui.studio.walk import SAMPLE_WORDS, FormState, Notice, Screen
from engine.forms_answers import CODES, AnswerProblem
from engine.photos import shots_for
from engine.texts import text_in
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.middleware import page_headers
from portals.base.templating import written
from portals.patient.asked_by import asked_by, askers_of
from portals.patient.intake_page import answer_lines, field_value, number_of, problem_words, question, standing
from portals.patient.law_view import law_view
from portals.studio.door import STUDIO
from portals.studio.play import Play
from workflows.notices import OTHER_TEXT, SHORT_TEXTS, TEXTS

# Links of the patient's pages: here they lead nowhere, but to a field of the same screen.
_LEADS_AWAY = re.compile(r'<a\s(?![^>]*href="#)[^>]*>')


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A notice as it is sent: when in the patient's zone, by which channel, and its words."""

    template: str
    when: str
    channel: str
    words: tuple[str, ...]


def screen_page(request: Request, play: Play, wrong: str = "") -> Response:
    """The page of the screen that is looked at. It runs no script, leads nowhere but back, and may stand in a frame."""
    screen = play.walked.screen(play.tried.at)
    values = {"screen": screen, "play": play, "send": _send(play, screen), **_common(play), **_values(play, screen)}
    values |= _question(play, screen, wrong) if screen.kind == "question" else {}
    html = written(request, "studio/screen.html", play.tried.language, **values)
    html = _LEADS_AWAY.sub("<a>", html)
    return HTMLResponse(html, headers=_frame_headers(request) | {"content-language": play.tried.language})


def framed(request: Request, answer: Response) -> Response:
    """A page of ours that may show a screen in a frame."""
    policy = page_headers((), https=request.url.scheme == "https")["content-security-policy"]
    answer.headers["content-security-policy"] = f"{policy}; frame-src 'self'"
    return answer


def _frame_headers(request: Request) -> dict[str, str]:
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
    return {"content-security-policy": f"{policy}; frame-ancestors 'self'", "x-frame-options": "SAMEORIGIN"}


def _send(play: Play, screen: Screen) -> Mapping[str, str]:
    return {"to": f"{STUDIO}/specialties/{play.specialty.id}/answer", "state": query_of(play.tried), "item": screen.id}


def _common(play: Play) -> dict[str, Any]:
    tried, kind, language = play.tried, play.walked.kind, play.tried.language
    price = play.clinic.prices.get(kind.id)
    return {
        "clinic_texts": {name: text_in(texts, language) for name, texts in play.specialty.texts.items()},
        "title": text_in(kind.title, language),
        "about": text_in(kind.about, language),
        "specialty": text_in(play.specialty.title, language),
        "price": Formats(language).money(price.cents, price.currency) if price else "",
        "starts_at": Formats(language).moment(play.walked.starts_at, play.zone),
        "state": translator(language)(f"state.{tried.state}"),
        "question": None,
        "error": "",
    }


def _values(play: Play, screen: Screen) -> dict[str, Any]:
    """What the kinds of screens show beside what all do."""
    walked, language = play.walked, play.tried.language
    if screen.kind in ("book", "waiting", "case"):
        record = walked.gates.get("book" if screen.kind == "book" else "join")
        shut = record is not None and not record.open
        gate = "book" if screen.kind == "book" else "join"
        law = law_view(gate, False, record.decisions, language, play.tried.state) if record and shut else None
        return {"law": law}
    if screen.kind == "review":
        state = walked.form(screen.form)
        return {"lines": answer_lines(state.form, state.answers, language) if state else ()}
    if screen.kind == "emergency":
        return {"flags": _flags(walked.form(screen.form), language, stops=True)}
    if screen.kind == "consent" and walked.consent is not None:
        lines = asked_by(walked.consent_decisions, play.clauses, walked.consent.kinds)
        return {"text": walked.consent, "asked_by": lines, "askers_of": askers_of}
    if screen.kind == "summary":
        return {"lines": tuple(_for_patient(play)), "sample": SAMPLE_WORDS.get(language, SAMPLE_WORDS["en"])}
    if screen.kind == "notices":
        return {"notices": tuple(line for one in walked.notices for line in _notice(play, one))}
    return {}


def _question(play: Play, screen: Screen, wrong: str) -> dict[str, Any]:
    """The fields of a question with the answer given so far, and what was wrong with the one just sent."""
    state, language = play.walked.form(screen.form), play.tried.language
    item = state.form.item(screen.item) if state else None
    if state is None or item is None:
        return {}
    asked = question(state.form, state.answers, number_of(state.form, state.answers, item.id), language)
    told = standing(state.form, state.answers)
    given = state.answers.get(item.id)
    sample = SAMPLE_WORDS.get(language, SAMPLE_WORDS["en"])
    return {
        "question": asked,
        "value": sample if item.type == "text" else field_value(item.type, given),
        "standing": told,
        "shots": [text_in(one.text, language) for one in shots_for(item.shots, state.answers.get(item.by))],
        "error": problem_words(item, AnswerProblem(code=wrong, values=_limits(item)), language)
        if wrong in CODES
        else "",
        "urgent": _flags(state, language, stops=False),
        "sample_key": SAMPLE,
    }


def _limits(item: Any) -> Mapping[str, str | int | float]:
    """Every value that a sentence about an answer may name."""
    most = item.max_length if item.type == "text" else (item.most or 0)
    return {
        "least": item.least or 0,
        "most": most,
        "places": item.places,
        "earliest": item.earliest or "2000-01-01",
        "latest": item.latest or "2000-01-01",
        "choice": item.alone,
    }


def _flags(state: FormState | None, language: str, stops: bool) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {"text": text_in(one.flag.text, language), "advice": text_in(one.flag.advice, language), "call": one.flag.call}
        for one in (state.flags if state else ())
        if one.flag.stops is stops
    )


def _for_patient(play: Play) -> Iterable[str]:
    """The headings of what the patient reads of the note."""
    labels = {f"{section.id}.{one.id}": one.label for section in play.specialty.note.sections for one in section.fields}
    return (text_in(labels[name], play.tried.language) for name in play.specialty.note.for_patient if name in labels)


def _notice(play: Play, one: Notice) -> Iterable[NoticeLine]:
    """A line for each channel; a clinic's own words for a notice go before the usual ones."""
    language = play.tried.language
    own = text_in(play.clinic.texts.get(f"notice_{one.template}", {}), language)
    subject, body = TEXTS.get(language, TEXTS["en"])
    short = SHORT_TEXTS.get(one.template, OTHER_TEXT)
    when = Formats(language).moment(one.at.astimezone(ZoneInfo(play.zone)), play.zone)
    for channel in one.channels:
        words = (own or short.get(language, short["en"]),) if channel == "text" else (subject, own or body)
        yield NoticeLine(template=one.template, when=when, channel=channel, words=words)
