"""Units are converted exactly, and what measures something else is refused."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conditions import Test, parse
from engine.conditions_closures import compile_condition
from engine.diagnostics import Problems
from engine.programs import compile_program
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.units import convert, is_quantity, known_units, quantity, read_unit
from engine.values import BadValue, FactType, Kind, from_millionths, millionths

TYPES = {
    "heat": FactType(Kind.NUMBER, unit="[degF]"),
    "weight": FactType(Kind.NUMBER, unit="kg"),
    "wait": FactType(Kind.NUMBER, unit="h"),
    "age": FactType(Kind.NUMBER, unit="a"),
    "level": FactType(Kind.NUMBER, unit="mg/dL"),
    "bare": FactType(Kind.NUMBER),
}


class Scope:
    """Numbers of several units."""

    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> list[str]:
        return list(TYPES)


def read(text: str) -> tuple[Any, list[str]]:
    problems = Problems()
    node = read_text(text, "rule.yaml", problems)
    assert node is not None
    return parse(node, Scope(), problems), [found.code for found in problems]


@pytest.mark.parametrize(
    ("amount", "unit", "into", "expected"),
    [
        ("7", "d", "h", "168"),
        ("1", "wk", "d", "7"),
        ("18", "a", "mo", "216"),
        ("38", "Cel", "[degF]", "100.4"),
        ("-40", "[degF]", "Cel", "-40"),
        ("0", "Cel", "K", "273.15"),
        ("1", "[lb_av]", "kg", "0.45359237"),
        ("16", "[oz_av]", "[lb_av]", "1"),
        ("12", "[in_i]", "[ft_i]", "1"),
        ("500", "mg", "g", "0.5"),
        ("250", "ug", "mg", "0.25"),
        ("120", "mm[Hg]", "kPa", "15.99864"),
        ("1", "dL", "mL", "100"),
        ("1", "g/L", "mg/dL", "100"),
        ("25", "kg/m2", "g/cm2", "2.5"),
        ("60", "/min", "1/s", "1"),
        ("60", "{beats}/min", "/s", "1"),
        ("50", "%", "1", "0.5"),
        ("1", "kcal", "kJ", "4.184"),
    ],
)
def test_an_amount_is_the_same_in_another_unit(amount: str, unit: str, into: str, expected: str) -> None:
    assert convert(Fraction(amount), unit, into) == Fraction(expected)
    assert convert(Fraction(expected), into, unit) == Fraction(amount)


@pytest.mark.parametrize(
    ("unit", "into", "why"),
    [
        ("mo", "d", "no number of days makes a month"),
        ("h", "a", "no number of days makes a month"),
        ("kg", "cm", "they measure different things"),
        ("mg", "[iU]", "they measure different things"),
        ("mg/dL", "mmol/L", "they measure different things"),
        ("days", "d", "no unit known here"),
        ("Kg", "kg", "no unit known here"),
        ("kd", "d", "no unit known here"),
        ("Cel/d", "K/d", "temperature scale"),
        ("", "d", "no unit known here"),
        ("d/", "d", "no unit known here"),
        ("12", "1", "no unit known here"),
        ("2", "1", "no unit known here"),
        ("10", "1", "no unit known here"),
    ],
)
def test_what_measures_something_else_is_refused(unit: str, into: str, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        convert(Fraction(1), unit, into)


@pytest.mark.parametrize("unit", known_units())
def test_every_unit_of_the_table_can_be_read_back(unit: str) -> None:
    read_unit(unit)
    assert convert(Fraction(3), unit, unit) == 3


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("wait: {less: 7 d}", {"wait": 167.999999}, True),
        ("wait: {less: 7 d}", {"wait": 168}, False),
        ("wait: {at_most: 7 d}", {"wait": 168}, True),
        ("wait: 7 d", {"wait": 168}, True),
        ("wait: [1 d, 7 d]", {"wait": 24}, True),
        ("wait: {not: 7 d}", {"wait": 168}, False),
        ("heat: {at_least: 38 Cel}", {"heat": 100.4}, True),
        ("heat: {at_least: 38 Cel}", {"heat": 100.399999}, False),
        # A pound is 0.45359237 kg: the border lies between two numbers that a fact can have.
        ("weight: {at_least: '1 [lb_av]'}", {"weight": 0.453592}, False),
        ("weight: {at_least: '1 [lb_av]'}", {"weight": 0.453593}, True),
        ("weight: {at_most: '1 [lb_av]'}", {"weight": 0.453592}, True),
        ("weight: {at_most: '1 [lb_av]'}", {"weight": 0.453593}, False),
        ("weight: {less: '1 [lb_av]'}", {"weight": 0.453592}, True),
        ("weight: {greater: '1 [lb_av]'}", {"weight": 0.453593}, True),
        ("age: {less: 216 mo}", {"age": 17}, True),
        ("level: {greater: 1.26 g/L}", {"level": 126}, False),
    ],
)
def test_both_engines_draw_the_border_where_the_unit_says(text: str, facts: dict[str, Any], expected: bool) -> None:
    condition, codes = read(text)
    assert not codes
    program = compile_program([condition], Scope())
    assert program.truths(facts) == ReteEvaluator().evaluate(program, program.sheet(facts)) == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "weight: {less: 3 cm}",
        "age: {less: 30 d}",
        "bare: {less: 3 d}",
        "weight: {less: 3 kilo}",
        "weight: '1 [lb_av]'",
        "weight: ['1 [lb_av]', 2 kg]",
        "weight: {not: '1 [lb_av]'}",
    ],
)
def test_a_unit_that_does_not_fit_is_a_numbered_error(text: str) -> None:
    assert set(read(text)[1]) == {"COND008"}


@pytest.mark.parametrize("text", ["7", "7d", "7  d", "seven d", "7 d h", "07 d", "7. d", "1e3 d", "7 d\n"])
def test_what_is_no_number_with_a_unit_is_none(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(BadValue):
        quantity(text, "d")


@given(st.integers(-(10**9), 10**9), st.sampled_from(["less", "at_most", "greater", "at_least"]), st.integers(0, 10**7))
def test_a_border_in_pounds_cuts_kilograms_exactly(grams: int, operator: str, millionth: int) -> None:
    pounds = Fraction(grams, 1000)
    told = Fraction(millionth, 1_000_000)
    text = f"weight: {{{operator}: '{_decimal(pounds)} [lb_av]'}}"
    condition, codes = read(text)
    assert not codes
    border = pounds * Fraction("0.45359237")
    expected = {"less": told < border, "at_most": told <= border, "greater": told > border, "at_least": told >= border}
    assert compile_condition(condition)({"weight": from_millionths(millionth)}) is expected[operator]


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(abs(value.numerator) * 1000 // value.denominator, 1000)
    return f"{'-' if value < 0 else ''}{whole}.{rest:03}"


@given(st.integers(-(10**18), 10**18))
def test_a_number_survives_as_millionths_wherever_a_float_can_hold_it(count: int) -> None:
    number = from_millionths(count)
    if isinstance(number, int) or abs(count) < 2**52:
        assert millionths(number) == count


def test_the_literal_is_what_both_engines_see() -> None:
    condition, _ = read("wait: {less: 7 d}")
    assert condition == Test("wait", "less", 168)
