"""What does a case beside the law ask, and does a decision say what the case expects?

A case starts from an example (`rules/<country>/examples.yaml`), changes single facts and names what the answer must
say. Bulk cases stand in files of their own (`tests/rules/**.yaml`); with `each:` every case is asked once for each
entry of a table, whose words stand as `<word>` in the case.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.decisions import Decision, Json, Outcome, Question
from engine.diagnostics import Location, Problems, listed, nearest
from engine.law import CASE, JURISDICTION, Case
from engine.law_examples import check_values, read_examples
from engine.reading import Entry, Node, Sort, read_file
from engine.shapes import NAME, Anything, Key, ListOf, MapOf, Record
from engine.topics import Topic, Topics
from engine.values import BadValue, FactType, Kind, read_instant
from engine.vocabulary import Vocabulary

BULK_FOLDER = Path("tests") / "rules"
BULK_SHAPE = Record(
    "a file of cases",
    {
        "jurisdiction": Key(JURISDICTION, "whose law the cases are about", required=True),
        "topic": Key(NAME, "the topic they ask", required=True),
        "each": Key(ListOf(MapOf(Anything("a value"), NAME), least=1), "every case is asked for each of these"),
        "cases": Key(
            ListOf(Anything("a case, as beside the law"), least=1),
            "the cases; `<word>` stands for what an entry of `each` gives",
            required=True,
        ),
    },
)
_WORD = re.compile(r"<([a-z][a-z0-9_]*)>")
_NAMES = ("path", "duty", "limit", "why", "rule")  # an entry of an answer goes by any of these


def examples(root: Path, problems: Problems, country: str = "us") -> Mapping[str, Node]:
    """The named questions that cases start from; none where there is no such file."""
    path = root / "rules" / country / "examples.yaml"
    node = read_file(path, root, problems) if path.exists() else None
    return read_examples(node, problems) if node else {}


def started(name: str, known: Mapping[str, Node]) -> dict[str, Any]:
    """Facts by path of an example, with those it takes over; of several it takes over the later ones win."""
    node = known[name]
    before: dict[str, Any] = {}
    for other in node.texts("from"):
        before |= started(other, known)
    given = node.get("given")
    return before | {path: part.plain() for path, part in (given.items() if given else ())}


def question(case: Case, known: Mapping[str, Node]) -> Question:
    """The question of a case; null under `given` makes a fact untold."""
    facts = started(case.node.text("start"), known) if "start" in case.node else {}
    nothing = set(case.node.texts("told_as_nothing"))
    given = case.node.get("given")
    for path, part in given.items() if given else ():
        value = part.plain()
        if value is None:
            facts.pop(path, None)
        else:
            facts[path] = value
    facts.update(dict.fromkeys(nothing))
    return Question(topic=case.topic, on=case.node.text("on"), facts=nested(facts))


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by path as the nested mapping that a question holds."""
    tree: dict[str, Any] = {}
    for path, value in facts.items():
        *folders, leaf = path.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = value
    return tree


def expected(case: Case) -> dict[str, Any]:
    """What a case expects, its lists without an order of their own sorted."""
    plain = case.node["expect"].plain()
    return {key: _sorted(key, value) for key, value in plain.items()} if isinstance(plain, dict) else {}


def _sorted(key: str, value: Any) -> Any:
    if key in ("review", "advice", "forbids") and isinstance(value, list):
        return sorted(value)
    return {name: sorted(part) for name, part in value.items()} if key in ("cites", "rules") else value


def asked_alone(case: Case) -> str:
    """The rule that a case asks alone; empty where it asks all of them (see `Rulebook.alone`)."""
    return case.node.text("alone")


