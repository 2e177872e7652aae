"""The visit's own clocks, armed by its booking: reminders before the slot, and what happens when nobody comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from workflows.state import BLOCKED, DOCUMENTING, IN_CALL, NO_SHOW, REFUSED, WAITING
from workflows.steps.base import Visit, seconds

NO_SHOW_SECONDS = 900


async def remind(visit: Visit) -> None:
    """Sends the plan's reminders at their time before the start; one whose time is past at booking is left out."""
    starts = await _start(visit)
    if starts is None:
        return
    for reminder in sorted(visit.plan.reminders, key=lambda one: -one.before_seconds):
        due = starts - timedelta(seconds=reminder.before_seconds)
        if due <= workflow.now():
            continue
        await _sleep_until(due)
        if visit.state.stage not in (IN_CALL, DOCUMENTING):
            await visit.notify("remind", f"{reminder.template}:{reminder.before_seconds}", reminder.template)


async def watch_for_no_show(visit: Visit) -> None:
    """Ends a visit that nobody came to; one that a shut gate stopped ends refused."""
    starts = await _start(visit)
    wait = next((step for step in visit.plan.steps if step.kind == "wait"), None)
    if starts is None or wait is None:
        return
    grace = timedelta(seconds=seconds(wait, "no_show_seconds", NO_SHOW_SECONDS))
    deadline = starts + grace
    while not await visit.until(lambda: visit.state.call is not None, deadline):
        async with visit.lock(wait.id):
            if visit.state.stage != WAITING:
                visit.end(REFUSED if visit.state.stage == BLOCKED else NO_SHOW)
                return
        await visit.until(lambda: visit.state.call is not None or visit.state.stage != WAITING)
        deadline = workflow.now() + grace


async def _start(visit: Visit) -> datetime | None:
    await visit.until(lambda: visit.state.booked)
    return visit.state.starts_at


async def _sleep_until(at: datetime) -> None:
    await workflow.sleep(max(at - workflow.now(), timedelta(0)))
