"""What are the answers to a form as a FHIR R4 QuestionnaireResponse, and which answers does one hold?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.forms import BAND_SUFFIX, Answers, Form, Item
from engine.forms_scores import Tally, tallies
from engine.forms_walk import fact_of, live_answers
from engine.texts import Texts
from engine.values import instant_text
from integrations.fhir.elements import Json, canonical, choice_code, code_system, coding, value_kind

STATUSES = ("in-progress", "completed", "amended", "entered-in-error", "stopped")


class BadResponse(ValueError):
    """A QuestionnaireResponse that holds no answers to this form; the message names ids, never an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whose answers, since when and in which state: the Patient's id, an aware instant, one of `STATUSES`."""

    subject: str
    authored: datetime
    status: str
    base: str
    language: str = "en"


def questionnaire_response(form: Form, answers: Answers, about: About) -> Json:
    """The answers of shown items, and the scores they make; a blank is an item without an answer.

    Raises:
        ValueError: there is no such status, or the instant has no time zone.
    """
    if about.status not in STATUSES or about.authored.tzinfo is None:
        raise ValueError("a response has a known status and an instant with its offset")
    live, sums = live_answers(form, answers), tallies(form, answers)
    return {
        "resourceType": "QuestionnaireResponse",
        "language": about.language,
        "questionnaire": f"{canonical(form, about.base)}|{form.version}",
        "status": about.status,
        "subject": {"reference": f"Patient/{about.subject}"},
        "authored": instant_text(about.authored),
        "item": [
            entry
            for item in form.items
            if item.id in live
            for entry in (*_answered(form, item, live[item.id], about), *_scored(form, item, sums, about))
        ],
    }


def read_response(form: Form, resource: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that a response to this form holds, by item, to be checked like any others; scores are not read.

    Raises:
        BadResponse: it answers another form, names an unknown item or one twice, or an answer has another type.
    """
    name = str(resource.get("questionnaire", "")).partition("|")[0].rpartition("/")[2]
    if resource.get("resourceType") != "QuestionnaireResponse" or name != canonical(form, "").rpartition("/")[2]:
        raise BadResponse(f"this is no response to {form.id}")
    scores = {name for score in form.scores for name in (score.id, score.id + BAND_SUFFIX)}
    found: dict[str, Any] = {}
    entries = resource.get("item", ())
    if not isinstance(entries, list | tuple):
        raise BadResponse("its items are no list")
    for entry in entries:
        link = str(entry.get("linkId")) if isinstance(entry, Mapping) else ""
        item = form.item(link)
        if item is None and link not in scores:
            raise BadResponse("it answers an item that the form does not ask")
        if link in found:
            raise BadResponse(f"it answers {link} twice")
        if item is not None and item.type not in ("info", "photo"):  # files come by uploads of their own
            found[item.id] = _read(item, entry.get("answer", ()))
    return found


def _answered(form: Form, item: Item, value: Any, about: About) -> Iterator[Json]:
    """An item with its answer; a piece of information has none, and what does not fit the item counts as none."""
    if item.type == "info":
        return
    if item.type == "photo":
        yield _photographed(item, value, about)
        return
    fitting = value if fact_of(item, value) is not None else []
    values = fitting if isinstance(fitting, list | tuple) else [fitting]
    kind = value_kind(item)
    if kind == "Coding":
        chosen = [choice for one in values for choice in item.choices if choice.id == one]
        named = [(choice_code(form, item, choice, about.base), choice.text) for choice in chosen]
        values = [coding(name.system, name.code, words, (about.language,)) for name, words in named]
    found = {"linkId": item.id, **_text(item.text, about)}
    yield {**found, "answer": [{f"value{kind}": one} for one in values]} if values else found


def _photographed(item: Item, value: Any, about: About) -> Json:
    """A photo item with an attachment for each shot that was taken; the file itself is a Binary of that id."""
    taken = value if isinstance(value, Mapping) else {}
    shots = [
        {"valueAttachment": {"url": f"{about.base}/Binary/{taken[shot.id]}", "title": _words(shot.text, about)}}
        for shot in item.shots
        if shot.id in taken
    ]
    found = {"linkId": item.id, **_text(item.text, about)}
    return {**found, "answer": shots} if shots else found


def _scored(form: Form, item: Item, sums: tuple[Tally, ...], about: About) -> Iterator[Json]:
    """The scores that are complete with an item, and their bands."""
    for tally in sums:
        score, band = tally.score, tally.band
        if score.items[-1] == item.id and tally.total is not None:
            title = _text(score.title, about)
            yield {"linkId": score.id, **title, "answer": [{"valueInteger": tally.total}]}
            if band is not None:
                link = score.id + BAND_SUFFIX
                value = coding(code_system(form, link, about.base), band.id, band.text, (about.language,))
                yield {"linkId": link, **title, "answer": [{"valueCoding": value}]}


def _text(texts: Texts, about: About) -> Json:
    words = _words(texts, about)
    return {"text": words} if words else {}


def _words(texts: Texts, about: About) -> str:
    return texts.get(about.language) or next(iter(texts.values()), "")


def _read(item: Item, told: Any) -> Any:
    kind = value_kind(item)
    if not isinstance(told, list | tuple):
        raise BadResponse(f"the answer to {item.id} has another type")
    values = [_value(item, one.get(f"value{kind}") if isinstance(one, Mapping) else None) for one in told]
    if item.type == "multi_choice":
        return values or None
    if len(values) > 1:
        raise BadResponse(f"{item.id} has more than one answer")
    return values[0] if values else None


def _value(item: Item, told: Any) -> Any:
    """The value of one answer; choices are told by their code, an unknown code is left for the check to refuse."""
    if value_kind(item) == "Coding":
        told = told.get("code") if isinstance(told, Mapping) else None
        own = {code.code: choice.id for choice in item.choices for code in choice.codes[:1]}
        told = own.get(told, told) if isinstance(told, str) else told
    if told is None:
        raise BadResponse(f"the answer to {item.id} has another type")
    return told
