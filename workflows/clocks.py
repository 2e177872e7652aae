"""The visit's own clocks: reminders before the slot, what happens when nobody comes, and duties that are due later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from engine.plans import Reminder, Step
from workflows import effects
from workflows.contracts import DutyInput, ReminderInput
from workflows.state import BLOCKED, DOCUMENTING, IN_CALL, IN_LINE, NO_SHOW, REFUSED, Owed
from workflows.steps.base import Visit, seconds
from workflows.steps.cases import is_case
from workflows.steps.waiting import NO_SHOW_SECONDS

MAIL = "mail"
DUTY_DUE = "duty_due"
DUTY_OVERDUE = "duty_overdue"
ANSWER_SOON, ANSWER_OVERDUE, ANSWER_ESCALATED = "answer_soon", "answer_overdue", "answer_escalated"
REMIND_SECONDS, ESCALATE_SECONDS = 14400, 7200


async def remind(visit: Visit) -> None:
    """Sends the plan's reminders at their time before the start; one whose time is past at booking is left out."""
    starts = await _start(visit)
    if starts is None:
        return
    if visit.state.movable:
        await _remind_of_each_start(visit, starts)
        return
    for reminder in sorted(visit.plan.reminders, key=lambda one: -one.before_seconds):
        due = starts - timedelta(seconds=reminder.before_seconds)
        if due <= visit.now():
            continue
        await visit.until(lambda: False, due)
        if visit.state.stage not in (IN_CALL, DOCUMENTING):
            await visit.notify("remind", f"{reminder.template}:{reminder.before_seconds}", reminder.template)


async def watch_for_no_show(visit: Visit) -> None:
    """Ends a visit that nobody came to; one that a shut gate stopped ends refused."""
    starts = await _start(visit)
    wait = next((step for step in visit.plan.steps if step.kind == "wait"), None)
    if starts is None or wait is None:
        return
    grace = timedelta(seconds=seconds(wait, "no_show_seconds", NO_SHOW_SECONDS))
    if visit.state.movable:
        await _watch_each_start(visit, wait, starts, grace)
        return
    deadline = starts + grace
    while not await visit.until(lambda: visit.state.call is not None, deadline):
        async with visit.lock(wait.id):
            if visit.state.stage not in IN_LINE:
                visit.end(REFUSED if visit.state.stage == BLOCKED else NO_SHOW)
                return
        await visit.until(lambda: visit.state.call is not None or visit.state.stage not in IN_LINE)
        deadline = visit.now() + grace


async def _remind_of_each_start(visit: Visit, starts: datetime) -> None:
    """The same since visits may be moved: each start has its own reminders, outside the patient's quiet hours."""
    while True:
        for at, reminder in await _planned(visit, starts):
            if await visit.until(_moved_from(visit, starts), at):
                break
            if visit.state.stage not in (IN_CALL, DOCUMENTING):
                await _send_reminder(visit, reminder)
        await visit.until(_moved_from(visit, starts))
        starts = visit.state.starts_at or starts


async def _planned(visit: Visit, starts: datetime) -> list[tuple[datetime, Reminder]]:
    """The reminders of a start that are still to come, in order, each at the instant it may be sent."""
    planned = []
    for number, reminder in enumerate(visit.plan.reminders):
        due = starts - timedelta(seconds=reminder.before_seconds)
        if due <= visit.now():
            continue
        effect = replace(visit.effect("remind", f"time:{visit.state.moves}:{number}"), at=due.isoformat())
        asked = ReminderInput(effect=effect, starts_at=starts.isoformat())
        at = datetime.fromisoformat(await effects.reminder_time(asked))
        if at > visit.now():
            planned.append((at, reminder))
    return sorted(planned, key=lambda one: (one[0], -one[1].before_seconds))


async def _send_reminder(visit: Visit, reminder: Reminder) -> None:
    key = f"{reminder.template}:{reminder.before_seconds}" + (f":{visit.state.moves}" if visit.state.moves else "")
    for channel in reminder.channels:
        if channel == MAIL:
            await visit.notify("remind", key, reminder.template)
        else:
            await visit.notify("remind", f"{key}:{channel}", reminder.template, f"patient_{channel}")