def seen(decision: Decision, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The decision in the words of an expectation (as `expected` gives it), only what the expectation speaks of."""
    return {key: _SEEN[key](decision, part) for key, part in wanted.items()}


_SEEN: Mapping[str, Callable[[Decision, Any], Any]] = {
    "outcome": lambda decision, _: decision.outcome.value,
    "permits": lambda decision, _: [entry["path"] for entry in decision.permits],
    "forbids": lambda decision, _: sorted(entry["rule"] for entry in decision.forbids),
    "duties": lambda decision, _: {entry["duty"]: "met" if entry["met"] else "unmet" for entry in decision.duties},
    "due": lambda decision, wanted: _of_duties(decision, wanted, lambda duty, _: duty["due"]),
    "rules": lambda decision, wanted: _of_duties(decision, wanted, lambda duty, _: sorted(_rules(duty))),
    "detail": lambda decision, wanted: _of_duties(decision, wanted, _detail),
    "limits": lambda decision, _: {entry["limit"]: entry.get("max", entry.get("to")) for entry in decision.limits},
    "missing": lambda decision, _: list(decision.missing),
    "review": lambda decision, _: sorted({entry["why"] for entry in decision.review}),
    "advice": lambda decision, _: sorted(entry["rule"] for entry in decision.advice),
    "cites": lambda decision, wanted: {name: _cited(decision, name) for name in wanted},
}


def _of_duties(decision: Decision, wanted: Mapping[str, Any], say: Callable[[Json, Any], Any]) -> dict[str, Any]:
    """What is said of each duty that an expectation names; a duty that the answer lacks is left out."""
    return {duty["duty"]: say(duty, wanted[duty["duty"]]) for duty in decision.duties if duty["duty"] in wanted}


def _rules(duty: Json) -> list[str]:
    """Every rule that asks for a duty; a duty asked for by one names that one alone."""
    return list(duty.get("rules", (duty["rule"],)))


def _detail(duty: Json, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {key: duty["detail"].get(key) for key in wanted}


def _cited(decision: Decision, name: str) -> list[str]:
    """The sources of every entry that goes by a name: a path, a duty, a limit, a reason of review, a rule's id."""
    parts = (decision.permits, decision.forbids, decision.duties, decision.limits, decision.advice, decision.review)
    entries = (entry for part in parts for entry in part)
    return sorted({source for e in entries if name in {e.get(key) for key in _NAMES} for source in e["cite"]})


def check_case(case: Node, vocabulary: Vocabulary, topic: Topic, problems: Problems) -> None:
    """A case speaks of known facts, duties and outcomes, or it would test nothing."""
    name, wanted = case.text("name"), case.get("expect")
    named: list[tuple[str, str, Location, Collection[str]]]
    named = [("fact", path, at, vocabulary.facts) for path, at in _keys(case, "given")]
    if wanted is not None:
        outcomes = tuple(outcome.value for outcome in Outcome)
        named += [("outcome", part.raw, part.at, outcomes) for part in (wanted.get("outcome"),) if part is not None]
        for key in ("duties", "due", "rules", "detail"):
            named += [("duty", duty, at, topic.duties) for duty, at in _keys(wanted, key)]
    for kind, word, at, known in named:
        if word not in known:
            unknown = f"an unknown {kind} `{word}`{nearest(word, known)}"
            problems.report("LAW013", at, name=name, unknown=unknown)
    _check_told(case, vocabulary, problems)


def _check_told(case: Node, vocabulary: Vocabulary, problems: Problems) -> None:
    """The day of a case and its facts are such as a question may hold."""
    on = case.get("on")
    if on is not None and not _is_moment(on.raw):
        problems.report("LAW013", on.at, name=case.text("name"), unknown=f"no day or instant: `{on.raw}`")
    check_values(case.get("given"), vocabulary, problems)


def _is_moment(text: str) -> bool:
    try:
        return bool(FactType(Kind.DATE).read(text) if len(text) == 10 else read_instant(text))
    except BadValue:
        return False


def _keys(node: Node, key: str) -> Iterator[tuple[str, Location]]:
    part = node.get(key)
    return ((name, entry.key_at) for name, entry in part.entries.items()) if part else iter(())


def check_starts(cases: Iterable[Case], known: Collection[str], problems: Problems) -> None:
    """Report every case that starts from an example which is not there."""
    for case in cases:
        start = case.node.get("start")
        if start is not None and start.raw not in known:
            unknown = f"an unknown example `{start.raw}`{nearest(start.raw, known)}"
            problems.report("LAW013", start.at, name=case.name, unknown=unknown)


def bulk_cases(root: Path, vocabulary: Vocabulary, topics: Topics, problems: Problems) -> tuple[Case, ...]:
    """Every case under `tests/rules`, in the order of the files; none where the folder is not there."""
    found: list[Case] = []
    for path in sorted((root / BULK_FOLDER).rglob("*.yaml")):
        node = read_file(path, root, problems)
        found += _of_file(node, vocabulary, topics, problems) if node else ()
    return tuple(found)


def _of_file(node: Node, vocabulary: Vocabulary, topics: Topics, problems: Problems) -> Iterable[Case]:
    BULK_SHAPE.check(node, problems)
    name = node.text("topic")
    topic = topics.topics.get(name)
    if topic is None:
        hint = nearest(name, topics.topics)
        at = (node.get("topic") or node).at
        problems.report("LAW001", at, topic=name, hint=hint, allowed=listed(topics.topics))
        return
    each, cases = node.get("each"), node.get("cases")
    tables: list[Mapping[str, Node]] = [dict(entry.items()) for entry in each] if each else [{}]
    for words in tables:
        for case in cases or ():
            asked = _filled(case, words)
            CASE.check(asked, problems)
            check_case(asked, vocabulary, topic, problems)
            yield Case(asked.text("name"), node.at.file, name, asked)


def _filled(node: Node, words: Mapping[str, Node]) -> Node:
    """The node with every `<word>` put in; a word that stands alone keeps the kind of value that it stands for."""
    if not words:
        return node
    if node.sort is Sort.MAP:
        entries = {_text(key, words): Entry(e.key_at, _filled(e.value, words)) for key, e in node.entries.items()}
        return replace(node, entries=entries)
    if node.sort is Sort.LIST:
        return replace(node, parts=tuple(_filled(part, words) for part in node.parts))
    if node.sort is not Sort.TEXT:
        return node
    alone = _WORD.fullmatch(node.raw)
    if alone and alone[1] in words:
        return replace(words[alone[1]], at=node.at)
    text = _text(node.raw, words)
    return replace(node, raw=text, scalar=text)


def _text(text: str, words: Mapping[str, Node]) -> str:
    return _WORD.sub(lambda found: words[found[1]].raw if found[1] in words else found[0], text)
