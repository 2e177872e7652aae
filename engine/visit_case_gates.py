"""What do the forms and gates of a case's visit answer, one act after the other, without its workflow?

It is quick, and knows no clock, message or payment: those are walked by `workflows.walking`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.content import Content
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import Evaluator
from engine.ports import GateKeeper, GateRecord
from engine.visit_case_world import CaseCannotGoOn, CaseWorld
from engine.visit_cases import FAST, CaseAct, VisitCase, report_outcome

_GATES: Mapping[str, str] = {"book": "book", "admit": "join", "join": "join", "prescribe": "prescribe", "sign": "sign"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who answers: the content, the keeper of the gates, and the engines of the forms."""

    content: Content
    keeper: GateKeeper
    evaluator: Evaluator


def report_gates(cases: Iterable[VisitCase], asking: Asking, problems: Problems) -> int:
    """Ask the forms and gates of each case; report what comes out otherwise. How many cases were asked."""
    asked = 0
    for case in cases:
        world = CaseWorld(case=case, content=asking.content)
        try:
            _go(world, asking)
        except CaseCannotGoOn as error:
            problems.report("CASE003", case.node["when"].at, name=case.name, reason=error)
        except BrokenInput as error:
            first = error.diagnostics[0]
            problems.report("CASE003", case.node["given"].at, name=case.name, reason=first.what)
        else:
            report_outcome(case, world.outcome, problems, FAST)
        asked += 1
    return asked


def _go(world: CaseWorld, asking: Asking) -> None:
    at = world.case.at
    for act in world.case.acts:
        if world.ended:
            return
        at += timedelta(seconds=act.seconds)
        _act(world, act, at, asking)


def _act(world: CaseWorld, act: CaseAct, at: datetime, asking: Asking) -> None:
    if act.word == "answer":
        for form in world.forms_of(act):
            world.ended = any(stops for _, stops in world.answer(form, asking.evaluator))
    elif act.word == "attest":
        world.attest(act, at)
        if any(step.kind == "license" for step in world.case.plan.steps):
            _ask(world, "book", at, asking)
    elif act.word == "consent":
        world.sign(asking.keeper.ask(world.dossier("case", at), "join", at).decisions, at)
    elif act.word in _GATES:
        record = _ask(world, _GATES[act.word], at, asking, act.about)
        world.ended = act.word == "book" and not record.open
        if act.word == "admit" and record.open:
            world.encounter_at = at
    elif act.word == "cancel":
        world.ended = True


def _ask(world: CaseWorld, gate: str, at: datetime, asking: Asking, order: str = "") -> GateRecord:
    record = asking.keeper.ask(world.dossier("case", at, order or None), gate, at)
    world.saw(record)
    return record
