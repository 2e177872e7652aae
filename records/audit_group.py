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

from records.journal import Entry, Journal, Who
from records.key_ring import KeyRing


@dataclass(slots=True, repr=False)
class _Ticket:
    """What one caller waits for: their entries, and how it ended."""

    clinic: str
    who: Who
    entries: Sequence[Entry]
    done: bool = False
    failure: BaseException | None = field(default=None)


class AuditGroup:
    """Appends to the chains of an installation's clinics; safe for threads, one transaction for all who wait."""

    def __init__(
        self, writing: Callable[[], AbstractContextManager[Session]], ring: KeyRing, now: Callable[[], datetime]
    ) -> None:
        self._writing = writing
        self._ring = ring
        self._now = now
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Ticket] = []

    def append(self, clinic: str, who: Who, entries: Sequence[Entry]) -> None:
        """Returns when the entries are committed; raises what kept them from it. The clinic has its keys already."""
        ticket = _Ticket(clinic, who, entries)
        with self._lock:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.done:
                with self._lock:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        if ticket.failure is not None:
            raise ticket.failure

    def _write(self, batch: Sequence[_Ticket]) -> None:
        try:
            with self._writing() as session:
                # Clinics in one order everywhere, so that no two programs wait for each other's heads.
                for clinic, tickets in groupby(sorted(batch, key=_clinic), key=_clinic):
                    journal = Journal(ring=self._ring, clinic=clinic, now=self._now())
                    journal.append_all(session, [(ticket.who, ticket.entries) for ticket in tickets])
                session.commit()
        except BaseException as failure:
            for ticket in batch:
                ticket.failure = failure
        finally:
            for ticket in batch:
                ticket.done = True


def _clinic(ticket: _Ticket) -> str:
    return ticket.clinic
