"""Asks a state's monitoring program, and keeps what it answered or that it did not; histories hold ids and codes."""

from __future__ import annotations

from temporalio import activity

from engine.monitoring import MonitoringBook, MonitoringNetwork
from engine.ports import VisitRef
from workflows.contracts import MonitoringInput, SilenceInput


class MonitoringActivities:
    """An answer that comes after its time-out is kept all the same: the next look at the page shows it."""

    def __init__(self, book: MonitoringBook, network: MonitoringNetwork) -> None:
        self._book = book
        self._network = network

    @activity.defn(no_thread_cancel_exception=True)
    def ask_monitoring(self, asked: MonitoringInput) -> str:
        """The outcome on record. What was answered already is not asked again; silence raises and is retried."""
        ref = VisitRef(clinic=asked.clinic, visit=asked.visit)
        question = self._book.question(ref, asked.report)
        if question is None:
            return "answered"
        return self._book.answered(ref, asked.report, self._network.ask(question))

    @activity.defn(no_thread_cancel_exception=True)
    def keep_silence(self, silence: SilenceInput) -> str:
        """Keeps that nobody answered, unless an answer has come meanwhile."""
        asked = silence.asked
        return self._book.unanswered(VisitRef(clinic=asked.clinic, visit=asked.visit), asked.report, silence.code)
