"""No schedule of the vocabulary slips through the law on prescribing without a rule that speaks of it."""

import pytest

from engine.decide import decide
from engine.decisions import Outcome, Question
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
SCHEDULES = RULEBOOK.vocabulary.facts["drug.schedule"].type.choices
CARRIED = sorted(place for place in RULEBOOK.jurisdictions() if "/" in place and RULEBOOK.carries("prescribing", place))


@pytest.mark.parametrize("jurisdiction", CARRIED)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_needs_a_registration_for_it_in_every_state(schedule: str, jurisdiction: str) -> None:
    state = jurisdiction.split("/")[1].upper()
    facts = started("ordinary_prescription", examples())
    facts |= {"drug.schedule": schedule, "patient.location.state": state, "provider.dea": []}
    facts.pop("patient.location.time_zone")
    decision = decide(RULEBOOK, Question(topic="prescribing", on="2026-12-01", facts=nested(facts)), ClosuresOnly())
    assert decision.outcome is Outcome.FORBIDDEN


def test_only_the_schedules_that_the_law_speaks_of_can_be_permitted() -> None:
    facts = started("sleep_aid", examples())
    facts |= {"drug.name": "amoxicillin", "treatment.purpose": "psychiatric"}
    facts["provider.dea"] = [{"state": "FL", "schedules": list(SCHEDULES), "expires": "2027-12-31"}]
    passed = []
    for schedule in SCHEDULES:
        asked = Question(topic="prescribing", on="2026-12-01", facts=nested({**facts, "drug.schedule": schedule}))
        if decide(RULEBOOK, asked, ClosuresOnly()).passes:
            passed.append(schedule)
    assert passed == ["II", "III", "IV", "V"]
