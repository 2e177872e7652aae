"""Days that there are not, and facts that cannot be, are told to their author and never decide anything."""

from pathlib import Path
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly
from engine.law import SOURCE
from engine.law_cases import check_case
from engine.overlays import OwnLaw
from engine.questions import read_question
from engine.rulebook import Rulebook, join, load_rulebook
from tests.engine.helpers_content import ROOT, parsed
from tests.engine.helpers_law import TOPICS, law, rule

VALUE = "values:\n  strict:\n  - {{{dates}, is: true, cite: s, law: Act, confidence: high}}\n"


def codes(root: Path, *rules: str, values: str = "") -> list[str]:
    with pytest.raises(BrokenInput) as caught:
        law(root, *rules, values=values)
    return [found.code for found in caught.value.diagnostics]


@pytest.mark.parametrize(
    "dates",
    ["from: 2022-06-31", "from: 2022-01-01, until: 2026-02-30", "from: 0000-01-01", "from: 0999-12"],
)
def test_a_day_that_there_is_not_begins_and_ends_no_law(tmp_path: Path, dates: str) -> None:
    assert codes(tmp_path / "value", values=VALUE.format(dates=dates)) == ["SHAPE005"]
    begins, _, more = dates.removeprefix("from: ").partition(", ")
    text = rule("open/no", "{forbid: do}", begins=begins, more=f", {more}" if more else "")
    assert codes(tmp_path / "rule", text) == ["SHAPE005"]


@pytest.mark.parametrize(
    "dates", ["from: 2024-02-29", "from: '1889'", "from: 2020-07, until: 9999-12-31", "from: unknown"]
)
def test_every_day_that_there_is_does(tmp_path: Path, dates: str) -> None:
    assert law(tmp_path, values=VALUE.format(dates=dates)) is not None


def test_a_source_was_checked_on_a_day_that_there_is() -> None:
    problems = Problems()
    text = "{title: A, url: 'https://a.b', checked: '2026-02-31', confidence: high}"
    SOURCE.check(parsed(text), problems)
    assert [found.code for found in problems] == ["SHAPE005"]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("on: 2022-06-31", "LAW013"),
        ("on: tomorrow", "LAW013"),
        ("on: 2026-12-01T10:00:00", "LAW013"),
        ("on: 2026-12-01, given: {patient.birth_date: 2010-02-31}", "COND004"),
        ("on: 2026-12-01, given: {prescription.days_supply: -1}", "COND004"),
    ],
)
def test_a_case_asks_about_a_day_and_facts_that_can_be(rulebook: Rulebook, case: str, code: str) -> None:
    problems = Problems()
    topic = rulebook.topics.topics["prescribing"]
    check_case(
        parsed(f"{{name: a case, {case}, expect: {{outcome: permitted}}}}"), rulebook.vocabulary, topic, problems
    )
    assert [found.code for found in problems] == [code]


ATTESTED = (
    "[{{id: seen, value: strict, jurisdiction: us/fl, is: true, by: compliance, source: Act, "
    "on: {on}, until: {until}}}]"
)


@pytest.mark.parametrize(
    ("on", "until", "code"),
    [
        ("2026-11-31", "2027-11-22", "SHAPE005"),
        ("2026-11-22", "2027-02-30", "SHAPE005"),
        ("1900-01-01", "9999-12-31", "LAW022"),
        ("2026-11-22", "2028-11-23", "LAW022"),
        ("2019-06-01", "2021-05-31", "LAW022"),  # the source was checked in November 2026
    ],
)
def test_an_attestation_stands_for_two_years_from_a_day_on_which_the_law_could_be_read(
    tmp_path: Path, on: str, until: str, code: str
) -> None:
    book = law(tmp_path, values=VALUE.format(dates="from: unknown"))
    own = OwnLaw(attestations=parsed(ATTESTED.format(on=on, until=until)), officers=frozenset({"compliance"}))
    with pytest.raises(BrokenInput) as caught:
        join(book.law, own)
    assert [found.code for found in caught.value.diagnostics] == [code]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(ROOT)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("patient.birth_date", "2026-12-02"),
        ("patient.birth_date", "1700-01-01"),
        ("patient.relocated_on", "2026-12-02"),
        ("relationship.in_person_exams", [{"date": "1880-01-01", "by": "self"}]),
        ("relationship.in_person_exams", [{"date": "1990-04-01", "by": "self"}]),  # the day before the birth
        ("pdmp.days_since_last_check", -5),
        ("record.years_since_service", -1),
        ("provider.practice_hours", -1),
        ("provider.activity", [{"state": "FL", "year": 20, "days": 1}]),
    ],
)
def test_a_fact_that_cannot_be_is_broken_input(rulebook: Rulebook, path: str, told: Any) -> None:
    facts = {"patient": {"location": {"country": "us", "state": "FL"}, "birth_date": "1990-04-02"}}
    folder, name = path.split(".")
    facts.setdefault(folder, {})[name] = told
    with pytest.raises(BrokenInput) as caught:
        decide(rulebook, Question(topic="licensing", on="2026-12-01", facts=facts), ClosuresOnly())
    assert [(d.code, d.location.path) for d in caught.value.diagnostics] == [("VOC002", path)]


def test_the_day_itself_can_be(rulebook: Rulebook) -> None:
    facts = {
        "patient": {"location": {"country": "us", "state": "FL"}, "birth_date": "2026-12-01"},
        "relationship": {"in_person_exams": [{"date": "2026-12-01", "by": "self"}]},
    }
    assert decide(rulebook, Question(topic="licensing", on="2026-12-01", facts=facts), ClosuresOnly())


def test_an_examination_that_is_still_to_come_is_none(rulebook: Rulebook) -> None:
    facts = {
        "patient": {"location": {"country": "us", "state": "FL"}},
        "relationship": {
            "in_person_exams": [{"date": "2026-12-02", "by": "self"}, {"date": "2026-12-01", "by": "group"}]
        },
    }
    asked = read_question(rulebook, Question(topic="licensing", on="2026-12-01", facts=facts))
    assert asked.facts["relationship.in_person_exams"] == ({"date": "2026-12-01", "by": "group"},)


@pytest.mark.parametrize("then", ["{limit: days, max: -1}", "{limit: days, max: 1000000000001}"])
def test_no_limit_is_less_than_nothing(tmp_path: Path, then: str) -> None:
    assert codes(tmp_path, rule("open/few", then)) == ["COND004"]


def test_no_number_of_a_law_is_less_than_nothing_unless_the_topic_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = "values:\n  most:\n  - {from: 2000-01-01, is: -16, cite: s, law: Act, confidence: high}\n"
    assert codes(tmp_path / "a", values=values) == ["COND004"]
    topics = TOPICS.replace("nullable: true, says: Most", "nullable: true, least: -20, says: Most")
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", topics)
    assert law(tmp_path / "b", values=values)
