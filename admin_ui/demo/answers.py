"""What does somebody of a demonstration answer to a question that nobody wrote an answer for? What its form takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.forms import Item
from engine.forms_answers import read_answer

_DAYS = (0, -1, -30, -365, -10_950, 1, 30, 365)
_NUMBERS = (1, 0, 10, 20, 37, 80, 120, 170)
_LETTERS = ("x", "A short answer")


def answer_to(item: Item, said: Mapping[str, Any], words: str) -> list[str] | None:
    """The values of the answer's field: what the role says, else the first thing that the form itself takes.

    None where nothing that could be said is taken, as with photos.
    """
    told = said.get(item.id)
    mine = [[str(one) for one in told] if isinstance(told, list) else [str(told)]] if told is not None else []
    for raw in (*mine, *_guesses(item, words)):
        if read_answer(item, raw).problem is None:
            return raw
    return None


def fields_of(item: Item, raw: Sequence[str]) -> dict[str, list[str]]:
    """The answer as the page's form sends it: a day in three parts."""
    if item.type != "date":
        return {"answer": list(raw)}
    year, month, day = raw[0].split("-") if raw else ("", "", "")
    return {"answer-y": [year], "answer-m": [month], "answer-d": [day]}


def _guesses(item: Item, words: str) -> Iterator[list[str]]:
    if item.type in ("choice", "multi_choice"):
        yield [item.alone or item.choice_ids[-1]]
    elif item.type == "boolean":
        yield ["false"]
    elif item.type == "date":
        yield from ([one] for one in (*_days(), item.earliest, item.latest) if one)
    elif item.type in ("integer", "decimal", "scale"):
        limits = [item.least, item.most] if item.type == "scale" else []
        for one in (*limits, *_NUMBERS, item.least, item.most):
            if one is not None:
                yield [f"{one:g}"]
    elif item.type == "info":
        yield ["true"]
    elif item.type == "text":
        yield from ([one[: item.max_length]] for one in (words, *_LETTERS))
    if item.optional:
        yield []


def _days() -> Iterator[str]:
    today: date = datetime.now(UTC).date()
    for one in _DAYS:
        yield (today + timedelta(days=one)).isoformat()