async def _watch_each_start(visit: Visit, wait: Step, starts: datetime, grace: timedelta) -> None:
    """The same since visits may be moved: another start is another deadline."""
    deadline = starts + grace
    while not visit.state.call:
        if await visit.until(_called_or_moved(visit, starts), deadline):
            starts = visit.state.starts_at or starts
            deadline = starts + grace
            continue
        async with visit.lock(wait.id):
            if visit.state.starts_at != starts:
                continue
            if visit.state.grace_until is not None and visit.state.grace_until > visit.now():
                deadline = visit.state.grace_until
                continue
            if visit.state.stage not in IN_LINE:
                visit.end(REFUSED if visit.state.stage == BLOCKED else NO_SHOW)
                return
        await visit.until(lambda: visit.state.call is not None or visit.state.stage not in IN_LINE)
        deadline = visit.now() + grace


def _called_or_moved(visit: Visit, starts: datetime) -> Callable[[], bool]:
    return lambda: visit.state.call is not None or visit.state.starts_at != starts


def _moved_from(visit: Visit, starts: datetime) -> Callable[[], bool]:
    return lambda: visit.state.starts_at != starts


async def call_for_duties(visit: Visit) -> None:
    """Calls the clinicians to each duty that gates left for later, when its time comes near and when it is over.

    One timer runs at a time, for the duty that is next. A visit has some ten events for each duty, however long its
    term, so that its history never needs to be continued as a new one.
    """
    while True:
        await visit.until(lambda: bool(visit.state.owed))
        owed = min(visit.state.owed, key=lambda one: (one.next_at, one.number))
        if await _is_next(visit, owed):
            await _call_for(visit, owed)


async def watch_the_answer(visit: Visit) -> None:
    """Reminds the clinician before a case's answer is due, tells both when it is late, and then the clinic.

    While the case waits on the patient nothing is due. A visit with a call has no such clock.
    """
    case = next((step for step in visit.plan.steps if is_case(step)), None)
    if case is None:
        return
    marks = (
        (ANSWER_SOON, -seconds(case, "remind_before_seconds", REMIND_SECONDS)),
        (ANSWER_OVERDUE, 0),
        (ANSWER_ESCALATED, seconds(case, "escalate_after_seconds", ESCALATE_SECONDS)),
    )
    for kind, after in marks:
        if not await _reached(visit, timedelta(seconds=after)):
            return
        await visit.alert("answer", kind, kind)
        if kind == ANSWER_SOON:
            await visit.notify("answer", f"{kind}:notice", kind, "provider")
        if kind == ANSWER_OVERDUE:
            await visit.notify("answer", f"{kind}:notice", "answer_late")


async def _reached(visit: Visit, after: timedelta) -> bool:
    """True once so much time after the answer's due has passed, False once the answer is out."""
    state = visit.state
    while True:
        await visit.until(lambda: state.released or (state.answer_due is not None and state.answer_left is None))
        due = state.answer_due
        if state.released or due is None:
            return False
        if not await visit.until(partial(_stands_otherwise, visit, due), due + after):
            return True


def _stands_otherwise(visit: Visit, due: datetime) -> bool:
    state = visit.state
    return state.released or state.answer_due != due or state.answer_left is not None


async def _is_next(visit: Visit, owed: Owed) -> bool:
    """True once the duty's time has come; False as soon as another one is owed, which may come first."""
    known = len(visit.state.owed)
    return not await visit.until(lambda: len(visit.state.owed) > known, owed.next_at)


async def _call_for(visit: Visit, owed: Owed) -> None:
    """Says that a duty is due, then that it is overdue; nothing when it was met, or never came to be owed."""
    effect = visit.effect("duties", f"owes:{owed.number}")
    if not await effects.owes_duty(DutyInput(effect=effect, duty=owed.duty)):
        visit.state.owed.remove(owed)
        return
    is_over = owed.called or visit.now() >= datetime.fromisoformat(owed.duty.over_at)
    kind = DUTY_OVERDUE if is_over else DUTY_DUE
    subject = ":".join(filter(None, (owed.duty.topic, owed.duty.duty, owed.duty.order)))
    await visit.alert("duties", f"{kind}:{owed.number}", kind, subject)
    visit.state.owed.remove(owed)
    if not is_over:
        visit.state.owed.append(replace(owed, called=True))


async def _start(visit: Visit) -> datetime | None:
    await visit.until(lambda: visit.state.booked)
    return visit.state.starts_at
