"""The inventory says of every block of the facts where it is carried, or why it is not."""

from collections import Counter

import pytest
import yaml

from tests.rules.helpers_facts import OF_LAW
from tests.rules.helpers_inventory import INVENTORY, OPEN, text
from tests.rules.test_facts_carried import BLOCKS
from tests.rules.test_sources import FACTS

pytestmark = pytest.mark.slow
WORDS = ("sources", "legend", "vocabulary", "conventions")
"""Parts of the facts that say what their words mean, or where they were read."""


def test_the_inventory_is_that_of_the_law_as_it_stands() -> None:
    assert INVENTORY.read_text(encoding="utf-8") == text(), "run: python -m tests.rules.helpers_inventory"


def test_every_block_is_carried_somewhere_or_says_why_not() -> None:
    told = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))
    assert told.keys() == BLOCKS.keys()
    assert [name for name, what in told.items() if what == OPEN] == []
    assert {what.partition(",")[0] for what in told.values()} == {"carried", "not carried"}


def told(part: object) -> int:
    """How many of its mappings say where they were read or how sure they are."""
    if isinstance(part, dict):
        return (not {"source", "confidence"}.isdisjoint(part)) + sum(map(told, part.values()))
    return sum(map(told, part)) if isinstance(part, list) else 0


@pytest.mark.parametrize("name", OF_LAW)
def test_every_part_of_the_facts_that_says_its_source_or_confidence_is_in_the_inventory(name: str) -> None:
    """Counted for each head by itself, not by what writes the list. What has a citation alone is listed as well."""
    if not FACTS.is_dir():
        pytest.skip("the researched facts are not beside the project")
    facts = yaml.load((FACTS / "us" / f"{name}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    parts = {
        (f"us/{state.lower()}", head): part for state, of in facts["jurisdictions"].items() for head, part in of.items()
    }
    parts |= {("us", head): part for head, part in facts.items() if head not in (*WORDS, "jurisdictions")}
    listed = Counter(
        (place, rest.split(".")[0]) for place, rest in (one.split(f" {name}.") for one in BLOCKS if f" {name}." in one)
    )
    assert {key: told(part) for key, part in parts.items() if told(part) > listed[key]} == {}
