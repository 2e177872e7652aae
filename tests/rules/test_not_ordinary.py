"""An ordinary visit passes in every state whose law is carried, but for those that are named with the reason."""

import re
from collections.abc import Mapping
from functools import cache

import pytest
import yaml

from engine.decisions import LAW_NOT_CARRIED
from engine.diagnostics import Problems
from engine.law_ordinary import read_ordinary
from engine.law_report import LawReport, reasons_by_code, report
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT
from tests.rules.test_facts_carried import BLOCKS

ON = "2026-12-01"
NAMED = yaml.safe_load((ROOT / "docs/reference/law-not-ordinary.yaml").read_text(encoding="utf-8"))
PROFESSIONS = ("MD", "NP", "PA", "PSY", "LCSW", "PT")
Codes = Mapping[tuple[str, str], frozenset[str]]
pytestmark = pytest.mark.slow


@cache
def made() -> LawReport:
    rulebook = load_rulebook(ROOT)
    problems = Problems()
    visits = read_ordinary(ROOT, rulebook.topics.gates, problems)
    assert not problems.found
    return report(rulebook, ON, visits)


def stopped(profession: str) -> Codes:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for one, topic, code in reasons_by_code(made().passages):
        if one.profession == profession and code != LAW_NOT_CARRIED:
            key = (one.state, topic)
            found[key] = found.get(key, frozenset()) | {code}
    return found


def test_six_professions_are_asked_about_in_every_state() -> None:
    assert tuple(made().visits.values()) == PROFESSIONS == tuple(NAMED)
    assert len(made().states) == 51
    asked = {(one.profession, one.state) for one in made().passages}
    assert len(asked) == 6 * 51


@pytest.mark.parametrize("profession", PROFESSIONS)
def test_where_an_ordinary_visit_does_not_pass_is_named_exactly_with_why(profession: str) -> None:
    named: dict[tuple[str, str], frozenset[str]] = {}
    for state, entries in NAMED[profession].items():
        for entry in entries:
            assert entry["because"].strip(), f"{profession} {state}: say which block of the facts is the reason"
            named[state, entry["topic"]] = frozenset(entry["why"])
    assert stopped(profession) == named


BECAUSE = re.compile(r"(?P<file>[a-z]+)\.yaml (?P<place>us/[a-z]{2}) (?P<head>[a-z_.]+): .*confidence (?P<sure>[a-z]+)")


@pytest.mark.parametrize("profession", PROFESSIONS)
def test_the_report_stands_on_the_very_block_of_the_facts_that_is_named(profession: str) -> None:
    """As unsure as the facts, from their sources and sections, and on nothing else."""
    for state, entries in NAMED[profession].items():
        for entry in entries:
            told = BECAUSE.match(entry["because"])
            assert told, entry["because"]
            sure, sources, sections, *_ = BLOCKS[f"{told['place']} {told['file']}.{told['head']}"]
            assert (told["place"], told["sure"]) == (f"us/{state.lower()}", sure)
            passages = [one for one in made().passages if (one.profession, one.state) == (profession, state)]
            asked = [one for passage in passages for one in passage.stopped if one.topic == entry["topic"]]
            grounds = {ground for one in asked for reason in one.reasons for ground in reason.grounds}
            assert grounds
            assert {(ground.confidence, ground.cite) for ground in grounds} == {(sure, tuple(sources))}
            assert all(section in ground.law for ground in grounds for section in sections)


def test_law_that_is_not_carried_stops_only_where_there_is_no_file_of_it() -> None:
    carried = {(one.jurisdiction, one.topic) for one in made().coverage if one.carried}
    for one, topic, code in reasons_by_code(made().passages):
        if code == LAW_NOT_CARRIED:
            assert (f"us/{one.state.lower()}", topic) not in carried


def test_no_ordinary_visit_is_forbidden_to_a_physician_anywhere() -> None:
    assert [code for one, _, code in reasons_by_code(made().passages) if one.profession == "MD"].count("forbidden") == 0


def test_every_file_of_the_country_is_covered_and_none_is_without_a_date() -> None:
    carried = [one for one in made().coverage if one.carried]
    assert len({(one.jurisdiction, one.topic) for one in carried}) == len(carried)
    assert all(one.checked and one.review_by for one in carried)
    assert not made().due


def test_the_same_law_and_day_give_the_same_report() -> None:
    problems = Problems()
    rulebook = load_rulebook(ROOT)
    visits = read_ordinary(ROOT, rulebook.topics.gates, problems)
    part = [one.as_json() for one in made().passages if one.state == "FL"]
    again = report(rulebook, ON, visits)
    assert [one.as_json() for one in again.passages if one.state == "FL"] == part
    assert again.as_json()["law"] == made().as_json()["law"]
