"""Whether a gate is open: asks the gate keeper, keeps the verdict, and shuts on any fault of the engines."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from temporalio import activity

from engine.dossier import Dossier
from engine.due import is_owed
from engine.ports import DutyDue, GateKeeper, GateRecord, OrderVersion, VisitRecords, VisitRef
from workflows.activities.common import effect_of, instant, ref_of
from workflows.contracts import DutyInput, GateAnswer, GateInput, LaterDuty

log = logging.getLogger(__name__)

ENGINE_FAULT = "engine_fault"
RECORDING = "recording"
_CONSENT = (RECORDING, "recording_consent")


class Checks(Protocol):
    """Asks the primary sources about whom a visit stands on; never raises."""

    def before_gate(self, ref: VisitRef) -> None: ...


class GateActivities:
    """Asks the law and the clinic's policy at an instant that the workflow fixed; first the primary sources."""

    def __init__(
        self,
        records: VisitRecords,
        keeper: GateKeeper,
        checks: Checks | None = None,
        other_end: Callable[[Dossier, datetime], GateRecord] | None = None,
    ) -> None:
        """``other_end`` decides about recording where the clinician is; without it nothing may be recorded."""
        self._records = records
        self._keeper = keeper
        self._checks = checks
        self._other_end = other_end

    @activity.defn(no_thread_cancel_exception=True)
    def ask_gate(self, question: GateInput) -> GateAnswer:
        """Records that cannot be reached raise (and are retried); an engine that fails is a shut gate for review."""
        at = instant(question.at)
        if self._checks is not None:
            self._checks.before_gate(ref_of(question.effect))
        order = self._order(question)  # read before what is judged: a change in between makes the version stale
        dossier = self._records.dossier(ref_of(question.effect), question.order or None, question.provider)
        if question.starts_at:
            dossier = replace(dossier, starts_at=instant(question.starts_at))
        if question.recording:
            return self._ask_recording(question, replace(dossier, recording=True), at)
        verdict = replace(self._decide(dossier, question.gate, at), order=order)
        verdict = replace(verdict, subject=question.order or ("" if verdict.open else question.provider))
        record = self._records.record_gate(effect_of(question.effect), verdict)
        version = order.version if order else 0
        due = tuple(_later(question, duty) for duty in verdict.due)
        return GateAnswer(open=verdict.open, record=record, review=_wants_review(verdict), version=version, due=due)

    def _ask_recording(self, question: GateInput, dossier: Dossier, at: datetime) -> GateAnswer:
        """The gate as if the call were recorded, and the law of recording where the clinician is.

        Before anybody was asked, consents that only the asking can bring do not hold it up. The record is about the
        recording, so that no page takes it for the gate of the visit itself.
        """
        here, there = self._decide(dossier, question.gate, at), self._decide_there(dossier, at)
        reasons = (*here.reasons, *there.reasons)
        verdict = replace(here, open=not reasons and here.open and there.open, reasons=reasons, subject=RECORDING)
        record = self._records.record_gate(effect_of(question.effect), verdict)
        lacking = [reason for reason in reasons if (reason.get("topic"), reason.get("code")) != _CONSENT]
        may_ask = question.recording == "asked" and there.open and not lacking and bool(reasons)
        return GateAnswer(open=verdict.open or may_ask, record=record, review=_wants_review(verdict))

    def _decide_there(self, dossier: Dossier, at: datetime) -> GateRecord:
        if self._other_end is None:
            return self._fault("join", at, "NobodyDecides")
        try:
            return self._other_end(dossier, at)
        except Exception as fault:  # fail closed, as for every gate
            log.error("recording could not be decided: %s", type(fault).__name__)
            return self._fault("join", at, type(fault).__name__)

    @activity.defn(no_thread_cancel_exception=True)
    def owes_duty(self, question: DutyInput) -> bool:
        """Whether a duty is still open: the question that found it, asked again with what is known by now.

        The instant stays the first one's, so that the law is that of the day; an engine that fails leaves it open.
        """
        duty = question.duty
        dossier = self._records.dossier(ref_of(question.effect), duty.order or None)
        verdict = self._decide(dossier, duty.gate, instant(duty.at))
        return is_owed(verdict.decisions, duty.topic, duty.duty, duty.due)

    def _order(self, question: GateInput) -> OrderVersion | None:
        return self._records.order_version(ref_of(question.effect), question.order) if question.order else None

    def _decide(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        try:
            return self._keeper.ask(dossier, gate, at)
        except Exception as fault:  # fail closed: whatever went wrong, nobody passes
            log.error("gate %s could not be decided: %s", gate, type(fault).__name__)
            return self._fault(gate, at, type(fault).__name__)

    def _fault(self, gate: str, at: datetime, fault: str) -> GateRecord:
        reason = {"why": ENGINE_FAULT, "fault": fault}
        return GateRecord(gate=gate, open=False, asked_at=at, decisions={}, reasons=(reason,))


def _later(question: GateInput, duty: DutyDue) -> LaterDuty:
    return LaterDuty(
        topic=duty.topic,
        duty=duty.duty,
        due=duty.due,
        gate=question.gate,
        at=question.at,
        call_at=duty.call_at.isoformat(),
        over_at=duty.over_at.isoformat(),
        order=question.order,
    )


def _wants_review(verdict: GateRecord) -> bool:
    if verdict.open:
        return False
    return any(decision.get("outcome") == "review" for decision in verdict.decisions.values()) or any(
        reason.get("why") == ENGINE_FAULT for reason in verdict.reasons
    )
