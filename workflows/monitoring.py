"""One question to a state's monitoring program: asked a few times within seconds, and its answer or silence kept."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.activities.monitoring import MonitoringActivities
from workflows.contracts import MonitoringInput, SilenceInput

_ANSWER = timedelta(seconds=6)
_ALTOGETHER = timedelta(seconds=15)
_A_FEW = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
_UNTIL_KEPT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
_CODES = {"pdmp: garbled": "garbled"}


@workflow.defn
class MonitoringWorkflow:
    """Ends with the outcome that is on record. A clinician waits: nobody is asked for longer than `_ALTOGETHER`."""

    @workflow.run
    async def run(self, asked: MonitoringInput) -> str:
        try:
            return await workflow.execute_activity_method(
                MonitoringActivities.ask_monitoring,
                asked,
                start_to_close_timeout=_ANSWER,
                schedule_to_close_timeout=_ALTOGETHER,
                retry_policy=_A_FEW,
            )
        except ActivityError as silence:
            return await workflow.execute_activity_method(
                MonitoringActivities.keep_silence,
                SilenceInput(asked=asked, code=_code(silence)),
                start_to_close_timeout=_ANSWER,
                retry_policy=_UNTIL_KEPT,
            )


def _code(silence: ActivityError) -> str:
    """How nobody answered: an error of the network is one, a time-out is slowness."""
    cause = silence.cause
    return _CODES.get(cause.message, "down") if isinstance(cause, ApplicationError) else "slow"
