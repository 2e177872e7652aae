"""What is wrong with a form is reported with its number on its line; what is right compiles to strata."""

import pytest

from engine.conditions import paths
from engine.diagnostics import Problems
from engine.forms_compile import compile_form
from tests.engine.helpers_content import HEAD, faults, form, intake, parsed, vocabulary
from tests.engine.helpers_instruments import screening

A = "- {id: a, type: boolean, text: {en: A?}}\n"
B = "- {id: b, type: choice, text: {en: B?}, choices: [{id: x, text: {en: X}}, {id: y, text: {en: Y}}]}\n"
C = B.replace("id: b, type: choice", "id: c, type: multi_choice, alone: none").replace("id: y", "id: none")


def shown(condition: str, name: str = "z", more: str = "") -> str:
    return f"- {{id: {name}, type: boolean, text: {{en: Z?}}, show_when: {condition}{more}}}\n"


def flag(condition: str) -> str:
    words = "text: {en: F}, advice: {en: Call}"
    return f"flags:\n- {{id: f, severity: emergency, call: '911', when: {condition}, {words}}}\n"


def case(given: str, expect: str) -> str:
    return f"cases:\n- {{name: a case, given: {given}, expect: {expect}}}\n"


FAULTS = [
    ("an id used twice", A + A, ("FORM001", 2)),
    ("an id that the language needs", "- {id: any, type: boolean, text: {en: A?}}\n", ("FORM002", 1)),
    ("an item that waits for a later one", shown("{a: true}") + A, ("FORM003", 1)),
    ("two items that wait for each other", shown("{y: true}") + shown("{z: true}", "y"), ("FORM004", 1)),
    ("an item that waits for itself", shown("{z: true}"), ("FORM004", 1)),
    ("an item that is never shown", A + shown("{all: [{a: true}, {a: false}]}"), ("FORM005", 2)),
    (
        "never shown because what it needs is hidden",
        A + shown("{a: true}") + shown("{a: false, z: true}", "y"),
        ("FORM005", 3),
    ),
    ("choices that exclude each other", C + shown("{c: {has_all: [x, none]}}"), ("FORM005", 2)),
    ("a red flag that is never raised", A + flag("{all: [{a: true}, {not: {a: true}}]}"), ("FORM006", 3)),
    ("a key of another type", "- {id: a, type: boolean, unit: kg, text: {en: A?}}\n", ("FORM007", 1)),
    ("a number without its unit", "- {id: a, type: decimal, text: {en: A?}}\n", ("FORM008", 1)),
    ("a choice without choices", "- {id: a, type: choice, text: {en: A?}}\n", ("FORM008", 1)),
    ("a fact that nobody knows", A.replace("}}", "}, fills: {path: patient.pregnent}}"), ("FORM009", 1)),
    ("a fact of another type", A.replace("}}", "}, fills: {path: patient.setting}}"), ("FORM010", 1)),
    ("a fact that patients may not decide", A.replace("}}", "}, fills: {path: provider.autonomous}}"), ("FORM010", 1)),
    ("a place by the back door", B.replace("]}", "], fills: {path: patient.location.state}}"), ("FORM010", 1)),
    ("a red flag on a blank answer", A.replace("}}", "}, optional: true}") + flag("{a: true}"), ("FORM011", 3)),
    ("limits that contradict", "- {id: a, type: integer, least: 5, most: 2, text: {en: A?}}\n", ("FORM013", 1)),
    ("an unknown choice alone", C.replace("alone: none", "alone: nothing"), ("FORM014", 1)),
    ("a case that comes out otherwise", A + shown("{a: true}") + case("{a: false}", "{shows: [z]}"), ("FORM016", 4)),
    ("a flag that a case does not expect", A + flag("{a: true}") + case("{a: true}", "{flags: []}"), ("FORM016", 5)),
    ("a next item that is another", A + case("{}", "{next: none}"), ("FORM016", 3)),
    ("a red flag without a case", A + flag("{a: true}"), ("FORM017", 3)),
    ("a case with an unknown item", A + case("{b: true}", "{hides: [a]}"), ("FORM018", 3)),
    ("a case that expects an unknown item", A + case("{a: true}", "{shows: [aa]}"), ("FORM018", 3)),
    ("a reason that nobody is asked", A + "reason: [aa]\n", ("FORM045", 2)),
    ("a case with an answer that is none", A + case("{a: 1}", "{shows: [a]}"), ("FORM019", 3)),
    ("an unknown item in a condition", A + shown("{aa: true}"), ("COND001", 2)),
    ("an unknown choice in a condition", B + shown("{b: w}"), ("COND004", 2)),
    ("an unknown key", "- {id: a, type: boolean, text: {en: A?}, show_wen: {a: true}}\n", ("SHAPE001", 1)),
    ("an unknown type", "- {id: a, type: bolean, text: {en: A?}}\n", ("SHAPE004", 1)),
    ("a text without a language of the form", "- {id: a, type: boolean, text: {es: A?}}\n", ("TEXT001", 1)),
]


