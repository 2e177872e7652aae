"""A state may schedule what the country does not: its rules go by the stricter schedule, the country's by theirs."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.diagnostics import BrokenInput, Problems
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, join, load_law, load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

EXAMPLES = examples()
EVALUATOR = ReteEvaluator()
FILE = "rules/us/fl/prescribing.yaml"
ELSEWHERE = (
    "ca",
    "nj",
    "ny",
    "tx",
    "consent.yaml",
    "privacy.yaml",
    "recording.yaml",
    "retention.yaml",
    "supervision.yaml",
)
ENTRY = "{{from: {begins}, is: {schedule}, cite: background, law: A made-up act, confidence: low}}"


def spoilt(root: Path, text: str, file: str = FILE) -> Path:
    """The law of one state, with schedules of its own that it does not have."""
    shutil.copytree(ROOT / "rules", root / "rules", ignore=shutil.ignore_patterns(*ELSEWHERE))
    path = root / file
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return root


def schedules(drug: str = "gabapentin", begins: str = "2026-12-01", schedule: str = "IV") -> str:
    return f"schedules:\n  {drug}:\n  - {ENTRY.format(begins=begins, schedule=schedule)}\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_rulebook(spoilt(tmp_path_factory.mktemp("scheduled"), schedules()))


@pytest.fixture(scope="module")
def undated(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    return load_rulebook(spoilt(tmp_path_factory.mktemp("undated"), schedules(begins="unknown")))


def ask(book: Rulebook, on: str, **changes: Any) -> Decision:
    facts = started("ordinary_prescription", EXAMPLES) | {"drug.name": "gabapentin", "prescription.days_supply": 30}
    facts |= {path.replace("__", "."): value for path, value in changes.items()}
    return decide(book, Question(topic="prescribing", on=on, facts=nested(facts)), EVALUATOR)


def duties(decision: Decision) -> set[str]:
    return {entry["duty"] for entry in decision.duties}


def test_from_its_first_day_the_states_duties_for_controlled_drugs_hold(book: Rulebook) -> None:
    before, after = ask(book, "2026-11-30"), ask(book, "2026-12-01")
    assert (before.outcome, "pdmp_check" in duties(before)) == (Outcome.PERMITTED, False)
    assert (after.outcome, "pdmp_check" in duties(after)) == (Outcome.PERMITTED_WITH_DUTIES, True)


def test_the_countrys_rules_go_by_the_federal_schedule(book: Rulebook) -> None:
    decision = ask(book, "2027-01-01", prescription__refills=9)
    assert (decision.forbids, decision.limits) == ((), ())


def test_the_answer_says_that_the_state_schedules_the_drug_and_on_what(book: Rulebook) -> None:
    decision = ask(book, "2026-12-01")
    said = next(entry for entry in decision.advice if entry["rule"] == "us/fl/prescribing/schedules/gabapentin")
    assert (said["law"], said["cite"], said["confidence"]) == ("A made-up act", ["background"], "low")
    assert "background" in decision.sources
    assert not any("schedules/" in entry["rule"] for entry in ask(book, "2026-11-30").advice)


def test_another_drug_keeps_its_federal_schedule_under_the_states_rules(book: Rulebook) -> None:
    told = {"drug__name": "zolpidem", "provider__dea": [{"state": "FL", "schedules": ["IV"]}]}
    assert "pdmp_check" in duties(ask(book, "2026-12-01", **told))
    refused = ask(book, "2026-12-01", drug__name="oxycodone", treatment__purpose="acute_pain")
    assert "us/fl/prescribing/schedule-ii" in [entry["rule"] for entry in refused.forbids]
    because = next(entry["because"] for entry in refused.forbids if entry["rule"].startswith("us/fl"))
    assert because["drug.state_schedule"] == "II"


def test_a_milder_schedule_of_the_state_changes_nothing(tmp_path: Path) -> None:
    book = load_rulebook(spoilt(tmp_path, schedules("oxycodone", schedule="V")))
    refused = ask(book, "2026-12-01", drug__name="oxycodone", treatment__purpose="acute_pain")
    assert "us/fl/prescribing/schedule-ii" in [entry["rule"] for entry in refused.forbids]


def test_a_clinics_policy_goes_by_the_stricter_schedule_too(book: Rulebook) -> None:
    policy = (
        "- {id: clinic/prescribing/none, title: None, when: {drug.schedule: {exists: true}}, then: {forbid: prescribe}}"
    )
    own = join(book.law, read_text(policy, "clinics/a.yaml", Problems()))
    assert [ask(own, day).outcome for day in ("2026-11-30", "2026-12-01")] == [Outcome.PERMITTED, Outcome.FORBIDDEN]


@pytest.mark.parametrize(
    ("on", "told", "refused"),
    [
        ("2026-12-01", "IV", False),
        ("2026-12-01", "V", True),  # milder: it would open what the state shuts
        ("2026-12-01", "II", True),  # stricter: it would be lost without a word
        ("2026-12-01", None, True),
        ("2026-11-30", None, False),
        ("2026-11-30", "IV", True),
    ],
)
def test_a_schedule_in_the_state_that_is_told_wrongly_is_broken_input(
    book: Rulebook, on: str, told: str | None, refused: bool
) -> None:
    if not refused:
        assert ask(book, on, drug__state_schedule=told).canonical() == ask(book, on).canonical()
        return
    with pytest.raises(BrokenInput) as broken:
        ask(book, on, drug__state_schedule=told)
    (found,) = broken.value.diagnostics
    assert (found.code, found.location.path) == ("VOC002", "drug.state_schedule")


def test_an_undated_schedule_is_for_a_person_before_the_day_it_was_checked(undated: Rulebook) -> None:
    before, after = ask(undated, "2026-11-20"), ask(undated, "2026-11-21")
    assert "date_uncertain" in [entry["why"] for entry in before.review]
    assert before.outcome is Outcome.REVIEW
    assert "pdmp_check" in duties(after)


def test_a_drug_of_unknown_schedule_is_missing_by_the_name_people_can_tell(book: Rulebook) -> None:
    decision = ask(book, "2026-12-01", drug__name="somethingnew")
    assert "drug.schedule" in decision.missing
    assert "drug.state_schedule" not in decision.missing


@pytest.mark.parametrize(
    ("text", "file", "code"),
    [
        (schedules("gabapentine"), FILE, "LAW024"),
        (schedules(), "rules/us/fl/licensing.yaml", "LAW024"),
        (schedules(), "rules/us/federal/prescribing.yaml", "LAW024"),
        (schedules(schedule="VI"), FILE, "SHAPE004"),
        (schedules().replace("cite: background, ", ""), FILE, "LAW002"),
        (schedules() + f"  - {ENTRY.format(begins='2027-01-01', schedule='V')}\n", FILE, "LAW005"),
    ],
)
def test_a_schedule_that_would_never_count_is_refused(tmp_path: Path, text: str, file: str, code: str) -> None:
    with pytest.raises(BrokenInput) as caught:
        load_law(spoilt(tmp_path, text, file))
    assert code in [found.code for found in caught.value.diagnostics]
