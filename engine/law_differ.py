"""How does a decision of some day differ from the answer to the same question now, and through which rules?

Two decisions differ when their outcome, their duties or their limits do. What is told of a difference comes from the
law: rules, statutes, numbers and names; nothing that the question told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.decisions import ENGINE_FAULT, Json

_NAMED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "permits": ("path",),
        "forbids": ("rule",),
        "duties": ("duty", "due"),
        "limits": ("limit",),
        "review": ("why", "rule"),
    }
)
_COUNTS = ("duties", "limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry that was there then and is not now, the other way round, or that says something else.

    `part` is permits, forbids, duties, limits or review; `then` and `now` are what it said, empty where it was not
    there. Rule, its sentence, statute and sources are today's where there is one.
    """

    part: str
    name: str
    then: str
    now: str
    rule: str
    title: str
    law: str
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two outcomes, what changed between them, and the instant of the release that answered then (empty: none)."""

    topic: str
    then: str
    now: str
    known_then: str
    known_now: str
    law_time: str
    changes: tuple[Change, ...]


def was_answered(decision: Json) -> bool:
    """Whether the engines had an answer; one that they had not has nothing to differ from."""
    return not any(entry.get("why") == ENGINE_FAULT for entry in decision.get("review", ()))


def difference(then: Json, now: Json) -> Difference | None:
    """What is different now; None where outcome, duties and limits are the same."""
    changes = tuple(change for part in _NAMED for change in _changes(part, then, now))
    if then["outcome"] == now["outcome"] and not any(change.part in _COUNTS for change in changes):
        return None
    return Difference(
        topic=str(then["topic"]),
        then=str(then["outcome"]),
        now=str(now["outcome"]),
        known_then=str(then.get("known_time") or ""),
        known_now=str(now.get("known_time") or ""),
        law_time=str(then.get("law_time") or ""),
        changes=changes,
    )


def _changes(part: str, then: Json, now: Json) -> Iterator[Change]:
    was, is_now = _entries(part, then), _entries(part, now)
    for key in dict.fromkeys((*was, *is_now)):
        old, new = was.get(key), is_now.get(key)
        said = tuple("" if entry is None else _substance(part, entry) for entry in (old, new))
        if said[0] == said[1]:
            continue
        entry = new or old or {}
        yield Change(
            part=part,
            name=key[0],
            then=said[0],
            now=said[1],
            rule=str(entry.get("rule", "")),
            title=str(entry.get("title", "")),
            law=str(entry.get("law", "")),
            cite=tuple(entry.get("cite", ())),
        )


def _entries(part: str, decision: Json) -> dict[tuple[str, ...], Json]:
    return {tuple(str(entry.get(name, "")) for name in _NAMED[part]): entry for entry in decision.get(part, ())}


def _substance(part: str, entry: Json) -> str:
    """What an entry says, in a line."""
    if part == "limits":
        return str(entry["max"]) if "max" in entry else ", ".join(map(str, entry.get("to", ())))
    if part != "duties":
        return "yes"
    detail = "; ".join(f"{name}: {_plain(value)}" for name, value in sorted(entry.get("detail", {}).items()))
    met = "met" if entry.get("met") else "unmet"
    return f"{entry.get('due', '')}, {met}" + (f" ({detail})" if detail else "")


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
