"""Every block of the researched facts is carried by the law, or said to be left out, with the reason."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
import yaml

from tests.rules.helpers_facts import CONFIDENCE, GUESS, LIST, NOTHING_FOUND, ROOT, as_in_facts, sections, specific

BLOCKS: Mapping[str, Any] = json.loads(LIST.read_text(encoding="utf-8"))["blocks"]
LEFT_OUT = yaml.safe_load((ROOT / "docs" / "reference" / "law-left-out.yaml").read_text(encoding="utf-8"))
WHOLE = ("us", "us/ca", "us/fl", "us/nj", "us/ny", "us/tx")
"""Where every block is carried or left out with a reason; elsewhere all but those that begin with one of STILL_OPEN."""
STILL_OPEN = (
    "licensing.dietitian_compact",
    "licensing.exceptions",
)
CARRIED = ("us", *sorted(f"us/{path.name}" for path in (ROOT / "rules" / "us").iterdir() if len(path.name) == 2))
Part = tuple[str, Mapping[str, Any]]


@cache
def law() -> Mapping[str, tuple[Part, ...]]:
    """Every rule and entry of a value that is cited, by jurisdiction; what is common belongs to the country."""
    found: dict[str, list[Part]] = {}
    for path in sorted((ROOT / "rules" / "us").glob("*/*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        here = found.setdefault(content["jurisdiction"].removesuffix("/common"), [])
        here += [(rule["id"], rule) for rule in content.get("rules", ()) if "cite" in rule]
        here += [(name, entry) for name, given in content.get("values", {}).items() for entry in given]
    return {place: tuple(parts) for place, parts in found.items()}


def cites(part: Mapping[str, Any]) -> set[str]:
    told = [part["cite"]] if isinstance(part["cite"], str) else part["cite"]
    return {*told, *map(as_in_facts, told)}


def alike(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a section of some is one of the others, or a part of one, or has one as its part."""
    return any(a.startswith(b) or b.startswith(a) for a in some for b in others)


@cache
def numbers_of(law_text: str) -> frozenset[str]:
    return specific(sections(law_text))


@cache
def blocks_known(place: str) -> tuple[list[Any], ...]:
    """The blocks of a place and of the country; for the country any."""
    return tuple(block for key, block in BLOCKS.items() if place in ("us", place_of(key)) or place_of(key) == "us")


def speaks_of(part: Mapping[str, Any], block: list[Any]) -> bool:
    """Whether a rule or value stands on a block: a source of it, and where both name sections one of those."""
    _, sources, numbers, *_ = block
    shared = cites(part).intersection(sources)
    if not shared:
        return False
    mine = numbers_of(str(part.get("law", "")))
    same = alike(mine, numbers)
    return same or (shared != {GUESS} and not (mine and numbers))


def dated(part: Mapping[str, Any]) -> dict[str, str]:
    """The first and the last day of a rule or value, by key, where it has them."""
    return {key: str(part[key]) for key in ("from", "until") if str(part.get(key, "unknown")) != "unknown"}


def spoken_of(place: str, part: Mapping[str, Any]) -> list[list[Any]]:
    """The blocks of a place and of the country that a rule or value of the place stands on; for the country any."""
    return [block for block in blocks_known(place) if speaks_of(part, block)]


def place_of(block: str) -> str:
    return block.split(" ")[0]


def found_nothing(block: str) -> bool:
    """Whether the facts say of it that nothing was found: no source, and nothing known."""
    sure, sources, *_ = BLOCKS[block]
    return bool(sure == NOTHING_FOUND and not sources)


def left_out(block: str) -> bool:
    return found_nothing(block) or any(block == name or block.startswith(f"{name}.") for name in LEFT_OUT)


@pytest.mark.parametrize("place", CARRIED)
def test_every_block_of_the_facts_is_carried_or_left_out_with_a_reason(place: str) -> None:
    missing = [
        name
        for name, block in BLOCKS.items()
        if place_of(name) == place
        and (place in WHOLE or not name.split(" ")[1].startswith(STILL_OPEN))
        and not left_out(name)
        and not any(speaks_of(part, block) for _, part in law()[place])
    ]
    assert missing == []


def test_what_is_left_out_is_in_the_facts_and_says_why() -> None:
    for name, why in LEFT_OUT.items():
        assert any(block == name or block.startswith(f"{name}.") for block in BLOCKS), name
        assert len(why.split()) > 3, name


@pytest.mark.parametrize("place", CARRIED)
def test_nothing_of_the_law_is_surer_than_the_facts_it_stands_on(place: str) -> None:
    surer = []
    for name, part in law()[place]:
        sure = [CONFIDENCE.index(block[0]) for block in spoken_of(place, part)]
        most = max(sure, default=CONFIDENCE.index("medium"))
        if CONFIDENCE.index(part["confidence"]) > most:
            surer.append((name, part["confidence"], CONFIDENCE[most]))
    assert surer == []


RECALLED = re.compile(r"(sections?|effective date) (is|are) recollection in the facts", re.IGNORECASE)


