"""How is one thing in a condition changed? Every draft is the node that was read, with a single part of it different.

Nothing here knows the law: a draft may be one that the reader refuses, and then it is no variant of the law.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.conditions_tree import MEASURES
from engine.diagnostics import Location
from engine.reading import Entry, Node, Sort
from engine.shapes import DAY

LONGEST_LIST = 6  # of a longer list the first and the last member are left out in turn, not all
_SHOWN = 70
_OPPOSITE = {
    "less": "at_least",
    "at_most": "greater",
    "greater": "at_most",
    "at_least": "less",
    "before": "on_or_after",
    "on_or_before": "after",
    "after": "on_or_before",
    "on_or_after": "before",
}
_NEXT = {
    "less": "at_most",
    "at_most": "less",
    "greater": "at_least",
    "at_least": "greater",
    "before": "on_or_before",
    "on_or_before": "before",
    "after": "on_or_after",
    "on_or_after": "after",
}
_MANY = {"any": "none", "none": "any", "all": "any"}  # over the records of a list
_JOINED = {"any": "all", "all": "any", "none": "any"}  # conditions joined
_NEGATED = ("is", "in", "has", "has_any", "has_all")
_ENDS = {"latest": "earliest", "earliest": "latest"}
_DURATION = re.compile(r"(?P<before>PT?)?(?P<count>\d+)(?P<unit> [a-z]+?s?|[A-Z])")


@dataclass(frozen=True, slots=True)
class Draft:
    """One change: its kind, where it stands, what it is in words, and the node with the change in it."""

    kind: str
    at: Location
    change: str
    node: Node


Drafts = Iterator[Draft]


def shown(node: Node) -> str:
    """A value as the file writes it on one line, cut where it is long."""
    text = _flow(node)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _flow(node: Node) -> str:
    if node.sort is Sort.MAP:
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in node.items()) + "}"
    return "[" + ", ".join(map(_flow, node.parts)) + "]" if node.sort is Sort.LIST else node.raw or "null"


def with_value(node: Node, key: str, value: Node) -> Node:
    """A mapping with another value under a key."""
    return replace(node, entries={**node.entries, key: Entry(node.entries[key].key_at, value)})


def without(node: Node, key: str) -> Node:
    """A mapping without a key."""
    return replace(node, entries={name: entry for name, entry in node.entries.items() if name != key})


def renamed(node: Node, key: str, name: str) -> Node:
    """A mapping whose key goes by another name, in the same place."""
    return replace(node, entries={name if old == key else old: entry for old, entry in node.entries.items()})


def text(value: str, at: Location) -> Node:
    """A text as if the file held it."""
    return Node(Sort.TEXT, at, scalar=value, raw=value)


def mapping(at: Location, **parts: Node) -> Node:
    """A mapping as if the file held it."""
    return Node(Sort.MAP, at, entries={key: Entry(at, part) for key, part in parts.items()})


def within(node: Node, key: str, change: Callable[[Node], Iterable[Draft]]) -> Drafts:
    """The drafts of what stands under a key, each in its mapping; none where the key is absent."""
    part = node.get(key)
    for draft in change(part) if part is not None else ():
        yield replace(draft, node=with_value(node, key, draft.node))


def each_part(node: Node, change: Callable[[Node], Iterable[Draft]]) -> Drafts:
    """The drafts of every member of a list, each in its list."""
    for number, part in enumerate(node.parts):
        for draft in change(part):
            parts = (*node.parts[:number], draft.node, *node.parts[number + 1 :])
            yield replace(draft, node=replace(node, parts=parts))


def shorter(node: Node, kind: str, name: str) -> Drafts:
    """The list without one of its members; one that would be empty is no draft."""
    count = len(node.parts)
    if count < 2:
        return
    for number in range(count) if count <= LONGEST_LIST else (0, count - 1):
        part = node.parts[number]
        left = replace(node, parts=(*node.parts[:number], *node.parts[number + 1 :]))
        yield Draft(kind, part.at, f"`{shown(part)}` of `{name}` is left out", left)


def moved_number(node: Node, kind: str, name: str) -> Drafts:
    """A whole number one less and one more; none below nothing, for what is counted or measured here never is."""
    if node.sort is Sort.INTEGER:
        numbers = [number for number in (int(node.raw) - 1, int(node.raw) + 1) if number >= 0]
        for number in numbers:
            moved = replace(node, scalar=number, raw=str(number))
            yield Draft(kind, node.at, f"`{name}: {node.raw}` becomes `{number}`", moved)


def moved_date(node: Node, name: str) -> Drafts:
    """A day, month or year one earlier and one later; `unknown` has nothing to move."""
    for moved in _neighbours(node.raw):
        yield Draft("date", node.at, f"`{name}: {node.raw}` becomes `{moved}`", text(moved, node.at))


def _neighbours(written: str) -> Iterable[str]:
    if re.fullmatch(DAY.pattern, written):
        day = date.fromisoformat(written)
        return [(day + timedelta(days=step)).isoformat() for step in (-1, 1)]
    if re.fullmatch(r"\d{4}-\d{2}", written):
        months = int(written[:4]) * 12 + int(written[5:]) - 1
        return [f"{count // 12:04}-{count % 12 + 1:02}" for count in (months - 1, months + 1)]
    return [f"{int(written) + step:04}" for step in (-1, 1)] if re.fullmatch(r"\d{4}", written) else ()


def moved_duration(node: Node, kind: str, name: str) -> Drafts:
    """A length of time (`90 days`, `P24M`) one shorter and one longer, in its own unit."""
    found = _DURATION.fullmatch(node.raw)
    for step in (-1, 1) if found else ():
        moved = _with_count(found, int(found["count"]) + step) if found else ""
        yield Draft(kind, node.at, f"`{name}: {node.raw}` becomes `{moved}`", text(moved, node.at))


def _with_count(found: re.Match[str], count: int) -> str:
    unit = f"{found['unit'].rstrip('s')}s" if found["unit"].startswith(" ") else found["unit"]
    return f"{found['before'] or ''}{count}{unit}"


def condition_drafts(node: Node) -> Drafts:
    """Every change of a condition: parts left out, comparisons turned or moved, windows moved."""
    if node.sort is not Sort.MAP:
        return
    for key, entry in node.entries.items():
        if len(node.entries) > 1:
            change = f"`{key}: {shown(entry.value)}` is left out"
            yield Draft("condition", entry.key_at, change, without(node, key))
        if key in ("all", "any", "none") and entry.value.sort is Sort.LIST:
            one = key != "none" and len(entry.value.parts) == 1  # of one condition `any` and `all` say the same
            yield from _renamed(node, key, "none" if one else _JOINED[key])
            yield from within(node, key, lambda part, name=key: _joined(part, name))  # type: ignore[misc]
        elif key == "not":
            yield from within(node, key, condition_drafts)
            yield Draft("comparison", entry.key_at, "`not` is left out", _joined_in(node, key))
        elif key == "applies":
            yield from within(node, key, lambda part: shorter(part, "condition", "applies"))
        elif key != "always":
            yield from within(node, key, lambda part, name=key: _matcher(part, name))  # type: ignore[misc]


def _joined_in(node: Node, key: str) -> Node:
    """The mapping with `all: [x]` in the place of `not: x`; refused later where `all` stands there already."""
    listed = Node(Sort.LIST, node.at, parts=(node[key],))
    return renamed(with_value(node, key, listed), key, "all")


def _joined(node: Node, name: str) -> Drafts:
    yield from shorter(node, "condition", name)
    yield from each_part(node, condition_drafts)


def _renamed(node: Node, key: str, name: str) -> Drafts:
    if name not in node.entries:
        at = node.entries[key].key_at
        yield Draft("comparison", at, f"`{key}: {shown(node[key])}` becomes `{name}`", renamed(node, key, name))


def _matcher(node: Node, path: str) -> Drafts:
    """What stands behind a path: a value, several of them, another fact, or operators."""
    if node.sort is Sort.LIST:
        yield from shorter(node, "condition", path)
    if node.sort is not Sort.MAP or "fact" in node:
        if node.sort is not Sort.FLAG:
            yield _negated(node, path)
        yield from _operand(node, path)
        return
    for key, entry in node.entries.items():
        if len(node.entries) > 1:
            change = f"`{key}: {shown(entry.value)}` of `{path}` is left out"
            yield Draft("condition", entry.key_at, change, without(node, key))
        yield from _operator(node, key, path)


def _negated(node: Node, path: str) -> Draft:
    change = f"`{path}: {shown(node)}` becomes `not: {shown(node)}`"
    return Draft("comparison", node.at, change, mapping(node.at, **{"not": node}))


def _operator(node: Node, key: str, path: str) -> Drafts:
    value = node[key]
    if key == "not":
        if len(node.entries) == 1:
            yield Draft("comparison", value.at, f"`not` before `{shown(value)}` of `{path}` is left out", value)
        if value.sort is Sort.LIST:
            yield from within(node, key, lambda part: shorter(part, "condition", path))
    elif key == "within":
        yield from within(node, key, lambda part: moved_duration(part, "window", f"{path} within"))
    elif key in MEASURES:
        yield from _renamed(node, key, _ENDS[key]) if key in _ENDS else ()
        yield from within(node, key, lambda part: _measured(part, f"{path} {key}"))
    elif key in _MANY:
        yield from _renamed(node, key, _MANY[key])
        yield from within(node, key, condition_drafts)
    else:
        yield from _compared(node, key, path)


def _measured(node: Node, name: str) -> Drafts:
    """What records come to: which of them count, and what is asked of their number, sum, latest or earliest."""
    for key, entry in node.entries.items():
        if key in ("where", "matches"):
            yield from within(node, key, condition_drafts)
        elif key != "of":
            yield from _operator(node, key, name)
        if key == "where":
            change = f"`where: {shown(entry.value)}` of `{name}` is left out"
            yield Draft("condition", entry.key_at, change, without(node, key))


def _compared(node: Node, key: str, path: str) -> Drafts:
    value, at = node[key], node.entries[key].key_at
    whole = value.sort is Sort.INTEGER  # one more or less says the same as the next operator
    for other in (_OPPOSITE.get(key), None if whole else _NEXT.get(key)):
        if other is not None and other not in node.entries:
            change = f"`{path}: {{{key}: {shown(value)}}}` becomes `{other}`"
            yield Draft("comparison", at, change, renamed(node, key, other))
    if key in _NEGATED and "not" not in node.entries:
        inner = mapping(at, **{key: value})
        change = f"`{path}: {{{key}: {shown(value)}}}` becomes `not`"
        yield Draft("comparison", at, change, renamed(with_value(node, key, inner), key, "not"))
    if value.sort is Sort.LIST:
        yield from within(node, key, lambda part: shorter(part, "condition", path))
    yield from within(node, key, lambda part: _operand(part, f"{path} {key}"))


def _operand(node: Node, name: str) -> Drafts:
    if node.sort is Sort.FLAG:
        other = replace(node, scalar=not node.scalar, raw=str(not node.scalar).lower())
        yield Draft("comparison", node.at, f"`{name}: {node.raw}` becomes `{other.raw}`", other)
    elif node.sort is Sort.MAP:
        for key in ("plus", "minus"):
            yield from within(node, key, lambda part: moved_duration(part, "window", name))
    elif node.sort is Sort.TEXT:
        yield from moved_date(node, name) if re.fullmatch(DAY.pattern, node.raw) else ()
    else:
        yield from moved_number(node, "comparison", name)
