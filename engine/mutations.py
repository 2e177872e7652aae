"""Which laws differ from a law file in one thing only? A case that notices none of them proves little.

A variant is the file with one change in one rule or one entry of a value: a date, a comparison, a window, a condition
left out, an effect, a limit, a due point, a law value, a source. What the reader of law refuses (two values on one day,
an unknown name) is no variant: its author would be told. The order is that of the file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.diagnostics import Location, Problems
from engine.law import EFFECTS, SCHEDULES, LawFile
from engine.law_reading import read_law
from engine.mutations_drafts import (
    LONGEST_LIST,
    Draft,
    Drafts,
    condition_drafts,
    each_part,
    mapping,
    moved_date,
    moved_duration,
    moved_number,
    shorter,
    shown,
    text,
    with_value,
    within,
    without,
)
from engine.periods import UNKNOWN
from engine.reading import Node, Sort
from engine.topics import Topic, Topics
from engine.values import FactType, Kind
from engine.vocabulary import Vocabulary

# What a change of each kind asks of the cases, for the author who must write the one that is missing.
KINDS: Mapping[str, str] = {
    "date": "ask on the first or last day in force, and on the day beyond it",
    "window": "ask on the last day of the window, and on the day beyond it",
    "comparison": "ask with the fact at the border, and on the other side of it",
    "condition": "ask where only this part decides",
    "unless": "ask where the exception holds",
    "effect": "ask where the rule applies, and expect what it does (`duties`, `limits`, `advice`, `review`)",
    "limit": "ask with what is just allowed, and with one more; or expect `limits`",
    "due": "expect `due`",
    "detail": "expect `detail`",
    "value": "ask where the value decides, or expect `limits` or `detail`",
    "citation": "expect `cites`",
}
_SCHEDULE = FactType(Kind.CHOICE, SCHEDULES)
_DUE_POINTS = ("before_booking", "before_join", "before_prescribe", "before_sign")
_SWAPS: Mapping[str, tuple[str, str]] = {
    "permit": ("forbid", "review"),
    "forbid": ("permit", "advise"),
    "require": ("forbid", "advise"),
    "limit": ("forbid", "advise"),
    "advise": ("forbid", "review"),
    "review": ("forbid", "advise"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A law file with one change: its kind, its place, the rule or value it is in, and the file as it would be."""

    kind: str
    at: Location
    subject: str
    change: str
    file: LawFile


