"""What a clinician marks as done is told as the fact that meets the duty, and as nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.diagnostics import BrokenInput
from engine.dossier import Dossier, DutyDone
from engine.facts import gather_facts
from engine.law_words import LawWords
from engine.rulebook import load_law, load_rulebook
from engine.statements import with_statements
from tests.engine.helpers_small_tree import FILES, plant
from tests.engine.test_facts import dossier
from tests.engine.test_prescriber_statements import ORDER
from tests.rules.helpers_cases import ROOT

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
RULEBOOK = load_rulebook(ROOT)
SENT = DutyDone(topic="privacy", duty="primary_care_record", at=NOW)


def told(*marks: DutyDone, visit: Dossier | None = None) -> dict[str, object]:
    marked = with_statements(replace(visit or dossier(), done=marks), RULEBOOK.topics)
    return {path: source for path, source in gather_facts(marked, "sign", NOW).provenance.items() if path in FACTS}


FACTS = {one.fact for topic in RULEBOOK.topics.topics.values() for one in topic.stated.values()}


def test_a_record_that_was_sent_is_a_fact_of_the_clinicians_from_when_it_was_sent() -> None:
    marked = with_statements(dossier(done=(SENT,)), RULEBOOK.topics)
    gathered = gather_facts(marked, "sign", NOW)
    assert gathered.facts["encounter"]["primary_care_informed"] is True
    source = gathered.provenance["encounter.primary_care_informed"]
    assert (source.source, source.as_of) == ("provider", NOW)


@pytest.mark.parametrize(
    "mark",
    [
        replace(SENT, duty="privacy_notice"),
        replace(SENT, topic="consent"),
        replace(SENT, topic="nothing"),
        replace(SENT, order="another"),
    ],
)
def test_a_mark_that_the_register_does_not_know_tells_nothing(mark: DutyDone) -> None:
    assert told(mark) == {}


def test_a_mark_about_a_prescription_counts_for_that_one() -> None:
    about = replace(SENT, order=ORDER.order)
    assert set(told(about, visit=dossier(order=ORDER))) == {"encounter.primary_care_informed"}
    assert told(about) == {}


def test_no_answer_of_a_form_says_the_same() -> None:
    answers = dict.fromkeys(FACTS, True)
    gathered = gather_facts(dossier(answers=answers), "sign", NOW)
    assert not FACTS & set(gathered.provenance)


def test_the_ways_are_a_closed_list_of_the_rules() -> None:
    words = LawWords(RULEBOOK)
    assert words.ways_done("privacy", "primary_care_record") == ("fax", "portal", "mail", "phone")
    assert words.ways_done("privacy", "privacy_notice") == ()


@pytest.mark.parametrize(
    ("register", "code"),
    [
        ("{look: {fact: encounter.emergency, ways: [seen]}}", ""),
        ("{peek: {fact: encounter.emergency, ways: [seen]}}", "LAW008"),
        ("{look: {fact: encounter.emergenzy, ways: [seen]}}", "COND001"),
        ("{look: {fact: prescription.days, ways: [seen]}}", "LAW027"),
        ("{look: {fact: patient.pregnant, ways: [seen]}}", "LAW027"),
        ("{look: {fact: encounter.emergency}}", "SHAPE002"),
        ("{look: {fact: encounter.emergency, ways: []}}", "SHAPE006"),
    ],
)
def test_a_register_that_cannot_be_is_told(register: str, code: str, tmp_path: Path) -> None:
    name, orders = "rules/topics.yaml", "    orders: {form: [spoken, written]}\n"
    text = FILES[name]
    assert orders in text
    plant(tmp_path, {**FILES, name: text.replace(orders, f"{orders}    stated: {register}\n")})
    if not code:
        assert load_law(tmp_path).topics.topics["prescribing"].stated["look"].ways == ("seen",)
        return
    with pytest.raises(BrokenInput) as said:
        load_law(tmp_path)
    assert [problem.code for problem in said.value.diagnostics] == [code]
