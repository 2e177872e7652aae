"""The steps before the call that people go through at their own pace: forms, place, consents, and the licence gate."""

from __future__ import annotations

from engine.plans import Step
from workflows.contracts import Ask
from workflows.steps.base import StepKind, Visit


class Heard(StepKind):
    """Finished once the outbox told what the step waits for; ``setting`` names the subject it must be about."""

    def __init__(self, kind: str, setting: str = "") -> None:
        self._kind = kind
        self._setting = setting

    async def run(self, visit: Visit, step: Step) -> None:
        subject = str(step.settings.get(self._setting, "")) if self._setting else ""
        await visit.until(lambda: visit.heard(self._kind, subject))


class Intake(Heard):
    """Finished once its form was handed in; one that waits for a flag is skipped when the flag was not raised.

    The step comes after the one whose form can raise it, so by then it was heard or never will be.
    """

    async def run(self, visit: Visit, step: Step) -> None:
        only_if = str(step.settings.get("only_if", ""))
        if not only_if or visit.heard("flag_raised", only_if):
            await super().run(visit, step)


class Consent(StepKind):
    """Finished once every kind of consent that the step names was signed; any one when it names none."""

    async def run(self, visit: Visit, step: Step) -> None:
        kinds = tuple(step.settings.get("kinds", ())) or ("",)
        await visit.until(lambda: all(visit.heard("consent_signed", kind) for kind in kinds))


class Licence(StepKind):
    """Asks the book gate again, now for the place the patient attested; shut, the visit is blocked until it opens."""

    async def run(self, visit: Visit, step: Step) -> None:
        ask = Ask(request="reached", act="recheck", actor="system", subject=step.id)
        gate = await visit.ask_gate(step, ask)
        if not gate.open:
            await visit.block(step, ask)
            await visit.until(lambda: not visit.state.blocked)


class TechCheck(StepKind):
    """Finished once a device was tried or that was skipped; nobody who comes, or is let in, is kept out by it."""

    async def run(self, visit: Visit, step: Step) -> None:
        if visit.has_kind("wait"):
            state = visit.state
            await visit.until(lambda: visit.heard("tech_checked") or state.arrived or state.call is not None)


class Passing(StepKind):
    """Holds nothing up: what it offers may be done at any time, or was done elsewhere."""
