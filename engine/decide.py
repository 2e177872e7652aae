"""What does the law allow, on these facts, on that day?

`decide` is a pure function of rulebook and question: no clock, no network. Every decision that opens a gate is made by
both engines; a difference, an error or a crash is `review` with `why: engine_fault`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.conditions_closures import Truth
from engine.decide_compose import compose
from engine.decisions import ENGINE_FAULT, Decision, Outcome, Question
from engine.diagnostics import BrokenInput
from engine.evaluators import Evaluator
from engine.faults import EngineFault
from engine.programs import Program
from engine.questions import ZONE, Asked, read_question
from engine.rulebook import Rulebook
from engine.values import Facts


def decide(rulebook: Rulebook, question: Question | Mapping[str, Any], evaluator: Evaluator) -> Decision:
    """Answer one question; raises `BrokenInput` when it cannot be read. The same inputs give the same bytes."""
    asked = read_question(rulebook, question)
    if asked.jurisdiction is None:
        return _named(rulebook, Decision(topic=asked.topic, outcome=Outcome.INCOMPLETE, missing=(asked.place_missing,)))
    found = [_on_day(rulebook, asked, day, evaluator) for day in asked.days]
    first = found[0]
    if all(replace(other, law_time=first.law_time) == first for other in found[1:]):
        return first
    return _named(rulebook, Decision(topic=asked.topic, outcome=Outcome.INCOMPLETE, missing=(ZONE,)))


@dataclass(frozen=True, slots=True)
class Refused:
    """A question of a batch that could not be read."""

    error: BrokenInput


def decide_batch(
    rulebook: Rulebook, questions: Iterable[Question | Mapping[str, Any]], evaluator: Evaluator
) -> Iterator[Decision | Refused]:
    """One answer for each question, in order; a broken question is refused in its place."""
    for question in questions:
        try:
            yield decide(rulebook, question, evaluator)
        except BrokenInput as error:
            yield Refused(error)


def _on_day(rulebook: Rulebook, asked: Asked, day: str, evaluator: Evaluator) -> Decision:
    plan = rulebook.plan(asked.topic, asked.jurisdiction or "", day)
    facts = asked.on(day)
    try:
        truths = judge(plan.program, facts, evaluator)
    except EngineFault:
        review = ({"why": ENGINE_FAULT, "rule": "", "cite": []},)
        fault = Decision(topic=asked.topic, outcome=Outcome.REVIEW, review=review, law_time=day)
        return _named(rulebook, fault)
    decision = compose(rulebook.topics.topics[asked.topic], plan, facts, truths, rulebook.law.sources)
    presumed = _presumed(asked, plan.program)
    return _named(rulebook, replace(decision, law_time=day, presumed=presumed))


def judge(program: Program, facts: Facts, evaluator: Evaluator) -> tuple[Truth, ...]:
    """The truths of a program's conditions, agreed by both engines; raises `EngineFault` when they do not."""
    try:
        truths = program.truths(facts)
        second = evaluator.independent and program.conditions
        other = evaluator.evaluate(program, program.sheet(facts)) if second else truths
    except EngineFault:
        raise
    except Exception as error:  # whatever goes wrong inside an engine is no answer, and no answer opens nothing
        raise EngineFault("raised") from error
    if other != truths:
        raise EngineFault("disagreement")
    return truths


def _presumed(asked: Asked, program: Program) -> dict[str, Any]:
    return {path: value for path, value in sorted(asked.presumed.items()) if path in program.paths}


def _named(rulebook: Rulebook, decision: Decision) -> Decision:
    overlay = rulebook.overlay.digest if rulebook.overlay else None
    return replace(decision, law=rulebook.law.digest, overlay=overlay, rulebook=rulebook.digest)
