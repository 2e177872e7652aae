"""Tells visits what records announced, at least once and in order; finds visits and drafts that nothing works on.

An announcement is marked done only after its visit has heard it, or when records say that the visit is over; a visit
hears each item once whatever happens here. What cannot be told now waits, and holds up no other visit.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from engine.ports import Effect, Outbox, OutboxItem, SignedNotes, VisitCensus, VisitChange, VisitRecords, VisitRef
from workflows.client import VisitClient, VisitClosed, VisitUnreachable
from workflows.contracts import Told, finishing
from workflows.state import EXPIRED

log = logging.getLogger(__name__)

BATCH = 50
IDLE_SECONDS = 0.2
TROUBLE_SECONDS = 2.0
LATER_SECONDS = 10.0
DRAFTS_LAST = timedelta(days=1)


class OutboxPump:
    """One per worker; two at once would only tell twice, which a visit does not mind."""

    def __init__(self, outbox: Outbox, visits: VisitClient, later_seconds: float = LATER_SECONDS) -> None:
        self._outbox = outbox
        self._visits = visits
        self._later_seconds = later_seconds
        self._later: dict[str, float] = {}  # visits that could not be told, and when they are tried again

    async def run(self) -> None:
        """Pumps until it is cancelled; trouble on either side is waited out."""
        while True:
            try:
                told = await self.pump()
            except Exception as fault:  # the pump must outlive any single fault of the database
                log.error("outbox: %s", type(fault).__name__)
                await asyncio.sleep(TROUBLE_SECONDS)
            else:
                await asyncio.sleep(0 if told == BATCH else IDLE_SECONDS)

    async def pump(self) -> int:
        """Tells what is pending now, up to a batch, in order for each visit; returns how much was looked at."""
        now = time.monotonic()
        self._later = {visit: until for visit, until in self._later.items() if until > now}
        items = await asyncio.to_thread(self._outbox.pending, BATCH, tuple(self._later))
        for item in items:
            if item.ref.visit in self._later:
                continue
            if await self._is_told(item):
                await asyncio.to_thread(self._outbox.done, item)
            else:
                self._later[item.ref.visit] = time.monotonic() + self._later_seconds
        return len(items)

    async def _is_told(self, item: OutboxItem) -> bool:
        """Whether the item needs no more telling; whatever fails here is this visit's trouble only."""
        try:
            await self._visits.tell(item.ref, Told(item=item.id, kind=item.kind, subject=item.subject))
        except VisitClosed:
            return await self._has_nobody(item)
        except Exception as fault:
            log.error("outbox: item %s waits: %s", item.id, type(fault).__name__)
            return False
        return True

    async def _has_nobody(self, item: OutboxItem) -> bool:
        """A visit that is over on record hears nothing more; one that is not was lost or has yet to begin."""
        is_over = await asyncio.to_thread(self._outbox.is_over, item.ref)
        if is_over:
            log.warning("outbox: visit %s is over, item %s has nobody to hear it", item.ref.visit, item.id)
        return is_over


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


class UnfinishedSignings:
    """Finds notes that are signed on record and that their visits never took up: everything died in between."""

    def __init__(self, records: SignedNotes, visits: VisitClient) -> None:
        self._records = records
        self._visits = visits

    async def finish(self) -> tuple[VisitRef, ...]:
        """Tells each such visit once more, in the name of who signed; the gate is asked as it was to be.

        One that cannot be told, or is not running any more, holds up no other.
        """
        told = []
        for one in await asyncio.to_thread(self._records.signed_notes):
            try:
                knows = (await self._visits.status(one.ref)).signed
                if not knows and (await self._visits.ask(one.ref, finishing(one.id, one.by))).done:
                    told.append(one.ref)
            except (VisitClosed, VisitUnreachable) as fault:
                log.error("visit %s: its signed note waits: %s", one.ref.visit, type(fault).__name__)
        return tuple(told)


class StaleDrafts:
    """Closes drafts whose booking never reached a workflow; one that did goes by its own hold."""

    def __init__(self, census: VisitCensus, records: VisitRecords, visits: VisitClient) -> None:
        self._census = census
        self._records = records
        self._visits = visits

    async def expire(self) -> tuple[VisitRef, ...]:
        """Ends the drafts that are older than any booking takes; whoever still wants the time books anew."""
        change = VisitChange(event="draft_expired", stage=EXPIRED)
        closed = []
        for ref in await asyncio.to_thread(self._census.drafts_before, datetime.now(UTC) - DRAFTS_LAST):
            if not await self._visits.is_running(ref):
                await asyncio.to_thread(self._records.change, _effect(ref, "draft"), change)
                closed.append(ref)
        return tuple(closed)


def _effect(ref: VisitRef, key: str = "lost") -> Effect:
    return Effect(ref=ref, step="reconcile", key=key)
