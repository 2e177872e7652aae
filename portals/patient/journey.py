"""Where a patient is in their visit: the steps that concern them, which are done, which is now, and what it leads to.

Everything here is derived from records and the visit's compiled plan, never from a specialty's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.plans import VisitPlan
from records.stages import IN_LINE
from records.visits import VisitView

DONE, NOW, LATER, SHUT = "done", "now", "later", "shut"
OPTIONAL = frozenset({"check"})
PAID = frozenset({"authorised", "captured"})
OVER = frozenset({"refused", "expired", "cancelled", "no_show", "escalated"})
SEEN = frozenset({"documenting", "completed"})
WITH_US = IN_LINE | {"in_call"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One step: ``kind`` names its texts and its page, ``form`` the form of an intake step."""

    kind: str
    state: str
    path: str
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the patient has already given: forms submitted, kinds of consent in force, and flags that were raised.

    ``checked`` says that they tried their device, which holds nothing up.
    """

    forms: frozenset[str]
    consents: frozenset[str]
    flags: frozenset[str] = field(default=frozenset(), repr=False)
    checked: bool = False


def journey(visit: VisitView, plan: VisitPlan, told: Told) -> tuple[JourneyStep, ...]:
    """The patient's steps in order; the first that is not done is ``now`` while the visit is alive."""
    steps: list[JourneyStep] = []
    reached = False
    stopped = visit.stage == "blocked"
    for kind, form, done in _marks(visit, plan, told):
        state = DONE if done else LATER
        if stopped and kind == "place":
            state = SHUT
        elif kind not in OPTIONAL and not (done or reached or stopped or visit.stage in OVER):
            state, reached = NOW, True
        steps.append(JourneyStep(kind=kind, state=state, path=_path(visit, kind), form=form))
    return tuple(steps)


def current(steps: Iterable[JourneyStep]) -> JourneyStep | None:
    """The step to take now, None when there is none."""
    return next((step for step in steps if step.state in (NOW, SHUT)), None)


def consent_kinds(plan: VisitPlan) -> frozenset[str]:
    """The kinds of consent a plan's steps ask."""
    return frozenset(kind for step in plan.steps if step.kind == "consent" for kind in step.settings.get("kinds", ()))


def _marks(visit: VisitView, plan: VisitPlan, told: Told) -> Iterable[tuple[str, str, bool]]:
    kinds = {step.kind for step in plan.steps}
    if "pay" in kinds:
        yield "pay", "", visit.payment_state in PAID or visit.stage in SEEN
    for form in plan.asked_forms(told.flags):
        yield "intake", form, form in told.forms
    if "locate" in kinds:
        yield "place", "", visit.attested_place is not None and visit.stage != "blocked"
    if "consent" in kinds:
        yield "consent", "", bool(told.consents) and consent_kinds(plan) <= told.consents
    if "tech_check" in kinds:
        yield "check", "", told.checked or visit.stage in SEEN
    if plan.answer_within_seconds:
        yield "case", "", visit.stage in SEEN
    elif "wait" in kinds or "consult" in kinds:
        yield "waiting", "", visit.stage in SEEN
    yield "summary", "", visit.stage == "completed"


def _path(visit: VisitView, kind: str) -> str:
    return f"/visits/{visit.visit}/{kind}"
