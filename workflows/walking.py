"""Walks the cases of whole visits through the real visit workflow on a server that skips time.

``python -m workflows.walking ROOT [CLINIC.yaml ...]`` prints its diagnostics as JSON, and on standard error how many
cases there were; it exits 0 when all held, 2 when one did not, 3 where there is no such server. Only what is outside of
a visit stands in (`workflows.walking_ports`): its plan, steps, clocks and gates are the ones that patients meet.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from engine.clinic_terms import Terms
from engine.diagnostics import BrokenInput, Problems, as_json
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import Evaluator
from engine.library import Library, load_library, with_law_alone
from engine.plans import StoredPlan
from engine.ports import VisitRef
from engine.visit_case_world import CaseCannotGoOn, CaseWorld
from engine.visit_cases import CaseAct, VisitCase, report_outcome
from engine.visit_cases_reading import read_visit_cases
from workflows.activities.gates import GateActivities
from workflows.activities.media import MediaActivities
from workflows.activities.payments import PaymentActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.activities.terms import TermsActivities
from workflows.activities.visits import VisitActivities
from workflows.client import VisitClient, VisitClosed
from workflows.contracts import MEDIA_QUEUE, TASK_QUEUE, Ask, Told
from workflows.gatekeeper import LawDrugs, LawGateKeeper
from workflows.visit import VisitWorkflow
from workflows.walking_ports import CaseHost, CaseKeeper, CaseNetwork, CaseProcessor, CaseRecords

SERVER = "temporal-test-server"
NO_SERVER, NOT_HELD = 3, 2
CLOSED = "closed"
# The words of a case, and what each asks of the workflow: the act and its subject.
_ASKS = {
    "book": ("book", ""),
    "pay": ("pay", ""),
    "arrive": ("arrive", "patient"),
    "leave": ("leave", "patient"),
    "admit": ("admit", ""),
    "join": ("join", "patient"),
    "end": ("end_call", ""),
    "sign": ("sign", "note"),
    "cancel": ("cancel", "patient_asked"),
    "prescribe": ("prescribe", ""),
}
# What a clinician writes and the signature issues; records keep it, the visit asks for it.
_WRITTEN = {"refer": "referral", "order": "test_request"}
PATIENCE_SECONDS = 120.0
"""How long the machine's own clock may go while a case is walked."""
_SETTLES = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walking:
    """What every case is walked with."""

    env: WorkflowEnvironment
    library: Library
    evaluator: Evaluator


def main() -> int:
    """Reads the content, walks its cases, prints what did not come out."""
    parser = argparse.ArgumentParser(prog="workflows.walking")
    parser.add_argument("root", type=Path)
    parser.add_argument("clinics", type=Path, nargs="*")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))  # its log would stand amid the answer
    problems = Problems()
    try:
        library = with_law_alone(load_library(arguments.root, arguments.clinics))
    except BrokenInput as broken:
        sys.stdout.write(as_json(broken.diagnostics))
        return NOT_HELD
    cases = read_visit_cases(arguments.root, library.content, problems)
    path = shutil.which(SERVER) or shutil.which(SERVER, path=str(Path(sys.executable).parent))
    if path is None:
        return NO_SERVER
    with EvaluatorPool(1) as evaluator:
        asyncio.run(_walk_all(cases, (library, evaluator, path), problems))
    sys.stdout.write(as_json(problems))
    sys.stdout.flush()
    sys.stderr.write(f"{len(cases)}\n")
    return NOT_HELD if problems.errors else 0


async def _walk_all(cases: Sequence[VisitCase], needs: tuple[Library, Evaluator, str], problems: Problems) -> None:
    """One server for each case: its clock leaps, and another visit must not leap with it."""
    library, evaluator, path = needs
    for case in cases:
        async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path) as env:
            await walk(case, Walking(env=env, library=library, evaluator=evaluator), problems)


async def walk(case: VisitCase, walking: Walking, problems: Problems) -> None:
    """Walks one case and reports what comes out otherwise than it says."""
    await _register_attributes(walking.env)
    world = CaseWorld(case=case, content=walking.library.content)
    shift = case.at - await walking.env.get_current_time()
    async with _workers(world, walking):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _Walker(world, walking, shift).go()
        except TimeoutError:
            problems.report("CASE003", case.node["when"].at, name=case.name, reason="it came to no end")
            return
        except CaseCannotGoOn as error:
            problems.report("CASE003", case.node["when"].at, name=case.name, reason=error)
            return
    report_outcome(case, world.outcome, problems)


