"""A prescription that went out is cancelled at its pharmacy: asked until it answers, and people told of its silence.

It is held first, for a time in which a clinician may undo it; records say which of the two came first. It belongs to no
visit's course: a prescription is cancelled during its visit and long after it alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from workflows.activities.cancelling import CancellingActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.contracts import CancellationInput, DispatchAnswer, EffectInput

_Keeping = Callable[[CancellingActivities, CancellationInput], None]
CANCELLED, UNANSWERED, UNDONE = "cancelled", "unanswered", "undone"
UNTIL_PEOPLE_ARE_TOLD = timedelta(minutes=10)
ALTOGETHER = timedelta(days=3)
_ONE_TRY = timedelta(seconds=30)
_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2))
_UNTIL_KEPT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn
class CancellationWorkflow:
    """Ends with the pharmacy's answer (``cancelled``, or the code of its refusal), ``unanswered`` or ``undone``."""

    @workflow.run
    async def run(self, asked: CancellationInput) -> str:
        if asked.hold_seconds and not await _let_go(asked):
            return UNDONE
        answer = await _ask(asked, UNTIL_PEOPLE_ARE_TOLD)
        if answer is None:
            await _keep(CancellingActivities.keep_unanswered, asked)
            answer = await _ask(asked, ALTOGETHER)
        if answer is None:
            return UNANSWERED
        if answer.state == CANCELLED:
            return CANCELLED
        await _keep(CancellingActivities.keep_refused, asked)
        return answer.code or answer.state


async def _let_go(asked: CancellationInput) -> bool:
    """Whether nobody undid it while it was held."""
    await workflow.sleep(timedelta(seconds=asked.hold_seconds))
    return await workflow.execute_activity_method(
        CancellingActivities.let_go, asked, start_to_close_timeout=_ONE_TRY, retry_policy=_UNTIL_KEPT
    )


async def _ask(asked: CancellationInput, patience: timedelta) -> DispatchAnswer | None:
    """The pharmacy's answer, which is on record then; None when there was none in time."""
    effect = EffectInput(
        clinic=asked.clinic,
        visit=asked.visit,
        step="cancel_rx",
        key=asked.key,
        actor=asked.actor,
        subject=asked.order,
        code=asked.message,
    )
    try:
        return await workflow.execute_activity_method(
            PrescribingActivities.cancel_prescription,
            effect,
            start_to_close_timeout=_ONE_TRY,
            schedule_to_close_timeout=patience,
            retry_policy=_AGAIN,
        )
    except ActivityError:
        return None


async def _keep(what: _Keeping, asked: CancellationInput) -> None:
    await workflow.execute_activity_method(what, asked, start_to_close_timeout=_ONE_TRY, retry_policy=_UNTIL_KEPT)
