"""A score is the sum of its choices' weights, unknown until all are told, and conditions may read it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics import Problems
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import ClosuresOnly
from engine.forms_compile import compile_form
from engine.forms_flags import red_flags
from engine.forms_intake import form_facts, shown_items
from engine.forms_paths import witness
from engine.forms_scores import Tally, tallies
from tests.engine.helpers_content import HEAD, faults, form, parsed, vocabulary
from tests.engine.helpers_instruments import GAD_7, HOW_OFTEN, PHQ_9, screening, screening_text, weighing

SCREENING = screening()
YES_NO = "[{id: 'no', text: {en: N}, weight: 0}, {id: 'yes', text: {en: Y}, weight: 2}]"
TWO = f"""\
- {{id: a, type: choice, text: {{en: A}}, choices: {YES_NO}}}
- {{id: b, type: choice, text: {{en: B}}, choices: {YES_NO.replace("0", "-1").replace("2", "1")}}}
"""
FLAG = "flags:\n- {id: f, severity: urgent, when: {sum: 1}, text: {en: F}, advice: {en: F}}\n"
SUM = "scores:\n- {id: sum, title: {en: S}, items: [a, b]}\n"
CASES = "cases:\n- {name: a case, given: {a: 'yes', b: 'no'}, expect: {scores: {sum: 1}}}\n"
BANDED = SUM.replace("]}", "], bands: [{id: low, from: -1, text: {en: L}}, {id: high, from: 2, text: {en: H}}]}")


@pytest.fixture(scope="module")
def pool() -> Iterator[EvaluatorPool]:
    with EvaluatorPool(processes=1) as started:
        yield started


def tally(answers: dict[str, Any], name: str) -> Tally:
    return next(entry for entry in tallies(SCREENING, answers) if entry.score.id == name)


@pytest.mark.parametrize(
    ("total", "band"),
    [(0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate"), (15, "severe")],
)
def test_a_sum_falls_in_the_band_it_has_reached(total: int, band: str) -> None:
    found = tally(weighing(SCREENING, total, GAD_7), "gad7")
    assert (found.total, found.band and found.band.id) == (total, band)


def test_the_limits_of_a_score_are_those_of_its_choices() -> None:
    assert {score.id: (score.least, score.most) for score in SCREENING.scores} == {
        "phq2": (0, 6),
        "phq9": (0, 27),
        "gad7": (0, 21),
    }


def test_a_score_with_an_answer_missing_is_unknown_and_says_how_many_are_there() -> None:
    answers = weighing(SCREENING, 12, GAD_7[:-1])
    found = tally(answers, "gad7")
    assert (found.total, found.band, found.answered, found.of) == (None, None, 6, 7)
    assert "form.test_form.gad7" not in form_facts(SCREENING, answers)


def test_hidden_answers_do_not_count() -> None:
    high = weighing(SCREENING, 27, PHQ_9)
    assert tally(high, "phq9").total == 27
    hidden = {**high, "interest": "several_days", "mood": "several_days"}
    assert tally(hidden, "phq2").total == 2
    assert tally(hidden, "phq9").total is None


def test_a_score_opens_the_questions_that_wait_for_it() -> None:
    low, high = weighing(SCREENING, 2, PHQ_9[:2]), weighing(SCREENING, 3, PHQ_9[:2])
    assert "sleep" not in {item.id for item in shown_items(SCREENING, low)}
    assert {name for name, _ in PHQ_9} <= {item.id for item in shown_items(SCREENING, high)}


def test_questions_that_wait_for_a_score_come_a_stratum_later() -> None:
    assert [len(stratum.items) for stratum in SCREENING.strata] == [9, 7]
    assert SCREENING.items[2].needs == ("interest", "mood")


def test_every_flag_on_a_score_is_found_reachable_with_a_witness() -> None:
    for flag in SCREENING.flags:
        answers = witness(SCREENING, flag.id)
        assert answers is not None
        assert flag.id in {entry.flag.id for entry in red_flags(SCREENING, answers, ClosuresOnly())}


def test_a_sum_that_no_answers_reach_is_noticed() -> None:
    text = screening_text()
    line = text[: text.index("phq9: {at_least: 10}")].count("\n") + 1
    assert ("FORM006", line) in faults(text.replace("phq9: {at_least: 10}", "phq9: {at_least: 28}"))
    assert "FORM006" not in {code for code, _ in faults(text)}


def test_negative_weights_make_a_score_that_may_fall() -> None:
    compiled = form(TWO + BANDED)
    assert (compiled.scores[0].least, compiled.scores[0].most) == (-1, 3)
    assert [t.band.id for t in tallies(compiled, {"a": "no", "b": "yes"}) if t.band] == ["low"]


def test_a_case_shows_a_score_a_band_and_what_is_not_known_yet() -> None:
    cases = CASES + "- {name: open, given: {a: 'yes'}, expect: {scores: {sum: null}}}\n"
    cases += "- {name: high, given: {a: 'yes', b: 'yes'}, expect: {bands: {sum: high}}}\n"
    assert faults(TWO + BANDED + cases) == []


FAULTS = [
    ("an unknown item in a score", TWO + SUM.replace("[a, b]", "[a, c]"), ("FORM020", 4)),
    ("an item without weights", TWO.replace(", weight: 0", "").replace(", weight: 2", "") + SUM, ("FORM021", 4)),
    ("a choice without its weight", TWO.replace(", weight: 2", "") + SUM, ("FORM021", 1)),
    ("a weight of some choices that no score counts", TWO.replace(", weight: 2", ""), ("FORM021", 1)),
    ("an item of another type", "- {id: c, type: boolean, text: {en: C}}\n" + SUM.replace("a, b", "c"), ("FORM021", 3)),
    ("an item counted twice", TWO + SUM.replace("[a, b]", "[a, a]"), ("FORM001", 4)),
    ("a score of an item's name", TWO + SUM.replace("id: sum", "id: b"), ("FORM001", 4)),
    ("an item of a band's name", TWO.replace("id: b,", "id: sum_band,") + BANDED.replace("a, b", "a"), ("FORM001", 4)),
    ("a first band above the least sum", TWO + BANDED.replace("from: -1", "from: 0"), ("FORM022", 4)),
    ("bands that do not rise", TWO + BANDED.replace("from: 2", "from: -1"), ("FORM022", 4)),
    ("a band that no sum reaches", TWO + BANDED.replace("from: 2", "from: 4"), ("FORM022", 4)),
    ("weights that no score counts", TWO, ("FORM023", 1)),
    ("a score without a case", TWO + SUM, ("FORM024", 4)),
    ("a case with another sum", TWO + SUM + CASES.replace("sum: 1", "sum: 2"), ("FORM016", 6)),
    ("a case with an unknown score", TWO + SUM + CASES.replace("sum: 1", "total: 1"), ("FORM018", 6)),
    ("a band in another language", TWO + BANDED.replace("{en: H}", "{es: H}"), ("TEXT001", 4)),
    ("an unknown band in a condition", TWO + BANDED + FLAG.replace("sum: 1", "sum_band: lo"), ("COND004", 6)),
    (
        "a question before the score it waits for",
        TWO.replace("{en: B}", "{en: B}, show_when: {sum: 1}") + SUM,
        ("FORM004", 2),
    ),
    (
        "a flag on a score with a blank answer",
        TWO.replace("id: b,", "id: b, optional: true,") + SUM + FLAG,
        ("FORM011", 6),
    ),
]


def test_a_choice_without_its_weight_is_told_at_the_choice_and_the_flag_on_the_sum_is_not_blamed() -> None:
    problems = Problems()
    text = HEAD + TWO.replace(", weight: 2", "") + SUM + FLAG
    compile_form(parsed(text), "test/form", vocabulary(), problems)
    (found,) = problems.errors
    column = text.split("\n")[found.location.line - 1].index("{id: 'yes'") + 1
    assert (found.code, found.location.line, found.location.column) == ("FORM021", HEAD.count("\n") + 1, column)


@pytest.mark.parametrize(("text", "expected"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_of_a_score_is_reported_on_its_line(text: str, expected: tuple[str, int]) -> None:
    assert expected in faults(text)


ANSWERS = st.fixed_dictionaries(
    {}, optional={item.id: st.sampled_from([choice for choice, _ in HOW_OFTEN]) for item in SCREENING.items}
)


@given(answers=ANSWERS)
@settings(max_examples=60, deadline=None)
def test_both_engines_agree_on_scores(answers: dict[str, Any], pool: EvaluatorPool) -> None:
    both, one = red_flags(SCREENING, answers, pool), red_flags(SCREENING, answers, ClosuresOnly())
    assert both == one
    assert all(entry.decided for entry in both)
