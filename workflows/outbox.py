"""Tells visits what records announced, at least once and in order; and finds visits that Temporal has lost.

An announcement is marked done only after its visit has heard it; a visit hears each item once whatever happens here.
"""

from __future__ import annotations

import asyncio
import logging

from engine.ports import Effect, Outbox, OutboxItem, VisitCensus, VisitRecords, VisitRef
from workflows.client import VisitClient, VisitClosed, VisitUnreachable
from workflows.contracts import Told

log = logging.getLogger(__name__)

BATCH = 50
IDLE_SECONDS = 0.2
TROUBLE_SECONDS = 2.0


class OutboxPump:
    """One per worker; two at once would only tell twice, which a visit does not mind."""

    def __init__(self, outbox: Outbox, visits: VisitClient) -> None:
        self._outbox = outbox
        self._visits = visits

    async def run(self) -> None:
        """Pumps until it is cancelled; trouble on either side is waited out."""
        while True:
            try:
                told = await self.pump()
            except VisitUnreachable:
                await asyncio.sleep(TROUBLE_SECONDS)
            except Exception as fault:  # the pump must outlive any single fault of the database
                log.error("outbox: %s", type(fault).__name__)
                await asyncio.sleep(TROUBLE_SECONDS)
            else:
                await asyncio.sleep(0 if told == BATCH else IDLE_SECONDS)

    async def pump(self) -> int:
        """Tells everything that is pending now, up to a batch; returns how much that was."""
        items = await asyncio.to_thread(self._outbox.pending, BATCH)
        for item in items:
            await self._tell(item)
            await asyncio.to_thread(self._outbox.done, item)
        return len(items)

    async def _tell(self, item: OutboxItem) -> None:
        try:
            await self._visits.tell(item.ref, Told(item=item.id, kind=item.kind, subject=item.subject))
        except VisitClosed:
            log.warning("outbox: visit %s is closed, item %s has nobody to hear it", item.ref.visit, item.id)


class LostVisits:
    """Compares records with Temporal, after a restore or at a worker's start."""

    def __init__(self, census: VisitCensus, records: VisitRecords, visits: VisitClient) -> None:
        self._census = census
        self._records = records
        self._visits = visits

    async def report(self) -> tuple[VisitRef, ...]:
        """Raises a ``review`` task, once, for each visit that records hold open and Temporal does not run."""
        lost = []
        for ref in await asyncio.to_thread(self._census.open_visits):
            if not await self._visits.is_running(ref):
                await asyncio.to_thread(self._records.raise_alert, _effect(ref), "review")
                lost.append(ref)
        return tuple(lost)


def _effect(ref: VisitRef) -> Effect:
    return Effect(ref=ref, step="reconcile", key="lost")
