"""Every shape that the facts of the law take stands somewhere in the law, as the table of the reference says."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from tests.rules.helpers_cases import ROOT

TABLE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docs/reference/law-shapes.yaml").read_text(encoding="utf-8"))
ASKED_FOR = {
    "any-of authority paths with evidence and expiry",
    "counters of a calendar year",
    "rolling windows",
    "event clocks with notices",
    "home-state and primary-residence conditions",
    "payer variants",
    "profession variants",
    "setting variants",
    "deferred signatures as timers",
    "rules importing rules",
    "sunset with fallback",
    "court stays",
    "guidance that warns",
    "duties after the fact as timers of the visit",
}


@cache
def texts() -> dict[str, str]:
    """The YAML of every rule by its id, and of every law file's values by `PLACE/TOPIC`."""
    found: dict[str, str] = {}
    for path in (ROOT / "rules" / "us").glob("*/*.yaml"):
        text = path.read_text(encoding="utf-8")
        found[f"us/{path.parent.name}/{path.stem}"] = text.partition("\nrules:\n")[0]
        for rule in re.split(r"^(?=- id: )", text.partition("\nrules:\n")[2], flags=re.M)[1:]:
            found[rule.removeprefix("- id: ").partition("\n")[0]] = rule
    return found


def test_every_shape_that_the_facts_need_is_in_the_table() -> None:
    assert set(TABLE) >= ASKED_FOR


@pytest.mark.parametrize("shape", TABLE)
def test_a_shape_stands_where_the_table_says(shape: str) -> None:
    told = TABLE[shape]
    rules, values = told.get("rules", []), [one.partition("#") for one in told.get("values", [])]
    assert told["says"] and (rules or values)
    assert [one for one in rules if one not in texts()] == []
    for file, _, name in values:
        assert f"\n  {name}:\n" in texts()[file], name
    whole = "\n".join([*(texts()[one] for one in rules), *(texts()[file] for file, _, _ in values)])
    assert [word for word in told["written"] if not re.search(word, whole)] == []
