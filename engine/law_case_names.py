"""Do the cases of the law name rules, paths, limits and facts that there are? Only so can they expect anything."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.diagnostics import Location, Problems, nearest
from engine.imports import COMMON
from engine.law import Case, Permit
from engine.reading import Node, Sort
from engine.rulebook import LawPack
from engine.vocabulary import Fact

_OF_RULES = ("forbids", "advice")


def check_named(cases: Iterable[Case], law: LawPack, problems: Problems) -> None:
    """Report every name under `expect` that nothing in the law of the case's topic goes by, where it stands."""
    by_topic: dict[str, Mapping[str, Collection[str]]] = {}
    for case in cases:
        wanted = case.node.get("expect")
        if case.topic not in by_topic:
            by_topic[case.topic] = _known(law, case.topic)
        known = by_topic[case.topic]
        for kind, at, name in _named(wanted) if wanted is not None else ():
            if name not in known[kind]:
                unknown = f"an unknown {kind} `{name}`{nearest(name, known[kind])}"
                problems.report("LAW013", at, name=case.name, unknown=unknown)


def _known(law: LawPack, topic: str) -> Mapping[str, Collection[str]]:
    """What an answer about a topic may name; a common rule goes by its id and the place that it was applied to."""
    rules = [rule for file in law.files if file.topic == topic for rule in file.rules]
    places = {file.jurisdiction for file in law.files if not file.jurisdiction.endswith(COMMON)}
    common = [rule.id for rule in rules if rule.jurisdiction.endswith(COMMON)]
    return {
        "rule": {rule.id for rule in rules} | {f"{name}@{place}" for name in common for place in places},
        "path": {effect.path for rule in rules for effect in rule.effects if isinstance(effect, Permit)},
        "limit": law.topics.topics[topic].limits,
        "fact": {path for name, fact in law.vocabulary.facts.items() for path in _paths(name, fact)},
    }


def _paths(name: str, fact: Fact) -> tuple[str, ...]:
    """A fact and the fields of its records: each of them may be missing."""
    return (name, *(f"{name}.{part}" for part in fact.type.fields))


def _named(wanted: Node) -> Iterator[tuple[str, Location, str]]:
    """What an expectation names: of which kind, where, and the name."""
    for key in _OF_RULES:
        yield from (("rule", part.at, part.raw) for part in _parts(wanted, key))
    yield from (("rule", part.at, part.raw) for _, names in wanted.items_of("rules") for part in names.parts)
    yield from (("path", part.at, part.raw) for part in _parts(wanted, "permits"))
    yield from (("fact", part.at, part.raw) for part in _parts(wanted, "missing"))
    limits = wanted.get("limits")
    for name, entry in limits.entries.items() if limits is not None else ():
        yield "limit", entry.key_at, name


def _parts(wanted: Node, key: str) -> tuple[Node, ...]:
    node = wanted.get(key)
    return node.parts if node is not None and node.sort is Sort.LIST else ()
