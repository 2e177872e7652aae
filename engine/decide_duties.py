"""What is left when several rules ask for the same duty? One duty in the strictest form, met only when all of it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.decisions import Json
from engine.law import AUTHORITIES, CONFIDENCES, STATUTE

Orders = Mapping[str, tuple[str, ...]]
_POINTS = ("before_booking", "before_join", "before_prescribe", "before_sign")


def merged(duties: Sequence[Json], orders: Orders) -> tuple[Json, ...]:
    """Entries of one duty joined; those due within a time of something stay apart: their times cannot be compared."""
    found: dict[tuple[str, str], Json] = {}
    for duty in duties:
        due = str(duty["due"])
        key = (str(duty["duty"]), "" if due in _POINTS else due)
        found[key] = _joined(found[key], duty, orders) if key in found else duty
    return tuple(found.values())


def _joined(one: Json, other: Json, orders: Orders) -> dict[str, Any]:
    """Both entries in one: the earlier due point, the union of what they ask, every rule and source named."""
    rules = tuple(dict.fromkeys((*one.get("rules", (one["rule"],)), other["rule"])))
    entry = {
        **one,
        "due": min(one["due"], other["due"], key=lambda due: _POINTS.index(due) if due in _POINTS else len(_POINTS)),
        "met": bool(one["met"] and other["met"]),
        "detail": strictest(one["detail"], other["detail"], orders),
        "cite": list(dict.fromkeys((*one["cite"], *other["cite"]))),
        "rules": list(rules),
    }
    weakest = min((one, other), key=_standing)
    for key in ("authority", "confidence"):  # no surer than the least sure of its rules
        entry.pop(key, None)
        entry |= {key: weakest[key]} if key in weakest else {}
    laws = dict.fromkeys(law for part in (one, other) if part.get("law") for law in part["law"].split("; "))
    if laws:
        entry["law"] = "; ".join(laws)
    return entry


def _standing(duty: Json) -> tuple[int, int]:
    """How sure a duty is, and of equally sure ones how strong the kind of law is that asks for it."""
    strength = AUTHORITIES[::-1].index(duty.get("authority", STATUTE))
    return CONFIDENCES.index(duty.get("confidence", "high")), strength


def strictest(one: Json, other: Json, orders: Orders) -> dict[str, Any]:
    """Two details in one: the stricter word where the topic orders them, else a list of all that either asks."""
    return {
        key: _both(one[key], other[key], orders.get(key, ())) if key in one and key in other else {**one, **other}[key]
        for key in dict.fromkeys((*one, *other))
    }


def _both(one: Any, other: Any, order: tuple[str, ...]) -> Any:
    if one == other:
        return one
    if one in order and other in order:
        return max(one, other, key=order.index)
    if isinstance(one, bool) and isinstance(other, bool):
        return one or other
    found = _list(one)
    return [*found, *(part for part in _list(other) if part not in found)]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
