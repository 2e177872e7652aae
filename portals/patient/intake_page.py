"""What one question of an intake looks like: its words in the visitor's language, its answer, and the way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.forms import Form, Item
from engine.forms_answers import AnswerProblem
from engine.forms_intake import progress, shown_items
from engine.texts import text_in
from portals.base.formats import Formats
from portals.base.i18n import has_message, translator

FAHRENHEIT = "[degF]"  # UCUM
BODY_CELSIUS = (30.0, 45.0)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question:
    """One item as its page shows it. ``number`` is its place among the items shown now, from 1.

    ``stem`` is what an instrument says above each of its questions."""

    id: str
    number: int
    type: str
    text: str
    stem: str
    help: str
    options: tuple[tuple[str, str, str], ...]
    unit: str
    optional: bool
    least: int
    most: int
    low: str
    high: str
    max_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far along: percent, the number of questions likely left, and seconds."""

    percent: int
    remaining: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerLine:
    """A question and its answer in words, for the review page."""

    number: int
    text: str
    answer: str


def without(form: Form, paths: Collection[str]) -> Form:
    """The form without the questions that fill these facts: of this patient nobody asks them, and they stay untold."""
    kept = tuple(item for item in form.items if item.fills is None or item.fills.path not in paths)
    return form if len(kept) == len(form.items) else replace(form, items=kept)


def question(form: Form, answers: Mapping[str, Any], number: int, language: str) -> Question | None:
    """The shown item at a place, None beyond the last."""
    shown = shown_items(form, answers)
    if not 1 <= number <= len(shown):
        return None
    return _question(form, shown[number - 1], number, language)


def number_of(form: Form, answers: Mapping[str, Any], item_id: str) -> int:
    """An item's place among those shown, 0 when it is not shown."""
    return next((at for at, item in enumerate(shown_items(form, answers), 1) if item.id == item_id), 0)


def standing(form: Form, answers: Mapping[str, Any]) -> Standing:
    """How far along these answers are."""
    found = progress(form, answers)
    return Standing(percent=found.percent, remaining=found.remaining, seconds=found.seconds_left)


def answer_lines(form: Form, answers: Mapping[str, Any], language: str) -> tuple[AnswerLine, ...]:
    """Every shown question with its answer in words; pieces of information are left out."""
    return tuple(
        AnswerLine(number=at, text=text_in(item.text, language), answer=in_words(item, answers.get(item.id), language))
        for at, item in enumerate(shown_items(form, answers), 1)
        if item.type != "info"
    )


def in_words(item: Item, value: Any, language: str) -> str:
    """An answer as a person reads it."""
    t = translator(language)
    if value is None:
        return t("intake.blank")
    if item.type == "photo":
        return t("photos.count_one" if len(value) == 1 else "photos.count", count=len(value))
    if item.type == "boolean":
        return t("common.yes" if value else "common.no")
    if item.type in ("choice", "multi_choice"):
        chosen = value if isinstance(value, list) else [value]
        texts = {choice.id: text_in(choice.text, language) for choice in item.choices}
        return ", ".join(texts.get(str(one), str(one)) for one in chosen)
    if item.type == "date":
        return Formats(language).iso_day(str(value))
    unit = unit_words(item.unit, language)
    return f"{value} {unit}".strip()


def problem_words(item: Item, problem: AnswerProblem, language: str, typed: str = "") -> str:
    """The sentence for an answer's problem, with the limits it names and their unit, and what `typed` looks like."""
    t = translator(language)
    values = dict(problem.values)
    for name in ("earliest", "latest"):
        if name in values:
            values[name] = Formats(language).iso_day(str(values[name]))
    if "choice" in values:
        texts = {choice.id: text_in(choice.text, language) for choice in item.choices}
        values["choice"] = texts.get(str(values["choice"]), "")
    unit = unit_words(item.unit, language)
    for name in {"least", "most"} & values.keys() if unit else ():
        values[name] = f"{values[name]} {unit}"
    key = f"intake.problem.{problem.code}"
    if problem.code == "required" and item.type in ("choice", "boolean", "multi_choice", "scale"):
        key = "intake.problem.required_choice"
    said = t(key if has_message(language, key) else "intake.problem.other", **values)
    return f"{said}. {meant}" if (meant := _celsius(item, problem, language, typed)) else said


def _celsius(item: Item, problem: AnswerProblem, language: str, typed: str) -> str:
    """What somebody meant who typed a body's temperature in the other scale; empty where it does not look like that."""
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        return ""
    if item.unit != FAHRENHEIT or problem.code != "too_low" or not BODY_CELSIUS[0] <= number <= BODY_CELSIUS[1]:
        return ""
    return translator(language)("bounds.celsius", celsius=f"{number:g}", fahrenheit=f"{number * 9 / 5 + 32:.1f}")


def unit_words(unit: str, language: str) -> str:
    """A UCUM unit as people say it, the code itself when the catalogue has no word."""
    key = f"unit.{unit}"
    return translator(language)(key) if unit and has_message(language, key) else unit


def typed_values(item: Item, raw: Sequence[str]) -> Any:
    """What a form showed when it was sent, to show it again beside its problem."""
    if item.type == "multi_choice":
        return list(raw)
    return raw[0] if raw else ""


def field_value(item_type: str, value: Any) -> Any:
    """An answer as its form field carries it."""
    if item_type == "boolean" and value is not None:
        return "true" if value else "false"
    return value


def _question(form: Form, item: Item, number: int, language: str) -> Question:
    t = translator(language)
    options = tuple((one.id, text_in(one.text, language), text_in(one.help, language)) for one in item.choices)
    if item.type == "boolean":
        options = (("true", t("common.yes"), ""), ("false", t("common.no"), ""))
    return Question(
        id=item.id,
        number=number,
        type=item.type,
        text=text_in(item.text, language),
        stem=text_in(form.stem(item), language),
        help=text_in(item.help, language),
        options=options,
        unit=unit_words(item.unit, language),
        optional=item.optional,
        least=int(item.least or 0),
        most=int(item.most or 0),
        low=text_in(item.least_text, language),
        high=text_in(item.most_text, language),
        max_length=item.max_length,
    )
