"""Decisions have the shape of the interface, the same bytes for the same question, and only ever tighten."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decide import Refused, decide, decide_batch, decide_together
from engine.decisions import Decision, Outcome, Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly
from engine.known import Known
from engine.packs import canonical
from engine.periods import Certainty, read_period
from engine.reading import read_text
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, join, load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
EVALUATOR = ReteEvaluator()
DAY = "2026-12-01"
KEYS = [
    *("topic", "outcome", "permits", "forbids", "duties", "limits", "advice", "review", "missing", "presumed", "tried"),
    *("law_time", "known_time", "law", "overlay", "rulebook", "sources"),
]


def ask(
    topic: str, start: str = "ordinary_visit", on: str = DAY, rulebook: Rulebook = RULEBOOK, **changes: Any
) -> Decision:
    facts = {**started(start, EXAMPLES), **{path.replace("__", "."): value for path, value in changes.items()}}
    return decide(rulebook, Question(topic=topic, on=on, facts=nested(facts)), EVALUATOR)


def clinic(text: str) -> Rulebook:
    problems = Problems()
    node = read_text(text, "clinics/a.yaml", problems)
    assert node is not None
    return join(RULEBOOK.law, node)


def test_a_decision_has_the_keys_of_the_interface_in_order() -> None:
    answer = ask("prescribing", "stimulant").as_json()
    assert list(answer) == KEYS
    assert answer["overlay"] is None
    assert answer["law"].startswith("sha256:")
    assert {name for entry in answer["duties"] for name in entry["cite"]} <= set(answer["sources"])


@pytest.mark.parametrize("known", [None, Known(number=7, at="2026-11-22T22:00:00Z")])
def test_known_time_is_the_instant_of_the_release_and_nothing_where_nobody_released_the_law(
    known: Known | None,
) -> None:
    answer = ask("licensing", rulebook=join(replace(RULEBOOK.law, known=known)))
    assert answer.known_time == (known.at if known else None)
    assert answer.outcome is Outcome.PERMITTED


@pytest.mark.parametrize("topic", ["licensing", "consent", "prescribing", "recording"])
def test_the_bytes_of_an_answer_are_its_canonical_form_and_the_same_when_its_words_are_at_hand(topic: str) -> None:
    nobody: dict[str, Any] = {"provider__licenses": []}
    for changes in ({}, nobody, {"drug__name": "oxycodone"}, {"provider__profession": "RN", **nobody}):
        first, again = ask(topic, "stimulant", **changes), ask(topic, "stimulant", **changes)
        assert first.canonical() == again.canonical() == canonical(first.as_json())
        assert json.loads(first.canonical()) == json.loads(json.dumps(first.as_json()))
    assert replace(first, missing=("a.b",)).canonical() != first.canonical()


def test_the_drug_may_be_named_alone_and_its_schedule_is_found() -> None:
    assert [entry["limit"] for entry in ask("prescribing", "stimulant").limits] == ["refills", "days_supply"]


def test_a_forbid_says_which_facts_it_stands_on() -> None:
    forbid = ask("prescribing", "opioid").forbids[0]
    assert forbid["act"] == "prescribe"
    assert forbid["because"]["drug.schedule"] == "II"
    assert forbid["because"]["treatment.purpose"] == "acute_pain"


def test_without_authority_the_paths_tried_are_named_nearest_first() -> None:
    decision = ask("licensing", "unlicensed_in_fl")
    assert decision.outcome is Outcome.FORBIDDEN
    assert "full_license" in [entry["path"] for entry in decision.tried]
    assert all(entry["failed"] for entry in decision.tried)
    lacking = [("never" in entry["failed"], len(entry["failed"])) for entry in decision.tried]
    assert lacking == sorted(lacking)  # a path that the place opens to nobody is the farthest


def test_presumed_facts_are_named() -> None:
    assert ask("licensing").presumed["provider.va_employment"] is False
    assert "provider.va_employment" not in ask("licensing", provider__va_employment=False).presumed


def test_what_is_forbidden_on_every_date_that_it_could_be_is_forbidden() -> None:
    facts = started("opioid", EXAMPLES)
    del facts["patient.location.time_zone"]
    night = Question(
        topic="prescribing", on="2027-01-01T00:30:00-05:00", facts=nested(facts)
    )  # the year before in the west
    assert decide(RULEBOOK, night, EVALUATOR).outcome is Outcome.FORBIDDEN


def test_what_is_judged_with_a_form_is_not_carried_as_law() -> None:
    decision = ask("intake")
    assert (decision.outcome, [entry["why"] for entry in decision.review]) == (Outcome.REVIEW, ["law_not_carried"])


def test_a_clinics_own_topic_is_asked_of_a_clinic() -> None:
    with pytest.raises(BrokenInput) as caught:
        decide(
            RULEBOOK, {"topic": "policy", "on": DAY, "facts": nested(started("ordinary_visit", EXAMPLES))}, EVALUATOR
        )
    assert [(d.code, d.location.path) for d in caught.value.diagnostics] == [("ASK003", "clinic")]


def at_a_place(**told: Any) -> Decision:
    """The answer about an ordinary visit of which the place is told so; None makes a fact untold."""
    facts = started("ordinary_visit", EXAMPLES) | {f"patient.location.{name}": value for name, value in told.items()}
    facts = {path: value for path, value in facts.items() if value is not None}
    return decide(RULEBOOK, Question(topic="licensing", on=DAY, facts=nested(facts)), EVALUATOR)


def test_no_place_is_presumed_and_a_state_tells_its_country() -> None:
    decision = at_a_place(country=None)
    assert (decision.outcome, "patient.location.country" in decision.presumed) == (Outcome.PERMITTED, False)
    assert at_a_place(country=None, state=None).missing == ("patient.location.state",)


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"country": "US"}, "country"),
        ({"country": ""}, "country"),
        ({"postal_code": "10001"}, "postal_code"),  # in another state
    ],
)
def test_a_place_that_contradicts_itself_is_broken_input(told: dict[str, str], path: str) -> None:
    with pytest.raises(BrokenInput) as caught:
        at_a_place(**told)
    assert [(d.code, d.location.path) for d in caught.value.diagnostics] == [("VOC002", f"patient.location.{path}")]


@pytest.mark.parametrize("stage", ["join", "prescribe", "sign"])
@pytest.mark.parametrize("told", [False, None])
def test_a_place_that_the_patient_did_not_attest_is_unknown_where_it_must_be(stage: str, told: bool | None) -> None:
    facts = started("ordinary_visit", EXAMPLES) | {"encounter.stage": stage, "patient.location.attested": told}
    for topic in ("licensing", "consent", "prescribing"):
        decision = decide(RULEBOOK, Question(topic=topic, on=DAY, facts=nested(facts)), EVALUATOR)
        lacks = () if told is False else ("patient.location.attested",)
        assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, lacks)
        assert [one["why"] for one in decision.review] == (["place_not_attested"] if told is False else [])
    facts["encounter.stage"] = "book"
    assert (
        decide(RULEBOOK, Question(topic="licensing", on=DAY, facts=nested(facts)), EVALUATOR).outcome
        is Outcome.PERMITTED
    )


@pytest.mark.parametrize("told", [False, None])
def test_without_a_stage_a_place_that_the_patient_did_not_attest_opens_nothing(told: bool | None) -> None:
    untold: dict[str, Any] = {"encounter__stage": None, "patient__location__attested": told}
    for topic, start in (("licensing", "ordinary_visit"), ("prescribing", "stimulant"), ("consent", "ordinary_visit")):
        decision = ask(topic, start, **untold)
        assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, ("encounter.stage",))
    attested: dict[str, Any] = {"encounter__stage": None, "patient__location__attested": True}
    assert ask("licensing", **attested).outcome is Outcome.PERMITTED


def test_what_no_gate_asks_needs_no_stage() -> None:
    untold: dict[str, Any] = {"encounter__stage": None, "patient__location__attested": None}
    assert "encounter.stage" not in ask("retention", record__years_since_service=99, **untold).missing
    facts = nested(started("ordinary_visit", EXAMPLES) | {"encounter.stage": None, "patient.location.attested": None})
    both = decide_together(RULEBOOK, ["retention", "licensing"], Question(topic="", on=DAY, facts=facts), EVALUATOR)
    assert both["licensing"].missing == ("encounter.stage",)
    assert "encounter.stage" not in both["retention"].missing


DERIVED: list[tuple[str, Any, Any]] = [
    ("patient__jurisdiction", "us/ny", "us/fl"),
    ("encounter__date", "2020-01-01", DAY),
    ("encounter__year", 2020, 2026),
    ("encounter__instant", "2020-01-01T10:00:00Z", "2026-12-01T10:00:00-05:00"),
    ("patient__age", 12, 36),  # born on 1990-04-02
]


@pytest.mark.parametrize(("path", "wrong", "right"), DERIVED)
def test_what_is_worked_out_may_be_told_only_as_it_is(path: str, wrong: Any, right: Any) -> None:
    with pytest.raises(BrokenInput) as caught:
        ask("licensing", **{path: wrong})
    assert [(d.code, d.location.path) for d in caught.value.diagnostics] == [("VOC002", path.replace("__", "."))]
    assert ask("licensing", **{path: right}).canonical() == ask("licensing").canonical()


@pytest.mark.parametrize(("code", "day"), [("32501", "2027-01-31"), ("33132", "2027-02-01")])
@pytest.mark.parametrize("told", [None, "America/New_York"])
def test_the_zip_code_gives_the_time_zone(code: str, day: str, told: str | None) -> None:
    facts = started("ordinary_visit", EXAMPLES)
    facts |= {"patient.location.postal_code": code, "patient.location.time_zone": told}
    question = Question(topic="licensing", on="2027-02-01T00:00:00-05:00", facts=nested(facts))
    assert decide(RULEBOOK, question, EVALUATOR).law_time == day


def answers_in_bytes() -> list[bytes]:
    """What every example is answered in three topics, whole and with every third of its facts untold."""
    found = []
    for name in EXAMPLES:
        told = started(name, EXAMPLES)
        place = {path for path in told if path.startswith(("patient.location", "drug"))}
        fewer = [{p: v for n, (p, v) in enumerate(told.items()) if n % 3 != left or p in place} for left in range(3)]
        for topic in ("licensing", "consent", "prescribing"):
            for facts in (told, *fewer):
                found.append(decide(RULEBOOK, Question(topic=topic, on=DAY, facts=nested(facts)), ClosuresOnly()))
    return [decision.canonical() for decision in found]


@pytest.mark.slow
def test_the_same_questions_give_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys; from tests.engine.test_decide import answers_in_bytes;"
        "sys.stdout.buffer.write(b'\\n'.join(answers_in_bytes()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    other = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True)
    here = answers_in_bytes()
    assert other.stdout.split(b"\n") == here
    assert any(answer.partition(b'"missing":')[2].partition(b"]")[0].count(b",") for answer in here)


def test_topics_asked_together_are_decided_as_each_alone() -> None:
    topics = ["licensing", "supervision", "consent", "prescribing", "recording", "privacy", "policy"]
    for start in EXAMPLES:
        question = Question(topic="licensing", on=DAY, facts=nested(started(start, EXAMPLES)))
        together = decide_together(RULEBOOK, topics, question, EVALUATOR)
        alone = {topic: decide(RULEBOOK, replace(question, topic=topic), EVALUATOR) for topic in topics}
        assert {topic: d.canonical() for topic, d in together.items()} == {t: d.canonical() for t, d in alone.items()}


def test_a_batch_answers_in_order_and_refuses_in_place() -> None:
    good = {"topic": "licensing", "on": DAY, "facts": nested(started("ordinary_visit", EXAMPLES))}
    bad = {**good, "facts": {"patient": {"location": {"state": "XX"}}}}
    answers = list(decide_batch(RULEBOOK, [good, bad, good], EVALUATOR))
    assert [isinstance(answer, Refused) for answer in answers] == [False, True, False]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"topic": "licencing"}, "LAW001"),
        ({"on": "yesterday"}, "ASK003"),
        ({"on": "2026-03-05T10:00:00"}, "ASK003"),
        ({"on": "2026-02-30"}, "ASK003"),
        ({"known_at": "2026-03-05T10:00:00Z"}, "ASK004"),
        ({"facts": {"patient": {"location": {"state": "XX"}}}}, "VOC006"),
        ({"facts": {"patient": {"locaton": {"state": "FL"}}}}, "VOC001"),
        ({"facts": {"patient": "FL"}}, "VOC002"),
        ({"facts": {"patient": {"pregnant": "no"}}}, "VOC002"),
        ({"facts": {"provider": {"licenses": [{"stat": "FL"}]}}}, "VOC002"),
        (
            {
                "facts": {"patient": {"location": {"state": "FL", "time_zone": "Mars/Base"}}},
                "on": "2026-12-01T00:00:00Z",
            },
            "VOC005",
        ),
        (
            {"facts": {"patient": {"location": {"state": "FL", "time_zone": "Asia/Tokyo"}}}},
            "VOC002",
        ),
        ({"facts": {"prescription": {"days_supply": 0}}}, "VOC002"),
        ({"facts": {"prescription": {"days_supply": -3}}}, "VOC002"),
        ({"facts": {"prescription": {"refills": -1}}}, "VOC002"),
        ({"facts": {"drug": {"name": " "}}}, "VOC002"),
        ({"facts": {"drug": {"name": "\ud800"}}}, "ASK001"),
        ({"topic": "\udfff"}, "ASK001"),
        ({"facts": {"\ud83d": 1}}, "ASK001"),
        ({"facts": {"provider": {"dea": [{"state": "\ud800"}]}}}, "ASK001"),
        ({"facts": {"prescription": {"days_supply": "\ud800"}}}, "ASK001"),
        ({"on": "\ud800"}, "ASK001"),
        ({"clinic": "\ud800"}, "ASK001"),
        ({"facts": None}, "ASK003"),
        ({"nonsense": 1}, "ASK002"),
    ],
)
def test_broken_input_is_a_numbered_error(change: dict[str, Any], code: str) -> None:
    question = {"topic": "licensing", "on": DAY, "facts": {}, **change}
    with pytest.raises(BrokenInput) as caught:
        decide(RULEBOOK, question, EVALUATOR)
    assert code in {d.code for d in caught.value.diagnostics}


@pytest.mark.parametrize(
    ("facts", "hint"),
    [
        ({"patient": {"locaton": {"state": "FL"}}}, "did you mean `patient.location`?"),
        ({"patient": {"locaton": "FL"}}, "did you mean `patient.relocated_on`?"),
        ({"drug": {"shedule": "II"}}, "did you mean `drug.schedule`?"),
        ({"drug": {"state_shedule": "II"}}, "did you mean `drug.schedule`?"),
    ],
)
def test_a_misspelt_fact_is_told_only_of_what_may_stand_there(facts: dict[str, Any], hint: str) -> None:
    with pytest.raises(BrokenInput) as caught:
        decide(RULEBOOK, Question(topic="licensing", on="2026-12-01", facts=facts), EVALUATOR)
    (found,) = caught.value.diagnostics
    assert (found.code, found.what.partition("did you")[1] + found.what.partition("did you")[2]) == ("VOC001", hint)


def test_a_broken_value_is_not_repeated_in_the_message() -> None:
    with pytest.raises(BrokenInput) as caught:
        decide(RULEBOOK, {"topic": "licensing", "on": DAY, "facts": {"patient": {"birth_date": "Jane Doe"}}}, EVALUATOR)
    assert "Jane" not in str([d.as_json() for d in caught.value.diagnostics])


def test_a_question_that_tells_nothing_is_incomplete_and_asks_for_the_place() -> None:
    decision = decide(RULEBOOK, {"topic": "licensing", "on": DAY, "facts": {}}, EVALUATOR)
    assert decision.outcome is Outcome.INCOMPLETE
    assert decision.missing == ("patient.location.state",)


def test_another_country_is_for_review() -> None:
    decision = ask("licensing", patient__location__country="fr", patient__location__state=None)
    assert (decision.outcome, decision.review[0]["why"]) == (Outcome.REVIEW, "law_not_carried")


POLICY = """
- id: clinic/prescribing/no-stimulants
  title: This clinic does not prescribe stimulants
  when: {drug.classes: {has: stimulant}}
  then: {forbid: prescribe}
