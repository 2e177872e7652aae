"""What is untold, broken or different on two days never opens more than it should."""

import json
from dataclasses import replace

import pytest

from engine import decide as module
from engine.decide import concluded
from engine.decisions import Decision, Outcome
from engine.evaluators import ClosuresOnly
from engine.faults import EngineFault
from engine.rulebook import load_rulebook
from engine.vocabulary import Doubt
from tests.rules.helpers_cases import ROOT


def test_a_record_that_does_not_say_speaks_against_a_presumption() -> None:
    doubt = Doubt("provider.licenses", "status", ("suspended",))
    assert doubt.holds({"provider.licenses": ({"state": "TX"},)})
    assert doubt.holds({"provider.licenses": ({"status": "suspended"},)})
    assert not doubt.holds({"provider.licenses": ({"status": "active"},)})


def test_whatever_goes_wrong_while_concluding_is_no_answer() -> None:
    plan = load_rulebook(ROOT).plan("licensing", "us/fl", "2026-12-01")

    def broken(_: object) -> None:
        raise KeyError("composing failed")

    with pytest.raises(EngineFault):
        concluded(plan.program, {}, ClosuresOnly(), broken)


def test_two_days_with_other_duties_are_not_the_same() -> None:
    duty = {"rule": "a", "duty": "consent", "due": "before_join", "met": False, "detail": {"form": "verbal"}}
    milder = Decision(topic="consent", outcome=Outcome.PERMITTED_WITH_DUTIES, duties=(duty,))
    stricter = replace(milder, duties=({**duty, "detail": {"form": "written"}, "rules": ["a", "b"]},))
    assert module._substance(milder) != module._substance(stricter)
    assert json.loads(milder.canonical()) != json.loads(stricter.canonical())
