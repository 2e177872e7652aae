"""How is a base of interactions, duplicates and cross-reacting allergies read and checked?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.diagnostics import Problems
from engine.last_resort import survived
from engine.law import LAST_READ, SOURCE
from engine.reading import Node, read_file
from engine.safety import EMPTY, MODERATE, RISKS, SERIOUS, SEVERITIES, AllergyClass, Pair, Reach, SafetyBase
from engine.shapes import Key, ListOf, MapOf, OneOf, Record, Text
from engine.texts import TEXTS, Texts, read_texts

_WORDS = ("effects", "mechanisms", "actions", "bases")
_TERMS = ListOf(Text(words="a drug by name, or class: and a class"))
_PAIR = Record(
    "a pair",
    {
        "a": Key(Text(), "a drug by name, class: and a class, or something taken beside", required=True),
        "b": Key(Text(), "what it does not go together with", required=True),
        "severity": Key(OneOf(SEVERITIES), "how grave it is", required=True),
        "effect": Key(Text(), "what may happen, by its code under effects", required=True),
        "mechanism": Key(Text(), "how it comes about, by its code under mechanisms"),
        "action": Key(Text(), "what to do, by its code under actions"),
    },
)
_SPARED = Record(
    "two that go together",
    {
        "a": Key(Text(), "a drug by name, or class: and a class", required=True),
        "b": Key(Text(), "what it may be taken with", required=True),
    },
)
_BY_SEVERITY = {SERIOUS: Key(_TERMS, "what needs a reason"), MODERATE: Key(_TERMS, "what is shown")}
_ALLERGY = Record(
    "an allergy",
    {
        "own": Key(_TERMS, "the drugs it is an allergy to; absent: the class of its code"),
        "members": Key(_TERMS, "drugs an allergy to which is of this family, without being one to the others"),
        "names": Key(ListOf(Text()), "what people call it, in small letters"),
        **_BY_SEVERITY,
    },
)
_ALLERGY_CLASS = Record(
    "a family of allergies",
    {
        "id": Key(Text(), "the family's id", required=True),
        "members": Key(_TERMS, "the drugs it is an allergy to", required=True),
        "cross_reacts_with": Key(MapOf(OneOf(RISKS)), "what may react too, and how likely", required=True),
        "basis": Key(Text(), "why, by its code under bases", required=True),
        "action": Key(Text(), "what to do, by its code under actions", required=True),
    },
)
SAFETY = Record(
    "a base of warnings",
    {
        **LAST_READ,
        "cite": Key(ListOf(Text()), "the sources it was carried from", required=True),
        "effects": Key(MapOf(TEXTS), "what may happen, in words by code", required=True),
        "mechanisms": Key(MapOf(TEXTS), "how it comes about, in words by code"),
        "actions": Key(MapOf(TEXTS), "what to do, in words by code"),
        "bases": Key(MapOf(TEXTS), "why a family of allergies reaches on, in words by code"),
        "groups": Key(MapOf(ListOf(Text())), "kinds of medicine that forms ask for, and the classes each may be"),
        "duplicates": Key(Record("duplicates", _BY_SEVERITY), "classes of which one medicine is enough"),
        "allergies": Key(MapOf(_ALLERGY), "families that an allergy reaches, and what may react beyond its own"),
        "allergy_classes": Key(ListOf(_ALLERGY_CLASS), "the families as the facts have them, each with its reason"),
        "beside": Key(ListOf(Text()), "what is taken beside drugs and named in a pair"),
        "spared": Key(ListOf(_SPARED), "two that go together whatever their classes say"),
        "brands": Key(MapOf(ListOf(Text())), "what else a drug is called, in small letters, by its generic name"),
        "interactions": Key(ListOf(_PAIR), "every pair", required=True),
        "sources": Key(MapOf(SOURCE), "the sources", required=True),
    },
)


def safety_files(root: Path) -> tuple[Path, ...]:
    """The files that hold a base."""
    return tuple(sorted(root.glob("rules/*/safety.yaml")))


def load_safety(root: Path) -> SafetyBase:
    """The base under a root; empty where there is none. Raises `BrokenInput`."""
    problems = Problems()
    base = read_safety(root, problems)
    problems.stop_if_broken()
    return base


def read_safety(root: Path, problems: Problems) -> SafetyBase:
    """The same, with everything wrong put among `problems`."""
    for path in safety_files(root):
        node = read_file(path, root, problems)
        if node is not None:
            return survived(node.at.file, problems, compile_safety, node) or EMPTY
    return EMPTY


def compile_safety(node: Node, problems: Problems) -> SafetyBase:
    """The base that a file holds; everything wrong is reported."""
    SAFETY.check(node, problems)
    words = {key: {name: read_texts(part) for name, part in node.items_of(key)} for key in _WORDS}
    for part in node.get("interactions") or ():
        _worded(part, {"effect": "effects", "mechanism": "mechanisms", "action": "actions"}, words, problems)
    for part in node.get("allergy_classes") or ():
        _worded(part, {"basis": "bases", "action": "actions"}, words, problems)
    pairs = sorted((_pair(part) for part in node.get("interactions") or ()), key=lambda pair: -pair.named)
    cited = node.texts("cite")
    source = next((part for name, part in node.items_of("sources") if name in cited), None)
    return SafetyBase(
        pairs=tuple(pairs),
        effects=words["effects"],
        mechanisms=words["mechanisms"],
        actions=words["actions"],
        bases=words["bases"],
        allergy_classes={part.text("id"): _allergy_class(part) for part in node.get("allergy_classes") or ()},
        beside=node.texts("beside"),
        groups={name: tuple(one.raw for one in part) for name, part in node.items_of("groups")},
        duplicates={severity: part.texts(severity) for part in _one(node, "duplicates") for severity in _BY_SEVERITY},
        allergies={name: _reach(part) for name, part in node.items_of("allergies")},
        spared=tuple((part.text("a"), part.text("b")) for part in node.get("spared") or ()),
        brands={str(one.raw): name for name, part in node.items_of("brands") for one in part},
        source=source.text("title") if source is not None else "",
        checked=source.text("checked") if source is not None else "",
    )


def _worded(part: Node, keys: Mapping[str, str], words: Mapping[str, Mapping[str, Texts]], problems: Problems) -> None:
    """Reports a code of a part that its file has no words for."""
    for key, where in keys.items():
        code = part.get(key)
        if code is not None and code.raw not in words[where]:
            OneOf(tuple(words[where])).check(code, problems)


def _allergy_class(part: Node) -> AllergyClass:
    return AllergyClass(
        id=part.text("id"),
        members=part.texts("members"),
        reaches={term: risk.raw for term, risk in part.items_of("cross_reacts_with")},
        basis=part.text("basis"),
        action=part.text("action"),
    )


def _one(node: Node, key: str) -> tuple[Node, ...]:
    part = node.get(key)
    return (part,) if part is not None else ()


def _reach(part: Node) -> Reach:
    return Reach(
        serious=part.texts(SERIOUS),
        moderate=part.texts(MODERATE),
        own=part.texts("own"),
        names=part.texts("names"),
        members=part.texts("members"),
    )


def _pair(part: Node) -> Pair:
    told = (part.text(key) for key in ("a", "b", "severity", "effect", "mechanism", "action"))
    return Pair(*told)
