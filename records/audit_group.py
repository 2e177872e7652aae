"""How accesses of many at once get into the audit together: who comes while one is written goes into the next.

An append waits for the disk, and a disk takes as long for one entry as for a thousand. So whoever finds nobody writing
writes for everybody who waits, of whatever clinic; each returns when their own entries are committed, not before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from records.journal import Entry, Journal, Who, append_to_many
from records.key_ring import KeyRing


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
        self._somebody_writes = False
        self._waiting: list[_Ticket] = []

    def append(self, clinic: str, who: Who, entries: Sequence[Entry]) -> None:
        """Returns when the entries are committed; raises what kept them from it. The clinic has its keys already."""
        ticket = _Ticket(clinic, who, entries)
        with self._lock:
            self._waiting.append(ticket)
            follows, self._somebody_writes = self._somebody_writes, True
        if follows:
            ticket.called.wait()
        if not ticket.done:
            self._write_for_all()
        if ticket.failure is not None:
            raise ticket.failure

    def _write_for_all(self) -> None:
        """Writes for everybody who waits by now, and gives the turn to the first who came meanwhile."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        self._write(batch)
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
