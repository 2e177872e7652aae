"""A question may begin with what was told at an earlier visit; nothing counts before it is confirmed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.forms import Fill, Form
from engine.forms_answers import check_submission
from engine.forms_intake import filled_facts, form_facts, missing_items, next_item, progress
from engine.forms_prefill import HandedIn, offered
from tests.engine.helpers_content import faults, form, intake

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
DRUGS = """\
- {id: drugs, type: multi_choice, alone: none, text: {en: D}, fills: {path: patient.medications}, prefill: BEGIN,
   choices: [{id: opioid, text: {en: O}}, {id: other, text: {en: X}}, {id: none, text: {en: N}}]}
"""
PREGNANT = """\
- {id: pregnant, type: choice, text: {en: P}, prefill: patient.pregnant,
   choices: [{id: 'yes', text: {en: Y}}, {id: maybe, text: {en: M}},
     {id: 'no', text: {en: N}}, {id: na, text: {en: A}}],
   fills: {path: patient.pregnant, values: {'yes': true, maybe: null, 'no': false, na: false}}}
"""
BY_FACT = form(DRUGS.replace("BEGIN", "patient.medications"))
BY_ANSWER = form(DRUGS.replace("BEGIN", "last_answer"))


def handed(answers: dict[str, Any], fills: dict[str, Any], days: int = 0, name: str = "test/form") -> HandedIn:
    return HandedIn(form=name, at=AT - timedelta(days=days), answers=answers, fills=fills)


def begins(compiled: Form, *earlier: HandedIn) -> Any:
    found = offered(compiled, compiled.items[0], earlier)
    return found.value if found is not None else None


def test_a_fact_is_offered_whichever_form_filled_it() -> None:
    other = handed({}, {"patient.medications": ["opioid"]}, name="another/form")
    assert begins(BY_FACT, other) == ["opioid"]
    assert begins(BY_ANSWER, other) is None


def test_the_newest_form_that_tells_decides_and_says_when() -> None:
    newest, older = handed({"drugs": ["other"]}, {}, days=3), handed({"drugs": ["opioid"]}, {}, days=30)
    found = offered(BY_ANSWER, BY_ANSWER.items[0], [handed({}, {}), newest, older])
    assert found is not None
    assert (found.value, found.at) == (["other"], AT - timedelta(days=3))


def test_nothing_taken_is_the_choice_that_says_so() -> None:
    assert begins(BY_FACT, handed({}, {"patient.medications": []})) == ["none"]


def test_what_is_no_choice_any_more_or_was_left_blank_is_not_offered() -> None:
    assert begins(BY_FACT, handed({}, {"patient.medications": ["opioid", "aspirin"]})) is None
    assert begins(BY_ANSWER, handed({"drugs": ["aspirin"]}, {})) is None
    assert begins(BY_ANSWER, handed({"drugs": None}, {}), handed({"drugs": ["opioid"]}, {})) is None


def test_a_fact_that_two_choices_mean_is_not_guessed() -> None:
    compiled = form(PREGNANT)
    assert begins(compiled, handed({}, {"patient.pregnant": True})) == "yes"
    assert begins(compiled, handed({}, {"patient.pregnant": False})) is None


def test_what_is_offered_is_no_answer() -> None:
    assert begins(BY_FACT, handed({}, {"patient.medications": ["opioid"]})) == ["opioid"]
    assert next_item(BY_FACT, {}) is BY_FACT.items[0]
    assert progress(BY_FACT, {}).answered == 0
    assert [item.id for item in missing_items(BY_FACT, {})] == ["drugs"]
    assert list(check_submission(BY_FACT, {})) == ["drugs"]
    assert form_facts(BY_FACT, {}) == {}


def test_the_shipped_intake_asks_again_for_what_changes_slowly_and_never_for_a_danger() -> None:
    begun = {item.id: item.prefill for item in intake().items if item.prefill}
    assert begun == {
        "allergies": "patient.allergies",
        "allergy_details": "last_answer",
        "medications": "patient.medications",
        "medication_names": "last_answer",
        "conditions": "patient.conditions",
    }


PLAIN = DRUGS.replace("BEGIN", "last_answer")
FLAG = "flags:\n- {id: f, severity: urgent, when: {drugs: {has: opioid}}, text: {en: F}, advice: {en: F}}\n"
SUM = """\
- {id: a, type: choice, text: {en: A}, prefill: last_answer,
   choices: [{id: x, text: {en: X}, weight: 0}, {id: y, text: {en: Y}, weight: 1}]}
scores:
- {id: sum, title: {en: S}, items: [a]}
"""
FAULTS = [
    ("an unknown path", DRUGS.replace("BEGIN", "patient.medication"), ("FORM037", 1)),
    ("a word that is no path", DRUGS.replace("BEGIN", "last_anwser"), ("FORM037", 1)),
    ("a fact that it does not fill", DRUGS.replace("BEGIN", "patient.allergies"), ("FORM038", 1)),
    ("a fact that no form may fill", DRUGS.replace("BEGIN", "patient.birth_date"), ("FORM038", 1)),
    ("an answer that raises a red flag", PLAIN + FLAG, ("FORM039", 1)),
    ("an answer that a score counts", SUM, ("FORM039", 1)),
    ("a piece of information", PLAIN + "- {id: i, type: info, prefill: last_answer, text: {en: I}}\n", ("FORM007", 3)),
    ("a list", DRUGS.replace("BEGIN", "[last_answer]"), ("SHAPE003", 1)),
]


@pytest.mark.parametrize(("text", "expected"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_of_what_a_question_begins_with_is_told_on_its_line(text: str, expected: tuple[str, int]) -> None:
    assert expected in faults(text)


def test_a_misspelt_word_names_the_nearest() -> None:
    assert faults(PLAIN) == []
    assert ("FORM037", 1) in faults(DRUGS.replace("BEGIN", "last_answr"))


UNSURE = DRUGS.replace("fills: {path: patient.medications}", "fills: {path: patient.medications, values: {none: null}}")


def test_a_choice_mapped_to_null_tells_nothing_and_the_next_visit_begins_with_nothing() -> None:
    unsure = form(UNSURE.replace("BEGIN", "patient.medications"))
    assert filled_facts(unsure, {"drugs": ["none"]}) == {}
    assert filled_facts(BY_FACT, {"drugs": ["none"]}) == {"patient.medications": []}
    assert begins(unsure, handed({}, {"patient.medications": []})) is None


def test_of_a_list_with_a_choice_mapped_to_null_nothing_is_told_even_in_a_form_of_before() -> None:
    item = BY_FACT.items[0]
    fills = Fill(path="patient.medications", values={"other": None})
    stratum = replace(BY_FACT.strata[0], items=(replace(item, fills=fills),))
    kept = replace(BY_FACT, items=stratum.items, strata=(stratum, *BY_FACT.strata[1:]))
    assert filled_facts(kept, {"drugs": ["other"]}) == {}
    assert filled_facts(kept, {"drugs": ["opioid", "other"]}) == {}
    assert filled_facts(kept, {"drugs": ["opioid"]}) == {"patient.medications": ["opioid"]}


def test_null_beside_other_choices_of_a_list_is_a_fault() -> None:
    broken = UNSURE.replace("values: {none: null}", "values: {other: null}").replace("BEGIN", "patient.medications")
    assert ("FORM040", 1) in faults(broken)
    assert not [code for code, _ in faults(UNSURE.replace("BEGIN", "patient.medications")) if code == "FORM040"]