def too_sure(part: Mapping[str, Any], spoken: Iterable[list[Any]]) -> bool:
    """Whether a rule or value is high, or names no guess, though the facts recall its day; or is high and says so."""
    recalled = {day for block in spoken for day in block[4]}
    guessed = not recalled.isdisjoint(dated(part).values())
    high = part["confidence"] == "high"
    return (guessed and (high or GUESS not in cites(part))) or (
        high and RECALLED.search(part.get("note", "")) is not None
    )


@pytest.mark.parametrize("place", CARRIED)
def test_what_the_facts_only_recall_is_not_high_and_is_cited_as_a_guess(place: str) -> None:
    assert [name for name, part in law()[place] if too_sure(part, spoken_of(place, part))] == []


NOT_OF_ITS_FACTS = {
    ("telemedicine.flexibility", "until", "2023-05-10"): "the day before the first flexibility; cites only the guess",
    ("us/prescribing/before-the-flexibility", "until", "2023-05-10"): "the day before the first flexibility, as above",
    ("telemedicine.buprenorphine", "from", "2009-04-13"): "the day of the act that the later rule is an exception to",
    ("us/prescribing/methadone-for-opioid-use-disorder", "from", "1971-05-01"): "the act's day; cites only the guess",
    ("us/az/prescribing/physician-assistant-certified", "from", "2018-10-01"): "in Arizona, in the name of a condition",
    ("out_of_state.kind", "until", "2025"): "in Texas, in words: no option to hold it after 2025",
    ("out_of_state.professions", "until", "2025"): "in Texas, as above",
    ("us/nc/consent/parent-in-writing", "from", "2023-12-01"): "in the facts' note on minors",
}
"""Days of the law that none of the facts it stands on gives as a date, each with the reason."""


def invented(part: Mapping[str, Any], spoken: Iterable[list[Any]]) -> list[tuple[str, str]]:
    """The days of a rule or value that its facts do not give: by themselves, as last day before it or first after."""
    given = {day for block in spoken for day in block[3]}
    return [(key, day) for key, day in dated(part).items() if given.isdisjoint({day, neighbour(key, day)})]


def neighbour(key: str, day: str) -> str:
    """The last day of what was before a first day, the first of what is after a last one; a month or year itself."""
    step = timedelta(days=-1 if key == "from" else 1)
    return (date.fromisoformat(day) + step).isoformat() if len(day) == len("2026-01-01") else day


def test_every_day_of_the_law_is_one_of_the_facts_that_it_stands_on() -> None:
    parts = [(place, name, part) for place in CARRIED for name, part in law()[place]]
    found = {(name, *day) for place, name, part in parts for day in invented(part, spoken_of(place, part))}
    assert found == set(NOT_OF_ITS_FACTS)


@pytest.mark.slow
def test_no_source_is_surer_than_the_surest_facts_that_stand_on_it() -> None:
    surest: dict[str, int] = {}
    for sure, sources, *_ in BLOCKS.values():
        for source in sources:
            surest[source] = max(surest.get(source, 0), CONFIDENCE.index(sure))
    surer = {
        (path.parent.name, key)
        for path in (ROOT / "rules" / "us").glob("*/*.yaml")
        for key, source in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        .get("sources", {})
        .items()
        if key != GUESS
        and CONFIDENCE.index(source["confidence"])
        > surest.get(key, surest.get(as_in_facts(key), CONFIDENCE.index("medium")))
    }
    assert surer == set()


def test_a_rule_that_is_too_sure_or_a_block_that_nobody_carries_is_found() -> None:
    block = ["medium", ["some_source", GUESS], ["456.47(2)(c)"]]
    assert speaks_of({"cite": "some_source", "law": "Fla. Stat. 456.47"}, block)
    assert speaks_of({"cite": "some_source"}, block)
    assert speaks_of({"cite": GUESS, "law": "Fla. Stat. 456.47(2)(c)"}, block)
    assert not speaks_of({"cite": GUESS}, block)
    assert not speaks_of({"cite": "some_source", "law": "Fla. Stat. 893.055"}, block)
    assert not speaks_of({"cite": "another", "law": "Fla. Stat. 456.47(2)(c)"}, block)


def test_a_recalled_day_or_section_that_is_said_to_be_sure_is_found() -> None:
    recalls = [["high", ["some_source"], [], ["2018-01-19", "2020"], ["2018-01-19"]]]
    part = {"from": "2018-01-19", "cite": ["some_source", GUESS], "confidence": "medium"}
    assert not too_sure(part, recalls)
    assert too_sure({**part, "confidence": "high"}, recalls)
    assert too_sure({**part, "cite": "some_source"}, recalls)
    assert not too_sure({**part, "from": "unknown", "confidence": "high"}, recalls)
    assert too_sure({**part, "confidence": "high", "note": "The sections are recollection in the facts"}, [])


def test_an_invented_day_is_found() -> None:
    facts = [["high", ["some_source"], [], ["2021-10", "2024-06-30", "2026"], []]]
    for given in ({"from": "2024-07-01"}, {"until": "2024-06-29"}, {"from": "2021-10"}, {"from": "unknown"}, {}):
        assert invented(given, facts) == []
    for key, day in (("from", "2024-06-29"), ("until", "2024-07-01"), ("from", "2021-10-01"), ("until", "2026-12-31")):
        assert invented({key: day}, facts) == [(key, day)]
    assert invented({"from": "2024-06-30"}, []) == [("from", "2024-06-30")]
