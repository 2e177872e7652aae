"""What does the law allow, on these facts, on that day?

`decide` is a pure function of rulebook and question: no clock, no network. Every decision that opens a gate is made by
both engines; a difference, an error or a crash is `review` with `why: engine_fault`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from engine.conditions_closures import Truth
from engine.decide_compose import Setting, compose
from engine.decide_drugs import about_the_drug
from engine.decisions import ENGINE_FAULT, PLACE_NOT_ATTESTED, Decision, Outcome, Question
from engine.diagnostics import BrokenInput
from engine.evaluators import Evaluator, started, works_ahead
from engine.faults import EngineFault
from engine.programs import Program
from engine.questions import STAGE, ZONE, Asked, read_question
from engine.rulebook import Rulebook
from engine.schedules import DRUG
from engine.told_drugs import disputed
from engine.values import Facts

Conclusion = TypeVar("Conclusion")


def decide(rulebook: Rulebook, question: Question | Mapping[str, Any], evaluator: Evaluator) -> Decision:
    """Answer one question; raises `BrokenInput` when it cannot be read. The same inputs give the same bytes."""
    asked = read_question(rulebook, question)
    return _together(rulebook, asked, (asked.topic,), evaluator)[asked.topic]


def decide_together(
    rulebook: Rulebook, topics: Sequence[str], question: Question, evaluator: Evaluator
) -> dict[str, Decision]:
    """Several topics on one question (whose own topic does not matter): read once, and one answer of each engine.

    Every decision is the one that `decide` gives; raises `BrokenInput`.
    """
    if not topics:
        return {}
    topic = topics[0]
    asked = read_question(rulebook, question if question.topic == topic else replace(question, topic=topic))
    return _together(rulebook, asked, tuple(topics), evaluator)


def _together(rulebook: Rulebook, asked: Asked, topics: tuple[str, ...], evaluator: Evaluator) -> dict[str, Decision]:
    placed = tuple(topic for topic in topics if _has_place(rulebook, topic, asked))
    found = [_on_day(rulebook, asked, placed, day, evaluator) for day in asked.days] if placed else []
    settled = {topic: _settled(rulebook, [decisions[topic] for decisions in found]) for topic in placed}
    return {topic: settled.get(topic) or _named(rulebook, _without_place(topic, asked)) for topic in topics}


def _has_place(rulebook: Rulebook, topic: str, asked: Asked) -> bool:
    """Whether the place that was told counts: at a gate, without a stage, only an attested one does."""
    if asked.jurisdiction is None:
        return False
    return not (asked.stage_untold and any(topic in gate.asks for gate in rulebook.topics.gates.values()))


def _without_place(topic: str, asked: Asked) -> Decision:
    """No law was asked: the place is not known, or was told to be unattested (which is no missing fact)."""
    missing = STAGE if asked.stage_untold else asked.place_missing
    if missing:
        return Decision(topic=topic, outcome=Outcome.INCOMPLETE, missing=(missing,))
    review = {"why": PLACE_NOT_ATTESTED, "rule": "", "cite": []}
    return Decision(topic=topic, outcome=Outcome.INCOMPLETE, review=(review,))


def _settled(rulebook: Rulebook, found: Sequence[Decision]) -> Decision:
    """The one decision of all days that it could be; forbidden when all forbid, incomplete when they differ else."""
    first = found[0]
    if len(found) == 1 or all(one.outcome is Outcome.FORBIDDEN for one in found):
        return first  # on every date that it could be, whatever forbids
    if all(_substance(other) == _substance(first) for other in found[1:]):
        return first
    return _named(rulebook, Decision(topic=first.topic, outcome=Outcome.INCOMPLETE, missing=(ZONE,)))


def _substance(decision: Decision) -> tuple[Any, ...]:
    """What two days must agree on: everything but the day itself."""
    entries = (decision.permits, decision.forbids, decision.limits, decision.advice, decision.review)
    named = tuple(tuple((e["rule"], e.get("max"), str(e.get("to"))) for e in part) for part in entries)
    duties = tuple((d.get("rules", [d["rule"]]), d["duty"], d["due"], d["met"], d["detail"]) for d in decision.duties)
    return decision.outcome, named, duties, decision.missing


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


def _on_day(
    rulebook: Rulebook, asked: Asked, topics: tuple[str, ...], day: str, evaluator: Evaluator
) -> dict[str, Decision]:
    facts = asked.on(day)
    disputes = disputed(facts)
    plans = [rulebook.plan(topic, asked.jurisdiction or "", day, disputes) for topic in topics]
    setting = Setting(day, _known_time(rulebook), *_digests(rulebook), asked.presumed, rulebook.sources)
    ahead = works_ahead(evaluator)

    def conclude(truths: Sequence[Truth]) -> dict[str, Decision]:
        found: dict[str, Decision] = {}
        begin = 0
        for topic, plan in zip(topics, plans, strict=True):
            end = begin + len(plan.program.conditions)
            declared = rulebook.topics.topics[topic]
            decision = compose(declared, plan, facts, truths[begin:end], setting)
            if DRUG in declared.inputs:
                decision = about_the_drug(decision, asked, day, rulebook.sources)
            if ahead:
                decision.canonical()  # written out while the second engine is at work
            found[topic] = decision
            begin = end
        return found

    try:
        return concluded(rulebook.joint(plans), facts, evaluator, conclude)
    except EngineFault:
        return {topic: _named(rulebook, _fault(topic, day)) for topic in topics}


def _fault(topic: str, day: str) -> Decision:
    review = ({"why": ENGINE_FAULT, "rule": "", "cite": []},)
    return Decision(topic=topic, outcome=Outcome.REVIEW, review=review, law_time=day)


def judge(program: Program, facts: Facts, evaluator: Evaluator) -> tuple[Truth, ...]:
    """The truths of a program's conditions, agreed by both engines; raises `EngineFault` when they do not."""
    return concluded(program, facts, evaluator, lambda truths: truths)


