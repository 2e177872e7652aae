"""`within` is a window of the calendar that ends with the encounter; values may say what counts where none is given."""

from pathlib import Path

import pytest

from engine.conditions import Condition, parse
from engine.conditions_closures import truth
from engine.decisions import Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.reading import read_text
from engine.values import FactType, Kind
from tests.engine.helpers_law import TOPICS, ask, law

TODAY = "2026-12-01"
TYPES = {
    "encounter.date": FactType(Kind.DATE),
    "exams": FactType(Kind.RECORDS, fields={"date": FactType(Kind.DATE), "count": FactType(Kind.NUMBER)}),
}


class Scope:
    """A list of examinations and the day of the encounter."""

    def type_of(self, path: str) -> FactType | None:
        return TYPES.get(path)

    def paths(self) -> list[str]:
        return list(TYPES)


def read(text: str, problems: Problems) -> Condition:
    node = read_text(text, "rule.yaml", problems)
    assert node is not None
    return parse(node, Scope(), problems)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-12-01", True), ("2026-09-02", True), ("2026-09-01", False), ("2026-12-02", False), (None, None)],
)
def test_both_ends_of_a_window_count_and_what_is_still_to_come_does_not(day: str | None, expected: bool | None) -> None:
    problems = Problems()
    condition = read("exams: {any: {date: {within: 90 days}}}", problems)
    problems.stop_if_broken()
    record = {"date": day} if day else {}
    assert truth(condition, {"encounter.date": TODAY, "exams": (record,)}) is expected


def test_months_of_a_window_are_those_of_the_calendar() -> None:
    condition = read("exams: {any: {date: {within: 12 months}}}", Problems())
    for day, expected in (("2025-12-01", True), ("2025-11-30", False)):
        assert truth(condition, {"encounter.date": TODAY, "exams": ({"date": day},)}) is expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("exams: {any: {date: {within: soon}}}", "COND004"),
        ("exams: {any: {count: {within: 3 days}}}", "COND003"),
        ("applies: us/fl/open/other", "LAW019"),
    ],
)
def test_what_is_no_window_and_a_rule_outside_the_law_are_reported(text: str, code: str) -> None:
    problems = Problems()
    read(text, problems)
    assert [found.code for found in problems.found] == [code]


COMMON = (
    "- {id: us/common/open/most, title: Few, when: {law.strict: true}, then: {limit: days, max: {fact: law.most}}}\n"
)
STRICT = "values:\n  strict:\n  - {from: 2000-01-01, is: true, cite: s, law: Act, confidence: high}\n"


def test_a_value_may_say_what_counts_where_a_state_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokenInput):
        law(tmp_path / "none", values=STRICT, common=COMMON)
    topics = TOPICS.replace("type: number, nullable: true,", "type: number, nullable: true, otherwise: 5,")
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", topics)
    decision = ask(law(tmp_path / "five", values=STRICT, common=COMMON), days=6)
    assert (decision.outcome, decision.limits[0]["max"], decision.limits[0]["law"]) == (Outcome.FORBIDDEN, 5, "Act")


def test_a_common_rule_of_which_a_state_gives_no_value_at_all_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = TOPICS.replace("nullable: true, says", "nullable: true, otherwise: 5, says")
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", topics)
    common = COMMON.replace("when: {law.strict: true}, ", "")
    assert ask(law(tmp_path, common=common), days=9).outcome is Outcome.PERMITTED


def test_a_value_that_does_not_fit_its_type_is_no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topics = TOPICS.replace("nullable: true, says", "nullable: true, otherwise: few, says")
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", topics)
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path)
    assert [found.code for found in caught.value.diagnostics] == ["COND004"]
