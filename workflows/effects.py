"""How the visit reaches its activities: one method for each effect, with the patience that each kind deserves.

Records and gates are short and close by, so they run as local activities, which cost a third of a scheduled one.
Networks run as scheduled activities: with bounded patience where a person waits for the answer; where the effect must
happen in the end `Visit.insist` asks on, and a task tells the clinicians. An error that trying again cannot mend is an
answer to a person who asked, and never the end of a visit.

The instant of a gate is part of its key: should a worker die before its task is recorded, the question asked again is
another question at another instant, and both verdicts are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypedDict, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from workflows.activities.gates import GateActivities
from workflows.activities.media import MediaActivities
from workflows.activities.payments import PaymentActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.activities.terms import TermsActivities
from workflows.activities.visits import VisitActivities
from workflows.contracts import (
    MEDIA_QUEUE,
    ChangeInput,
    DispatchAnswer,
    DutyInput,
    EffectInput,
    GateAnswer,
    GateInput,
    MoveInput,
    PaymentAnswer,
    PlaceInput,
    ReminderInput,
    RoomAllocation,
    RoomInput,
    RoomOutcome,
    SlotAnswer,
    TermsAnswer,
)

UNKNOWN_SUBJECT = ("NotFound", "AccessRefused")
"""The types of the errors by which records say that an order, note or participant is not this visit's."""

Activities = TypeVar("Activities")
Heard = TypeVar("Heard")

_SHORT = timedelta(seconds=10)


class _Local(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: workflow.ActivityCancellationType


def _local(retry_policy: RetryPolicy) -> _Local:
    """A short effect: once begun it is waited for, so that nothing is written behind the back of a visit's end."""
    return _Local(
        start_to_close_timeout=_SHORT,
        retry_policy=retry_policy,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


_UNTIL_IT_WORKS = _local(
    RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=UNKNOWN_SUBJECT,
    )
)
_SOMEBODY_WAITS = timedelta(seconds=25)
_INTERACTIVE = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    maximum_interval=timedelta(seconds=5),
    non_retryable_error_types=UNKNOWN_SUBJECT,
)
_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=UNKNOWN_SUBJECT,
)
_UNTIL_SOMEBODY_IS_TOLD = timedelta(hours=1)
_ONCE = RetryPolicy(maximum_attempts=1)
_LONGEST_SESSION = timedelta(hours=12)


async def hold_slot(effect: EffectInput) -> SlotAnswer:
    return await workflow.execute_local_activity_method(VisitActivities.hold_slot, effect, **_UNTIL_IT_WORKS)


async def release_slot(effect: EffectInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.release_slot, effect, **_UNTIL_IT_WORKS)


async def read_terms(effect: EffectInput) -> TermsAnswer:
    return await workflow.execute_local_activity_method(TermsActivities.read_terms, effect, **_UNTIL_IT_WORKS)


async def move_slot(move: MoveInput) -> bool:
    return await workflow.execute_local_activity_method(TermsActivities.move_slot, move, **_UNTIL_IT_WORKS)


async def issue_requests(effect: EffectInput) -> int:
    return await workflow.execute_local_activity_method(VisitActivities.issue_requests, effect, **_UNTIL_IT_WORKS)


async def offer_visit(effect: EffectInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.offer_visit, effect, **_UNTIL_IT_WORKS)


async def hand_over(effect: EffectInput) -> str:
    return await workflow.execute_local_activity_method(VisitActivities.hand_over, effect, **_UNTIL_IT_WORKS)


async def reminder_time(reminder: ReminderInput) -> str:
    return await workflow.execute_local_activity_method(TermsActivities.reminder_time, reminder, **_UNTIL_IT_WORKS)


async def record_change(change: ChangeInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.record_change, change, **_UNTIL_IT_WORKS)


async def issue_join_link(effect: EffectInput) -> str:
    return await workflow.execute_local_activity_method(VisitActivities.issue_join_link, effect, **_UNTIL_IT_WORKS)


async def place_room(place: PlaceInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.place_room, place, **_UNTIL_IT_WORKS)


async def sign_note(effect: EffectInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.sign_note, effect, **_UNTIL_IT_WORKS)


async def write_summary(effect: EffectInput) -> str:
    return await workflow.execute_local_activity_method(VisitActivities.write_summary, effect, **_UNTIL_IT_WORKS)


async def queue_message(effect: EffectInput) -> None:
    await workflow.execute_local_activity_method(VisitActivities.queue_message, effect, **_UNTIL_IT_WORKS)


async def raise_alert(effect: EffectInput) -> str:
    return await workflow.execute_local_activity_method(VisitActivities.raise_alert, effect, **_UNTIL_IT_WORKS)


async def payment_method(effect: EffectInput) -> str:
    return await workflow.execute_local_activity_method(VisitActivities.payment_method, effect, **_UNTIL_IT_WORKS)


async def unsent_orders(effect: EffectInput) -> list[str]:
    return await workflow.execute_local_activity_method(VisitActivities.unsent_orders, effect, **_UNTIL_IT_WORKS)


async def ask_gate(question: GateInput) -> GateAnswer:
    """The gate's answer. Records that are away are waited for; a question that cannot be asked is a shut gate."""
    try:
        return await workflow.execute_local_activity_method(GateActivities.ask_gate, question, **_UNTIL_IT_WORKS)
    except FailureError as error:
        _unless_cancelled(error)
        return GateAnswer(open=False, record="", review=True)


