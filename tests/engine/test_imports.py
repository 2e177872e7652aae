"""A rule may lean on another one: it holds while the other is in force and its condition holds, and is never surer."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decisions import Decision, Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.reading import read_text
from engine.rulebook import join
from tests.engine.helpers_law import ask, law, rule

FORBID, ADVISE, LOOK = "{forbid: do}", "{advise: Mind.}", "{require: look, due: before_join, met_by: {b: true}}"
CALM = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
LEANS = "{applies: us/fl/open/other}"


def outcome(decision: Decision) -> str:
    return decision.outcome.value


def codes(caught: pytest.ExceptionInfo[BrokenInput]) -> list[str]:
    return [found.code for found in caught.value.diagnostics]


def test_it_holds_while_the_other_rule_does_and_names_both_sources(tmp_path: Path) -> None:
    other = rule("open/other", ADVISE, when="{a: true}", more=", law: Other Act")
    book = law(tmp_path, other, rule("open/no", FORBID, when=LEANS, more=", law: This Act"))
    assert ask(book, a=True).outcome is Outcome.FORBIDDEN
    assert ask(book, a=True).forbids[0]["law"] == "This Act; Other Act"
    assert ask(book, a=False).outcome is Outcome.PERMITTED
    assert ask(book).missing == ("a",)


def test_it_ends_and_begins_with_the_other_rule(tmp_path: Path) -> None:
    other = rule("open/other", ADVISE, begins="2026-02-01", more=", until: 2026-02-28")
    book = law(tmp_path, other, rule("open/no", FORBID, when=LEANS))
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    found = [outcome(ask(book, on=day)) for day in days]
    assert found == ["permitted", "forbidden", "forbidden", "permitted"]


def test_in_unless_it_frees_only_on_days_on_which_the_other_is_surely_in_force(tmp_path: Path) -> None:
    other = rule("open/other", ADVISE, begins="2026-02")
    book = law(tmp_path, other, rule("open/no", FORBID, more=f", unless: {LEANS}"))
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    found = [outcome(ask(book, on=day)) for day in days]
    assert found == ["forbidden", "review", "review", "permitted"]


@pytest.mark.parametrize("when", [LEANS, "{not: {applies: us/fl/open/other}}"])
def test_where_the_other_is_only_perhaps_in_force_a_person_decides_either_way(tmp_path: Path, when: str) -> None:
    other = rule("open/other", ADVISE, begins="unknown")
    book = law(tmp_path, other, rule("open/no", FORBID, when=when))
    decision = ask(book, on="2026-11-20")
    assert (decision.outcome, {entry["why"] for entry in decision.review}) == (Outcome.REVIEW, {"date_uncertain"})


def test_it_may_name_several_rules_and_rules_that_lean_themselves(tmp_path: Path) -> None:
    one, two = rule("open/one", ADVISE, when="{a: true}"), rule("open/two", ADVISE, when="{b: true}")
    middle = rule("open/middle", ADVISE, when="{applies: [us/fl/open/one, us/fl/open/two]}")
    book = law(tmp_path, one, two, middle, rule("open/no", FORBID, when="{applies: us/fl/open/middle}"))
    assert ask(book, a=False, b=True).outcome is Outcome.FORBIDDEN
    assert ask(book, a=False, b=False).outcome is Outcome.PERMITTED


def test_a_weak_other_rule_makes_the_leaning_permission_weak(tmp_path: Path) -> None:
    other = rule("gated/other", ADVISE, confidence="low")
    book = law(tmp_path, other, rule("gated/yes", "{permit: do}", when="{applies: us/fl/gated/other}"))
    assert ask(book, "gated").outcome is Outcome.REVIEW


def test_a_common_rule_cannot_lean_on_one_states_rule_and_nobody_on_one_that_is_not_there(tmp_path: Path) -> None:
    values = "values:\n  most:\n  - {from: 2000-01-01, is: 7, cite: s, law: Act, confidence: high}\n"
    common = (
        "- {id: us/common/open/most, title: Few, when: {applies: us/fl/open/other},"
        " then: {limit: days, max: {fact: law.most}}}\n"
    )
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path / "common", rule("open/other", ADVISE), values=values, common=common)
    assert codes(caught) == ["LAW019"]
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path / "nowhere", rule("open/no", FORBID, when="{applies: us/fl/open/nowhere}"))
    assert codes(caught) == ["LAW019"]


def test_it_cannot_lean_on_itself_on_another_topic_or_in_what_meets_a_duty(tmp_path: Path) -> None:
    circle = rule("open/one", ADVISE, when="{applies: us/fl/open/two}")
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path / "circle", circle, rule("open/two", ADVISE, when="{applies: us/fl/open/one}"))
    assert codes(caught) == ["LAW019", "LAW019"]
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path / "topic", rule("open/b", FORBID, when="{applies: us/fl/elsewhere/a}"))
    assert codes(caught) == ["LAW019"]
    met = "{require: look, due: before_join, met_by: {applies: us/fl/open/other}}"
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path / "met", rule("open/other", ADVISE), rule("open/look", met))
    assert codes(caught) == ["LAW019"]


def test_a_clinics_policy_may_lean_on_the_law_but_not_on_itself(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/other", ADVISE, when="{a: true}"))

    def with_policy(leans_on: str) -> Decision:
        text = f"- {{id: clinic/open/no, title: No, when: {{applies: {leans_on}}}, then: {{forbid: do}}}}\n"
        policy = read_text(text, "clinic.yaml", Problems())
        assert policy is not None
        return ask(join(book.law, policy), a=True)

    assert with_policy("us/fl/open/other").outcome is Outcome.FORBIDDEN
    with pytest.raises(BrokenInput):
        with_policy("clinic/open/no")


FLAGS = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(FLAGS.map(lambda flag: f"{{{flag}: true}}"), st.integers(0, 3).map(lambda n: f"{{days: {n}}}"))
CONDITIONS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        part.map(lambda one: f"{{not: {one}}}"),
        st.lists(part, min_size=1, max_size=3).map(lambda many: f"{{all: [{', '.join(many)}]}}"),
        st.lists(part, min_size=1, max_size=3).map(lambda many: f"{{any: [{', '.join(many)}]}}"),
    ),
    max_leaves=6,
)
TOLD = st.fixed_dictionaries(
    {}, optional={"a": st.booleans(), "b": st.booleans(), "c": st.booleans(), "days": st.integers(0, 3)}
)


@settings(max_examples=40, deadline=None, suppress_health_check=CALM)
@given(CONDITIONS, CONDITIONS, st.lists(TOLD, min_size=1, max_size=4))
def test_leaning_on_a_rule_says_the_same_as_writing_its_condition_out_in_both_engines(
    tmp_path_factory: pytest.TempPathFactory, other: str, own: str, cases: list[dict[str, Any]]
) -> None:
    leaning = rule("open/no", FORBID, when=f"{{all: [{own}, {LEANS}]}}")
    written = rule("open/no", FORBID, when=f"{{all: [{own}, {other}]}}")
    first = rule("open/other", ADVISE, when=other)
    one = law(tmp_path_factory.mktemp("lean"), first, leaning)
    two = law(tmp_path_factory.mktemp("write"), first, written)
    for case in cases:
        assert ask(one, **case).outcome is ask(two, **case).outcome
        assert ask(one, **case).missing == ask(two, **case).missing
