"""A small made-up law, written into a folder, for tests of what rules add up to."""

from pathlib import Path
from typing import Any

from engine.decide import decide
from engine.decisions import Decision, Question
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, load_rulebook

VOCABULARY = """
vocabulary: us
lists: {states: [FL, GA], colors: [red, green, blue]}
facts:
  patient.location.country: {type: text, says: Country., source: patient}
  patient.location.state: {type: choice, of: states, says: State., source: patient}
  patient.location.time_zone: {type: text, says: Zone., source: clinic}
  patient.jurisdiction: {type: text, says: Law of the place., source: engine}
  patient.age: {type: number, says: Age., source: engine}
  patient.birth_date: {type: date, says: Birth., source: patient}
  encounter.date: {type: date, says: Day., source: engine}
  a: {type: flag, says: A., source: patient}
  b: {type: flag, says: B., source: patient}
  c: {type: flag, says: C., source: patient}
  color: {type: choice, of: colors, says: Color., source: patient}
  days: {type: number, says: Days., source: provider}
"""
TOPICS = """
topics:
  open: {says: Open., act: do, carried_by: state, duties: {look: Look., ask: Ask.},
    limits: {days: {says: Days., fact: days}, color: {says: Color., fact: color}},
    orders: {form: [verbal, electronic, written]},
    values: {most: {type: number, nullable: true, says: Most days.}, strict: {type: flag, says: Strict.},
      mild: {type: flag, otherwise: false, says: Mild.}}}
  gated: {says: Gated., act: do, needs_permit: true, carried_by: state}
gates:
  door: {says: the door, asks: {open: now}, due: [before_join]}
"""
SOURCES = """
sources:
  s: {title: A page, url: 'https://example.org/s', checked: 2026-11-21, confidence: high}
"""
EVALUATOR = ReteEvaluator()


def rule(
    name: str, then: str, *, when: str = "", confidence: str = "high", begins: str = "2000-01-01", more: str = ""
) -> str:
    """One rule as text; its topic is the first part of the name."""
    topic, short = name.split("/")
    condition = f", when: {when}" if when else ""
    head = f"id: us/fl/{topic}/{short}, title: {short}, from: {begins}, cite: s, confidence: {confidence}"
    return f"- {{{head}{condition}{more}, then: {then}}}\n"


def law(root: Path, *rules: str, values: str = "", common: str = "") -> Rulebook:
    """A rulebook of the rules given; a file a topic in the made-up state."""
    folder = root / "rules"
    (folder / "us" / "fl").mkdir(parents=True)
    (folder / "us" / "common").mkdir()
    (folder / "vocabulary.yaml").write_text(VOCABULARY, encoding="utf-8")
    (folder / "topics.yaml").write_text(TOPICS, encoding="utf-8")
    for topic in ("open", "gated"):
        mine = "".join(text for text in rules if f"us/fl/{topic}/" in text)
        head = f"jurisdiction: us/fl\ntopic: {topic}\n" + (values if topic == "open" else "")
        body = f"rules:\n{mine}" if mine else ""
        (folder / "us" / "fl" / f"{topic}.yaml").write_text(head + body + SOURCES, encoding="utf-8")
    if common:
        text = f"jurisdiction: us/common\ntopic: open\nrules:\n{common}"
        (folder / "us" / "common" / "open.yaml").write_text(text, encoding="utf-8")
    return load_rulebook(root)


def ask(rulebook: Rulebook, topic: str = "open", on: str = "2026-12-01", **facts: Any) -> Decision:
    """Ask about a patient in the made-up state."""
    told = {"patient": {"location": {"country": "us", "state": "FL"}}, **facts}
    return decide(rulebook, Question(topic=topic, on=on, facts=told), EVALUATOR)
