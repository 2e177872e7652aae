"""What does each word of the law mean, and where is it declared?

An index over the files as they were last read; it is made anew when one changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Location, Problems
from engine.law import Cited, LawFile, LawValue, Rule, Source
from engine.law_cases import examples
from engine.periods import Period
from engine.reading import Node, read_file
from engine.rulebook import LawPack
from engine.topics import LAW_PREFIX
from engine.values import FactType
from engine.vocabulary import Fact

_OPEN = "9999-12-31"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A name, what kind of thing it names, what is said of it (Markdown), and where it is declared.

    `file` is the one file in which it has this meaning; empty: all.
    """

    name: str
    kind: str
    says: str
    at: Location
    file: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Every word by its name."""

    law: LawPack
    by_name: Mapping[str, tuple[Word, ...]]
    values: Mapping[str, tuple[tuple[LawFile, LawValue], ...]]

    def of(self, name: str, file: str) -> tuple[Word, ...]:
        """What a word means within a file, the nearest meaning first."""
        found = [word for word in self.by_name.get(name, ()) if word.file in ("", file)]
        return tuple(sorted(found, key=lambda word: word.file != file))

    def kinds(self, kind: str, file: str = "") -> Iterator[Word]:
        """The words of a kind that may stand in a file."""
        return (
            word for words in self.by_name.values() for word in words if word.kind == kind and word.file in ("", file)
        )

    def file(self, name: str) -> LawFile | None:
        """The law file of a name, if it was read."""
        return next((file for file in self.law.files if file.file == name), None)


def words_of(root: Path, law: LawPack) -> Words:
    """The index of a law pack and the files around it."""
    found = defaultdict[str, list[Word]](list)
    for word in (*_facts(root, law), *_topics(root), *_of_files(law), *_examples(root)):
        found[word.name].append(word)
    values = defaultdict[str, list[tuple[LawFile, LawValue]]](list)
    for file in law.files:
        for value in file.values:
            values[value.name].append((file, value))
    return Words(law, {k: tuple(v) for k, v in found.items()}, {k: tuple(v) for k, v in values.items()})


def _facts(root: Path, law: LawPack) -> Iterator[Word]:
    node = read_file(root / "rules" / "vocabulary.yaml", root, Problems())
    places = {name: entry.key_at for name, entry in node["facts"].entries.items()} if node and "facts" in node else {}
    for path, fact in law.vocabulary.facts.items():
        at = places.get(path, Location("rules/vocabulary.yaml", 1, 1))
        yield Word(name=path, kind="fact", says=_fact(fact), at=at)
        for name, says in fact.fields_say.items():
            kind = fact.type.fields.get(name)
            typed = f"\n\n{_typed(kind)}" if kind else ""
            yield Word(name=f"{path}#{name}", kind="field", says=f"**{name}** of `{path}`: {says}{typed}", at=at)


def _fact(fact: Fact) -> str:
    untold = f"presumed `{fact.presumed}`" if fact.is_presumed else "unknown"
    age = f"; counts for {fact.greatest_age}" if fact.greatest_age else ""
    return f"**{fact.path}**: {fact.says}\n\n{_typed(fact.type)}\n\nTold by: {fact.source}{age}. When untold: {untold}."


def _typed(kind: FactType) -> str:
    choices = f" of {', '.join(f'`{one}`' for one in kind.choices)}" if 0 < len(kind.choices) <= 20 else ""
    unit = f" in `{kind.unit}`" if kind.unit else ""
    return f"Type: {kind.kind.value}{choices}{unit}{', or null for none' if kind.nullable else ''}."


def _topics(root: Path) -> Iterator[Word]:
    node = read_file(root / "rules" / "topics.yaml", root, Problems())
    for name, topic in _entries(node, "topics"):
        yield Word(name=name, kind="topic", says=f"**{name}** (topic): {topic.text('says')}", at=topic.at)
        for kind in ("duties", "limits", "values"):
            yield from _declared(name, kind, topic)


def _declared(topic: str, kind: str, node: Node) -> Iterator[Word]:
    """The duties, limits and law values of a topic."""
    called = {"duties": "duty", "limits": "limit", "values": "value"}[kind]
    for name, part in _entries(node, kind):
        says = part.text("says") or part.raw
        said = f"**{name}** ({called} of {topic}): {says}"
        at = node[kind].entries[name].key_at
        for written in (name, f"{LAW_PREFIX}{name}") if kind == "values" else (name,):
            yield Word(name=written, kind=called, says=said, at=at)


def _entries(node: Node | None, key: str) -> Iterable[tuple[str, Node]]:
    return node.items_of(key) if node is not None else ()


def _of_files(law: LawPack) -> Iterator[Word]:
    for file in law.files:
        for rule in file.rules:
            yield Word(name=rule.id, kind="rule", says=_rule(rule), at=rule.at)
        for source in file.sources.values():
            yield Word(name=source.id, kind="source", says=_source(source), at=source.at, file=file.file)


def _rule(rule: Rule) -> str:
    law = f"\n\n{rule.cited.law}" if rule.cited.law else ""
    return f"**{rule.id}**: {rule.title}{law}\n\n{stands_on(rule.cited)} {span(rule.period)}"


def stands_on(cited: Cited) -> str:
    """The sources of a rule or value, and how sure it is, in words."""
    return f"Sources: {', '.join(cited.sources) or 'none of its own'}; {cited.confidence}."


def _source(source: Source) -> str:
    link = f"\n\n<{source.url}>" if source.url else ""
    return f"**{source.id}**: {source.title}{link}\n\nRead on {source.checked}; {source.confidence}."


def span(period: Period) -> str:
    """The days of a rule or value in words."""
    first = "from an unknown day" if period.first < "0002" else f"from {period.first}"
    return f"In force {first}{'' if period.last == _OPEN else f' until {period.last}'}."


def _examples(root: Path) -> Iterator[Word]:
    for name, node in examples(root, Problems()).items():
        given = node.get("given")
        lines = [f"- `{path}`: {part.plain()}" for path, part in (given.items() if given else ())]
        yield Word(name=name, kind="example", says="\n".join([f"**{name}** (example)", "", *lines[:25]]), at=node.at)
