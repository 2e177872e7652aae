"""Which value from an earlier visit may a question begin with, and does a form ask for one lawfully?

A value offered is no answer: it counts from the moment the patient confirms it by saving it, like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.conditions import Scope
from engine.diagnostics import Problems, nearest
from engine.facts import may_be_filled
from engine.forms import Answers, Form, Item, RedFlag, Score
from engine.forms_answers import check_answer
from engine.reading import Node

LAST_ANSWER = "last_answer"
"""Written instead of a path: the patient's own last answer to the same question of the same form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A form as the patient handed it in at another visit: the answers it showed, and the facts they filled."""

    form: str
    at: datetime
    answers: Answers = field(repr=False)
    fills: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A value to begin with, and when the patient told it."""

    value: Any = field(repr=False)
    at: datetime


def offered(form: Form, item: Item, earlier: Sequence[HandedIn]) -> Offer | None:
    """What a question begins with; None where nothing is known or what is known is no proper answer any more.

    `earlier` is the newest first; the newest one that tells decides, a blank there too.
    """
    if not item.prefill:
        return None
    for one in earlier:
        found = _told_by(form, item, one)
        if found is not None:
            value = found[0]
            proper = value is not None and check_answer(item, value) is None
            return Offer(value=value, at=one.at) if proper else None
    return None


def read_prefill(item: Item, node: Node, vocabulary: Scope, problems: Problems) -> str:
    """What an item begins with: `last_answer` or the path of a fact that it fills; anything wrong is reported."""
    written = node["prefill"]
    path = written.raw
    if path == LAST_ANSWER:
        return path
    if vocabulary.type_of(path) is None:
        known = (LAST_ANSWER, *filter(may_be_filled, vocabulary.paths()))
        problems.report("FORM037", written.at, path=path, hint=nearest(path, known))
    elif item.fills is None or item.fills.path != path:
        problems.report("FORM038", written.at, item=item.id, path=path)
    return path


def report_prefilled(
    items: Sequence[Item], flags: Sequence[RedFlag], scores: Sequence[Score], nodes: Sequence[Node], problems: Problems
) -> None:
    """What a red flag or a score stands on is asked anew: an old danger, or an old sum, is not today's."""
    read = {name: f"the red flag `{flag.id}`" for flag in flags for name in flag.needs}
    read |= {name: f"the score `{score.id}`" for score in scores for name in score.items}
    for item, node in zip(items, nodes, strict=True):
        if item.prefill and item.id in read:
            problems.report("FORM039", node["prefill"].at, item=item.id, what=read[item.id])


def _told_by(form: Form, item: Item, one: HandedIn) -> tuple[Any] | None:
    """The value that a form handed in tells, as a tuple of one; None where it tells nothing."""
    if item.prefill == LAST_ANSWER:
        return (one.answers[item.id],) if one.form == form.id and item.id in one.answers else None
    return (_answer(item, one.fills[item.prefill]),) if item.prefill in one.fills else None


def _answer(item: Item, fact: Any) -> Any:
    """The answer that fills a fact with this value; None where none or more than one does."""
    values = item.fills.values if item.fills is not None else {}
    if item.type == "multi_choice":
        if not fact:
            tells_none = bool(item.alone) and values.get(item.alone, item.alone) is not None
            return [item.alone] if tells_none else None
        chosen = [_choice(item, values, one) for one in fact]
        return None if None in chosen else chosen
    return _choice(item, values, fact) if item.type == "choice" else fact


def _choice(item: Item, values: Mapping[str, Any], fact: Any) -> str | None:
    meant = [choice for choice in item.choice_ids if choice != item.alone and values.get(choice, choice) == fact]
    return meant[0] if len(meant) == 1 else None
