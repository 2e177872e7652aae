"""Neither a clinic's policy, however written, nor a doubt turns a worse verdict into a better one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.diagnostics import Problems
from engine.evaluators import ClosuresOnly
from engine.law import LawFile
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, join, load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

pytestmark = pytest.mark.slow

LAW = load_rulebook(ROOT)
BOTH = ReteEvaluator()
EXAMPLES = examples()
OUTCOMES = [Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES, Outcome.REVIEW, Outcome.FORBIDDEN]
FORMS = ("verbal", "electronic", "written")
DUE = ("before_booking", "before_join", "before_prescribe", "before_sign")
CONSENT = {"consents": {"any": {"kind": "telehealth", "form": ["electronic", "written"]}}}
TESTS: tuple[dict[str, Any], ...] = (
    {"always": True},
    {"patient.age": {"less": 18}},
    {"encounter.modality": {"not": "in_person"}},
    {"encounter.payer": "medicaid"},
    {"drug.schedule": ["II", "III"]},
    {"drug.classes": {"has": "stimulant"}},
    {"treatment.purpose": {"not": "psychiatric"}},
    {"provider.licenses": {"count": {"where": {"status": "active"}, "at_least": 2}}},
    CONSENT,
)
DUTIES = {
    "licensing": "liability_coverage",
    "supervision": "supervision_agreement",
    "consent": "telehealth_consent",
    "prescribing": "pdmp_check",
    "recording": "recording_consent",
    "privacy": "privacy_notice",
    "policy": "clinic_requirement",
}
LEANS_ON = {"prescribing": "us/prescribing/ryan-haight", "licensing": "us/licensing/place-of-the-patient"}


@st.composite
def conditions(draw: st.DrawFn, topic: str) -> dict[str, Any]:
    """A condition of some depth, which may lean on a rule of the law."""
    leaves = [*TESTS, *([{"applies": LEANS_ON[topic]}] if topic in LEANS_ON else [])]
    parts = draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=3))
    joined: dict[str, Any] = {draw(st.sampled_from(["all", "any", "none"])): parts}
    return {"not": joined} if draw(st.booleans()) else joined


@st.composite
def effects(draw: st.DrawFn, topic: str) -> dict[str, Any]:
    """Anything that a clinic's rule may do."""
    kinds = ["forbid", "require", "review", "advise", *(["limit"] if topic == "prescribing" else [])]
    kind = draw(st.sampled_from(kinds))
    if kind == "forbid":
        return {"forbid": LAW.topics.topics[topic].act}
    if kind == "require":
        duty: dict[str, Any] = {"require": DUTIES[topic], "due": draw(st.sampled_from(DUE))}
        detail = draw(st.sampled_from([{}, *({"form": form} for form in FORMS), {"disclosures": ["fees"]}]))
        met = draw(st.sampled_from([None, *TESTS]))
        return duty | ({"detail": detail} if detail else {}) | ({"met_by": met} if met else {})
    if kind == "limit":
        return {"limit": draw(st.sampled_from(["days_supply", "refills"])), "max": draw(st.integers(0, 120))}
    return {kind: "somebody" if kind == "review" else "Take care."}


@st.composite
def rules(draw: st.DrawFn, topic: str) -> dict[str, Any]:
    """A rule of a clinic, but for its id."""
    days = draw(st.sampled_from([{}, {"from": "2026-12-15"}, {"from": "2020-01-01", "until": "2026-12-15"}]))
    unless = draw(st.one_of(st.none(), conditions(topic)))
    rule = {"title": "The clinic's own", **days, "when": draw(conditions(topic)), "then": draw(effects(topic))}
    return rule | ({"unless": unless} if unless else {})


def clinic(topic: str, policy: list[dict[str, Any]]) -> Rulebook:
    """The law with a clinic's rules; JSON is YAML."""
    named = [{"id": f"clinic/{topic}/rule-{number}", **rule} for number, rule in enumerate(policy)]
    return join(LAW.law, read_text(json.dumps(named), "clinics/a.yaml", Problems()))


