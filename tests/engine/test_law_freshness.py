"""A law file says when it was read and by when it is read again; what is unsure or ends sooner is read again sooner."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.diagnostics import Location, Problems
from engine.law import Cited, LawFile, LawValue
from engine.law_freshness import is_due, latest_review, report_beside, report_freshness
from engine.periods import read_period

CHECKED = "2026-11-21"
TODAY = date(2026, 12, 1)


def value(confidence: str = "high", begins: str = "2020-01-01", until: str = "") -> LawValue:
    at = Location("rules/us/fl/consent.yaml", 1, 1)
    return LawValue("most", 1, read_period(begins, until, CHECKED), Cited(("act",), "Act", confidence), at)


def file(*values: LawValue, checked: str = CHECKED, review_by: str = "") -> LawFile:
    bare = LawFile(
        file="rules/us/fl/consent.yaml",
        jurisdiction="us/fl",
        topic="consent",
        values=values,
        rules=(),
        sources={},
        cases=(),
        content=b"",
    )
    found = replace(bare, checked=checked, review_by=review_by)
    return found if review_by or not checked else replace(found, review_by=latest_review(found, checked))


def told(one: LawFile, today: date = TODAY) -> list[str]:
    problems = Problems()
    report_freshness([one], today, problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("sure", "latest"),
    [
        (("high",), "2027-11-21"),
        (("high", "medium"), "2027-05-21"),
        (("low", "high"), "2027-02-21"),
        (("unknown",), "2027-02-21"),
    ],
)
def test_the_least_sure_entry_says_when_a_file_is_read_again(sure: tuple[str, ...], latest: str) -> None:
    assert latest_review(file(*(value(each) for each in sure)), CHECKED) == latest


def test_that_no_law_was_found_is_less_sure_than_a_law_that_was() -> None:
    assert latest_review(replace(file(), without=("most",)), CHECKED) == "2027-05-21"


def test_what_ends_sooner_is_read_again_by_its_last_day_and_what_has_ended_does_not_count() -> None:
    assert latest_review(file(value(until="2026-12-31")), CHECKED) == "2026-12-31"
    assert latest_review(file(value(), value("low", until="2025-12-31")), CHECKED) == "2027-11-21"


def test_a_file_that_is_in_time_is_no_problem_until_the_day_after_its_date() -> None:
    assert told(file(value())) == []
    assert told(file(value()), date(2027, 11, 21)) == []
    assert told(file(value()), date(2027, 11, 22)) == ["LAW038"]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (file(value(), checked="", review_by=""), "LAW035"),
        (file(value(), checked="2026-12-03"), "LAW036"),
        (file(value("medium"), review_by="2027-05-22"), "LAW037"),
        (file(value(), review_by="2026-11-20"), "LAW037"),
    ],
)
def test_a_file_without_dates_or_with_dates_that_cannot_be_is_told(one: LawFile, code: str) -> None:
    assert told(one) == [code]


def test_law_that_does_not_say_when_it_was_read_is_due_on_any_day() -> None:
    assert is_due(file(value(), checked=""), "2000-01-01")
    assert not is_due(file(value()), "2026-12-01")


def test_the_place_of_such_a_problem_is_the_file() -> None:
    problems = Problems()
    report_freshness([file(value(), checked="")], TODAY, problems)
    assert Path(problems.found[0].location.file).name == "consent.yaml"


@pytest.mark.parametrize(
    ("lines", "sure", "codes"),
    [
        ("checked: 2026-11-21\nreview_by: 2027-05-21\n", "medium", []),
        ("checked: 2026-11-21\nreview_by: 2027-05-22\n", "medium", ["LAW037"]),
        ("checked: 2026-11-21\nreview_by: 2027-11-21\n", "high", []),
        ("checked: 2026-11-21\nreview_by: 2027-02-22\n", "low", ["LAW037"]),
        ("checked: 2026-11-21\nreview_by: 2027-05-22\n", "", ["LAW037"]),
        ("checked: 2026-05-21\nreview_by: 2026-11-21\n", "medium", ["LAW038"]),
        ("checked: 2026-12-03\nreview_by: 2027-05-21\n", "medium", ["LAW036"]),
        ("review_by: 2027-05-21\n", "medium", ["LAW035"]),
        ("checked: 2026-11-21\n", "medium", ["LAW035"]),
    ],
)
def test_a_file_beside_the_law_is_read_again_by_the_least_sure_of_its_sources(
    tmp_path: Path, lines: str, sure: str, codes: list[str]
) -> None:
    sources = f"sources:\n  one: {{title: One, confidence: high}}\n  two: {{title: Two, confidence: {sure}}}\n"
    folder = tmp_path / "rules" / "us"
    folder.mkdir(parents=True)
    (folder / "drugs.yaml").write_text(lines + "drugs: []\n" + (sources if sure else ""), encoding="utf-8")
    problems = Problems()
    report_beside(tmp_path, TODAY, problems)
    assert [problem.code for problem in problems] == codes


def test_after_a_correction_that_ended_an_entry_the_way_out_is_to_move_the_check() -> None:
    corrected = (value("medium", until=CHECKED), value("medium", begins="2026-11-22"))
    problems = Problems()
    report_freshness([file(*corrected, review_by="2027-05-21")], TODAY, problems)
    (problem,) = problems.found
    assert (problem.code, "move `checked` beyond it" in problem.fix) == ("LAW037", True)
    assert told(file(*corrected, checked="2026-11-22", review_by="2027-05-22")) == []
