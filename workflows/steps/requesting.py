"""The steps that sort by urgency and that send a patient on: triage, referrals, tests."""

from __future__ import annotations

from temporalio import workflow

from engine.plans import Step
from workflows import effects
from workflows.contracts import ChangeInput
from workflows.steps.base import StepKind, Visit, seconds

STEPS_WORK = "steps-do-their-work"
"""The patch since which these steps do something; visits that passed them before have passed them."""
LEVELS = ("emergent", "urgent", "soon")
ROUTINE = "routine"


class Triage(StepKind):
    """Sorts by the worst flag that the forms raised so far: ``levels`` names the level of each, as ``form:flag``.

    A flag that stops the visit has ended it before; one that is emergent and does not stop it puts a task before the
    clinicians at once. Scores count through the flags that forms raise on them.
    """

    async def run(self, visit: Visit, step: Step) -> None:
        if not workflow.patched(STEPS_WORK):
            return
        levels = {str(flag): str(level) for flag, level in dict(step.settings.get("levels", {})).items()}
        raised = {levels[flag] for kind, flag in visit.state.heard if kind == "flag_raised" and flag in levels}
        level = next((one for one in LEVELS if one in raised), ROUTINE)
        change = ChangeInput(effect=visit.effect(step.id, "triaged", code=level), event="triaged")
        await visit.insist(step.id, "triaged", lambda: effects.record_change(change))
        if level == LEVELS[0]:
            await visit.alert(step.id, "emergent", "triage_emergent")
            await visit.notify(step.id, "emergent_notice", "triage_emergent")


class Requesting(StepKind):
    """Issues what was written, once the note is signed and the gate let it go; the patient is told.

    Where ``ask_after`` says so the patient is asked later whether they went. The visit counts as completed meanwhile.
    """

    trailing = True

    def __init__(self, kind: str, template: str) -> None:
        self._kind = kind
        self._template = template

    async def run(self, visit: Visit, step: Step) -> None:
        if not workflow.patched(STEPS_WORK):
            return
        await visit.until(lambda: visit.state.released)
        effect = visit.effect(step.id, "issue", visit.state.signed_by, code=self._kind)
        if not await visit.insist(step.id, "issue", lambda: effects.issue_requests(effect)):
            return
        await visit.notify(step.id, "issued", f"{self._template}_ready")
        if "ask_after_seconds" in step.settings:
            due = visit.seconds_from_now(seconds(step, "ask_after_seconds", 0))
            await visit.until(lambda: False, due)
            await visit.notify(step.id, "asked", f"{self._template}_check")
