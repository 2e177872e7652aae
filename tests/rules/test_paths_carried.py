"""Law is carried in the shape of its kind: a registration by its kind and professions, an exception by its own values.

A source that a rule happens to share with a block of the facts is not enough (docs/reference/law-paths.yaml).
"""

from collections.abc import Mapping

import pytest

from tests.rules import test_facts_carried as facts
from tests.rules.helpers_inventory import carrying
from tests.rules.helpers_paths import HEADS, KINDS, PATHS, TERMS, carried_by, head_of, may_carry

CARRIED = [name for name in PATHS if not facts.left_out(name)]


def of_place(name: str) -> tuple[facts.Part, ...]:
    return facts.law()[facts.place_of(name)]


def test_every_way_in_of_the_facts_is_one_of_the_blocks() -> None:
    assert PATHS.keys() <= facts.BLOCKS.keys()
    listed = {name for name in facts.BLOCKS if "licensing.telehealth_registration" in name or ".exceptions" in name}
    assert listed == PATHS.keys()


@pytest.mark.parametrize("name", CARRIED)
def test_a_way_in_is_carried_in_its_shape(name: str) -> None:
    found, missing = carried_by(name, of_place(name))
    assert missing == []
    assert found


@pytest.mark.parametrize("name", CARRIED)
def test_without_any_one_of_its_rules_and_values_it_is_not(name: str) -> None:
    found, _ = carried_by(name, of_place(name))
    for taken in found:
        rest = [part for part in of_place(name) if part[0] != taken]
        assert carried_by(name, rest)[1] != [], taken


@pytest.mark.parametrize("name", [name for name in CARRIED if PATHS[name]["for"]])
def test_with_other_professions_than_those_of_the_facts_it_is_not(name: str) -> None:
    """Where a value names them; those of a rule of the state's own are held by its cases."""
    whom = {key for key in carried_by(name, of_place(name))[0] if key.endswith(".professions")}
    for other in ([], [*PATHS[name]["for"], "nobody"]):
        changed = [(key, {**part, "is": other} if key in whom else part) for key, part in of_place(name)]
        assert whom == set() or carried_by(name, changed)[1] != [], other


def test_every_kind_and_term_of_the_table_is_one_of_the_facts() -> None:
    told = {term for way in PATHS.values() for term in way["terms"]}
    assert KINDS.keys() <= {PATHS[name]["kind"] for name in CARRIED}
    assert TERMS.keys() - told == set()
    for term, asked in TERMS.items():
        assert isinstance(asked, Mapping) or len(asked.split()) > 3, term


def test_a_registration_of_another_kind_or_a_missing_rule_is_found() -> None:
    name = "us/ga licensing.telehealth_registration"
    block = facts.BLOCKS[name]
    part = {"cite": block[1], "confidence": "high"}
    kind = ("out_of_state.kind", {**part, "is": "special"})
    whom = ("out_of_state.professions", {**part, "is": ["MD", "DO"]})
    assert carried_by(name, [kind, whom]) == (["out_of_state.kind", "out_of_state.professions"], [])
    for wrong in (
        [whom],
        [kind],
        [("out_of_state.kind", {**part, "is": "registration"}), whom],
        [kind, ("out_of_state.professions", {**part, "is": ["MD"]})],
        [kind, ("out_of_state.professions", {**part, "is": ["MD", "DO", "PA"]})],
        [kind, ("out_of_state.professions", {**part, "cite": ["another"], "is": ["MD", "DO"]})],
        [("license.required", {**part, "is": True})],
    ):
        assert carried_by(name, wrong)[1] == ["kind special_purpose_license"], wrong


def test_a_term_that_nobody_carries_is_found() -> None:
    name = "us/al licensing.exceptions.irregular_infrequent"
    parts = [part for part in of_place(name) if part[0] != "infrequent.days"]
    assert carried_by(name, parts)[1] == ["term days_per_calendar_year_lt"]
    ten = [(key, {**part, "is": 10}) if key == "infrequent.days" else (key, part) for key, part in of_place(name)]
    assert carried_by(name, ten)[1] == ["term days_per_calendar_year_lt"]


def test_a_rule_of_the_states_own_counts_where_it_permits() -> None:
    name = "us/ut licensing.exceptions.transitional_therapy"
    assert carried_by(name, of_place(name)) == (["us/ut/licensing/transitional-therapy"], [])
    changed = [(key, {**part, "then": {"require": "board_notice"}}) for key, part in of_place(name) if "then" in part]
    assert "kind transitional_therapy" in carried_by(name, changed)[1]


def test_what_carries_a_head_is_of_its_kind() -> None:
    assert head_of("us/ga consent.minors.self_consent.sti") == "consent.minors.self_consent.sti"
    assert may_carry("us/ga licensing.imlc", "compact.physician.expedited")
    assert not may_carry("us/ga licensing.imlc", "compact.physical_therapy.privilege")
    assert not may_carry("us/ga licensing.imlc", "us/ga/licensing/something")
    assert may_carry("us/ga prescribing.controlled.rules.GA-PAIN", "us/ga/prescribing/pain")
    assert may_carry("us/ga prescribing.something_new", "relationship.establish_via")


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_every_block_of_a_head_is_carried_by_something_of_its_kind(head: str) -> None:
    blocks = [name for name in facts.BLOCKS if head_of(name) == head]
    assert blocks
    assert [name for name in blocks if not facts.left_out(name) and not carrying(name)] == []
