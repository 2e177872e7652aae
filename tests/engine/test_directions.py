"""Directions as clinicians write them: what is plain is compared with quantity and days, what is not is left alone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.directions import Directions, Disagreement, disagreements, read_directions

UNITS = {
    "capsule": "capsule",
    "capsules": "capsule",
    "tablet": "tablet",
    "tablets": "tablet",
    "ml": "mL",
    "puffs": "puff",
    "drop": "drop",
    "drops": "drop",
}


def found(sig: str, quantity: str, unit: str, days: int) -> list[tuple[str, str, str]]:
    return [(one.kind, one.said, one.given) for one in disagreements(read_directions(sig, UNITS), quantity, unit, days)]


def test_two_capsules_three_times_a_day_for_a_week_are_forty_two() -> None:
    [quantity] = disagreements(read_directions("Take 2 capsules 3 times a day for 7 days", UNITS), "20", "capsule", 7)
    assert (
        quantity == Disagreement(kind="quantity", said="42", given="20", each="2", per_day="3", days="7")
        and quantity.field == "quantity"
    )


def test_the_days_of_the_directions_and_of_the_supply_are_the_same_days() -> None:
    assert found("Take 2 capsules 3 times a day for 7 days", "42", "capsule", 5) == [("days", "7", "5")]
    assert found("Take 2 capsules 3 times a day for 7 days", "20", "capsule", 5) == [
        ("days", "7", "5"),
        ("quantity", "42", "20"),
    ]
    assert found("Put a thin layer on the rash 2 times a day for 7 days", "30", "g", 5) == [("days", "7", "5")]


@pytest.mark.parametrize(
    ("sig", "quantity", "unit", "days"),
    [
        ("Take 2 capsules 3 times a day for 7 days", "42", "capsule", 7),
        ("Take 1 tablet by mouth at bedtime", "30", "tablet", 30),
        ("Take half a tablet by mouth once a day", "15", "tablet", 30),
        ("Take 1 tablet by mouth every morning; do not crush it", "30", "tablet", 30),
        ("Take 1 capsule (500 mg) by mouth twice daily with a full glass of water x 10 days", "20", "capsule", 10),
        ("1 tab po", "20", "tablet", 10),
        ("Take 5 mL three times a day for one week", "105", "mL", 7),
        ("1 capsule TID for 2 weeks", "42", "capsule", 14),
        ("1 tablet q8h for 5 days", "15", "tablet", 5),
        ("Take 1 tablet 3 x a day for 4 days", "12", "tablet", 4),
    ],
)
def test_what_agrees_is_not_spoken_of(sig: str, quantity: str, unit: str, days: int) -> None:
    assert found(sig, quantity, unit, days) == []


@pytest.mark.parametrize(
    "sig",
    [
        "Take 2 tablets by mouth on day 1, then 1 tablet a day on days 2 to 5",
        "Take half a tablet in the morning for 7 days, then 1 tablet every morning",
        "Take 1 to 2 tablets every 4 to 6 hours",
        "Take one or two tablets daily",
        "Take 1 tablet every other day",
        "Take 1 tablet once a week",
        "Take 1 tablet Monday to Friday daily",
        "Take 1 tablet by mouth for up to 14 days",
        "Take 1 tablet every morning and at bedtime",
        "Take 1 tablet when the headache begins, 1 more after 2 hours",
        "Tome 1 cápsula por la boca 2 veces al día durante 10 días",
        "",
    ],
)
def test_what_is_not_plain_is_left_alone(sig: str) -> None:
    assert found(sig, "3", "tablet", 2) == []


def test_what_is_taken_as_needed_may_be_less_and_never_more() -> None:
    sig = "Take 1 tablet by mouth up to 3 times a day as needed for worry"
    assert found(sig, "20", "tablet", 10) == []
    assert found(sig, "40", "tablet", 10) == [("at_most", "30", "40")]


def test_units_that_cannot_be_compared_are_not() -> None:
    sig = "Breathe in 2 puffs 4 times a day"
    assert found(sig, "1", "inhaler", 30) == [] and found(sig, "1", "", 30) == []
    assert read_directions(sig, UNITS) == Directions(each=Fraction(2), unit="puff", per_day=Fraction(4))


def test_every_three_days_is_no_number_of_times_a_day() -> None:
    assert found("Take 1 tablet every 72 hours", "5", "tablet", 15) == []