async def owes_duty(question: DutyInput) -> bool:
    """Whether a duty is still open; when nobody can tell within an hour, a person has to look."""
    try:
        return await workflow.execute_local_activity_method(
            GateActivities.owes_duty, question, schedule_to_close_timeout=_UNTIL_SOMEBODY_IS_TOLD, **_UNTIL_IT_WORKS
        )
    except FailureError as error:
        _unless_cancelled(error)
        return True


async def authorise_payment(effect: EffectInput) -> PaymentAnswer | None:
    """None when the processor did not answer in time: the same effect may be asked again."""
    try:
        return await workflow.execute_activity_method(PaymentActivities.authorise_payment, effect, **_network(True))
    except FailureError as error:
        _unless_cancelled(error)
        return None


async def withdraw_payment(effect: EffectInput, *, somebody_waits: bool) -> PaymentAnswer | None:
    """Ends an attempt whose answer was lost, whatever became of it; None when the processor did not answer in time."""
    return await _ask_network(PaymentActivities.withdraw_payment, effect, somebody_waits)


async def capture_payment(effect: EffectInput) -> PaymentAnswer:
    return await workflow.execute_activity_method(PaymentActivities.capture_payment, effect, **_network(False))


async def capture_fee(effect: EffectInput, *, somebody_waits: bool) -> PaymentAnswer | None:
    """Captures the part ``effect.code`` (whole cents) of the authorisation, which frees the rest; None when the
    processor did not answer in time."""
    return await _ask_network(PaymentActivities.capture_fee, effect, somebody_waits)


async def void_payment(effect: EffectInput, *, somebody_waits: bool) -> PaymentAnswer | None:
    """None when the processor did not answer in time."""
    return await _ask_network(PaymentActivities.void_payment, effect, somebody_waits)


async def send_prescription(effect: EffectInput, *, somebody_waits: bool) -> DispatchAnswer | None:
    """None when somebody waits and the network did not answer in time: the same effect may be asked again."""
    return await _ask_network(PrescribingActivities.send_prescription, effect, somebody_waits)


async def cancel_prescription(effect: EffectInput, *, somebody_waits: bool) -> DispatchAnswer | None:
    """None when the network did not answer in time."""
    return await _ask_network(PrescribingActivities.cancel_prescription, effect, somebody_waits)


async def withdraw_prescription(effect: EffectInput, *, somebody_waits: bool) -> DispatchAnswer | None:
    """Takes back what was sent by this effect, whatever became of it; None when the network did not answer in time."""
    return await _ask_network(PrescribingActivities.withdraw_prescription, effect, somebody_waits)


async def _ask_network(
    ask: Callable[[Activities, EffectInput], Heard], effect: EffectInput, somebody_waits: bool
) -> Heard | None:
    try:
        return await workflow.execute_activity_method(ask, effect, **_network(somebody_waits))
    except FailureError as error:
        _unless_silent(error, somebody_waits)
        return None


async def allocate_room(room: RoomInput, *, somebody_waits: bool) -> RoomAllocation | None:
    """A node that takes the room; None when somebody waits and no node could in time."""
    try:
        return await workflow.execute_activity_method(
            MediaActivities.allocate,
            room,
            task_queue=MEDIA_QUEUE,
            start_to_close_timeout=_SHORT,
            schedule_to_close_timeout=_SOMEBODY_WAITS if somebody_waits else None,
            retry_policy=_INTERACTIVE,
        )
    except FailureError as error:
        _unless_cancelled(error)
        return None


def start_session(room: RoomInput, queue: str) -> workflow.ActivityHandle[RoomOutcome]:
    """Starts the room's session on its node; it is never retried there, a dead node's room moves to another."""
    return workflow.start_activity_method(
        MediaActivities.media_session,
        room,
        task_queue=queue,
        schedule_to_start_timeout=timedelta(seconds=10),
        start_to_close_timeout=_LONGEST_SESSION,
        heartbeat_timeout=timedelta(seconds=4),
        retry_policy=_ONCE,
    )


class _Network(TypedDict):
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


def _network(somebody_waits: bool) -> _Network:
    """What a network gets: seconds where a person waits, else an hour, after which `Visit.insist` tells somebody."""
    return _Network(
        start_to_close_timeout=_SHORT,
        schedule_to_close_timeout=_SOMEBODY_WAITS if somebody_waits else _UNTIL_SOMEBODY_IS_TOLD,
        retry_policy=_INTERACTIVE if somebody_waits else _PATIENT,
    )


def _unless_silent(error: FailureError, somebody_waits: bool) -> None:
    """No answer, where somebody waits for one; anywhere else the error is for `Visit.insist`."""
    _unless_cancelled(error)
    if not somebody_waits:
        raise error


def _unless_cancelled(error: FailureError) -> None:
    """A cancelled effect is no answer: the step that waited for it is being stopped."""
    if is_cancelled_exception(error):
        raise error


def is_unknown_subject(error: FailureError) -> bool:
    """Whether the effect failed for good because what it is about is not this visit's.

    A scheduled activity's error is the cause of an `ActivityError`; a local one's is raised as it is.
    """
    told = error.cause if isinstance(error, ActivityError) else error
    return isinstance(told, ApplicationError) and told.type in UNKNOWN_SUBJECT
