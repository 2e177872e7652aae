"""The only door from the web side to visits: asks, tells and looks, and keeps asking through a crash.

A request's id is its Update's id. Whatever dies between here and the visit, the same request is sent again with the
same id, and Temporal or the visit itself answers it once. A refusal is an answer; only silence raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from temporalio.client import (
    Client,
    TLSConfig,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, TemporalError
from temporalio.service import RPCError, RPCStatusCode

from engine.pharmacy import UNDO_SECONDS, AskedCancellation
from engine.plans import StoredPlan, plan_from_json
from engine.ports import VisitRef
from engine.settings import Settings
from workflows.codec import PayloadKeys, data_converter
from workflows.contracts import (
    TASK_QUEUE,
    Answer,
    Ask,
    CancellationInput,
    CredentialsInput,
    MonitoringInput,
    Told,
    VisitInput,
    VisitStatus,
)

PATIENCE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
LOOK_SECONDS = 1.0
RPC_TIMEOUT = timedelta(seconds=10)

REFUSED_ACT = "refused"
RUNNING = "WorkflowType = 'VisitWorkflow' AND ExecutionStatus = 'Running'"
CLINIC_ID = SearchAttributeKey.for_keyword("ClinicId")
VISIT_TYPE = SearchAttributeKey.for_keyword("VisitType")
STAGE = SearchAttributeKey.for_keyword("Stage")

_TRY_AGAIN = frozenset(
    {
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
    }
)

Result = TypeVar("Result")


class VisitClosed(LookupError):
    """The visit is over, or never began; carries its id."""


class VisitUnreachable(RuntimeError):
    """Temporal did not answer in time; the same request may be sent again with its id. Carries the visit's id."""


def tls_to_temporal(settings: Settings) -> TLSConfig | bool:
    """How the server is checked, and what it is shown; TLS 1.2 or newer, or none at all on this machine.

    Raises:
        OSError: a file of certificates or keys cannot be read.
    """
    if not settings.temporal_tls:
        return False
    read = [
        path.read_bytes() if path is not None else None
        for path in (settings.temporal_ca, settings.temporal_certificate, settings.temporal_key)
    ]
    return TLSConfig(server_root_ca_cert=read[0], client_cert=read[1], client_private_key=read[2])


def not_moved() -> timedelta:
    """The clock of everything but a demonstration."""
    return timedelta(0)


async def connect(
    settings: Settings,
    keys: PayloadKeys | None,
    *,
    lazy: bool = True,
    moved: Callable[[], timedelta] = not_moved,
) -> VisitClient:
    """A client that connects at its first call, so that the web starts before Temporal does.

    ``moved`` is how far a demonstration's clock is ahead of the machine's.

    Raises:
        RuntimeError: it is not ``lazy`` (workers may not be) and Temporal does not answer.
    """
    client = await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        tls=tls_to_temporal(settings),
        data_converter=data_converter(keys),
        lazy=lazy,
    )
    return VisitClient(client, moved=moved)


