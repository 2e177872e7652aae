"""Every day, month and year that the facts give begins or ends a rule or value, or is named with the reason why not."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml

from tests.rules.helpers_facts import ROOT
from tests.rules.test_facts_carried import BLOCKS, dated, law, left_out, neighbour, place_of, speaks_of

LIST = ROOT / "docs" / "reference" / "law-dates-left-out.yaml"
REASONS: Mapping[str, list[str]] = yaml.safe_load(LIST.read_text(encoding="utf-8"))


def own_days(name: str) -> set[str]:
    """The dates of a block that stand in none of the blocks inside it."""
    inside = (block[3] for other, block in BLOCKS.items() if other.startswith(f"{name}."))
    return set(BLOCKS[name][3]).difference(*inside)


def lost(days: Iterable[str], parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """The dates with which none of the rules and values begins or ends, neither that day nor the one beside it."""
    told = [entry for part in parts for entry in dated(part).items()]
    carried = {day for _, day in told} | {neighbour(key, day) for key, day in told}
    return sorted(set(days) - carried)


@pytest.mark.slow
def test_every_date_of_the_facts_is_one_of_the_law_or_named_with_a_reason() -> None:
    found = {
        f"{name} {day}"
        for name, block in BLOCKS.items()
        if block[3] and not left_out(name)
        for day in lost(own_days(name), [part for _, part in law()[place_of(name)] if speaks_of(part, block)])
    }
    named = [line for lines in REASONS.values() for line in lines]
    assert found == set(named)
    assert len(named) == len(set(named))


def test_each_reason_is_a_sentence() -> None:
    assert all(len(why.split()) > 5 and why.endswith(".") for why in REASONS)


def test_a_lost_date_is_found() -> None:
    parts = [{"from": "2022-07-01"}, {"from": "unknown", "until": "2025"}]
    assert lost(["2022-07-01", "2022-06-30", "2025"], parts) == []
    assert lost(["2022", "2022-07", "2026-01-01"], parts) == ["2022", "2022-07", "2026-01-01"]
    assert lost(["2022-07-01"], [{"from": "unknown"}]) == ["2022-07-01"]
