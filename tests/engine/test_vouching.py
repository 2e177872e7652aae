"""Vouching for law raises that value or rule for the clinic that does, on its days, and changes nothing else."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.attestations import recorded_faults
from engine.diagnostics import Problems
from engine.instances import Instance
from engine.overlays import OwnLaw
from engine.reading import Node, read_text
from engine.rulebook import LawPack, Rulebook, join, load_law
from engine.vouching import Subject, subject, subjects
from tests.rules.helpers_cases import ROOT

ON, UNTIL = "2026-11-25", "2027-06-30"
PLACES = ("us/ca", "us/fl", "us/nj", "us/pa", "us/ri", "us/wy", "us/tx")
pytestmark = pytest.mark.slow


@cache
def law() -> LawPack:
    return load_law(ROOT)


@cache
def plain() -> Rulebook:
    return join(law())


@cache
def known() -> tuple[Subject, ...]:
    return tuple(one for place in PLACES for one in subjects(law().files, place, ON))


def vouched(one: Subject, **changes: Any) -> Node:
    told: dict[str, Any] = {"rule": one.rule, "title": one.title}
    if one.value:
        told = {"value": one.value, "jurisdiction": one.jurisdiction, "is": one.told}
    entry = {"id": "att_one", **told, "by": "Ida Marsh", "on": ON, "until": UNTIL, "source": "The act", **changes}
    node = read_text(json.dumps(entry), "attestation/att_one", Problems())
    assert node is not None
    return node


def joined(*nodes: Node) -> Rulebook:
    return join(law(), OwnLaw(recorded=nodes))


def bare(instance: Instance) -> tuple[Any, ...]:
    """What a rule does in a place, whatever it stands on and on which days."""
    return instance.id, repr(instance.condition), repr(instance.effects), instance.authority


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_attestation_changes_what_any_rule_does_or_touches_one_that_does_not_stand_on_it(
    data: st.DataObject,
) -> None:
    one = data.draw(st.sampled_from(known()))
    place = data.draw(st.sampled_from(PLACES))
    topic = data.draw(st.sampled_from(("licensing", "supervision", "consent", "prescribing", "recording", "retention")))
    before, after = plain().instances(topic, place), joined(vouched(one)).instances(topic, place)
    assert {bare(each) for each in before} == {bare(each) for each in after}
    raised = [each for each in after if "attested/att_one" in each.cited.sources]
    assert all((topic, place) == (one.topic, one.jurisdiction) for _ in raised)
    assert all(each.period.first >= ON and each.period.last <= UNTIL for each in raised)
    untouched = [each for each in after if "attested/att_one" not in each.cited.sources]
    same = {(bare(each), each.cited) for each in before}
    assert all((bare(each), each.cited) in same for each in untouched)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_on_days_on_which_it_does_not_stand_the_law_is_as_it_was(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(known()))
    day = data.draw(st.sampled_from(("2020-05-05", "2026-11-24", "2027-07-01", "2030-01-01")))
    before = plain().plan(one.topic, one.jurisdiction, day).standing
    after = joined(vouched(one)).plan(one.topic, one.jurisdiction, day).standing
    assert {(bare(each.instance), each.certainty, each.instance.cited) for each in before} == {
        (bare(each.instance), each.certainty, each.instance.cited) for each in after
    }


def test_a_value_that_changes_under_it_makes_it_count_for_nothing() -> None:
    one = subject(law().files, "us/nj", "consent.age", ON)
    assert one is not None and not recorded_faults(vouched(one), law())
    for changes in ({"is": 17}, {"value": "consent.agee"}, {"until": "2030-01-01"}, {"on": "2020-01-01"}, {"more": 1}):
        node = vouched(one, **changes)
        assert recorded_faults(node, law()), changes
        overlay = joined(node).overlay
        assert overlay is not None and overlay.attested == ()


def test_the_digest_names_what_is_attested_and_only_the_overlays() -> None:
    one = subject(law().files, "us/nj", "consent.age", ON)
    assert one is not None
    made = joined(vouched(one))
    assert made.digest != plain().digest and made.law.digest == plain().law.digest
    assert joined(vouched(one)).digest == made.digest
    assert joined(vouched(one, until="2027-06-29")).digest != made.digest


def test_only_law_that_is_not_sure_is_worth_vouching_for() -> None:
    low = subject(law().files, "us/wy", "relationship.establish_via", ON)
    sure = subject(law().files, "us/fl", "relationship.establish_via", ON)
    assert low is not None and low.unsure(ON)
    assert sure is not None and not sure.unsure(ON)
    assert subject(law().files, "us/fl", "no.such", ON) is None
