"""Is this a proper answer to this item, and is this whole submission complete?

Every answer passes the Cerberus schema derived from its form, one at a time when saved and all together when
submitted. Problems are codes with numbers in them, never the value; the words are the page's.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from cerberus import Validator

from engine.forms import Answers, Form, Item
from engine.forms_walk import is_required, live_answers, walk
from engine.photos import missing_shots

LARGEST = 10**12
"""The greatest number that an answer may be, and a fact; no longer one could be compared in the browser."""
_Check = Callable[[str, Any, Callable[..., None]], None]

CODES = (
    "required",
    "unknown_item",
    "not_a_flag",
    "not_a_choice",
    "not_a_number",
    "not_whole",
    "too_precise",
    "too_low",
    "too_high",
    "not_text",
    "too_long",
    "not_a_date",
    "too_early",
    "too_late",
    "alone",
    "not_photos",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerProblem:
    """Why an answer cannot be taken: one of `CODES`, and the limits its sentence names."""

    code: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checked:
    """A form field as read: the answer when there is no problem."""

    value: Any = None
    problem: AnswerProblem | None = None


def read_answer(item: Item, raw: Sequence[str]) -> Checked:
    """The answer in the values of an HTML field; no value, or blanks only, is a blank answer (None).

    A required item left blank is the problem `required` only for items that are always required; where a condition
    decides, `missing_items` tells.
    """
    told = [text.strip() for text in raw if text.strip()]
    if item.type == "info":
        return Checked(value=True)
    if not told:
        return Checked(problem=None if item.optional else AnswerProblem(code="required"))
    if item.type == "photo":  # files come on their own; a field of text is none
        return Checked(problem=AnswerProblem(code="not_photos"))
    try:
        value = _READERS.get(item.type, _first)(told)
    except ValueError:
        return Checked(problem=_unreadable(item))
    problem = check_answer(item, value)
    return Checked(problem=problem) if problem else Checked(value=value)


def check_answer(item: Item, value: Any) -> AnswerProblem | None:
    """The first problem of a JSON value as the answer to an item; None where it is proper. None is a lawful blank."""
    schema = {item.id: {"nullable": item.optional, **_rules(item)}}
    return _problems({item.id: item}, schema, {item.id: value}).get(item.id)


def check_answers(form: Form, answers: Answers) -> dict[str, AnswerProblem]:
    """The first problem of each of some answers, all checked in one go; items that the form lacks are not looked at."""
    items = {item.id: item for item in form.items if item.id in answers}
    schema = {item.id: {"nullable": item.optional, **_rules(item)} for item in items.values()}
    return _problems(items, schema, {name: answers[name] for name in items})


def check_submission(form: Form, answers: Answers) -> dict[str, AnswerProblem]:
    """The problem of each item that keeps a form from being submitted; empty when it may be."""
    items = {item.id: item for item in form.items}
    known = {name: value for name, value in answers.items() if name in items}
    unknown = {name: value for name, value in answers.items() if name not in items}
    live = live_answers(form, known)
    found = _problems(items, submission_schema(form, known), {**unknown, **live})
    for name, taken in live.items():
        item = items[name]
        if item.shots and name not in found and taken and missing_shots(item.shots, live.get(item.by), taken):
            found[name] = AnswerProblem(code="required")
    return found


def submission_schema(form: Form, answers: Answers) -> dict[str, dict[str, Any]]:
    """The Cerberus schema of a whole submission: what these answers show and ask for is required and no blank."""
    seen = walk(form, answers)
    asked = {item.id for item in seen.shown if item.type != "info" and is_required(item, seen.facts)}
    return {
        item.id: {"required": item.id in asked, "nullable": item.id not in asked, **_rules(item)} for item in form.items
    }


def _problems(
    items: Mapping[str, Item], schema: Mapping[str, dict[str, Any]], answers: Answers
) -> dict[str, AnswerProblem]:
    validator = Validator(dict(schema))
    validator.validate(dict(answers))
    found: dict[str, AnswerProblem] = {}
    for error in validator._errors:  # the only place where Cerberus keeps codes instead of sentences
        name = str(error.document_path[0])
        known = items.get(name)
        problem = _problem(known, str(error.rule), error.info) if known else AnswerProblem(code="unknown_item")
        found.setdefault(name, problem)
    return found


def _rules(item: Item) -> dict[str, Any]:
    return _SCHEMAS[item.type](item)


def _number(item: Item) -> dict[str, Any]:
    limits = {"min": item.least, "max": item.most}
    kind = "number" if item.type == "decimal" else "integer"
    check = _precise(item.places, _WRONG_TYPE[item.type])
    return {"type": kind, "check_with": check, **{k: v for k, v in limits.items() if v is not None}}


# Cerberus remembers every schema it has seen by its functions: each check is made once for its limits.
@lru_cache
def _precise(places: int, wrong_type: str) -> _Check:
    def check(name: str, value: Any, error: Callable[..., None]) -> None:
        # Python counts booleans among the numbers; beyond the largest are infinities, and what is no number at all
        if isinstance(value, bool) or (isinstance(value, int | float) and not abs(value) <= LARGEST):
            error(name, wrong_type)
        elif isinstance(value, float) and round(value, places) != value:
            error(name, "too_precise")

    return check


@lru_cache
def _chosen(alone: str) -> _Check:
    def check(name: str, value: Any, error: Callable[..., None]) -> None:
        if isinstance(value, list) and (not value or len(set(map(str, value))) != len(value)):
            error(name, "not_a_choice")
        elif isinstance(value, list) and alone in value and len(value) > 1:
            error(name, "alone")

    return check


@lru_cache
def _day(earliest: str, latest: str) -> _Check:
    def check(name: str, value: Any, error: Callable[..., None]) -> None:
        if value is None:  # a blank is for `nullable` to judge
            return
        if not isinstance(value, str) or not _is_day(value):
            error(name, "not_a_date")
        elif earliest and value < earliest:
            error(name, "too_early")
        elif latest and value > latest:
            error(name, "too_late")

    return check


@lru_cache
def _photos(shots: frozenset[str]) -> _Check:
    def check(name: str, value: Any, error: Callable[..., None]) -> None:
        if value is None:
            return
        told = value.items() if isinstance(value, dict) else ()
        if not told or not all(shot in shots and isinstance(blob, str) and 0 < len(blob) <= 60 for shot, blob in told):
            error(name, "not_photos")

    return check


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_SCHEMAS: Mapping[str, Callable[[Item], dict[str, Any]]] = {
    "boolean": lambda item: {"type": "boolean"},
    "choice": lambda item: {"type": "string", "allowed": list(item.choice_ids)},
    "multi_choice": lambda item: {"type": "list", "allowed": list(item.choice_ids), "check_with": _chosen(item.alone)},
    "integer": _number,
    "decimal": _number,
    "scale": _number,
    "text": lambda item: {"type": "string", "maxlength": item.max_length, "empty": False},
    "date": lambda item: {"type": "string", "check_with": _day(item.earliest, item.latest)},
    "photo": lambda item: {"check_with": _photos(frozenset(shot.id for shot in item.shots))},
    "info": lambda item: {"type": "boolean", "allowed": [True]},
}
_WRONG_TYPE = {
    "boolean": "not_a_flag",
    "info": "not_a_flag",
    "photo": "not_photos",
    "choice": "not_a_choice",
    "multi_choice": "not_a_choice",
    "integer": "not_whole",
    "scale": "not_whole",
    "decimal": "not_a_number",
    "text": "not_text",
    "date": "not_a_date",
}


def _problem(item: Item, rule: str, info: tuple[Any, ...]) -> AnswerProblem:
    if rule in ("required", "nullable", "empty"):
        return AnswerProblem(code="required")
    if rule == "min" and item.least is not None:
        return AnswerProblem(code="too_low", values={"least": item.least})
    if rule == "max" and item.most is not None:
        return AnswerProblem(code="too_high", values={"most": item.most})
    if rule == "maxlength":
        return AnswerProblem(code="too_long", values={"most": item.max_length})
    if rule == "None":  # what a check of ours said
        return _own_problem(item, str(info[0]))
    return AnswerProblem(code="not_a_choice" if rule == "allowed" else _WRONG_TYPE[item.type])


def _own_problem(item: Item, code: str) -> AnswerProblem:
    limits: Mapping[str, Mapping[str, str | int | float]] = {
        "too_precise": {"places": item.places},
        "too_early": {"earliest": item.earliest},
        "too_late": {"latest": item.latest},
        "alone": {"choice": item.alone},
    }
    return AnswerProblem(code=code, values=limits.get(code, {}))


def _unreadable(item: Item) -> AnswerProblem:
    return AnswerProblem(code="not_a_number" if item.type in ("decimal", "scale") else _WRONG_TYPE[item.type])


def _first(told: Sequence[str]) -> str:
    return told[0]


def _flag(told: Sequence[str]) -> bool:
    if told[0] not in ("true", "false"):
        raise ValueError("not a flag")
    return told[0] == "true"


def _whole(told: Sequence[str]) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", told[0]):
        raise ValueError("not a whole number")
    return int(told[0])


def _decimal(told: Sequence[str]) -> float:
    """Takes a comma for the point, as people who write Spanish may."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}([.,][0-9]{1,6})?", told[0]):
        raise ValueError("not a number")
    return float(told[0].replace(",", "."))


_READERS: Mapping[str, Callable[[Sequence[str]], Any]] = {
    "boolean": _flag,
    "multi_choice": list,
    "integer": _whole,
    "scale": _whole,
    "decimal": _decimal,
}
