"""Do the cases of the law name rules, paths, limits and facts that there are? Only so can they expect anything."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.decisions import REASONS
from engine.diagnostics import Location, Problems, nearest
from engine.following import with_followed
from engine.imports import COMMON
from engine.law import Case, Permit, Review
from engine.reading import Node, Sort
from engine.rulebook import LawPack
from engine.vocabulary import Fact

_LISTED: Mapping[str, str] = {
    "forbids": "rule",
    "advice": "rule",
    "permits": "path",
    "missing": "fact",
    "review": "reason",
}
_NAMED: Mapping[str, str] = {"limits": "limit", "cites": "entry"}
_LISTED_BY_NAME: Mapping[str, str] = {"rules": "rule", "cites": "source"}


def check_named(cases: Iterable[Case], law: LawPack, problems: Problems) -> None:
    """Report every name that nothing in the law of the case's topic goes by, where it stands."""
    by_topic: dict[str, Mapping[str, Collection[str]]] = {}
    for case in cases:
        if case.topic not in by_topic:
            by_topic[case.topic] = _known(law, case.topic)
        known = by_topic[case.topic]
        for kind, at, name in _named(case.node):
            if name not in known[kind]:
                unknown = f"an unknown {kind} `{name}`{nearest(name, known[kind])}"
                problems.report("LAW013", at, name=case.name, unknown=unknown)


def _known(law: LawPack, topic: str) -> Mapping[str, Collection[str]]:
    """What an answer about a topic may name; a common rule goes by its id and the place that it was applied to."""
    declared = law.topics.topics[topic]
    rules = [rule for file in law.files if file.topic == topic for rule in file.rules]
    effects = [effect for rule in with_followed(rules, declared.defaults) for effect in rule.effects]
    places = {file.jurisdiction for file in law.files if not file.jurisdiction.endswith(COMMON)}
    common = [rule.id for rule in rules if rule.jurisdiction.endswith(COMMON)]
    known: dict[str, Collection[str]] = {
        "rule": {
            *(rule.id for rule in rules),
            *(f"{name}@{place}" for name in common for place in places),
            *(f"{file.jurisdiction}/{topic}/schedules/{one.name}" for file in law.files for one in file.schedules),
        },
        "path": {effect.path for effect in effects if isinstance(effect, Permit)},
        "limit": declared.limits,
        "reason": REASONS | {effect.why for effect in effects if isinstance(effect, Review)},
    }
    return {
        **known,
        "fact": {path for name, fact in law.vocabulary.facts.items() for path in _paths(name, fact)},
        "source": law.sources,
        "entry": {*declared.duties, *(name for names in known.values() for name in names)},
    }


def _paths(name: str, fact: Fact) -> tuple[str, ...]:
    """A fact and the fields of its records: each of them may be missing."""
    return (name, *(f"{name}.{part}" for part in fact.type.fields))


def _named(case: Node) -> Iterator[tuple[str, Location, str]]:
    """What a case names: of which kind, where, and the name."""
    alone, wanted = case.get("alone"), case.get("expect")
    if alone is not None:
        yield "rule", alone.at, alone.raw
    if wanted is None:
        return
    for key, kind in _LISTED.items():
        yield from ((kind, part.at, part.raw) for part in _parts(wanted, key))
    for key, kind in _NAMED.items():
        node = wanted.get(key)
        yield from ((kind, entry.key_at, name) for name, entry in (node.entries.items() if node else ()))
    for key, kind in _LISTED_BY_NAME.items():
        yield from ((kind, part.at, part.raw) for _, names in wanted.items_of(key) for part in names.parts)


def _parts(wanted: Node, key: str) -> tuple[Node, ...]:
    node = wanted.get(key)
    return node.parts if node is not None and node.sort is Sort.LIST else ()
