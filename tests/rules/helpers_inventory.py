"""Writes what became of every block of the facts: `python -m tests.rules.helpers_inventory`.

docs/reference/law-inventory.yaml says for each block which rules and values carry it, in which files, or why none does.
A shared source is not enough: they are of the shape of its kind (helpers_paths.py).
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache

import yaml

from tests.rules import test_facts_carried as facts
from tests.rules.helpers_facts import ROOT
from tests.rules.helpers_paths import PATHS, carried_by, may_carry

INVENTORY = ROOT / "docs" / "reference" / "law-inventory.yaml"
HEAD = """# What became of every block of the facts: the rules and values that carry it, by file, or why none does.
# Written by `python -m tests.rules.helpers_inventory`; a test keeps it true.
"""
OPEN = "open, nobody carries it yet"
NOTHING = "The facts found nothing: no source, and nothing known."
NARROWER = {"retention": "retention", "recording_consent": "recording", "records": "privacy"}
"""Parts of the facts on consent that are topics of their own."""
Parts = Mapping[str, tuple[facts.Part, ...]]


@cache
def parts_of(place: str) -> Parts:
    """Every rule and entry of a value that is cited, by its file, of a place; what is common belongs to the country."""
    folders = ("common", "federal") if place == "us" else (place.removeprefix("us/"),)
    found: dict[str, tuple[facts.Part, ...]] = {}
    for path in (path for folder in folders for path in sorted((ROOT / "rules" / "us" / folder).glob("*.yaml"))):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        named = [(kind, content.get(kind, {}).items()) for kind in ("values", "schedules")]
        entries = [
            (name if kind == "values" else f"{kind} {name}", entry)
            for kind, items in named
            for name, given in items
            for entry in given
        ]
        rules = [(rule["id"], rule) for kind in ("rules", "caps") for rule in content.get(kind, ())]
        found[path.relative_to(ROOT).as_posix()] = tuple(part for part in (*rules, *entries) if "cite" in part[1])
    return found


def carrying(name: str) -> dict[str, list[str]]:
    """By file, the rules and values of a block's place which stand on it; of its own topic where there are some."""
    block = facts.BLOCKS[name]
    standing = {
        file: sorted({part for part, told in parts if may_carry(name, part) and facts.speaks_of(told, block)})
        for file, parts in parts_of(facts.place_of(name)).items()
    }
    found = {file: parts for file, parts in standing.items() if parts}
    topic = next(
        (topic for part, topic in NARROWER.items() if f".{part}" in name), name.split(" ")[1].partition(".")[0]
    )
    found = {file: parts for file, parts in found.items() if file.endswith(f"/{topic}.yaml")} or found
    return _of_its_shape(name, found) if name in PATHS else found


def _of_its_shape(name: str, found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of what stands on a way in, only what carries it in its shape; nothing where a part of it is missing."""
    carried, missing = carried_by(name, facts.law()[facts.place_of(name)])
    kept = {file: [part for part in parts if part in carried] for file, parts in found.items()}
    return {} if missing else {file: parts for file, parts in kept.items() if parts}


def why_not(name: str) -> str:
    """Why a block is left out, the nearest reason; empty where nobody says so."""
    if facts.found_nothing(name):
        return NOTHING
    reasons = {one: why for one, why in facts.LEFT_OUT.items() if name == one or name.startswith(f"{one}.")}
    return reasons[max(reasons, key=len)] if reasons else ""


def told(name: str) -> str:
    """What became of a block. A reason for more than it gives way to a file of its own topic."""
    found = carrying(name)
    own = any(file.endswith("/retention.yaml") for file in found) and name.endswith(".retention")
    why = facts.LEFT_OUT.get(name) or ("" if own else why_not(name))
    if why:
        return f"not carried, {why[:1].lower()}{why[1:]}"
    where = "; ".join(f"{file}: {', '.join(parts)}" for file, parts in found.items())
    return f"carried, {where}" if found else OPEN


def lines() -> Iterable[str]:
    """A line for each block."""
    for name in sorted(facts.BLOCKS):
        yield f"{name}: {json.dumps(told(name), ensure_ascii=False)}\n"


def text() -> str:
    """The whole inventory as its file holds it."""
    return HEAD + "".join(lines())


if __name__ == "__main__":
    INVENTORY.write_text(text(), encoding="utf-8")
