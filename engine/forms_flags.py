"""Which red flags do these answers raise, by the word of both engines?

Stratum by stratum: what is shown is decided first, then the flags over the answers that are shown. Where the engines
give no common answer, a flag is raised undecided: the patient reads the emergency text rather than nothing.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from engine.conditions_closures import Truth
from engine.decide import judge
from engine.evaluators import Evaluator
from engine.faults import EngineFault
from engine.forms import Answers, Form, RedFlag
from engine.forms_walk import tell_scores, told
from engine.programs import Program
from engine.values import Value

ATTEMPTS = 2
_Verdict = tuple[dict[str, Value], set[str], tuple[Truth, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedFlag:
    """A red flag that stands; `decided` is False where the engines could not say that it does not."""

    flag: RedFlag
    decided: bool


def red_flags(form: Form, answers: Answers, evaluator: Evaluator) -> tuple[RaisedFlag, ...]:
    """The flags raised, emergencies first, in the order of the form."""
    if form.flag_program is None:
        return ()
    verdict = _asked(form, form.flag_program, answers, evaluator)
    if verdict is None:
        return _sorted(RaisedFlag(flag=f, decided=False) for f in form.flags if any(n in answers for n in f.needs))
    facts, shown, truths = verdict
    unreadable = {item for item in shown if item in answers and _path(form, item) not in facts}
    return _sorted(
        RaisedFlag(flag=flag, decided=truth is True)
        for flag, truth in zip(form.flags, truths, strict=True)
        if truth or (truth is None and unreadable.intersection(flag.needs))
    )


def _asked(form: Form, flags: Program, answers: Answers, evaluator: Evaluator) -> _Verdict | None:
    """The facts of shown items, which are shown, and the truth of each flag; None when the engines gave no answer.

    A second engine that died is asked once more: the next one is ready, and a person should not be sent to an
    emergency room by a crash.
    """
    for _ in range(ATTEMPTS):
        with contextlib.suppress(EngineFault):
            facts, shown = _facts(form, answers, evaluator)
            return facts, shown, judge(flags, facts, evaluator)
    return None


def _facts(form: Form, answers: Answers, evaluator: Evaluator) -> tuple[dict[str, Value], set[str]]:
    """The facts of shown items, and which items are shown."""
    facts: dict[str, Value] = {}
    shown: set[str] = set()
    for stratum in form.strata:
        truths = judge(stratum.program, facts, evaluator) if stratum.program else ()
        hidden = {i.id for i, truth in zip(stratum.conditional, truths, strict=True) if truth is not True}
        for item in stratum.items:
            if item.id not in hidden:
                shown.add(item.id)
                told(item, answers, facts)
        tell_scores(form.scores, facts)
    return facts, shown


def _path(form: Form, item_id: str) -> str:
    return f"form.{form.name}.{item_id}"


def _sorted(raised: Iterable[RaisedFlag]) -> tuple[RaisedFlag, ...]:
    return tuple(sorted(raised, key=lambda entry: not entry.flag.stops))
