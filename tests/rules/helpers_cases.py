"""Turns the cases beside the law into questions, and compares decisions with what they expect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.decisions import Decision, Question
from engine.diagnostics import Problems
from engine.law import Case
from engine.reading import Node, read_file

ROOT = Path(__file__).resolve().parents[2]
ZONE = "patient.location.time_zone"


def examples(country: str = "us") -> Mapping[str, Node]:
    """The named questions that cases start from."""
    problems = Problems()
    node = read_file(ROOT / "rules" / country / "examples.yaml", ROOT, problems)
    assert node is not None
    assert not problems.found
    return dict(node["examples"].items())


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


def seen(decision: Decision, expected: Mapping[str, Any]) -> dict[str, Any]:
    """The decision in the words of an expectation, only what the expectation speaks of."""
    everything: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "permits": [entry["path"] for entry in decision.permits],
        "forbids": [entry["rule"] for entry in decision.forbids],
        "duties": {entry["duty"]: "met" if entry["met"] else "unmet" for entry in decision.duties},
        "limits": {entry["limit"]: entry.get("max", entry.get("to")) for entry in decision.limits},
        "missing": list(decision.missing),
        "review": sorted({entry["why"] for entry in decision.review}),
    }
    return {key: everything[key] for key in expected}