def rank(decision: Decision) -> int:
    """Incomplete and review stand side by side: both keep a gate shut until somebody acts."""
    outcome = decision.outcome
    return OUTCOMES.index(Outcome.REVIEW if outcome is Outcome.INCOMPLETE else outcome)


def by(entries: tuple[Mapping[str, Any], ...], *names: str) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(entry.get(name) for name in names): entry for entry in entries}


def only_tightens(mild: Decision, strict: Decision) -> None:
    """Everything that a stricter answer must keep of a milder one."""
    assert rank(strict) >= rank(mild)
    assert {entry["rule"] for entry in mild.forbids} <= {entry["rule"] for entry in strict.forbids} | {
        entry["rule"] for entry in mild.limits
    }
    duties = by(strict.duties, "duty")
    for (name,), entry in by(mild.duties, "duty").items():
        other = duties[(name,)]
        assert entry["met"] or not other["met"]
        assert DUE.index(other["due"]) <= DUE.index(entry["due"])
        form, stricter = entry["detail"].get("form"), other["detail"].get("form")
        if "form" in LAW.topics.topics[mild.topic].orders and form is not None:
            assert FORMS.index(stricter) >= FORMS.index(form)
        assert {*entry["detail"].get("disclosures", ())} <= {*other["detail"].get("disclosures", ())}
    limits = by(strict.limits, "limit")
    for (name,), entry in by(mild.limits, "limit").items():
        assert limits[(name,)]["max"] <= entry["max"]
    assert {entry["rule"] for entry in strict.permits} <= {entry["rule"] for entry in mild.permits}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_adding_any_rule_of_a_clinic_never_loosens(data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(sorted(DUTIES)))
    policy = data.draw(st.lists(rules(topic), min_size=1, max_size=3))
    facts = started(data.draw(st.sampled_from(sorted(EXAMPLES))), EXAMPLES)
    told = {path: value for path, value in facts.items() if data.draw(st.integers(0, 11))}
    on = data.draw(st.sampled_from(["2026-11-01", "2026-12-15", "2026-12-16", "2027-01-01"]))
    question = Question(topic=topic, on=on, facts=nested(told))
    books = [LAW, *(clinic(topic, policy[:number]) for number in range(1, len(policy) + 1))]
    decisions = [decide(book, question, ClosuresOnly()) for book in books]
    for mild, strict in pairwise(decisions):
        only_tightens(mild, strict)
    assert decide(books[-1], question, BOTH).canonical() == decisions[-1].canonical()


def doubted(file: LawFile, number: int, confidence: str) -> LawFile:
    """A file of which one rule or one entry of a value has become doubtful."""
    rules, values = list(file.rules), list(file.values)
    if number < len(rules):
        rules[number] = replace(rules[number], cited=replace(rules[number].cited, confidence=confidence))
    else:
        entry = values[number - len(rules)]
        values[number - len(rules)] = replace(entry, cited=replace(entry.cited, confidence=confidence))
    return replace(file, rules=tuple(rules), values=tuple(values))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_doubting_any_rule_or_value_never_loosens(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([file for file in LAW.law.files if file.topic in DUTIES and file.rules]))
    number = data.draw(st.integers(0, len(file.rules) + len(file.values) - 1))
    other = doubted(file, number, data.draw(st.sampled_from(["low", "unknown"])))
    files = tuple(other if one is file else one for one in LAW.law.files)
    facts = started(data.draw(st.sampled_from(sorted(EXAMPLES))), EXAMPLES)
    told = {path: value for path, value in facts.items() if data.draw(st.integers(0, 11))}
    question = Question(topic=file.topic, on="2026-12-01", facts=nested(told))
    sure, unsure = (decide(book, question, ClosuresOnly()) for book in (LAW, join(replace(LAW.law, files=files))))
    only_tightens(sure, unsure)
