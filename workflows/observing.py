"""What a worker is doing, for traces and logs: one span and the visit's id for each activity."""

from __future__ import annotations

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from engine.log_context import about, visit_in
from engine.ports import Tracing


class Observed(Interceptor):
    """Wraps every activity; payloads and errors' texts are never looked at."""

    def __init__(self, traces: Tracing) -> None:
        self._traces = traces

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Activity(next, self._traces)


class _Activity(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, traces: Tracing) -> None:
        super().__init__(next)
        self._traces = traces

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        with (
            about(visit=visit_in(info.workflow_id or "")),
            self._traces.span(f"activity {info.activity_type}") as trace,
        ):
            trace.put("temporal.activity", info.activity_type)
            trace.put("temporal.attempt", info.attempt)
            try:
                return await super().execute_activity(input)
            except Exception as error:
                trace.put("error.type", type(error).__name__)
                raise
