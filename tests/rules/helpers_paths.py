"""In which shape the law carries a block of the facts, so that a shared source alone does not count.

docs/reference/law-paths.yaml says which law values may carry each head of the facts; and of what lets clinicians of
other states practise, which values, or which words of a state's own rule, carry each kind and each term.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from tests.rules import test_facts_carried as facts
from tests.rules.helpers_facts import LIST, ROOT

PATHS: Mapping[str, Any] = json.loads(LIST.read_text(encoding="utf-8"))["paths"]
"""Every registration, special license, waiver and exception of the facts: its kind, for whom, on what terms."""
TABLE = yaml.safe_load((ROOT / "docs" / "reference" / "law-paths.yaml").read_text(encoding="utf-8"))
HEADS: Mapping[str, list[str]] = TABLE["heads"]
KINDS: Mapping[str, Any] = TABLE["kinds"]
TERMS: Mapping[str, Any] = TABLE["terms"]
Part = facts.Part
UNSURE = ("low", "unknown")
OWN = "own"
RULE = "rule"
ANY = "other"
"""Among the choices of a term: it stands for all others, so that nothing is left to ask."""
COUNTS = {"told": 0, "below": 1}
"""What is taken off the number of the facts: where they say fewer than ten, nine is the most."""


def bearing(name: str, parts: Iterable[Part]) -> list[Part]:
    """The rules and values of a place that stand on a block; a rule less sure than it leaves a person to decide."""
    block = facts.BLOCKS[name]
    unsure = () if block[0] in UNSURE else UNSURE
    return [
        (key, part)
        for key, part in parts
        if facts.speaks_of(part, block) and not (key.startswith("us/") and part["confidence"] in unsure)
    ]


def head_of(name: str) -> str:
    """The longest path of the table that a block lies under; empty where none does."""
    path = name.partition(" ")[2]
    return max((head for head in HEADS if path == head or path.startswith(f"{head}.")), key=len, default="")


def may_carry(name: str, part: str) -> bool:
    """Whether a rule or value is of the kind that carries blocks of that head."""
    head = head_of(name)
    if not head:
        return True
    starts = tuple(start for start in HEADS[head] if start != RULE)
    return (RULE in HEADS[head] and part.startswith("us/")) or part.startswith(starts)


def permits(part: Mapping[str, Any]) -> bool:
    """Whether a rule lets somebody practise."""
    effects = part.get("then", ())
    return any("permit" in effect for effect in ([effects] if isinstance(effects, Mapping) else effects))


@cache
def _written(rule: str) -> str:
    """The YAML of a rule as its file has it, up to its cases."""
    place, topic, _ = rule.removeprefix("us/").split("/")
    text = (ROOT / "rules" / "us" / place / f"{topic}.yaml").read_text(encoding="utf-8")
    return text.partition(f"- id: {rule}\n")[2].partition("\n- id: ")[0].partition("\n  cases:")[0]


def for_whom(name: str) -> tuple[set[str], set[str]]:
    """The professions of a block, and those of all blocks of its place and kind, which one value may carry."""
    mine, place = PATHS[name], facts.place_of(name)
    alike = [way for key, way in PATHS.items() if facts.place_of(key) == place and way["kind"] == mine["kind"]]
    return set(mine["for"]), {one for way in alike for one in way["for"]}


def fits(name: str, asked: object, entry: Mapping[str, Any], told: object = None) -> bool:
    """Whether an entry of a value is what the table asks for."""
    given = entry["is"]
    if asked == "all":
        least, most = for_whom(name)
        return least <= set(given) <= most
    if asked == "named":
        return isinstance(told, list) and set(given) == set(told)
    if asked == "given":
        return bool(given)
    if isinstance(told, int) and isinstance(asked, str) and asked in COUNTS:
        return bool(given == told - COUNTS[asked])
    return bool(given == asked)


def _by_values(name: str, asked: Mapping[str, object], parts: Sequence[Part], told: object = None) -> list[str]:
    """The values that carry what is asked for, or none where one of them is missing or says something else."""
    found = {key for key, entry in parts if key in asked and "is" in entry and fits(name, asked[key], entry, told)}
    return sorted(found) if found == set(asked) else []


def _by_own(parts: Iterable[Part], words: str, told: object = None) -> list[str]:
    """The rules of the state's own that permit and hold the words."""
    rules = sorted(key for key, part in parts if permits(part))
    return [rule for rule in rules if words.replace("told", str(told)) in _written(rule)]


def _carried(name: str, asked: Mapping[str, Any], parts: Sequence[Part], told: object = None) -> list[str]:
    """What carries a kind or a term: its values, or where the table lets it a rule of the state's own."""
    values = {key: what for key, what in asked.items() if key != OWN}
    found = _by_values(name, values, parts, told) if values else []
    return found or (_by_own(parts, asked[OWN], told) if OWN in asked else [])


def carried_by(name: str, given: Iterable[Part]) -> tuple[list[str], list[str]]:
    """The rules and values that carry a block in the shape of its kind, and what of it none of them carries."""
    way, parts = PATHS[name], bearing(name, given)
    asked: list[tuple[str, Any, object]] = [(f"kind {way['kind']}", KINDS.get(way["kind"], {}), None)]
    asked += [(f"term {term}", TERMS.get(term, {}), told) for term, told in way["terms"].items()]
    found: set[str] = set()
    missing = []
    for what, shape, told in asked:
        if isinstance(shape, str) or (isinstance(told, list) and ANY in told):
            continue
        mine = _carried(name, shape, parts, told)
        found.update(mine)
        missing += [] if mine else [what]
    return sorted(found), missing
