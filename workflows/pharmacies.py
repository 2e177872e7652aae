"""Beside the visits: collects what pharmacies say later, and sees that every cancellation asked for is under way."""

from __future__ import annotations

import asyncio
import logging
import time

from engine.pharmacy import AskedCancellation, PharmacyBook, PharmacyMail
from engine.ports import PortUnavailable
from workflows.client import VisitClient

log = logging.getLogger(__name__)

BATCH = 50
IDLE_SECONDS = 2.0
AGAIN_SECONDS = 300.0


class PharmacyPump:
    """One per worker; two at once keep and begin everything once all the same."""

    def __init__(self, book: PharmacyBook, mail: PharmacyMail, visits: VisitClient) -> None:
        self._book = book
        self._mail = mail
        self._visits = visits
        self._begun: dict[str, float] = {}  # cancellations seen under way, and when they are looked at again

    async def run(self) -> None:
        """Pumps until it is cancelled; trouble on any side is waited out."""
        while True:
            try:
                await self.pump()
            except PortUnavailable:
                pass  # the network keeps what it holds
            except Exception as fault:  # the pump must outlive any single fault
                log.error("pharmacies: %s", type(fault).__name__)
            await asyncio.sleep(IDLE_SECONDS)

    async def pump(self) -> None:
        """One look at both: first what was asked here, then what was said there."""
        for asked in await asyncio.to_thread(self._book.asked):
            await self._begin(asked)
        for report in await asyncio.to_thread(self._mail.collect, BATCH):
            if not await asyncio.to_thread(self._book.keep_fill, report):
                log.warning("pharmacies: message %s is about no prescription of ours", report.message_id)
            await asyncio.to_thread(self._mail.taken, report.message_id)

    async def _begin(self, asked: AskedCancellation) -> None:
        """Begun already is well; a page that could not reach Temporal, or a restored backup, left it to this."""
        now = time.monotonic()
        if self._begun.get(asked.key, 0.0) > now:
            return
        await self._visits.cancel_prescription(asked)
        self._begun[asked.key] = now + AGAIN_SECONDS
