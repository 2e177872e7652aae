"""A rule over what records come to decides, names what is missing, and says why it failed; both engines agree."""

from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, load_rulebook
from tests.engine.helpers_small_tree import FILES, plant

RULE = """\
- id: us/fl/licensing/few-days
  title: Few days of work in the state permit
  from: 2010-01-01
  cite: act
  confidence: high
  when:
    provider.activity:
      sum: {of: days, at_most: 4 wk}
      latest: {of: 'on', within: P12M}
  then: {permit: practise, path: few_days}
sources:
"""
EVALUATOR = ReteEvaluator()


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    name = "rules/us/fl/licensing.yaml"
    changed = {**FILES, name: FILES[name].replace("sources:\n", RULE, 1)}
    return load_rulebook(plant(tmp_path_factory.mktemp("law"), changed))


def asked(rulebook: Rulebook, *activity: dict[str, Any], on: str = "2026-12-01") -> Decision:
    provider = {"licenses": [], "activity": list(activity)}
    facts = {"patient": {"location": {"state": "FL"}}, "provider": provider}
    return decide(rulebook, Question(topic="licensing", on=on, facts=facts), EVALUATOR)


def test_days_are_added_up_and_the_latest_counts(rulebook: Rulebook) -> None:
    decision = asked(rulebook, {"on": "2026-05-01", "days": 20}, {"on": "2025-12-01", "days": 8})
    assert decision.outcome is Outcome.PERMITTED
    assert [entry["path"] for entry in decision.permits] == ["few_days"]


@pytest.mark.parametrize(
    ("activity", "failed"),
    [
        ([{"on": "2026-05-01", "days": 29}], "the sum of days of provider.activity is at most 28"),
        (
            [{"on": "2025-11-30", "days": 1}],
            "the latest on of provider.activity is on or after encounter.date minus 12 months",
        ),
    ],
)
def test_beyond_the_border_it_fails_and_says_which_part(
    rulebook: Rulebook, activity: list[dict[str, Any]], failed: str
) -> None:
    decision = asked(rulebook, *activity)
    assert decision.outcome is Outcome.FORBIDDEN
    assert failed in next(entry["failed"] for entry in decision.tried if entry["path"] == "few_days")


def test_what_is_untold_is_missing_only_while_it_could_change_the_outcome(rulebook: Rulebook) -> None:
    open_sum = asked(rulebook, {"on": "2026-05-01"}, {"on": "2026-06-01", "days": 28})
    assert (open_sum.outcome, open_sum.missing) == (Outcome.INCOMPLETE, ("provider.activity.days",))
    over = asked(rulebook, {"on": "2026-05-01"}, {"on": "2026-06-01", "days": 29})
    assert over.outcome is Outcome.FORBIDDEN