def variants(file: LawFile, node: Node, vocabulary: Vocabulary, topics: Topics) -> Iterator[Variant]:
    """Every variant of a law file; `node` is what was read to make it."""
    topic = topics.topics[file.topic]
    maker = _Maker(file, node, vocabulary, topics)
    for name, entries in node.items_of("schedules"):
        for draft in each_part(entries, lambda part: _value(part, _SCHEDULE, file)):
            yield from maker.with_schedule(name, draft)
    for name, entries in node.items_of("values"):
        for draft in each_part(entries, lambda part, name=name: _value(part, topic.values[name], file)):  # type: ignore[misc]
            yield from maker.with_value(name, draft)
    for number, rule in enumerate(node.get("rules") or ()):
        bare = without(rule, "cases")
        for draft in _rule(bare, topic, file):
            yield from maker.with_rule(number, bare, draft)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Reads the changed rule or value alone and puts it in the place of the one that stood there."""

    file: LawFile
    node: Node
    vocabulary: Vocabulary
    topics: Topics

    def with_rule(self, number: int, rule: Node, draft: Draft) -> Iterator[Variant]:
        read = self._read(rules=replace(self.node["rules"], parts=(draft.node,)))
        if read is not None:
            rules = (*self.file.rules[:number], read.rules[0], *self.file.rules[number + 1 :])
            yield self._variant(rule.text("id"), draft, replace(self.file, rules=rules))

    def with_value(self, name: str, draft: Draft) -> Iterator[Variant]:
        read = self._read(values=mapping(draft.at, **{name: draft.node}))
        if read is not None:
            others = tuple(value for value in self.file.values if value.name != name)
            yield self._variant(name, draft, replace(self.file, values=(*others, *read.values)))

    def with_schedule(self, drug: str, draft: Draft) -> Iterator[Variant]:
        read = self._read(schedules=mapping(draft.at, **{drug: draft.node}))
        if read is not None:
            others = tuple(entry for entry in self.file.schedules if entry.name != read.schedules[0].name)
            yield self._variant(drug, draft, replace(self.file, schedules=(*others, *read.schedules)))

    def _read(self, **part: Node) -> LawFile | None:
        """A file of that one part; None where the reader refuses it."""
        kept = {key: entry.value for key, entry in self.node.entries.items() if key in _KEPT}
        problems = Problems()
        read = read_law(mapping(self.node.at, **kept, **part), self.vocabulary, self.topics, problems)
        return None if problems.errors else read

    def _variant(self, subject: str, draft: Draft, file: LawFile) -> Variant:
        return Variant(kind=draft.kind, at=draft.at, subject=subject, change=draft.change, file=file)


_KEPT = ("jurisdiction", "topic", "sources")


def _rule(rule: Node, topic: Topic, file: LawFile) -> Drafts:
    yield from _dates(rule)
    yield from _cited(rule, file)
    for key, kind in (("when", "condition"), ("unless", "unless")):
        part = rule.get(key)
        if part is None:
            continue
        yield Draft(kind, part.at, f"`{key}: {shown(part)}` is left out", without(rule, key))
        yield from within(rule, key, condition_drafts)
    yield from within(rule, "with", lambda own: _own_values(own, topic))
    yield from within(rule, "then", lambda then: _effects(then, rule.text("title"), topic))


def _own_values(own: Node, topic: Topic) -> Drafts:
    for name in own.entries:
        kind = topic.values[name]
        yield from within(own, name, lambda value, kind=kind: _worth(value, kind))  # type: ignore[misc]


def _value(entry: Node, kind: FactType, file: LawFile) -> Drafts:
    yield from _dates(entry)
    yield from _cited(entry, file)
    yield from within(entry, "is", lambda value: _worth(value, kind))


def _dates(node: Node) -> Drafts:
    """The first and the last day one earlier and one later, and not given at all."""
    for key in ("from", "until"):
        part = node.get(key)
        if part is None or part.raw == UNKNOWN:
            continue
        yield from within(node, key, lambda value, name=key: moved_date(value, name))  # type: ignore[misc]
        left = without(node, key) if key == "until" else with_value(node, key, text(UNKNOWN, part.at))
        yield Draft("date", part.at, f"`{key}: {part.raw}` becomes unknown", left)


def _cited(node: Node, file: LawFile) -> Drafts:
    """Each source cited changed for another one of the file, of the same class where there is one."""
    cite = node.get("cite")
    others = [source for name, source in file.sources.items() if name not in node.texts("cite")]
    if cite is None or not others:
        return
    parts = cite.parts or (cite,)
    for number, part in enumerate(parts[:LONGEST_LIST]):
        known = file.sources.get(part.raw)
        other = min(others, key=lambda source: known is not None and source.background is not known.background)
        changed = Node(Sort.LIST, cite.at, parts=(*parts[:number], text(other.id, part.at), *parts[number + 1 :]))
        change = f"the source `{part.raw}` becomes `{other.id}`"
        yield Draft("citation", part.at, change, with_value(node, "cite", changed))


def _worth(value: Node, kind: FactType) -> Drafts:
    """Another law value: the other flag, one more or less, the next choice, one member fewer."""
    if value.sort is Sort.FLAG:
        other = replace(value, scalar=not value.scalar, raw=str(not value.scalar).lower())
        yield Draft("value", value.at, f"`is: {value.raw}` becomes `{other.raw}`", other)
    elif value.sort is Sort.LIST:
        yield from shorter(value, "value", "is")
    elif kind.kind is Kind.CHOICE and value.raw in kind.choices:
        following = kind.choices[(kind.choices.index(value.raw) + 1) % len(kind.choices)]
        change = f"`is: {value.raw}` becomes `{following}`"
        yield Draft("value", value.at, change, text(following, value.at))
    else:
        yield from moved_number(value, "value", "is")


def _effects(then: Node, title: str, topic: Topic) -> Drafts:
    def change(node: Node) -> Iterable[Draft]:
        return _effect(node, title, topic)

    return each_part(then, change) if then.sort is Sort.LIST else iter(change(then))


def _effect(node: Node, title: str, topic: Topic) -> Drafts:
    name = next(key for key in EFFECTS if key in node)
    for other in _SWAPS[name]:
        word = {"permit": topic.act, "forbid": topic.act, "advise": title, "review": "changed"}[other]
        swapped = mapping(node.at, **{other: text(word, node.at)})
        yield Draft("effect", node.at, f"`{name}: {node[name].raw}` becomes `{other}`", swapped)
    for key, part in _PARTS.items():
        yield from within(node, key, part)
    met, detail = node.get("met_by"), node.get("detail")
    if met is not None:
        yield Draft("condition", met.at, f"`met_by: {shown(met)}` is left out", without(node, "met_by"))
    for key, entry in detail.entries.items() if detail else ():
        left = with_value(node, "detail", without(node["detail"], key))
        yield Draft("detail", entry.key_at, f"`{key}: {shown(entry.value)}` is left out", left)


def _due(node: Node) -> Drafts:
    if node.sort is not Sort.TEXT:  # a law value says it
        return
    if node.raw not in _DUE_POINTS:
        _, count, unit, event = node.raw.split(maxsplit=3)
        for draft in moved_duration(text(f"{count} {unit}", node.at), "due", "due: within"):
            yield replace(draft, node=text(f"within {draft.node.raw} {event}", node.at))
        return
    following = _DUE_POINTS[(_DUE_POINTS.index(node.raw) + 1) % len(_DUE_POINTS)]
    yield Draft("due", node.at, f"`due: {node.raw}` becomes `{following}`", text(following, node.at))


_PARTS: Mapping[str, Callable[[Node], Iterable[Draft]]] = {
    "due": _due,
    "max": lambda node: moved_number(node, "limit", "max"),
    "to": lambda node: shorter(node, "limit", "to"),
    "met_by": condition_drafts,
}
