"""Conditions are parsed strictly and judged in three values."""

import pytest

from engine.conditions import Condition, parse
from engine.conditions_closures import because, failures, missing, truth
from engine.diagnostics import Problems
from engine.reading import read_text
from engine.values import FactType, Kind

LICENSE = FactType(
    Kind.RECORDS,
    fields={
        "state": FactType(Kind.CHOICE, ("FL", "GA")),
        "status": FactType(Kind.CHOICE, ("active", "expired")),
        "expires": FactType(Kind.DATE),
    },
)
TYPES = {
    "drug.schedule": FactType(Kind.CHOICE, ("II", "III", "IV", "V"), nullable=True),
    "drug.classes": FactType(Kind.CHOICES),
    "patient.age": FactType(Kind.NUMBER, unit="years"),
    "patient.state": FactType(Kind.CHOICE, ("FL", "GA")),
    "patient.pregnant": FactType(Kind.FLAG),
    "encounter.date": FactType(Kind.DATE),
    "last.exam": FactType(Kind.DATE),
    "provider.licenses": LICENSE,
}


class Scope:
    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> list[str]:
        return list(TYPES)


def condition(text: str) -> Condition:
    problems = Problems()
    node = read_text(text, "c.yaml", problems)
    assert node is not None
    parsed = parse(node, Scope(), problems)
    problems.stop_if_broken()
    return parsed


def codes(text: str) -> list[str]:
    problems = Problems()
    node = read_text(text, "c.yaml", problems)
    assert node is not None
    parse(node, Scope(), problems)
    return [d.code for d in problems]


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("drug.schedule: II", {"drug.schedule": "II"}, True),
        ("drug.schedule: II", {"drug.schedule": None}, False),
        ("drug.schedule: II", {}, None),
        ("drug.schedule: {not: [II, III]}", {"drug.schedule": "IV"}, True),
        ("drug.schedule: {exists: false}", {"drug.schedule": None}, True),
        ("patient.age: {at_least: 16, less: 18}", {"patient.age": 17}, True),
        ("patient.age: {at_least: 16, less: 18}", {"patient.age": 18}, False),
        ("drug.classes: {has: opioid}", {"drug.classes": ("opioid", "x")}, True),
        ("drug.classes: {has_all: [a, b]}", {"drug.classes": ("a",)}, False),
        ("any: [{patient.pregnant: true}, {patient.age: {less: 12}}]", {"patient.age": 10}, True),
        ("all: [{patient.pregnant: true}, {patient.age: {less: 12}}]", {"patient.age": 10}, None),
        ("none: [{patient.pregnant: true}, {patient.age: {less: 12}}]", {"patient.age": 10}, False),
        ("patient.pregnant: {told: true}", {}, False),
        (
            "last.exam: {on_or_after: {fact: encounter.date, minus: 24 months}}",
            {"last.exam": "2024-03-05", "encounter.date": "2026-03-05"},
            True,
        ),
        (
            "last.exam: {on_or_after: {fact: encounter.date, minus: 24 months}}",
            {"last.exam": "2024-03-04", "encounter.date": "2026-03-05"},
            False,
        ),
        (
            "provider.licenses: {count: {where: {status: active}, at_least: 2}}",
            {"provider.licenses": ({"status": "active"},)},
            False,
        ),
        ("provider.licenses: {all: {status: active}}", {"provider.licenses": ()}, True),
        ("provider.licenses: {none: {status: active}}", {"provider.licenses": ({"state": "FL"},)}, None),
    ],
)
def test_truth_has_three_values(text: str, facts: dict[str, object], expected: bool | None) -> None:
    assert truth(condition(text), facts) is expected  # type: ignore[arg-type]


def test_a_quantifier_compares_fields_with_other_facts() -> None:
    licensed = condition(
        "provider.licenses: {any: {state: {fact: patient.state}, expires: {on_or_after: {fact: encounter.date}}}}"
    )
    facts = {"patient.state": "FL", "encounter.date": "2026-03-05"}
    assert truth(licensed, {**facts, "provider.licenses": ({"state": "FL", "expires": "2026-03-05"},)}) is True
    assert truth(licensed, {**facts, "provider.licenses": ({"state": "FL", "expires": "2026-03-04"},)}) is False
    assert missing(licensed, {**facts, "provider.licenses": ({"state": "FL"},)}) == {"provider.licenses.expires"}


def test_missing_names_only_what_could_still_settle_it() -> None:
    both = condition("any: [{all: [{patient.pregnant: true}, {patient.age: {less: 12}}]}, {drug.schedule: II}]")
    assert missing(both, {"patient.age": 30}) == {"drug.schedule"}
    assert missing(both, {"patient.age": 10}) == {"drug.schedule", "patient.pregnant"}


def test_reasons_name_facts_and_failures_in_words() -> None:
    both = condition("{drug.schedule: II, patient.age: {less: 18}}")
    assert because(both, {"drug.schedule": "II", "patient.age": 10}) == {"drug.schedule": "II", "patient.age": 10}
    assert failures(both, {"drug.schedule": "IV"}) == ["drug.schedule is II", "patient.age is less than 18 (not told)"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("drug.shedule: II", "COND001"),
        ("drug.schedule: {equals: II}", "COND002"),
        ("drug.schedule: {less: II}", "COND003"),
        ("drug.schedule: VI", "COND004"),
        ("patient.age: '12'", "COND004"),
        ("all: []", "COND005"),
        ("all: {patient.age: 12}", "COND010"),
        ("patient.age: {less: {fact: encounter.date}}", "COND007"),
        ("provider.licenses: {any: {stat: FL}}", "COND001"),
        ("provider.licenses: {some: {state: FL}}", "COND002"),
    ],
)
def test_a_broken_condition_is_a_numbered_error(text: str, code: str) -> None:
    assert code in codes(text)


def test_the_nearest_known_name_is_suggested() -> None:
    problems = Problems()
    node = read_text("drug.shedule: II", "c.yaml", problems)
    assert node is not None
    parse(node, Scope(), problems)
    assert "did you mean `drug.schedule`?" in next(iter(problems)).what