@pytest.mark.parametrize(("items", "expected"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_reported_on_its_line(items: str, expected: tuple[str, int]) -> None:
    assert expected in faults(items)


def test_a_case_that_comes_out_as_said_is_silent() -> None:
    text = A + shown("{a: true}") + flag("{z: true}")
    cases = case("{a: true, z: true}", "{shows: [a, z], flags: [f], next: none}")
    assert faults(text + cases) == []


def test_cases_are_no_part_of_the_digest() -> None:
    assert form(A + case("{a: true}", "{next: none}")).digest == form(A).digest


def test_all_faults_come_in_one_pass() -> None:
    codes = {code for code, _ in faults(A + A + shown("{aa: true}") + "- {id: x, type: choice, text: {en: X?}}\n")}
    assert {"FORM001", "COND001", "FORM008"} <= codes


def test_a_form_must_lie_where_its_id_says() -> None:
    problems = Problems()
    assert compile_form(parsed(HEAD + A), "other/form", vocabulary(), problems) is None
    assert [d.code for d in problems] == ["FORM012"]


def test_an_item_goes_by_its_own_id_or_by_its_whole_path() -> None:
    short = form(A + shown("{a: true}")).items[1]
    whole = form(A + shown("{form.test_form.a: true}")).items[1]
    assert short.show_when == whole.show_when


def test_a_stratum_reads_only_those_before_it() -> None:
    compiled = form(A + shown("{a: true}", "m") + shown("{m: true}", "n") + B)
    assert [[item.id for item in stratum.items] for stratum in compiled.strata] == [["a", "b"], ["m"], ["n"]]


def test_branching_and_flags_are_rules_of_intake_in_the_order_of_their_strata() -> None:
    urgent = flag("{m: true}").replace("emergency", "urgent").replace("id: f,", "id: u,").removeprefix("flags:\n")
    compiled = form(A + shown("{a: true}", "m") + shown("{m: true}", "n") + flag("{n: true}") + urgent)
    assert [(rule.id, rule.effect, rule.stratum) for rule in compiled.rules] == [
        ("intake/test/form/ask/m", "require", 1),
        ("intake/test/form/ask/n", "require", 2),
        ("intake/test/form/flag/f", "forbid", 3),
        ("intake/test/form/flag/u", "review", 3),
    ]


def test_no_rule_of_intake_reads_what_its_own_stratum_or_a_later_one_decides() -> None:
    for compiled in (intake(), screening()):
        level = {item.path: item.stratum for item in compiled.items}
        level |= {path: max(level[p] for p in s.weights) for s in compiled.scores for path in (s.path, s.band_path)}
        for rule in compiled.rules:
            assert all(level[path] < rule.stratum for path in paths(rule.when)), rule.id


def test_what_both_engines_run_are_the_rules() -> None:
    compiled = intake()
    run = [p for p in (*(s.program for s in compiled.strata), compiled.flag_program) if p is not None]
    assert [c for program in run for c in program.conditions] == [rule.when for rule in compiled.rules]


def test_the_digest_names_the_content_and_not_the_layout() -> None:
    assert form(A).digest == form("# a remark\n" + A).digest
    assert form(A).digest != form(A.replace("A?", "B?")).digest


def test_the_urgent_care_form_speaks_two_languages_and_asks_a_fair_number_of_questions() -> None:
    compiled = intake()
    assert compiled.languages == ("en", "es")
    assert 15 <= len(compiled.items) <= 28
    assert all(set(item.text) == {"en", "es"} for item in compiled.items)
