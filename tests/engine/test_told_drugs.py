"""What a question tells of a drug beside the drug base can tighten a decision, and never loosens one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conditions import Condition, Every, Negation, Reference, Some, Test
from engine.conditions_closures import truth
from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.evaluators import ClosuresOnly, Evaluator
from engine.law_cases import nested, started
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from engine.told_drugs import TOLD, classes_asked, differing, read_for_both
from engine.values import Facts
from tests.rules.helpers_cases import ROOT, examples

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
BOTH = ReteEvaluator()
PRESCRIPTIONS = sorted(name for name in EXAMPLES if "drug.name" in started(name, EXAMPLES))
CLASSES = ("abortion_inducing", "anorectic", "barbiturate", "benzodiazepine", "opioid", "stimulant", "nothing_known")
DRUGS = ("amoxicillin", "mifepristone", "oxycodone", "methylphenidate", "zolpidem", "alprazolam", "phentermine")
SCHEDULES = ("I", "II", "III", "IV", "V")
MINOR = {
    "patient.birth_date": "2012-05-05",
    "patient.guardian_present": True,
    "consents": [{"kind": "guardian", "form": "written", "at": "2026-11-30T09:00:00-05:00", "jurisdiction": "us/nj"}],
}
EITHER = frozenset(TOLD.values())


def asked(start: str, told: Mapping[str, Any] | None = None, evaluator: Evaluator = BOTH, **more: Any) -> Decision:
    """The decision on an example with more told of it; in names of parameters double underscores are dots."""
    facts = {**started(start, EXAMPLES), **(told or {}), **{n.replace("__", "."): v for n, v in more.items()}}
    return decide(RULEBOOK, Question(topic="prescribing", on="2026-12-01", facts=nested(facts)), evaluator)


def minor(**told: Any) -> Decision:
    """A minor in the state that lets stimulants of minors through."""
    return asked("stimulant_in_nj", MINOR, **told)


class TestWhatIsOnlyTold:
    def test_opens_no_exception(self) -> None:
        assert minor().passes
        forbidden = minor(drug__name="oxycodone")
        told = minor(drug__name="oxycodone", drug__classes=["stimulant"])
        assert [entry["rule"] for entry in told.forbids] == [entry["rule"] for entry in forbidden.forbids]
        assert not told.passes

    def test_tightens(self) -> None:
        assert asked("ordinary_prescription").passes
        told = asked("ordinary_prescription", drug__classes=["abortion_inducing"])
        assert [entry["rule"] for entry in told.forbids] == ["us/fl/prescribing/abortion-medication"]
        assert "abortion_inducing" in told.forbids[0]["because"]["drug.told_classes"]

    @pytest.mark.parametrize("schedule", ["II", "III", "IV", "V"])
    def test_as_a_schedule_lifts_nothing_of_the_one_that_is_held(self, schedule: str) -> None:
        held = {entry["rule"] for entry in minor(drug__name="oxycodone").forbids}
        assert held <= {entry["rule"] for entry in minor(drug__name="oxycodone", drug__schedule=schedule).forbids}

    def test_cannot_be_told_past_the_drug_base(self) -> None:
        sly = {"drug__told_classes": ["stimulant"], "drug__told_schedule": None, "drug__told_approved_for_oud": True}
        assert minor(drug__name="oxycodone", **sly).canonical() == minor(drug__name="oxycodone").canonical()

    def test_changes_nothing_where_it_says_the_same(self) -> None:
        same = {"drug__schedule": "II", "drug__classes": ["stimulant"]}
        assert minor(**same).canonical() == minor().canonical()


def test_classes_that_no_rule_asks_for_make_no_difference_at_all() -> None:
    told = minor(drug__classes=["stimulant", "cns_stimulant", "nothing_known"])
    assert told.canonical() == minor().canonical()
    asked = RULEBOOK.classes_asked() or frozenset()
    assert asked >= {"abortion_inducing", "anorectic", "barbiturate", "opioid", "stimulant"}
    assert "cns_stimulant" not in asked


def test_a_rule_that_compares_classes_with_a_fact_may_ask_for_any() -> None:
    (rule, *_) = [rule for file in RULEBOOK.law.files for rule in file.rules]
    for test in (Test("drug.classes", "has_any", Reference("a")), Test("a", "has", Reference("drug.classes"))):
        assert classes_asked([replace(rule, condition=test)], ()) is None


class TestADrugThatTheBaseDoesNotHold:
    """Its name was told, so no fact is missing that asking for the name would bring."""

    @pytest.mark.parametrize("start", ["opioid_in_ca", "opioid_in_ny", "sleep_aid_in_ca"])
    def test_is_for_a_person_alone_where_all_else_was_told(self, start: str) -> None:
        told = {"drug.schedule": "II", "drug.classes": ["abortion_inducing", "opioid"]}
        decision = asked(start, told, drug__name="Mifeprex")
        assert (decision.outcome, decision.missing) == (Outcome.REVIEW, ())
        assert [entry["why"] for entry in decision.review] == ["unknown_drug"]

    def test_still_asks_for_what_nobody_told_of_it(self) -> None:
        decision = asked("opioid_in_ca", drug__name="Adderall")
        assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, ("drug.classes", "drug.schedule"))
        assert asked("opioid_in_ca", drug__name="Adderall", drug__schedule="II").missing == ("drug.classes",)

    @pytest.mark.parametrize("start", ["ordinary_prescription", "stimulant_in_nj"])
    def test_never_passes(self, start: str) -> None:
        told: dict[str, Any] = {"drug.schedule": None, "drug.classes": []}
        for more in ({}, told, {**told, "drug.classes": ["abortion_inducing"]}, {**told, "drug.schedule": "II"}):
            decision = asked(start, more, ClosuresOnly(), drug__name="Adderall")
            assert not decision.passes
            assert "drug.name" not in decision.missing


@given(
    start=st.sampled_from([*PRESCRIPTIONS, "stimulant_in_nj"]),
    of_minor=st.booleans(),
    drug=st.sampled_from(DRUGS),
    few=st.lists(st.sampled_from(CLASSES), max_size=2, unique=True),
    more=st.lists(st.sampled_from(CLASSES), max_size=4, unique=True),
    schedule=st.none() | st.sampled_from(SCHEDULES),
    oud=st.none() | st.booleans(),
)
def test_telling_more_of_a_known_drug_never_makes_a_decision_pass(
    start: str, of_minor: bool, drug: str, few: list[str], more: list[str], schedule: str | None, oud: bool | None
) -> None:
    about = MINOR if of_minor else {}
    further = {"drug.schedule": schedule, "drug.approved_for_oud": oud}
    further = {path: value for path, value in further.items() if value is not None}
    less = asked(start, about, ClosuresOnly(), drug__name=drug, drug__classes=few)
    told = asked(start, {**about, **further}, ClosuresOnly(), drug__name=drug, drug__classes=[*few, *more])
    assert less.passes or not told.passes
    assert {entry["rule"] for entry in less.forbids} <= {entry["rule"] for entry in told.forbids}
    kept = {(entry["duty"], entry["met"]) for entry in told.duties}
    assert {duty for duty, _ in kept} >= {entry["duty"] for entry in less.duties}
    unmet = {entry["duty"] for entry in less.duties if not entry["met"]}
    assert not any(met for duty, met in kept if duty in unmet)


_LEAVES = st.one_of(
    st.sampled_from(CLASSES).map(lambda name: Test("drug.classes", "has", name)),
    st.sampled_from(SCHEDULES).map(lambda name: Test("drug.schedule", "is", name)),
    st.just(Test("drug.approved_for_oud", "is", True)),
    st.just(Test("untold", "is", True)),
)


def _deeper(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(several.map(Every), several.map(Some), parts.map(Negation))


@given(
    condition=st.recursive(_LEAVES, _deeper, max_leaves=8),
    held=st.lists(st.sampled_from(CLASSES), max_size=2, unique=True),
    told=st.lists(st.sampled_from(CLASSES), max_size=2, unique=True),
    more=st.lists(st.sampled_from(CLASSES), max_size=2, unique=True),
    schedule=st.sampled_from(SCHEDULES),
)
def test_a_condition_that_tightens_only_rises_and_one_that_opens_only_falls(
    condition: Condition, held: list[str], told: list[str], more: list[str], schedule: str
) -> None:
    order = (False, None, True)
    base: Facts = {"drug.schedule": "III", "drug.classes": tuple(held), "drug.approved_for_oud": True}
    told_facts: list[Facts] = [
        {},
        {"drug.classes": tuple(told)},
        {"drug.classes": (*told, *more), "drug.schedule": schedule, "drug.approved_for_oud": False},
    ]
    for opens in (True, False):
        truths = []
        for one in told_facts:
            found = differing(base, one)
            read = read_for_both(condition, frozenset(found), opens=opens)
            truths.append(order.index(truth(read, {**base, **found})))
        assert truths == sorted(truths, reverse=opens)
