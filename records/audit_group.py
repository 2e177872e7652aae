"""How accesses of many at once get into the audit together: who comes while one is written goes into the next.

An append waits for the disk, and a disk takes as long for one entry as for a thousand. So whoever finds nobody writing
writes for everybody who waits, of whatever clinic; each returns when their own entries are committed, not before.

Those who were written together are let go together, and the first of them to come back would find nobody waiting: every
other transaction would hold one access alone. So whoever comes right after a crowd waits until as many are there again,
for a quarter of the time at most that the crowd's own transaction took. Who comes later, or after one, does not wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from records.journal import Entry, Journal, Who, append_to_many
from records.key_ring import KeyRing

_PATIENCE = 0.25  # of what the last transaction took, as the longest wait for those whom it has let go


@dataclass(slots=True, repr=False)
class _Ticket:
    """What one caller waits for: their entries, how it ended, and being called: it is done, or it is their turn."""

    clinic: str
    who: Who
    entries: Sequence[Entry]
    done: bool = False
    failure: BaseException | None = None
    called: threading.Event = field(default_factory=threading.Event)


class AuditGroup:
    """Appends to the chains of an installation's clinics; safe for threads, one transaction for all who wait."""

    def __init__(
        self, writing: Callable[[], AbstractContextManager[Session]], ring: KeyRing, now: Callable[[], datetime]
    ) -> None:
        self._writing = writing
        self._ring = ring
        self._now = now
        self._lock = threading.Lock()
        self._crowded = threading.Condition(self._lock)
        self._somebody_writes = False
        self._waiting: list[_Ticket] = []
        self._crowd = 0  # how many were written together last,
        self._until = 0.0  # and until when they are waited for, on the clock of `time.monotonic`

    def append(self, clinic: str, who: Who, entries: Sequence[Entry]) -> None:
        """Returns when the entries are committed; raises what kept them from it. The clinic has its keys already."""
        ticket = _Ticket(clinic, who, entries)
        with self._lock:
            self._waiting.append(ticket)
            follows, self._somebody_writes = self._somebody_writes, True
            if len(self._waiting) >= self._crowd:
                self._crowded.notify()
        if follows:
            ticket.called.wait()
        if not ticket.done:
            self._write_for_all()
        if ticket.failure is not None:
            raise ticket.failure

    def _write_for_all(self) -> None:
        """Writes for everybody who waits by now, and gives the turn to the first who came meanwhile."""
        with self._lock:
            self._crowded.wait_for(lambda: len(self._waiting) >= self._crowd, self._until - time.monotonic())
            batch, self._waiting = self._waiting, []
        started = time.monotonic()
        self._write(batch)
        with self._lock:
            self._crowd, self._until = len(batch), time.monotonic() + _PATIENCE * (time.monotonic() - started)
        for ticket in batch:
            ticket.called.set()
        with self._lock:
            self._somebody_writes = bool(self._waiting)
            if self._waiting:
                self._waiting[0].called.set()

    def _write(self, batch: Sequence[_Ticket]) -> None:
        try:
            with self._writing() as session:
                append_to_many(
                    session,
                    [
                        (
                            Journal(ring=self._ring, clinic=clinic, now=self._now()),
                            [(ticket.who, ticket.entries) for ticket in tickets],
                        )
                        for clinic, tickets in groupby(sorted(batch, key=_clinic), key=_clinic)
                    ],
                )
                session.commit()
        except BaseException as failure:
            for ticket in batch:
                ticket.failure = failure
        finally:
            for ticket in batch:
                ticket.done = True


def _clinic(ticket: _Ticket) -> str:
    return ticket.clinic
