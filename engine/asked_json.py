"""What does a question say that came as JSON? Read strictly, the same for the command and for the API."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.diagnostics import BrokenInput, Location, Problems

DEEPEST, MOST_KEYS, MOST_ENTRIES, LONGEST_KEY, LONGEST_TEXT = 12, 200, 1000, 100, 4000
"""What a question may hold: levels, keys of one object, entries of one list, characters of a key and of a text."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def read_json(data: str | bytes, at: Location) -> Any:
    """JSON, as UTF-8 where it comes as bytes.

    Raises `BrokenInput` for what is none, for a key that stands twice, and for a number that JSON does not have.
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        problems = Problems()
        problems.report("ASK001", at, found=f"text that is not JSON ({_reason(error)})")
        raise BrokenInput(problems) from None


def check_size(question: object) -> None:
    """Refuse a question that is deeper, wider or longer than any is, or that holds control characters.

    Raises `BrokenInput`, with the path of the first part that is too large and nothing of what it holds.
    """
    left: list[tuple[str, int, object]] = [("", 0, question)]
    while left:
        path, depth, part = left.pop()
        reason = _too_large(part, depth)
        if reason:
            problems = Problems()
            at = path or "question"
            problems.report("ASK006", Location("question", path=path), path=at, reason=reason)
            raise BrokenInput(problems)
        left += [(f"{path}.{name}".lstrip("."), depth + 1, inner) for name, inner in _within(part)]


def _within(part: object) -> Iterable[tuple[str, object]]:
    if isinstance(part, Mapping):
        return ((str(key), inner) for key, inner in part.items())
    return ((str(number), inner) for number, inner in enumerate(part)) if isinstance(part, list | tuple) else ()


def _too_large(part: object, depth: int) -> str:
    """Why a part of a question is no part of any question; empty where it may be one."""
    if isinstance(part, str):
        return _no_text(part, LONGEST_TEXT, "it")
    if not isinstance(part, Mapping | list | tuple):
        return ""
    if depth >= DEEPEST:
        return f"it is nested more than {DEEPEST} levels deep"
    if isinstance(part, list | tuple):
        return f"it has more than {MOST_ENTRIES} entries" if len(part) > MOST_ENTRIES else ""
    if len(part) > MOST_KEYS:
        return f"it has more than {MOST_KEYS} keys"
    return next(filter(None, (_no_text(str(key), LONGEST_KEY, "a key of it") for key in part)), "")


def _no_text(text: str, longest: int, what: str) -> str:
    if len(text) > longest:
        return f"{what} is longer than {longest} characters"
    return f"{what} holds a control character" if not text.isprintable() and _CONTROL.search(text) else ""


def _reason(error: Exception) -> str:
    """The decoder's own message holds no part of the text; ours hold a word at most."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "a number has too many digits" if str(error).startswith("Exceeds") else str(error)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
