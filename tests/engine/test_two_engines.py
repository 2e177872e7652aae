"""The closures and durable_rules say the same of every condition and every fact."""

import json
from typing import Any

import durable_rules_engine
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.conditions import Condition, Every, Some, Test
from engine.conditions_closures import missing, truth
from engine.faults import EngineFault
from engine.programs import compile_program
from engine.rete import MOST_RULES, ReteEvaluator, Session, check_names, name_hash, rulesets, verdicts
from tests.engine.helpers_generated import Scope, conditions, facts

SCOPE = Scope()
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


def agree(parts: list[Condition], cases: list[dict[str, Any]], evaluator: ReteEvaluator) -> None:
    program = compile_program(parts, SCOPE)
    for case in cases:
        assert evaluator.evaluate(program, program.sheet(case)) == program.truths(case)


@settings(max_examples=150, deadline=None, suppress_health_check=CALM)
@given(st.lists(conditions(), min_size=1, max_size=5), st.lists(facts(), min_size=1, max_size=6))
def test_both_engines_agree(parts: list[Condition], cases: list[dict[str, Any]]) -> None:
    agree(parts, cases, ReteEvaluator())


@pytest.mark.slow
@settings(max_examples=2500, deadline=None, suppress_health_check=CALM)
@given(st.lists(conditions(), min_size=1, max_size=6), st.lists(facts(), min_size=4, max_size=4))
def test_both_engines_agree_ten_thousand_times(parts: list[Condition], cases: list[dict[str, Any]]) -> None:
    agree(parts, cases, ReteEvaluator())


@settings(max_examples=150, deadline=None, suppress_health_check=CALM)
@given(conditions(), facts(), facts())
def test_what_is_decided_stays_decided_when_more_is_told(
    condition: Condition, told: dict[str, Any], more: dict[str, Any]
) -> None:
    if "told" in repr(condition):
        return  # asking whether something is told is the one test that more telling may change
    before = truth(condition, told)
    if before is not None:
        assert truth(condition, {**more, **told}) is before
    assert bool(missing(condition, told)) is (before is None)


def test_many_conditions_are_spread_over_rulesets_within_the_caps() -> None:
    parts: list[Condition] = [Test("a.number", "less", number) for number in range(150)]
    program = compile_program(parts, SCOPE)
    built = rulesets(program)
    assert len(built) > 1
    assert all(len(json.loads(one.definition)) <= MOST_RULES + 1 for one in built)
    agree(parts, [{"a.number": 75}, {}], ReteEvaluator())


def test_a_condition_with_too_many_alternatives_becomes_one_field() -> None:
    pairs = [Some((Test("a.number", "is", n), Test("a.color", "is", "red"))) for n in range(8)]
    program = compile_program([Every(tuple(pairs))], SCOPE)
    assert program.derived
    agree([Every(tuple(pairs))], [{"a.number": 3, "a.color": "red"}, {"a.number": 3}], ReteEvaluator())


def test_names_that_hash_alike_are_refused() -> None:
    seen: dict[int, str] = {}
    pair: tuple[str, str] | None = None
    for number in range(400_000):
        name = f"x{number:x}"
        other = seen.setdefault(name_hash(name), name)
        if other != name:
            pair = (other, name)
            break
    assert pair is not None, "no collision among the names tried"
    with pytest.raises(EngineFault):
        check_names(pair)


def test_a_condition_that_both_holds_and_fails_is_a_fault() -> None:
    with pytest.raises(EngineFault):
        verdicts([(0, True), (0, False)], 1)


def test_a_program_is_named_by_its_content() -> None:
    one = [Test("a.number", "is", 1)]
    assert compile_program(one, SCOPE).id == compile_program(list(one), SCOPE).id
    assert compile_program(one, SCOPE).id != compile_program([Test("a.number", "is", 2)], SCOPE).id


def test_what_several_conditions_say_alike_is_one_rule() -> None:
    red, small = Test("a.color", "is", "red"), Test("a.number", "less", 3)
    program = compile_program([red, Every((red, small)), red, Some((red, Every((red, small))))], SCOPE)
    (one,) = rulesets(program)
    assert len(one.meaning) < len({term.atoms for term in program.terms}) < len(program.terms)
    agree(list(program.conditions), [{"a.color": "red", "a.number": 1}, {"a.color": "blue"}, {}], ReteEvaluator())


def test_one_case_leaves_nothing_behind_for_the_next() -> None:
    parts: list[Condition] = [Test("a.color", "is", "red"), Test("a.number", "less", 3)]
    cases: list[dict[str, Any]] = [{"a.color": "red"}, {"a.number": 2}, {}, {"a.color": "blue", "a.number": 9}]
    agree(parts, cases * 50, ReteEvaluator())


def test_after_a_fault_nothing_of_the_case_is_left() -> None:
    evaluator, program = ReteEvaluator(), compile_program([Test("a.color", "is", "red")], SCOPE)
    sheet = program.sheet({"a.color": "red"})
    assert evaluator.evaluate(program, sheet) == (True,)
    with pytest.raises(EngineFault):
        evaluator.evaluate(program, sheet | {"f0": "x" * 201})
    assert evaluator.evaluate(program, sheet) == (True,)


def test_a_firing_about_another_case_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    session, program = Session(), compile_program([Test("a.color", "is", "red")], SCOPE)
    session.build(program.id, program.fields, rulesets(program))
    row = program.row(program.sheet({"a.color": "red"}))
    assert session.run(program.id, row) == [(0, True)]
    start = durable_rules_engine.start_action_for_state

    def late(handle: int, state: int) -> tuple[str, str]:
        before, message = start(handle, state)
        return before, message.replace('"id":"2"', '"id":"1"')

    monkeypatch.setattr(durable_rules_engine, "start_action_for_state", late)
    with pytest.raises(EngineFault, match="another_case"):
        session.run(program.id, row)