- id: clinic/prescribing/short
  title: This clinic prescribes two weeks at most
  then: {limit: days_supply, max: 14}
- id: clinic/consent/written
  title: This clinic asks for a consent to telehealth
  then: {require: telehealth_consent, due: before_join, met_by: {consents: {any: {kind: telehealth}}}}
- id: clinic/policy/adults
  title: This clinic sees adults
  when: {patient.age: {less: 18}}
  then: {forbid: practise}
"""


def test_a_clinics_policy_tightens_and_changes_overlay_and_rulebook_but_not_the_law() -> None:
    own = clinic(POLICY)
    assert ask("prescribing", "stimulant").outcome is Outcome.PERMITTED
    strict = ask("prescribing", "stimulant", rulebook=own)
    assert strict.outcome is Outcome.FORBIDDEN
    assert {entry["rule"] for entry in strict.forbids} == {
        "clinic/prescribing/no-stimulants",
        "clinic/prescribing/short",
    }
    assert strict.law == RULEBOOK.law.digest
    assert strict.overlay is not None
    assert strict.rulebook != RULEBOOK.digest
    assert ask("policy", rulebook=own, patient__birth_date="2010-01-01").outcome is Outcome.FORBIDDEN


def test_a_clinics_policy_may_not_permit() -> None:
    with pytest.raises(BrokenInput) as caught:
        clinic("- {id: clinic/licensing/all, title: Everybody may, then: {permit: practise}}")
    assert [d.code for d in caught.value.diagnostics] == ["LAW015"]


STRICTNESS = [Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES, Outcome.REVIEW, Outcome.INCOMPLETE, Outcome.FORBIDDEN]
POLICIES = clinic(POLICY)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_policy_never_loosens(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(sorted(EXAMPLES)))
    facts = started(start, EXAMPLES)
    told = {path: value for path, value in facts.items() if data.draw(st.integers(0, 9))}
    topic = data.draw(st.sampled_from(["licensing", "consent", "prescribing", "recording", "privacy", "policy"]))
    question = Question(topic=topic, on=data.draw(st.sampled_from(["2026-12-01", "2027-01-01"])), facts=nested(told))
    law, own = (decide(book, question, ClosuresOnly()) for book in (RULEBOOK, POLICIES))
    assert STRICTNESS.index(own.outcome) >= STRICTNESS.index(law.outcome)
    assert {entry["duty"] for entry in law.duties} <= {entry["duty"] for entry in own.duties}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_missing_is_what_settles_it(data: st.DataObject) -> None:
    """Telling what is missing, however, ends in an outcome that is not incomplete for the same facts."""
    start = data.draw(st.sampled_from(["ordinary_prescription", "stimulant", "opioid", "buprenorphine", "sleep_aid"]))
    facts = started(start, EXAMPLES)
    told = {path: value for path, value in facts.items() if data.draw(st.integers(0, 6))}
    for _ in range(12):
        decision = decide(RULEBOOK, Question(topic="prescribing", on=DAY, facts=nested(told)), ClosuresOnly())
        known = [path for path in decision.missing if path in facts and path not in told]
        if not known:
            break
        told.update({path: facts[path] for path in known})
    assert decision.outcome is not Outcome.INCOMPLETE or not set(decision.missing) & set(told)


@pytest.mark.slow
def test_every_generated_question_is_decided_alike_by_both_engines() -> None:
    for start in sorted(EXAMPLES):
        facts = started(start, EXAMPLES)
        for left_out in ("", *facts):
            told = nested({path: value for path, value in facts.items() if path != left_out})
            for topic in ("licensing", "supervision", "consent", "prescribing", "recording", "privacy"):
                decision = decide(RULEBOOK, Question(topic=topic, on=DAY, facts=told), EVALUATOR)
                assert not decision.faulted
                json.loads(decision.canonical())


@pytest.mark.parametrize(
    ("begins", "ends", "day", "expected"),
    [
        ("unknown", "", "2026-11-20", Certainty.PERHAPS),
        ("unknown", "", "2026-11-21", Certainty.SURE),
        ("2019", "", "2018-12-31", Certainty.NO),
        ("2019", "", "2019-12-31", Certainty.PERHAPS),
        ("2019", "", "2020-01-01", Certainty.SURE),
        ("2019-07", "", "2019-07-31", Certainty.PERHAPS),
        ("2019-07", "", "2019-08-01", Certainty.SURE),
        ("2019-12", "", "2020-01-01", Certainty.SURE),
        ("2010-01-01", "2025-06", "2025-05-31", Certainty.SURE),
        ("2010-01-01", "2025-06", "2025-06-30", Certainty.PERHAPS),
        ("2010-01-01", "2025-06", "2025-07-01", Certainty.NO),
        ("2010-01-01", "2024-02", "2024-02-29", Certainty.PERHAPS),
        ("2010-01-01", "2025", "2024-12-31", Certainty.SURE),
        ("2010-01-01", "2025-12-31", "2025-12-31", Certainty.SURE),
        ("2010-01-01", "2025-12-31", "2026-01-01", Certainty.NO),
        ("2010-01-01", "unknown", "2030-01-01", Certainty.SURE),
    ],
)
def test_periods_know_how_sure_they_are(begins: str, ends: str, day: str, expected: Certainty) -> None:
    assert read_period(begins, ends, "2026-11-21").on(day) is expected


def test_across_the_change_of_clocks_the_licence_ends_at_the_patients_midnight() -> None:
    licence = [
        {
            "state": "FL",
            "profession": "MD",
            "kind": "full",
            "status": "active",
            "issued": "2015-01-01",
            "expires": "2027-03-14",
        }
    ]
    assert ask("licensing", on="2027-03-15T03:59:00+00:00", provider__licenses=licence).outcome is Outcome.PERMITTED
    assert ask("licensing", on="2027-03-15T04:00:00+00:00", provider__licenses=licence).outcome is Outcome.FORBIDDEN
