"""A workflow that does nothing, with as many messages, activities and timers as a visit: what Temporal itself costs."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@dataclass(frozen=True)
class Shape:
    """How much there is of everything in one visit."""

    activities: int
    timers: int
    updates: int


@activity.defn
def nothing(number: int) -> int:
    """An activity without an effect."""
    return number


@workflow.defn
class EmptyVisit:
    """Each update runs its share of the activities one after another; the last one ends the workflow."""

    def __init__(self) -> None:
        self._asked = 0

    @workflow.run
    async def run(self, shape: Shape) -> str:
        timers = [asyncio.create_task(asyncio.sleep(86_400)) for _ in range(shape.timers)]
        await workflow.wait_condition(lambda: self._asked >= shape.updates)
        await workflow.wait_condition(workflow.all_handlers_finished)
        for timer in timers:
            timer.cancel()
        return "completed"

    @workflow.update
    async def ask(self, share: int) -> int:
        for number in range(share):
            await workflow.execute_activity(
                nothing,
                number,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(maximum_attempts=3),
            )
        self._asked += 1
        return share

    @workflow.signal
    def told(self, number: int) -> None:
        """A signal that changes nothing."""