class _Walker:
    """People, one act after the other, and the outbox that tells the visit what was said."""

    def __init__(self, world: CaseWorld, walking: Walking, shift: timedelta) -> None:
        self._world = world
        self._walking = walking
        self._shift = shift
        self._client = VisitClient(walking.env.client, moved=lambda: shift)
        self._ref = VisitRef(clinic=world.case.clinic, visit=uuid.uuid4().hex)
        self._keeper = LawGateKeeper(lambda: walking.library, walking.evaluator)

    async def go(self) -> None:
        for act in self._world.case.acts:
            await self._act(act)
            await self._settle()
        with contextlib.suppress(VisitClosed):
            self._world.outcome.stage = (await self._client.status(self._ref)).stage

    async def _act(self, act: CaseAct) -> None:
        if act.word == "wait":
            await self._skip(timedelta(seconds=act.seconds))
        elif act.word == "answer":
            await self._answer(act)
        elif act.word == "attest":
            self._world.attest(act, await self._now())
            await self._tell("place_attested")
        elif act.word == "consent":
            await self._consent()
        elif act.word in _WRITTEN:
            self._world.requests.append(_WRITTEN[act.word])
        else:
            await self._ask(act)

    async def _ask(self, act: CaseAct) -> None:
        word, subject = _ASKS[act.word]
        plan = self._world.case.plan
        stored = StoredPlan(canonical=plan.canonical(), digest=plan.digest) if word == "book" else None
        ask = Ask(request=uuid.uuid4().hex, act=word, actor="case", subject=act.about or subject)
        try:
            answer = await self._client.ask(self._ref, ask, plan=stored)
        except VisitClosed:
            self._world.outcome.refused[act.word] = CLOSED
            return
        if not answer.done:
            self._world.outcome.refused[act.word] = answer.code
        elif word == "admit":
            self._world.encounter_at = await self._now()

    async def _answer(self, act: CaseAct) -> None:
        """Forms are handed in; a flag is told first, and one that stops the visit is told alone."""
        for form in self._world.forms_of(act):
            raised = self._world.answer(form, self._walking.evaluator)
            for name, stops in raised:
                await self._tell("red_flag" if stops else "flag_raised", name)
                if not stops:
                    self._world.outcome.tasks.append("red_flag")
            if any(stops for _, stops in raised):
                self._world.ended = True
            else:
                await self._tell("intake_submitted", form)

    async def _consent(self) -> None:
        now = await self._now()
        verdict = self._keeper.ask(self._world.dossier(self._ref.visit, now), "join", now)
        for kind in self._world.sign(verdict.decisions, now):
            await self._tell("consent_signed", kind)

    async def _tell(self, kind: str, subject: str = "") -> None:
        with contextlib.suppress(VisitClosed):
            await self._client.tell(self._ref, Told(item=uuid.uuid4().hex, kind=kind, subject=subject))

    async def _now(self) -> datetime:
        return await self._walking.env.get_current_time() + self._shift

    async def _settle(self) -> None:
        """Lets the visit do what follows from an act before the next one comes."""
        await self._skip(_SETTLES)

    async def _skip(self, duration: timedelta) -> None:
        """Leaps; once more when an activity that was just ending kept the clock from leaping."""
        try:
            await self._walking.env.sleep(duration)
        except RPCError:
            await self._walking.env.sleep(duration)


@asynccontextmanager
async def _workers(world: CaseWorld, walking: Walking) -> AsyncIterator[None]:
    records: Any = CaseRecords(world=world)
    law = LawGateKeeper(lambda: walking.library, walking.evaluator)
    keeper = CaseKeeper(law, world)
    node = f"media-{uuid.uuid4().hex}"
    media = MediaActivities(CaseHost(), node, node)
    drugs = LawDrugs(lambda: walking.library)
    activities = (
        VisitActivities(records),
        GateActivities(records, keeper),
        PaymentActivities(records, CaseProcessor()),
        PrescribingActivities(records, CaseNetwork(), drugs),
        TermsActivities(records, partial(_terms, walking.library)),
    )
    client = walking.env.client
    with ThreadPoolExecutor(4) as threads:
        async with AsyncExitStack() as stack:
            for worker in (
                Worker(
                    client,
                    task_queue=TASK_QUEUE,
                    workflows=[VisitWorkflow],
                    activities=[method for one in activities for method in _methods(one)],
                    activity_executor=threads,
                ),
                Worker(client, task_queue=MEDIA_QUEUE, activities=[media.allocate]),
                Worker(
                    client,
                    task_queue=node,
                    activities=[media.media_session],
                    max_heartbeat_throttle_interval=timedelta(seconds=1),
                ),
            ):
                await stack.enter_async_context(worker)
            yield


def _terms(library: Library, clinic: str) -> Terms:
    """The clinic's terms; where the case names no clinic, those of one that said nothing."""
    known = library.content.clinics.get(clinic)
    return known.terms if known is not None else Terms()


def _methods(activities: object) -> list[Any]:
    found = (getattr(activities, name) for name in dir(activities))
    return [one for one in found if hasattr(one, "__temporal_activity_definition")]


async def _register_attributes(env: WorkflowEnvironment) -> None:
    kinds = dict.fromkeys(("ClinicId", "VisitType", "Stage"), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    await env.client.operator_service.add_search_attributes(AddSearchAttributesRequest(search_attributes=kinds))


if __name__ == "__main__":
    sys.exit(main())
