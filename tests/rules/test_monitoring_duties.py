"""Wherever a look at a monitoring programme is asked for, the programme's own answer at this visit meets it."""

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

pytestmark = pytest.mark.slow

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
STATES = sorted(
    place.split("/")[1].upper()
    for place in RULEBOOK.jurisdictions()
    if "/" in place and RULEBOOK.carries("prescribing", place)
)
CONTROLLED = (
    "oxycodone",
    "acetaminophen-codeine",
    "tramadol",
    "alprazolam",
    "zolpidem",
    "methylphenidate",
    "pregabalin",
)
LOOKED = {"pdmp.checked": True, "pdmp.available": True}
"""What a programme that answered tells, beside its state (`engine.facts`)."""


def looks(state: str, drug: str, look: dict[str, object]) -> list[bool]:
    """Whether each look that is asked for is met, of a prescription in person by a physician."""
    facts = started("controlled", EXAMPLES) | {"patient.location.state": state, "drug.name": drug, **look}
    facts |= {"encounter.modality": "in_person", "prescription.mme_per_day": 95, "treatment.purpose": "chronic_pain"}
    facts["provider.dea"] = [{**facts["provider.dea"][0], "state": state}]
    del facts["patient.location.time_zone"]
    asked = Question(topic="prescribing", on="2026-12-01", facts=nested(facts))
    return [duty["met"] for duty in decide(RULEBOOK, asked, ClosuresOnly()).duties if duty["duty"] == "pdmp_check"]


@pytest.mark.parametrize("state", STATES)
def test_an_answer_about_the_state_meets_what_it_asks_and_no_other_does(state: str) -> None:
    untold: dict[str, object] = {"pdmp.checked": None, "pdmp.state": None}
    for drug in CONTROLLED:
        here, elsewhere = looks(state, drug, {**LOOKED, "pdmp.state": state}), {**LOOKED, "pdmp.state": "GU"}
        assert all(here), drug
        assert looks(state, drug, elsewhere) == [False] * len(here), drug
        assert looks(state, drug, untold) == [False] * len(here), drug


@pytest.mark.parametrize("state", STATES)
def test_a_drug_that_is_not_controlled_asks_for_no_look(state: str) -> None:
    assert looks(state, "amoxicillin", {"pdmp.checked": None, "pdmp.state": None}) == []


def test_some_states_ask_for_none_and_most_ask_for_one_of_an_opioid() -> None:
    asking = [state for state in STATES if looks(state, "oxycodone", {"pdmp.checked": None})]
    without = {"KS", "MO", "NE", "OR", "SD", "ND"}  # Kansas only of Medicaid, North Dakota only above twelve weeks
    assert set(STATES) - set(asking) == without
