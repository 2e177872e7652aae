"""What an untold fact counts as, and how an answer becomes a fact: the same to both engines."""

from typing import Any

import pytest

from engine.conditions import Test
from engine.decide import decide, judge
from engine.decisions import Decision, Outcome, Question
from engine.diagnostics import Problems
from engine.facts import gather_facts
from engine.forms_intake import filled_facts
from engine.programs import compile_program
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, load_rulebook
from engine.vocabulary import read_facts
from tests.engine.helpers_content import form, vocabulary
from tests.engine.helpers_small_tree import plant
from tests.engine.test_facts import NOW, dossier

EVALUATOR = ReteEvaluator()
PREGNANT = """\
- id: expecting
  type: choice
  text: {en: Pregnant?}
  choices:
  - {id: certainly, text: {en: Yes}}
  - {id: surely_not, text: {en: No}}
  - {id: perhaps, text: {en: I do not know}}
  fills: {path: patient.pregnant, values: {certainly: true, surely_not: false, perhaps: null}}
"""


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_rulebook(plant(tmp_path_factory.mktemp("law")))


def asked(rulebook: Rulebook, status: str = "active", **encounter: Any) -> Decision:
    licenses = [{"state": "GA", "status": status}]
    facts = {
        "patient": {"location": {"state": "FL"}},
        "provider": {"licenses": licenses},
        "encounter": encounter,
    }
    return decide(rulebook, Question(topic="licensing", on="2026-12-01", facts=facts), EVALUATOR)


def test_an_untold_status_counts_as_the_vocabulary_presumes_and_the_decision_says_so(rulebook: Rulebook) -> None:
    decision = asked(rulebook)
    assert decision.outcome is Outcome.FORBIDDEN
    assert decision.presumed["encounter.emergency"] is False


@pytest.mark.parametrize(("told", "outcome"), [(True, Outcome.PERMITTED), (False, Outcome.FORBIDDEN)])
def test_what_is_told_is_never_presumed(rulebook: Rulebook, told: bool, outcome: Outcome) -> None:
    decision = asked(rulebook, emergency=told)
    assert decision.outcome is outcome
    assert "encounter.emergency" not in decision.presumed


def test_a_record_that_speaks_against_it_ends_the_presumption(rulebook: Rulebook) -> None:
    decision = asked(rulebook, "expired")
    assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, ("encounter.emergency",))
    assert "encounter.emergency" not in decision.presumed


def test_presumed_and_told_so_differ_in_nothing_but_that(rulebook: Rulebook) -> None:
    presumed, told = asked(rulebook).as_json(), asked(rulebook, emergency=False).as_json()
    assert presumed.pop("presumed") != told.pop("presumed")
    assert presumed == told


@pytest.mark.parametrize(("answer", "truth"), [("certainly", True), ("surely_not", False), ("perhaps", None)])
def test_an_answer_reaches_the_fact_that_it_fills(answer: str, truth: bool | None) -> None:
    filled = filled_facts(form(PREGNANT), {"expecting": answer})
    facts = read_facts(vocabulary(), gather_facts(dossier(answers=filled), "join", NOW).facts, Problems())
    program = compile_program([Test("patient.pregnant", "is", True)], vocabulary())
    assert judge(program, facts, EVALUATOR) == (truth,)


def test_a_form_cannot_fill_where_the_patient_is_whatever_the_answers_say() -> None:
    gathered = gather_facts(dossier(answers={"patient.location.state": "FL"}), "join", NOW)
    assert gathered.facts["patient"]["location"]["state"] == "GA"
    assert gathered.provenance["patient.location.state"].as_of == NOW
