"""A form that says less than it seems to, or the same fact twice, is told on the line."""

import pytest

from tests.engine.helpers_content import faults

CHOICES = "choices: [{id: x, text: {en: X}}, {id: y, text: {en: Y}}, {id: z, text: {en: Z}}]"
CHOICE = f"- {{id: a, type: choice, text: {{en: A}}, {CHOICES}}}\n"
COUNT = "- {id: n, type: integer, least: 0, most: 10, text: {en: N}}\n"
FLAG = "flags:\n- {id: f, severity: urgent, when: WHEN, text: {en: F}, advice: {en: F}}\n"


def asked(name: str, more: str) -> str:
    return f"- {{id: {name}, type: boolean, text: {{en: {name.upper()}}}, {more}}}\n"


def filling(name: str, more: str = "") -> str:
    return asked(name, f"fills: {{path: patient.pregnant}}{more}")


DEAD = [
    ("a branch that every number takes", COUNT + asked("b", "show_when: {n: {at_least: 0}}"), ("FORM029", 2)),
    ("a branch that every choice takes", CHOICE + asked("b", "show_when: {a: [x, y, z]}"), ("FORM029", 2)),
    ("a flag that every answer raises", COUNT + FLAG.replace("WHEN", "{n: {at_most: 10}}"), ("FORM029", 3)),
    (
        "an alternative that never holds",
        CHOICE + asked("b", "show_when: {any: [{a: x}, {all: [{a: y}, {a: z}]}]}"),
        ("FORM030", 2),
    ),
    (
        "an alternative of a flag that never holds",
        CHOICE + COUNT + FLAG.replace("WHEN", "{a: x, any: [{n: 3}, {n: {greater: 10}}]}"),
        ("FORM030", 4),
    ),
    ("words never required", COUNT + asked("b", "required_when: {n: {greater: 10}}"), ("FORM031", 2)),
    (
        "words never required where they are shown",
        CHOICE + asked("b", "show_when: {a: x}, required_when: {a: y}"),
        ("FORM031", 2),
    ),
    ("two answers to one fact", filling("a") + filling("b"), ("FORM028", 2)),
    (
        "two answers to one fact on conditions that can both hold",
        CHOICE + filling("b", ", show_when: {a: [x, y]}") + filling("c", ", show_when: {a: [y, z]}"),
        ("FORM028", 3),
    ),
    ("a case that expects nothing", COUNT + "cases:\n- {name: c, given: {n: 1}, expect: {}}\n", ("FORM032", 3)),
    ("two choices of the same words", CHOICE.replace("{en: Y}", "{en: ' x'}"), ("FORM033", 1)),
    ("a limit between two steps", COUNT.replace("least: 0", "least: 0.5"), ("FORM034", 1)),
    (
        "a limit finer than the answers",
        "- {id: w, type: decimal, unit: kg, most: 9.55, text: {en: W}}\n",
        ("FORM034", 1),
    ),
    ("a scale too long for a phone", "- {id: s, type: scale, least: 0, most: 100, text: {en: S}}\n", ("FORM035", 1)),
    (
        "an emergency without a number",
        CHOICE + FLAG.replace("WHEN", "{a: x}").replace("urgent", "emergency"),
        ("FORM036", 3),
    ),
    (
        "a required piece of information",
        CHOICE + "- {id: i, type: info, optional: true, text: {en: I}}\n",
        ("FORM007", 2),
    ),
]


@pytest.mark.parametrize(("text", "expected"), [f[1:] for f in DEAD], ids=[f[0] for f in DEAD])
def test_what_says_nothing_is_told_on_its_line(text: str, expected: tuple[str, int]) -> None:
    assert expected in faults(text)


ALIVE = [
    (
        "a branch on an answer that may be left blank",
        COUNT.replace("least", "optional: true, least"),
        "{n: {at_least: 0}}",
    ),
    ("a branch on a question that may be hidden", CHOICE + asked("h", "show_when: {a: x}"), "{h: [true, false]}"),
    ("a branch on whether it is told", COUNT, "{n: {told: true}}"),
    ("alternatives that each can hold", CHOICE + COUNT, "{any: [{a: x}, {n: {less: 3}}]}"),
]


@pytest.mark.parametrize(("text", "condition"), [f[1:] for f in ALIVE], ids=[f[0] for f in ALIVE])
def test_what_says_something_is_left_alone(text: str, condition: str) -> None:
    assert faults(text + asked("b", f"show_when: {condition}")) == []


def test_two_items_that_are_never_shown_together_may_fill_one_fact() -> None:
    first, second = filling("b", ", show_when: {a: x}"), filling("c", ", show_when: {a: [y, z]}")
    assert faults(CHOICE + first + second) == []


def test_the_first_of_two_answers_to_one_fact_is_named_with_its_line() -> None:
    assert [code for code, _ in faults(filling("a") + CHOICE.replace("id: a", "id: q") + filling("b"))] == ["FORM028"]
