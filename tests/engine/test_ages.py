"""A fact that is older than the vocabulary lets it be is untold, and to both engines that is unknown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.conditions import Test
from engine.decide import judge
from engine.diagnostics import Problems
from engine.dossier import OrderFacts
from engine.facts import USUAL_AGES, gather_facts
from engine.programs import compile_program
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.vocabulary import Vocabulary, read_facts, read_vocabulary
from tests.engine.helpers_content import vocabulary
from tests.engine.test_facts import ATTESTED, dossier, with_patient

NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)
LOOKED = OrderFacts(
    order="o",
    drug_name="oxycodone",
    days_supply=3,
    refills=0,
    kind="new",
    electronic=True,
    purpose="acute_pain",
    statements={"pdmp.checked": True, "pdmp.state": "GA", "treatment.indication": "fracture"},
    stated_at=NOW,
)


def test_the_usual_ages_are_those_of_the_vocabulary() -> None:
    declared = vocabulary().ages()
    assert {path: declared[path] for path in USUAL_AGES} == USUAL_AGES


@pytest.mark.parametrize(("minutes", "told"), [(60, True), (61, False)])
def test_the_vocabulary_says_how_long_a_place_counts(minutes: int, told: bool) -> None:
    visit = with_patient(attested_place=replace(ATTESTED, at=NOW - timedelta(minutes=minutes)))
    facts = gather_facts(visit, "join", NOW, ages={"patient.location.state": timedelta(hours=1)}).facts
    assert ("location" in facts["patient"]) is told


@pytest.mark.parametrize(
    ("hours", "paths"),
    [
        (2, {"pdmp.checked", "pdmp.state", "treatment.indication"}),
        (3, {"pdmp.state", "treatment.indication"}),
    ],
)
def test_each_statement_grows_old_by_itself(hours: int, paths: set[str]) -> None:
    visit = dossier(order=replace(LOOKED, stated_at=NOW - timedelta(hours=hours)))
    ages = {"pdmp.checked": timedelta(hours=2), "pdmp.state": timedelta(hours=9)}
    found = gather_facts(visit, "prescribe", NOW, ages=ages).provenance
    assert {path for path in LOOKED.statements if path in found} == paths


def test_what_has_a_greatest_age_and_no_date_is_untold() -> None:
    found = gather_facts(dossier(order=replace(LOOKED, stated_at=None)), "prescribe", NOW).provenance
    assert "pdmp.checked" not in found
    assert "treatment.indication" in found


@pytest.mark.parametrize(("ahead", "told"), [(timedelta(minutes=1), True), (timedelta(seconds=61), False)])
def test_what_is_of_the_future_is_not_young_but_untold(ahead: timedelta, told: bool) -> None:
    stated = gather_facts(dossier(order=replace(LOOKED, stated_at=NOW + ahead)), "prescribe", NOW).provenance
    assert ("pdmp.checked" in stated) is told
    visit = replace(with_patient(attested_place=replace(ATTESTED, at=NOW + ahead)), encounter_at=None)
    assert ("location" in gather_facts(visit, "join", NOW).facts["patient"]) is told


def test_a_place_attested_again_after_the_encounter_began_stands() -> None:
    visit = replace(with_patient(attested_place=replace(ATTESTED, at=NOW)), encounter_at=NOW - timedelta(hours=1))
    for at in (NOW, NOW - timedelta(minutes=59)):
        assert "location" in gather_facts(visit, "sign", at).facts["patient"]


def test_any_fact_may_be_given_a_greatest_age() -> None:
    visit = dossier()
    assert "consents" in gather_facts(visit, "join", NOW + timedelta(days=9)).facts
    ages = {**USUAL_AGES, "consents": timedelta(days=8)}
    assert "consents" not in gather_facts(visit, "join", NOW + timedelta(days=9), ages=ages).facts


@pytest.mark.parametrize(("age", "truth"), [(timedelta(hours=2), True), (timedelta(hours=1), None)])
def test_to_both_engines_a_stale_fact_is_unknown(age: timedelta, truth: bool | None) -> None:
    visit = dossier(order=replace(LOOKED, stated_at=NOW - timedelta(minutes=90)))
    gathered = gather_facts(visit, "prescribe", NOW, ages={"pdmp.checked": age})
    facts = read_facts(vocabulary(), gathered.facts, Problems())
    program = compile_program([Test("pdmp.checked", "is", True)], vocabulary())
    assert judge(program, facts, ReteEvaluator()) == (truth,)


def made_up(greatest_age: str) -> tuple[Vocabulary, list[str]]:
    problems = Problems()
    fact = f"a: {{type: flag, says: A., source: patient, greatest_age: {greatest_age}}}"
    node = read_text(f"vocabulary: us\nfacts:\n  {fact}\n", "vocabulary.yaml", problems)
    assert node is not None
    return read_vocabulary(node, problems), [found.code for found in problems]


@pytest.mark.parametrize(
    ("written", "ages"),
    [
        ("15 minutes", {"a": timedelta(minutes=15)}),
        ("1 hour", {"a": timedelta(hours=1)}),
        ("30 days", {"a": timedelta(days=30)}),
    ],
)
def test_an_age_is_a_time_of_the_clock(written: str, ages: dict[str, timedelta]) -> None:
    assert made_up(written)[0].ages() == ages


@pytest.mark.parametrize("written", ["1 month", "soon", "0 days", "-1 day"])
def test_what_is_no_age_is_a_numbered_error(written: str) -> None:
    found, codes = made_up(written)
    assert codes == ["SHAPE005"]
    assert found.ages() == {}
