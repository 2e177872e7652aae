"""What does a question say that came as JSON? Read strictly, the same for the command and for the API."""

import json
from typing import Any

from engine.diagnostics import BrokenInput, Location, Problems


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


def _reason(error: Exception) -> str:
    """The decoder's own message holds no part of the text; ours hold a word at most."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return str(error) or "it is nested too deeply"


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