class VisitClient:
    """What pages and commands may do with visits."""

    def __init__(
        self,
        temporal: Client,
        patience_seconds: float = PATIENCE_SECONDS,
        moved: Callable[[], timedelta] = not_moved,
    ) -> None:
        self.temporal = temporal
        self._patience = patience_seconds
        self._moved = moved

    async def ask(self, ref: VisitRef, ask: Ask, plan: StoredPlan | None = None) -> Answer:
        """Asks the visit; with a plan the visit is begun by it when it has not begun (``book``).

        Raises:
            VisitClosed: the visit is over or never began.
            VisitUnreachable: no answer in time; the request may have been done, asking again with its id tells.
        """
        timed = replace(ask, ahead=self._seconds())
        return await self._patiently(ref, lambda: self._ask_once(ref, timed, plan))

    async def status(self, ref: VisitRef) -> VisitStatus:
        """Where the visit stands; also of one that is over, for as long as Temporal retains it."""
        handle: WorkflowHandle[object, str] = self._handle(ref)

        async def look() -> VisitStatus:
            status: VisitStatus = await handle.query("status", result_type=VisitStatus, rpc_timeout=RPC_TIMEOUT)
            return status

        return await self._patiently(ref, look)

    async def tell(self, ref: VisitRef, told: Told) -> None:
        """Tells the visit what is already on record; telling it twice is harmless."""
        timed = replace(told, ahead=self._seconds())
        await self._patiently(ref, lambda: self._handle(ref).signal("told", timed, rpc_timeout=RPC_TIMEOUT))

    async def clock_moved(self) -> None:
        """Tells every visit under way by how much a demonstration's clock is ahead now."""
        async for one in self.temporal.list_workflows(RUNNING, rpc_timeout=RPC_TIMEOUT):
            handle = self.temporal.get_workflow_handle(one.id)
            with contextlib.suppress(RPCError):  # it ended meanwhile
                await handle.signal("clock_moved", self._seconds(), rpc_timeout=RPC_TIMEOUT)

    def _seconds(self) -> int:
        return round(self._moved().total_seconds())

    async def check_credentials(self, clinic: str) -> None:
        """Begins a round over the clinic's credentials now; one that is under way is enough.

        Raises:
            VisitUnreachable: Temporal did not answer; carries the clinic.
        """
        ref = VisitRef(clinic=clinic, visit=f"credentials-{clinic}-now")

        async def begin() -> None:
            await self.temporal.start_workflow(
                "CredentialsWorkflow",
                CredentialsInput(clinic=clinic),
                id=ref.visit,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
            )

        await self._patiently(ref, begin)

    async def ask_monitoring(self, ref: VisitRef, report: str, patience_seconds: float) -> None:
        """Has a question that is on record asked, and waits a little; records hold what comes of it, also later.

        Raises:
            VisitUnreachable: Temporal did not answer; carries the visit's id. Asking again is safe.
        """

        async def begin() -> WorkflowHandle[object, str]:
            return await self.temporal.start_workflow(
                "MonitoringWorkflow",
                MonitoringInput(clinic=ref.clinic, visit=ref.visit, report=report),
                id=f"monitoring-{report}",
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                result_type=str,
                rpc_timeout=RPC_TIMEOUT,
            )

        handle = await self._patiently(ref, begin)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(handle.result(), patience_seconds)

    async def cancel_prescription(self, asked: AskedCancellation) -> None:
        """Has a pharmacy asked once a cancellation can no longer be undone; it is under way once this returns.

        Raises:
            VisitUnreachable: Temporal did not answer; carries the visit's id. It is begun later all the same.
        """

        async def begin() -> WorkflowHandle[object, str]:
            return await self.temporal.start_workflow(
                "CancellationWorkflow",
                CancellationInput(
                    clinic=asked.ref.clinic,
                    visit=asked.ref.visit,
                    order=asked.order,
                    message=asked.message_id,
                    key=asked.key,
                    actor=asked.actor,
                    hold_seconds=UNDO_SECONDS,
                ),
                id=f"cancel-{asked.key}",
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                result_type=str,
                rpc_timeout=RPC_TIMEOUT,
            )

        await self._patiently(asked.ref, begin)

    async def is_running(self, ref: VisitRef) -> bool:
        """Whether Temporal has the visit open."""

        async def look() -> bool:
            return (await self._handle(ref).describe(rpc_timeout=RPC_TIMEOUT)).close_time is None

        try:
            return await self._patiently(ref, look)
        except VisitClosed:
            return False

    def _handle(self, ref: VisitRef) -> WorkflowHandle[object, str]:
        return self.temporal.get_workflow_handle(ref.visit, result_type=str)

    async def _ask_once(self, ref: VisitRef, ask: Ask, plan: StoredPlan | None) -> Answer:
        try:
            if plan is not None:
                return await self._begin(ref, ask, plan)
            answer: Answer = await self._handle(ref).execute_update(
                "ask", ask, id=ask.request, result_type=Answer, rpc_timeout=RPC_TIMEOUT
            )
            return answer
        except WorkflowUpdateFailedError as refusal:
            return _as_answer(refusal)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return await self._answer_of_closed(ref, ask)

    async def _begin(self, ref: VisitRef, ask: Ask, plan: StoredPlan) -> Answer:
        start: WithStartWorkflowOperation[object, str] = WithStartWorkflowOperation(
            "VisitWorkflow",
            VisitInput(
                clinic=ref.clinic,
                visit=ref.visit,
                plan=plan.canonical,
                plan_digest=plan.digest,
                ahead=self._seconds(),
            ),
            id=ref.visit,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=_attributes(ref, plan),
        )
        try:
            answer: Answer = await self.temporal.execute_update_with_start_workflow(
                "ask", ask, id=ask.request, result_type=Answer, start_workflow_operation=start, rpc_timeout=RPC_TIMEOUT
            )
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError):
            await _look_at(start)
            raise
        return answer

    async def _answer_of_closed(self, ref: VisitRef, ask: Ask) -> Answer:
        """The answer of a request that was the visit's last: it outlives the visit."""
        update = self._handle(ref).get_update_handle(ask.request, result_type=Answer)
        answer: Answer = await update.result(rpc_timeout=RPC_TIMEOUT)
        return answer

    async def _patiently(self, ref: VisitRef, call: Callable[[], Awaitable[Result]]) -> Result:
        """Calls again, with growing pauses, for as long as the failure is one that passes."""
        deadline, pause = time.monotonic() + self._patience, FIRST_PAUSE_SECONDS
        while True:
            try:
                return await call()
            except WorkflowUpdateRPCTimeoutOrCancelledError:
                pass
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    raise VisitClosed(ref.visit) from None
                if error.status not in _TRY_AGAIN:
                    raise
            except RuntimeError as error:
                if not _found_no_server(error):
                    raise
            if time.monotonic() + pause > deadline:
                raise VisitUnreachable(ref.visit)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _found_no_server(error: RuntimeError) -> bool:
    """Whether a client that connects at its first call says that Temporal was not there yet."""
    return str(error).startswith("Failed client connect")


async def _look_at(start: WithStartWorkflowOperation[object, str]) -> None:
    """Looks at how a start ended that nobody waits for, or asyncio logs it as an error at every outage."""
    with contextlib.suppress(TemporalError, TimeoutError):
        await asyncio.wait_for(start.workflow_handle(), LOOK_SECONDS)


def _attributes(ref: VisitRef, plan: StoredPlan) -> TypedSearchAttributes:
    visit_type = plan_from_json(plan.canonical, plan.digest).visit_type
    return TypedSearchAttributes(
        [
            SearchAttributePair(CLINIC_ID, ref.clinic),
            SearchAttributePair(VISIT_TYPE, visit_type),
            SearchAttributePair(STAGE, "draft"),
        ]
    )


def _as_answer(refusal: WorkflowUpdateFailedError) -> Answer:
    """The validator's code; an update that the visit's end overtook comes too late."""
    cause = refusal.cause
    if isinstance(cause, ApplicationError) and cause.type == REFUSED_ACT:
        return Answer(done=False, code=cause.message)
    if isinstance(cause, ApplicationError) and cause.type == "AcceptedUpdateCompletedWorkflow":
        return Answer(done=False, code="too_late")
    raise refusal
