"""Destroys recordings that are over by their clinic's own rule, where the law of every state permits it; no others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from engine.clinics import ClinicFile
from engine.evaluators import Evaluator
from engine.library import Library
from engine.retention import PERMITTED, KeepingBook, decisions_on, together

SECONDS = 3600.0
# How long the law is not asked again about a recording that it keeps.
ASK_AGAIN = timedelta(days=30)
log = logging.getLogger(__name__)


class RecordingKeeper:
    """Looks at every clinic's recordings once an hour. Whatever goes wrong, what is there stays."""

    def __init__(self, book: KeepingBook, library: Callable[[], Library], evaluator: Evaluator) -> None:
        self._book = book
        self._library = library
        self._evaluator = evaluator

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.sweep)
            await asyncio.sleep(SECONDS)

    def sweep(self) -> int:
        """One look at all of them; returns how many recordings were destroyed."""
        now = self._book.now()
        return sum(self._sweep_clinic(one, now) for one in self._library().content.clinics.values())

    def _sweep_clinic(self, clinic: ClinicFile, now: datetime) -> int:
        before = clinic.recordings.over_before(now)
        if before is None:
            return 0
        return sum(self._look_at(clinic.slug, recording, now) for recording in self._book.due(clinic.slug, before))

    def _look_at(self, clinic: str, recording: str, now: datetime) -> bool:
        try:
            outcome, law = self._ask(clinic, recording, now)
            if outcome != PERMITTED:
                self._book.ask_again(clinic, recording, now + ASK_AGAIN)
                return False
            self._book.destroy(clinic, recording, {"reason": "rule_over", "outcome": outcome, "law": law})
        except Exception as fault:  # a message could say whose recording it is
            log.error("a recording could not be looked at: %s", type(fault).__name__)
            return False
        log.info("recording destroyed recording=%s", recording)
        return True

    def _ask(self, clinic: str, recording: str, now: datetime) -> tuple[str, str]:
        """What the law of every state says together, and its digest as a code."""
        kept = self._book.about(clinic, recording)
        decided = decisions_on(self._library().rulebooks[clinic], kept, now, self._evaluator)
        untold = len(kept.services) - len(decided)
        outcome = together({str(decision.outcome) for _, decision in decided}, untold)
        return outcome, decided[0][1].law.replace(":", "-") if decided else ""
