"""Which names does an editor offer where a condition is written? Every path of the vocabulary, with its sentence."""

from collections.abc import Mapping
from pathlib import Path

from engine.diagnostics import Problems
from engine.reading import Node, read_file
from engine.shapes import JsonSchema
from engine.topics import LAW_PREFIX, read_topics
from engine.values import FactType, Kind
from engine.vocabulary import read_vocabulary

_OPEN: JsonSchema = {}
"""Accepts anything: a condition may compare a path in many ways, so that values are offered and never demanded."""


def offered_paths(root: Path) -> Mapping[str, JsonSchema]:
    """The schema of each path and law value; none where vocabulary or topics cannot be read, which `check` reports."""
    problems = Problems()
    words, declared = (_read(root, name, problems) for name in ("vocabulary", "topics"))
    if words is None or declared is None:
        return {}
    vocabulary = read_vocabulary(words, problems)
    found = {path: _offered(fact.type, fact.says) for path, fact in vocabulary.facts.items()}
    topics = read_topics(declared, vocabulary, problems).topics
    for topic, node in declared.items_of("topics"):
        for name, part in node.items_of("values"):
            found[f"{LAW_PREFIX}{name}"] = _offered(topics[topic].values[name], part.text("says"))
    return found


def _read(root: Path, name: str, problems: Problems) -> Node | None:
    path = root / "rules" / f"{name}.yaml"
    return read_file(path, root, problems) if path.exists() else None


def _offered(kind: FactType, says: str) -> JsonSchema:
    words: JsonSchema = {"description": says}
    if kind.choices:
        return {**words, "anyOf": [{"enum": list(kind.choices)}, _OPEN]}
    return {**words, "anyOf": [{"type": "boolean"}, _OPEN]} if kind.kind is Kind.FLAG else words