def concluded(
    program: Program, facts: Facts, evaluator: Evaluator, conclude: Callable[[tuple[Truth, ...]], Conclusion]
) -> Conclusion:
    """What follows from the truths of a program's conditions, once both engines agree on them.

    It is worked out while the second engine is at work, and thrown away unless that says the same. Raises
    `EngineFault` when they differ, or when one of them has no answer: whatever goes wrong inside an engine is none, and
    no answer opens nothing.
    """
    try:
        return _agreed(program, facts, evaluator, conclude)
    except EngineFault:
        raise
    except Exception as error:
        raise EngineFault("raised") from error


def _agreed(
    program: Program, facts: Facts, evaluator: Evaluator, conclude: Callable[[tuple[Truth, ...]], Conclusion]
) -> Conclusion:
    reduced = program.reduced(facts)
    second = evaluator.independent and program.conditions
    answer = started(evaluator, program, program.sheet_of(reduced)) if second else None
    try:
        truths = program.truths_of(reduced)
        conclusion = conclude(truths)
    finally:
        other = answer() if answer else None
    if answer and other != truths:
        raise EngineFault("disagreement")
    return conclusion


def _named(rulebook: Rulebook, decision: Decision) -> Decision:
    law, overlay, whole = _digests(rulebook)
    return replace(decision, known_time=_known_time(rulebook), law=law, overlay=overlay, rulebook=whole)


def _known_time(rulebook: Rulebook) -> str | None:
    """The instant of the release whose law answers; None for a law that nobody released."""
    known = rulebook.law.known
    return known.at if known else None


def _digests(rulebook: Rulebook) -> tuple[str, str | None, str]:
    return rulebook.law.digest, rulebook.overlay.digest if rulebook.overlay else None, rulebook.digest
