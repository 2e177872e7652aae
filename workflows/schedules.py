"""When the rounds over credentials run: one schedule for each clinic, in the early morning of its own time zone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from workflows.contracts import TASK_QUEUE, CredentialsInput

log = logging.getLogger(__name__)

HOUR = 5
LOOK_SECONDS = 60.0
_CATCH_UP = timedelta(days=2)


async def keep_schedules(client: Client, zones: Callable[[], Mapping[str, str]]) -> None:
    """Makes each clinic's schedule, and makes it anew when a clinic joins or moves; runs until it is cancelled."""
    kept: dict[str, str] = {}
    while True:
        for clinic, zone in zones().items():
            if kept.get(clinic) == zone:
                continue
            try:
                await keep_schedule(client, clinic, zone)
                kept[clinic] = zone
            except Exception as fault:  # a round that is late must not stop the program that carries visits
                log.error("schedule of %s: %s", clinic, type(fault).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def keep_schedule(client: Client, clinic: str, zone: str) -> None:
    """One clinic's schedule as it should be, whatever it was."""
    wanted = daily(clinic, zone)
    try:
        await client.create_schedule(schedule_id(clinic), wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id(clinic)).update(_to(wanted))


def schedule_id(clinic: str) -> str:
    return f"credentials-{clinic}"


def daily(clinic: str, zone: str) -> Schedule:
    """Every day at five in the clinic's zone; a day that was slept through is caught up, two never run at once."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "CredentialsWorkflow", CredentialsInput(clinic=clinic), id=schedule_id(clinic), task_queue=TASK_QUEUE
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(HOUR)])], time_zone_name=zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )


def _to(wanted: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    def change(held: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = held.description.schedule.state  # whoever paused it goes on pausing it
        return ScheduleUpdate(schedule=wanted)

    return change
