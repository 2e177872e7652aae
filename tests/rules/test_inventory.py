"""The inventory says of every block of the facts where it is carried, or why it is not."""

import pytest
import yaml

from tests.rules.helpers_inventory import INVENTORY, OPEN, text
from tests.rules.test_facts_carried import BLOCKS

pytestmark = pytest.mark.slow


def test_the_inventory_is_that_of_the_law_as_it_stands() -> None:
    assert INVENTORY.read_text(encoding="utf-8") == text(), "run: python -m tests.rules.helpers_inventory"


def test_every_block_is_carried_somewhere_or_says_why_not() -> None:
    told = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))
    assert told.keys() == BLOCKS.keys()
    assert [name for name, what in told.items() if what == OPEN] == []
    assert {what.partition(",")[0] for what in told.values()} == {"carried", "not carried"}
