"""A day's round over a clinic's credentials: the primary sources are asked, then people hear of what runs out."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.activities.credentials import CredentialChecks
from workflows.activities.expiries import ExpiryActivities
from workflows.contracts import CredentialsInput

_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10))
_ROUND = timedelta(hours=2)
_SILENCE = timedelta(minutes=5)


@workflow.defn
class CredentialsWorkflow:
    """Ends with how many credentials were asked about; the next day's round begins anew."""

    @workflow.run
    async def run(self, asked: CredentialsInput) -> int:
        count = await workflow.execute_activity_method(
            CredentialChecks.check_credentials,
            asked,
            start_to_close_timeout=_ROUND,
            heartbeat_timeout=_SILENCE,
            retry_policy=_PATIENT,
        )
        await workflow.execute_activity_method(
            ExpiryActivities.tell_expiries, asked, start_to_close_timeout=_SILENCE, retry_policy=_PATIENT
        )
        return count
