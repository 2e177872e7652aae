"""Writes what became of every block of the facts: `python -m tests.rules.helpers_inventory`.

docs/reference/law-inventory.yaml says for each block in which files of law it is carried, or why it is not.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache

import yaml

from tests.rules import test_facts_carried as facts
from tests.rules.helpers_facts import ROOT

INVENTORY = ROOT / "docs" / "reference" / "law-inventory.yaml"
HEAD = """# What became of every block of the researched facts: the files of law that carry it, or why none does.
# Written by `python -m tests.rules.helpers_inventory`; a test keeps it true.
"""
OPEN = "open, nobody carries it yet"
NOTHING = "The facts found nothing: no source, and nothing known."
NARROWER = {"retention": "retention", "recording_consent": "recording", "records": "privacy"}
"""Parts of the facts on consent that are topics of their own."""
Parts = Mapping[str, tuple[Mapping[str, object], ...]]


@cache
def parts_of(place: str) -> Parts:
    """Every rule and entry of a value that is cited, by its file, of a place; what is common belongs to the country."""
    folders = ("common", "federal") if place == "us" else (place.removeprefix("us/"),)
    found: dict[str, tuple[Mapping[str, object], ...]] = {}
    for path in (path for folder in folders for path in sorted((ROOT / "rules" / "us" / folder).glob("*.yaml"))):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        entries = [entry for given in content.get("values", {}).values() for entry in given]
        schedules = [entry for given in content.get("schedules", {}).values() for entry in given]
        rules = [*content.get("rules", ()), *content.get("caps", ()), *schedules, *entries]
        found[path.relative_to(ROOT).as_posix()] = tuple(part for part in rules if "cite" in part)
    return found


def carrying(name: str) -> list[str]:
    """The files of a block's place that hold a rule or value which stands on it; of its own topic where there are."""
    block = facts.BLOCKS[name]
    found = [
        file
        for file, parts in parts_of(facts.place_of(name)).items()
        if any(facts.speaks_of(part, block) for part in parts)
    ]
    topic = next(
        (topic for part, topic in NARROWER.items() if f".{part}" in name), name.split(" ")[1].partition(".")[0]
    )
    return [file for file in found if file.endswith(f"/{topic}.yaml")] or found


def why_not(name: str) -> str:
    """Why a block is left out, the nearest reason; empty where nobody says so."""
    if facts.found_nothing(name):
        return NOTHING
    reasons = {one: why for one, why in facts.LEFT_OUT.items() if name == one or name.startswith(f"{one}.")}
    return reasons[max(reasons, key=len)] if reasons else ""


def told(name: str) -> str:
    """What became of a block. A reason for more than it gives way to a file of its own topic."""
    files = carrying(name)
    own = any(file.endswith("/retention.yaml") for file in files) and name.endswith(".retention")
    why = facts.LEFT_OUT.get(name) or ("" if own else why_not(name))
    if why:
        return f"not carried, {why[:1].lower()}{why[1:]}"
    return f"carried, {', '.join(files)}" if files else OPEN


def lines() -> Iterable[str]:
    """A line for each block."""
    for name in sorted(facts.BLOCKS):
        yield f"{name}: {json.dumps(told(name), ensure_ascii=False)}\n"


def text() -> str:
    """The whole inventory as its file holds it."""
    return HEAD + "".join(lines())


if __name__ == "__main__":
    INVENTORY.write_text(text(), encoding="utf-8")
