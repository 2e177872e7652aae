"""Every duty of the law as carried is due at a gate that asks its topic, and one that may be marked as done helps."""

from collections.abc import Iterator

import pytest

from engine.conditions import paths
from engine.due import read_term
from engine.due_points import GATE_OF_EVENT, POINTS
from engine.gates import asked_topics
from engine.law import Require
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT

RULEBOOK = load_rulebook(ROOT)
TOPICS = RULEBOOK.topics.topics
GATES = RULEBOOK.topics.gates
STATES = sorted(place for place in RULEBOOK.jurisdictions() if "/" in place)


def duties(place: str) -> Iterator[tuple[str, Require]]:
    for topic in TOPICS:
        for instance in RULEBOOK.instances(topic, place):
            yield from ((topic, effect) for effect in instance.effects if isinstance(effect, Require))


def at(place: str) -> dict[str, object]:
    return {"patient": {"location": {"state": place.rpartition("/")[2].upper()}}}


def test_every_due_point_is_a_gates_and_every_event_has_one() -> None:
    assert set(POINTS.values()) == set(GATE_OF_EVENT.values()) == set(GATES)
    for point, name in POINTS.items():
        assert point in GATES[name].due


@pytest.mark.parametrize("place", STATES)
def test_the_gate_of_every_duty_asks_its_topic(place: str) -> None:
    asked = {name: asked_topics(RULEBOOK, one, at(place)) for name, one in GATES.items()}
    for topic, duty in duties(place):
        term = read_term(duty.due)
        if term is None:
            assert topic in asked[POINTS[duty.due]], (topic, duty.duty, duty.due)
        else:
            assert any(topic in one.asks for one in GATES.values()), (topic, duty.duty, duty.due)


@pytest.mark.parametrize("place", STATES)
def test_no_gate_asks_a_further_topic_that_nothing_permits_there(place: str) -> None:
    """A path of authority is looked for at the gates that ask for one; elsewhere its facts are not known yet."""
    for one in GATES.values():
        further = set(asked_topics(RULEBOOK, one, at(place))) - set(one.asks)
        assert not any(TOPICS[name].needs_permit for name in further)


def test_the_states_whose_signing_waits_for_more_are_known() -> None:
    further = {
        place: set(asked_topics(RULEBOOK, GATES["sign"], at(place))) - set(GATES["sign"].asks) for place in STATES
    }
    assert {place: topics for place, topics in further.items() if topics} == {
        "us/ca": {"consent"},
        "us/wi": {"consent"},
        **{f"us/{place}": {"privacy"} for place in ("ak", "ct", "in", "nh", "nj", "sc")},
    }


def test_what_a_clinician_marks_as_done_is_a_fact_that_meets_the_duty_somewhere() -> None:
    meets = {
        (topic, duty.duty, path)
        for place in STATES
        for topic, duty in duties(place)
        if duty.met_by is not None
        for path in paths(duty.met_by)
    }
    marked = {(topic.name, duty, one.fact) for topic in TOPICS.values() for duty, one in topic.stated.items()}
    assert marked
    assert marked <= meets
