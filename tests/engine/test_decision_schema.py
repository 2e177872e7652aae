"""A decision is what its published schema says, key by key, and explains what would be lawful."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.decide import decide
from engine.decision_schema import DECISION, QUESTION
from engine.decisions import Decision, Outcome, Question
from engine.evaluators import ClosuresOnly
from engine.rulebook import load_rulebook
from engine.shapes import schema_document
from tests.engine.helpers_law import ask, law, rule
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
ANSWER = jsonschema.Draft202012Validator(schema_document(DECISION, "decision"))
QUESTIONS = jsonschema.Draft202012Validator(schema_document(QUESTION, "question"))
TOPICS = ("licensing", "supervision", "consent", "prescribing", "recording", "privacy", "policy")


def told(start: str, left_out: str = "", **changes: Any) -> dict[str, Any]:
    facts = {**started(start, EXAMPLES), **changes}
    return {path: value for path, value in facts.items() if path != left_out}


def of_the_law(topic: str, on: str, facts: dict[str, Any]) -> Decision:
    return decide(RULEBOOK, Question(topic=topic, on=on, facts=nested(facts)), ClosuresOnly())


@pytest.mark.parametrize("start", ["unlicensed_in_fl", "opioid_in_tx", "visit_in_ca"])
def test_answers_have_the_published_shape(start: str) -> None:
    for topic in TOPICS:
        ANSWER.validate(of_the_law(topic, "2027-01-01", told(start)).as_json())


@pytest.mark.slow
@pytest.mark.parametrize("start", sorted(EXAMPLES))
def test_every_answer_has_the_published_shape(start: str) -> None:
    for topic in TOPICS:
        for on in ("2016-03-27", "2026-12-01", "2027-01-01"):
            ANSWER.validate(of_the_law(topic, on, told(start)).as_json())


def test_the_shapes_are_closed_and_name_every_key_in_order() -> None:
    answer = of_the_law("licensing", "2026-12-01", told("ordinary_visit")).as_json()
    assert list(DECISION.keys) == list(answer)
    with pytest.raises(jsonschema.ValidationError):
        ANSWER.validate({**answer, "more": 1})
    with pytest.raises(jsonschema.ValidationError):
        ANSWER.validate({key: value for key, value in answer.items() if key != "tried"})
    QUESTIONS.validate({"topic": "licensing", "on": "2026-12-01", "facts": {}, "known_at": None, "clinic": None})
    assert list(QUESTION.keys) == ["topic", "on", "known_at", "clinic", "facts"]


@pytest.mark.parametrize("start", ["unlicensed_in_fl", "unlicensed_in_ny", "unlicensed_in_ca"])
def test_without_authority_the_nearest_lawful_path_is_marked_and_is_open_to_somebody(start: str) -> None:
    tried = of_the_law("licensing", "2026-12-01", told(start)).tried
    assert [entry.get("nearest", False) for entry in tried] == [True] + [False] * (len(tried) - 1)
    assert "never" not in tried[0]["failed"]
    closed = ["never" in entry["failed"] for entry in tried]
    assert closed == sorted(closed)


def test_where_the_law_opens_no_path_to_anybody_none_is_the_nearest(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("gated/yes", "{permit: do}", when="{always: false}")), "gated")
    assert [entry.get("nearest") for entry in decision.tried] == [None]


def test_what_forbids_says_what_would_lift_it_the_least_first(tmp_path: Path) -> None:
    unless = ", unless: {any: [{all: [{a: true}, {b: true}]}, {c: true}]}"
    no = rule("open/no", "{forbid: do}", when="{color: {not: red}}", more=unless)
    decision = ask(law(tmp_path, no), a=False, b=False, c=False, color="blue")
    assert decision.forbids[0]["unless"] == ["color is red", "c is true", "a is true and b is true"]


def test_what_goes_beyond_a_limit_says_what_would_not(tmp_path: Path) -> None:
    few, some = rule("open/few", "{limit: days, max: 3}"), rule("open/some", "{limit: color, to: [red, green]}")
    decision = ask(law(tmp_path, few, some), days=4, color="blue")
    assert [entry["unless"] for entry in decision.forbids] == [["days is at most 3"], ["color is one of red, green"]]


def test_a_rule_that_nothing_lifts_says_so_by_saying_nothing(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("open/no", "{forbid: do}", when="{a: true}")), a=True)
    assert "unless" not in decision.forbids[0]


def test_schedule_ii_in_the_first_state_names_its_exceptions() -> None:
    decision = of_the_law("prescribing", "2026-12-01", told("opioid"))
    assert decision.outcome is Outcome.FORBIDDEN
    assert decision.forbids[0]["unless"] == [
        "encounter.modality is in_person",
        "treatment.purpose is psychiatric",
        "patient.setting is one of inpatient, hospice, nursing_home",
    ]
